//! Rehearsals: the same plan, engine and actions as in earnest, on a simulated twin in virtual time.
//!
//! Nothing outside the process is reached: no secret is fetched, no file is written, and the journal
//! lives in memory. The same seed gives the same events to the byte.

mod acting;
mod clock;
mod every_fault;
mod journal;
mod measured;
mod rehearsal;
mod timing;

pub use every_fault::{FaultRow, every_fault, random_faults};
pub use journal::{Interruption, InterruptionKind};
pub use measured::{Measured, done, fitted};
pub use rehearsal::{Rehearsal, RehearseError, Setting, Stopped, rehearse, rehearse_on};
pub use timing::{Basis, Timing, timing};
