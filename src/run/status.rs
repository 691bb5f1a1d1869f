//! Where a stage stands and the one table that says how events move it.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::EventKind;
use super::LEAVE;
use super::LOOK_AGAIN;
use super::RETRY;

/// Where a stage stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StageStatus {
    /// Not begun, or to be looked at again.
    #[default]
    Pending,
    /// Not on this run's path.
    Skipped,
    /// An attempt is under way, or the next one is due.
    Running,
    /// Its start is in the journal, its end is not, and whoever ran it is gone.
    InDoubt,
    /// Its effect is complete.
    Succeeded,
    /// A person did it.
    Adopted,
    /// It failed.
    Failed,
    /// It needs a person.
    Waiting,
    /// Its inverse is under way.
    Undoing,
    /// Its effect is gone again.
    Undone,
    /// A roll back passed it by: its effect was left as it is, because a person said so.
    Left,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// A process drives it, or did so when it was cut off.
    #[default]
    Running,
    /// Stopped by a person, a signal or a time limit.
    Stopped,
    /// A stage failed.
    Failed,
    /// A stage needs a person.
    Paused,
    /// Every stage has ended.
    Succeeded,
    /// Its stages are being undone.
    RollingBack,
    /// Its stages were undone.
    RolledBack,
}

/// An event that cannot happen to a stage that stands there: a damaged journal or a defect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` cannot happen to a stage that is {status}")]
pub struct IllegalEvent {
    /// Where the stage stood.
    pub status: StageStatus,
    /// The event's name.
    pub event: String,
}

impl RunState {
    /// Returns whether nothing is left to be done, so that nobody goes on with the run.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Succeeded | Self::RolledBack)
    }
}

impl StageStatus {
    /// Returns whether what needs the stage may start.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Skipped | Self::Succeeded | Self::Adopted)
    }

    /// Returns whether a roll back may meet a stage there and has something to do with it.
    fn can_go_back(self) -> bool {
        !matches!(
            self,
            Self::Skipped | Self::Running | Self::Undone | Self::Left
        )
    }

    /// Returns where a stage stands after an event; the whole life of a stage is in this table.
    #[expect(
        clippy::match_same_arms,
        reason = "the table reads by what happens, not by result"
    )]
    pub fn after(self, event: &EventKind) -> Result<Self, IllegalEvent> {
        use EventKind as E;
        let next = match (self, event) {
            (Self::Pending, E::Skipped { .. }) => Self::Skipped,

            // A stage may be refused, or found done, before its first attempt.
            (Self::Pending | Self::InDoubt | Self::Running, E::Started { .. }) => Self::Running,
            (Self::Pending | Self::InDoubt | Self::Running, E::Succeeded { .. }) => Self::Succeeded,
            (Self::Pending | Self::InDoubt | Self::Running, E::Failed { .. }) => Self::Failed,
            (Self::Pending | Self::InDoubt | Self::Running, E::Waiting { .. }) => Self::Waiting,
            // Also what a resume cannot look at yet is tried again.
            (Self::Pending | Self::InDoubt | Self::Running, E::Retrying { .. }) => self,

            // Whoever ran it is gone.
            (Self::Running, E::LeaseTaken { .. }) => Self::InDoubt,
            // A resume looks again at what failed or waited, and so does a run that turns round.
            (Self::Failed | Self::Waiting, E::RunResumed { .. } | E::RollBackBegun { .. }) => {
                Self::Pending
            }

            (Self::Waiting, E::Approved { begins: true, .. }) => Self::Pending,
            (Self::Waiting, E::Approved { .. }) => Self::Succeeded,
            (Self::Waiting, E::Rejected { .. }) => Self::Failed,
            (Self::Pending | Self::InDoubt | Self::Failed | Self::Waiting, E::Adopted { .. }) => {
                Self::Adopted
            }
            (status, E::OverrideAccepted { what, .. }) if what == LEAVE && status.can_go_back() => {
                Self::Left
            }
            (
                Self::Pending | Self::InDoubt | Self::Failed | Self::Waiting,
                E::OverrideAccepted { .. } | E::HeldBack { .. },
            ) => self,
            // What had ended may be looked at again.
            (Self::Succeeded | Self::Adopted, E::OverrideAccepted { what, .. })
                if what == LOOK_AGAIN =>
            {
                Self::InDoubt
            }

            // Backwards. What had not ended may have left something too, or nothing at all.
            (status, E::UndoStarted { .. } | E::UndoFailed { .. }) if status.can_go_back() => {
                Self::Undoing
            }
            (status, E::Undone { .. }) if status.can_go_back() => Self::Undone,
            (status, E::OverrideAccepted { what, .. }) if what == RETRY && status.can_go_back() => {
                self
            }

            // Events of the whole run leave every other stage where it is.
            (
                _,
                E::LeaseTaken { .. }
                | E::RunResumed { .. }
                | E::RollBackBegun { .. }
                | E::Snapshot { .. },
            ) => self,

            _ => {
                return Err(IllegalEvent {
                    status: self,
                    event: event.name().to_owned(),
                });
            }
        };
        Ok(next)
    }
}

impl fmt::Display for StageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pending => "pending",
            Self::Skipped => "skipped",
            Self::Running => "running",
            Self::InDoubt => "in-doubt",
            Self::Succeeded => "succeeded",
            Self::Adopted => "adopted",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
            Self::Left => "left",
        })
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Succeeded => "succeeded",
            Self::RollingBack => "rolling-back",
            Self::RolledBack => "rolled-back",
        })
    }
}
