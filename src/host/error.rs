//! Why an operation on a machine did not end well.

use std::io;

/// An operation on a machine that did not end well.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct HostError {
    /// What was being done, to what, as in "join `fs01` (10.98.0.22) to `LAB.TEST`".
    pub what: String,
    /// Why it did not end well.
    #[source]
    pub kind: HostErrorKind,
}

/// Why an operation on a machine did not end well.
#[derive(Debug, thiserror::Error)]
pub enum HostErrorKind {
    /// Nobody answers at the address.
    #[error("the machine does not answer: {words}")]
    Unreachable {
        /// What the transport said.
        words: String,
    },
    /// The machine refuses the account.
    #[error("the logon as `{username}` was refused: {words}")]
    LogonRefused {
        /// The account.
        username: String,
        /// What the transport said.
        words: String,
    },
    /// The machine at the address shows another host key than the known one.
    #[error("the host key is not the known one: {words}")]
    HostKeyChanged {
        /// What the transport said.
        words: String,
    },
    /// Another machine answers at the address.
    #[error("another machine answers: its machine-id is `{seen}`, expected `{expected}`")]
    WrongMachine {
        /// The recorded machine-id.
        expected: String,
        /// The machine-id found.
        seen: String,
    },
    /// Another changing operation is still at work on the machine.
    #[error("another operation is still at work on the machine: {words}")]
    Busy {
        /// Who holds the lock, as far as it is known.
        words: String,
    },
    /// The machine obeys another run, or a later driver of this one.
    #[error("the machine refuses this run: {words}")]
    Fenced {
        /// Whom it obeys, and since when.
        words: String,
    },
    /// The operation was ended at its time limit. What it did is in doubt.
    #[error("the operation did not end within {seconds} s")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The connection broke while the operation was under way. What it did is in doubt.
    #[error("the connection broke during the operation: {words}")]
    ConnectionLost {
        /// What the transport said.
        words: String,
    },
    /// The machine, or this one, lacks what the operation needs; nothing was changed.
    #[error("{words}")]
    Unsupported {
        /// What is missing or not supported.
        words: String,
    },
    /// The account may not do that on the machine.
    #[error("the account is not allowed to do that: {words}")]
    PermissionDenied {
        /// What the machine said.
        words: String,
    },
    /// The domain refuses the credential.
    #[error("the domain refuses the credential of `{username}`: {words}")]
    CredentialRefused {
        /// The user of the domain.
        username: String,
        /// What the domain said.
        words: String,
    },
    /// The domain does not allow that to this user.
    #[error("`{username}` has no right to do that in the domain: {words}")]
    NoRight {
        /// The user of the domain.
        username: String,
        /// What the domain said.
        words: String,
    },
    /// No domain controller answers the machine.
    #[error("the machine does not reach the domain controller: {words}")]
    DomainUnreachable {
        /// What the machine said.
        words: String,
    },
    /// A name that the machine brings along belongs to another object of the directory.
    #[error("a service principal name already belongs to another object: {words}")]
    NameTaken {
        /// What the domain said.
        words: String,
    },
    /// A new configuration was not confirmed in time, and the machine took it back.
    #[error("the change was taken back: {words}")]
    TakenBack {
        /// Why.
        words: String,
    },
    /// A command failed.
    #[error("a command failed with exit code {code}: {stderr}")]
    Failed {
        /// Its exit code.
        code: i32,
        /// The last lines of its standard error.
        stderr: String,
    },
    /// A file was read while somebody wrote it: what was read is not whole.
    #[error("{path} is damaged, or was just being written: {words}")]
    HalfWritten {
        /// The file.
        path: String,
        /// What is wrong with what was read.
        words: String,
    },
    /// The machine's answer was not understood.
    #[error("the machine's answer was not understood: {words}")]
    Answer {
        /// What was wrong with it.
        words: String,
    },
    /// The orchestrator's own files or programs failed.
    #[error("{words}")]
    Local {
        /// What was being done.
        words: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl HostError {
    /// Returns whether the same operation may succeed later without anybody's help.
    pub fn heals(&self) -> bool {
        use HostErrorKind as K;
        match &self.kind {
            K::Unreachable { .. }
            | K::Busy { .. }
            | K::TimedOut { .. }
            | K::ConnectionLost { .. }
            | K::DomainUnreachable { .. }
            | K::TakenBack { .. }
            | K::HalfWritten { .. }
            | K::Failed { .. } => true,
            K::LogonRefused { .. }
            | K::HostKeyChanged { .. }
            | K::WrongMachine { .. }
            | K::Fenced { .. }
            | K::Unsupported { .. }
            | K::PermissionDenied { .. }
            | K::CredentialRefused { .. }
            | K::NoRight { .. }
            | K::NameTaken { .. }
            | K::Answer { .. }
            | K::Local { .. } => false,
        }
    }

    /// Returns whether the machine that was looked for was not found: nobody answers at the
    /// address, or somebody else does. It may still be elsewhere, or on its way.
    pub fn absent(&self) -> bool {
        matches!(
            self.kind,
            HostErrorKind::Unreachable { .. }
                | HostErrorKind::HostKeyChanged { .. }
                | HostErrorKind::WrongMachine { .. }
        )
    }

    /// Returns whether the operation may have done its work, or a part of it.
    pub fn in_doubt(&self) -> bool {
        matches!(
            self.kind,
            HostErrorKind::TimedOut { .. }
                | HostErrorKind::ConnectionLost { .. }
                | HostErrorKind::Failed { .. }
                | HostErrorKind::Answer { .. }
        )
    }
}
