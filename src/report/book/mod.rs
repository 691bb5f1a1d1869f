//! The book: the steps that remain of a run, or all steps before one, for a person who does them by
//! hand (the document's section "Manual cutover").

mod compose;
mod policy;
mod stands;
mod steps;
mod summary;

pub use compose::BookOf;
pub use compose::book;
