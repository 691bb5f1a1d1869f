//! What is written for people to read, print and keep: the book and the closing report.
//!
//! A document is composed once, as a value; the printers only know that value.

mod html;
mod markdown;
mod text;

pub use html::html;
pub use markdown::markdown;
pub use text::text;

use crate::action::Line;

/// A text in parts.
#[derive(Clone, Debug)]
pub struct Document {
    /// What it is called.
    pub title: String,
    /// Its parts, in order.
    pub sections: Vec<Section>,
}

/// A part of a document.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What stands before its table and its steps.
    pub lines: Vec<Line>,
    /// Its table; none without rows.
    pub table: Table,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// Rows under a head, each with as many cells.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// What stands above each column.
    pub head: Vec<&'static str>,
    /// The rows, in order.
    pub rows: Vec<Vec<String>>,
}

/// A stage, as a person does it.
#[derive(Clone, Debug)]
pub struct Step {
    /// The percent that the run shows while it runs.
    pub percent: u32,
    /// The stage's text.
    pub title: String,
    /// The stage.
    pub id: String,
    /// Where it is done.
    pub place: String,
    /// How it stands, where it has begun.
    pub stands: Option<String>,
    /// What to do.
    pub lines: Vec<Line>,
    /// How to see that it worked.
    pub checks: Vec<Line>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    pub(super) fn say(&mut self, words: impl Into<String>) {
        self.lines.push(Line::Say(words.into()));
    }

    pub(super) fn type_in(&mut self, command: impl Into<String>) {
        self.lines.push(Line::Type(command.into()));
    }
}
