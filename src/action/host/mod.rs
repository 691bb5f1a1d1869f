//! Actions on a server as a whole: connecting, its name, its restarts, and a user's own scripts.

mod connect;
mod rename;
mod restart;
mod run;
mod wait;

pub(super) use connect::Connect;
pub(super) use rename::Rename;
pub(super) use restart::Restart;
pub(super) use restart::take_effect;
pub(super) use run::Run;
pub(super) use wait::Wait;

use crate::run::Place;

const SERVERS: &[Place] = &[Place::Source, Place::Destination];
