//! One run as a value: what happened, where each stage stands, what may start next.
//!
//! No I/O, no clock and no async here. A [`Run`] is the fold of its [`Event`]s and of nothing else,
//! so a living run and one read from a journal are the same thing.

mod asked;
mod confirmation;
mod event;
mod fold;
mod fold_edit;
mod fold_stage;
mod foresee;
mod hex;
mod id;
mod known;
mod place;
mod progress;
mod queue;
mod reach;
mod shape;
mod stage;
mod stall;
mod standing;
mod status;
mod unwind;
mod verdict;

pub use asked::{Answer, Asked};
pub use confirmation::Confirmation;
pub use event::{
    Draft, EVENT_VERSION, EditedFile, Event, EventKind, LEAVE, LOOK_AGAIN, RETRY,
    ROLL_BACK_ON_FAILURE, WaitingFor,
};
pub use fold::FoldError;
pub(crate) use hex::hex;
pub use id::{IdError, RunId, StageId};
pub use known::{Accepted, Back, Run};
pub use place::Place;
pub use queue::Queue;
pub use reach::{Account, Reach};
pub use shape::{Shape, ShapeStage};
pub use stage::StageState;
pub use stall::Stall;
pub use standing::{Outcome, Probe, Sealed, Standing};
pub use status::{IllegalEvent, RunState, StageStatus};
pub use unwind::Unwind;
pub use verdict::Verdict;
