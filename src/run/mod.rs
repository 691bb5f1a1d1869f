//! One run as a value: what happened, where each stage stands, what may start next.
//!
//! No I/O, no clock and no async here. A [`Run`] is the fold of its [`Event`]s and of nothing else,
//! so a living run and one read from a journal are the same thing.

mod id;
mod place;
mod reach;
mod standing;

pub use id::{IdError, RunId, StageId};
pub use place::Place;
pub use reach::{Account, Reach};
pub use standing::{Outcome, Probe, Sealed, Standing};
