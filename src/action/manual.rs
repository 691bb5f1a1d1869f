//! The steps of a stage for a person who does it by hand.

use crate::run::Reach;

/// What a person does instead of a stage, and how to see that it worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manual {
    /// What to do, in order.
    pub lines: Vec<Line>,
    /// How to see that it worked.
    pub checks: Vec<Line>,
    /// How the server is reached afterwards, if that changes.
    pub reach: Option<Reach>,
}

/// One line of the steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A sentence.
    Say(String),
    /// A command, or several lines that are typed as they are.
    Type(String),
}

/// The command that writes a file anew.
pub(super) fn whole_file(path: &str, text: &str) -> String {
    let text = text.strip_suffix('\n').unwrap_or(text);
    format!("cat >{path} <<'END_OF_FILE'\n{text}\nEND_OF_FILE")
}

impl Manual {
    /// No steps yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a sentence.
    #[must_use]
    pub fn say(mut self, words: impl Into<String>) -> Self {
        self.lines.push(Line::Say(words.into()));
        self
    }

    /// Adds a command.
    #[must_use]
    pub fn type_in(mut self, command: impl Into<String>) -> Self {
        self.lines.push(Line::Type(command.into()));
        self
    }

    /// Says how the server is reached afterwards.
    #[must_use]
    pub fn then_at(mut self, reach: Option<Reach>) -> Self {
        self.reach = reach;
        self
    }

    /// Adds a sentence that says what is to be seen.
    #[must_use]
    pub fn see(mut self, words: impl Into<String>) -> Self {
        self.checks.push(Line::Say(words.into()));
        self
    }

    /// Adds a command that looks, with what it must show.
    #[must_use]
    pub fn look(self, command: impl Into<String>, shows: impl Into<String>) -> Self {
        let mut manual = self;
        manual.checks.push(Line::Type(command.into()));
        manual.see(shows)
    }
}
