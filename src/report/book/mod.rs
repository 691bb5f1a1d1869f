//! The book: the steps that remain of a run, or all steps before one, for a person who does them by
//! hand (the document's section "Manual cutover").
//!
//! It is composed once, as a value, in `compose.rs`; the printers only know that value.

mod compose;
mod html;
mod markdown;
mod summary;
mod text;

pub use compose::BookOf;
pub use compose::book;
pub use html::html;
pub use markdown::markdown;
pub use text::text;

use crate::action::Line;

/// The written steps for exactly one run.
#[derive(Clone, Debug)]
pub struct Book {
    /// What it is called.
    pub title: String,
    /// Its parts, in order.
    pub sections: Vec<Section>,
}

/// A part of the book.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// What stands before its steps.
    pub lines: Vec<Line>,
    /// Its steps.
    pub steps: Vec<Step>,
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
    fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    fn say(&mut self, words: impl Into<String>) {
        self.lines.push(Line::Say(words.into()));
    }

    fn type_in(&mut self, command: impl Into<String>) {
        self.lines.push(Line::Type(command.into()));
    }
}
