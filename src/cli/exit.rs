//! Exit codes, a promise to scripts.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A stage failed; the run can be resumed.
    Failed = 1,
    /// Wrong use.
    Usage = 2,
    /// The plan or the inventory is faulty.
    Faulty = 3,
    /// Stopped by a person, a signal or a lost lease.
    Stopped = 4,
    /// Paused for a person.
    Paused = 5,
    /// Another process holds the run.
    Held = 6,
    /// Rolled back.
    RolledBack = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table for `--help`.
pub(super) const TABLE: &str = "\
Exit codes:
  0  done
  1  a stage failed; the run can be resumed
  2  wrong use
  3  the plan or the inventory is faulty
  4  stopped by a person, a signal or a lost lease
  5  paused for a person
  6  another process holds the run
  7  rolled back";
