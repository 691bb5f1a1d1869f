//! Alternate computer names (the document's rows 57 and 93).

mod by_hand;
mod remove_alternates;
mod set_alternates;

pub(super) use remove_alternates::RemoveAlternates;
pub(super) use set_alternates::SetAlternates;

use crate::host::Part;
use crate::run::Place;

const SERVERS: &[Place] = &[Place::Source, Place::Destination];

/// Says parts in one line for a person.
fn said(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| format!("{}: {}", part.name, part.saw))
        .collect::<Vec<_>>()
        .join("; ")
}
