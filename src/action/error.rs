//! Why an action did not reach its effect, as the journal and the engine need it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::directory::DirectoryError;
use crate::directory::DirectoryErrorKind;
use crate::host::HostError;
use crate::host::HostErrorKind;
use crate::run::WaitingFor;

/// An action that did not reach its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionError {
    /// What was being done and why it failed, outermost first.
    pub chain: Vec<String>,
    /// What the engine makes of it.
    pub kind: ActionErrorKind,
    /// Whether the effect, or a part of it, may be there all the same: the attempt was cut off
    /// rather than answered.
    pub in_doubt: bool,
    /// How long a person has to say how to go on, where that is limited.
    pub within: Option<Duration>,
}

/// What the engine makes of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionErrorKind {
    /// Another attempt may succeed.
    Heals,
    /// Another attempt would fail the same way, or do harm, as a wrong password does.
    Final,
    /// The machine does not answer; whether it ever will is not known.
    Unreachable,
    /// The machine obeys another run or a later driver of this one: this process must stop.
    Fenced,
    /// Only a person can say how to go on.
    Person(WaitingFor),
}

impl ActionError {
    /// An error that no further attempt will heal.
    pub fn refused(words: impl Into<String>) -> Self {
        Self {
            chain: vec![words.into()],
            kind: ActionErrorKind::Final,
            in_doubt: false,
            within: None,
        }
    }

    /// An error that may be gone at the next attempt.
    pub fn passing(words: impl Into<String>) -> Self {
        Self {
            chain: vec![words.into()],
            kind: ActionErrorKind::Heals,
            in_doubt: false,
            within: None,
        }
    }

    /// A question for a person.
    pub fn person(why: WaitingFor, words: impl Into<String>) -> Self {
        Self {
            chain: vec![words.into()],
            kind: ActionErrorKind::Person(why),
            in_doubt: false,
            within: None,
        }
    }

    /// Puts what was being done in front of the error.
    #[must_use]
    pub fn while_doing(mut self, what: impl Into<String>) -> Self {
        self.chain.insert(0, what.into());
        self
    }

    /// Returns whether another attempt may succeed.
    pub fn heals(&self) -> bool {
        matches!(
            self.kind,
            ActionErrorKind::Heals | ActionErrorKind::Unreachable
        )
    }
}

/// Returns an error and its causes, outermost first.
pub fn chain_of(error: &dyn Error) -> Vec<String> {
    let mut chain = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if chain.last() != Some(&words) {
            chain.push(words);
        }
        cause = error.source();
    }
    chain
}

impl fmt::Display for ActionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain.join(": "))
    }
}

impl Error for ActionError {}

impl From<HostError> for ActionError {
    fn from(error: HostError) -> Self {
        let kind = match &error.kind {
            HostErrorKind::Unreachable { .. } => ActionErrorKind::Unreachable,
            HostErrorKind::Fenced { .. } => ActionErrorKind::Fenced,
            _ if error.heals() => ActionErrorKind::Heals,
            _ => ActionErrorKind::Final,
        };
        Self {
            chain: chain_of(&error),
            kind,
            in_doubt: error.in_doubt(),
            within: None,
        }
    }
}

impl From<DirectoryError> for ActionError {
    fn from(error: DirectoryError) -> Self {
        let kind = match &error.kind {
            DirectoryErrorKind::Unreachable { .. } => ActionErrorKind::Unreachable,
            _ if error.heals() => ActionErrorKind::Heals,
            _ => ActionErrorKind::Final,
        };
        Self {
            in_doubt: matches!(
                error.kind,
                DirectoryErrorKind::Unreachable { .. } | DirectoryErrorKind::Timeout { .. }
            ),
            chain: chain_of(&error),
            kind,
            within: None,
        }
    }
}
