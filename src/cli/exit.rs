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

impl Exit {
    /// What was compared differs, as in `diff(1)`; for commands that compare and run nothing.
    pub const DIFFERENT: Self = Self::Failed;
    /// Something is in the way of a run; of a check, which runs nothing.
    pub(super) const NOT_READY: Self = Self::Failed;
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

/// The table for `check --help`.
pub(super) const TABLE_OF_CHECK: &str = "\
Exit codes:
  0  nothing is in the way of a run
  1  something is, or could not be asked
  2  wrong use
  3  the plan or the inventory is faulty
  4  stopped by a person";

/// The table for `diff --help`.
pub(super) const TABLE_OF_DIFF: &str = "\
Exit codes, as of diff(1):
  0  both mean the same; with --git always, unless --exit-code is given
  1  they differ
  2  wrong use
  3  one of the files is faulty

As git's own way to show plans, so that `git diff` and `git log -p --ext-diff` tell what changed:
  git config diff.sms-plan.command 'sms-plan diff --git'
  echo 'plans/*.yaml diff=sms-plan' >> .gitattributes

For `git diff --exit-code`, git 2.46 or later:
  git config diff.sms-plan.command 'sms-plan diff --git --exit-code'
  git config diff.sms-plan.trustExitCode true";

/// The table for `upgrade --help`.
pub(super) const TABLE_OF_UPGRADE: &str = "\
Exit codes:
  0  rewritten, or of this version already
  1  with --check: it would be rewritten
  2  wrong use, or the file cannot be written
  3  the file is faulty, or of a version that this program does not know";
