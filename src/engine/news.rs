//! What whoever watches a run hears.

use crate::run::Event;
use crate::run::Stall;

/// What whoever watches a run hears.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// Something happened; it is durable and folded.
    Event(&'a Event),
    /// Nothing has happened for long; this is in no journal.
    Stall(&'a Stall),
}
