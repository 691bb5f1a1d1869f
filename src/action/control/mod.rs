//! Actions that steer the run itself and change no machine.

mod approve;
mod assert;
mod note;
mod wait;

pub(super) use approve::Approve;
pub(super) use assert::Assert;
pub(super) use note::Note;
pub(super) use wait::Wait;

use crate::run::Place;

/// These act nowhere but in the run; any place may be written.
const ANYWHERE: &[Place] = &[
    Place::Source,
    Place::Destination,
    Place::Directory,
    Place::Orchestrator,
];
