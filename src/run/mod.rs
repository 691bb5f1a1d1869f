//! One run as a value: what happened, where each stage stands, what may start next.
//!
//! No I/O, no clock and no async here. A [`Run`] is the fold of its [`Event`]s and of nothing else,
//! so a living run and one read from a journal are the same thing.

mod event;
mod fold;
mod hex;
mod id;
mod place;
mod progress;
mod queue;
mod reach;
mod shape;
mod stall;
mod standing;
mod status;
mod verdict;

pub use event::{
    Draft, EVENT_VERSION, EditedFile, Event, EventKind, LOOK_AGAIN, RETRY, WaitingFor,
};
pub use fold::{Accepted, FoldError, Run, StageState};
pub(crate) use hex::hex;
pub use id::{IdError, RunId, StageId};
pub use place::Place;
pub use queue::Queue;
pub use reach::{Account, Reach};
pub use shape::{Shape, ShapeStage};
pub use stall::Stall;
pub use standing::{Outcome, Probe, Sealed, Standing};
pub use status::{IllegalEvent, RunState, StageStatus};
pub use verdict::Verdict;
