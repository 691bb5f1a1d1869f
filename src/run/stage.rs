//! What a journal says about one stage.

use serde_json::Value;

use super::EventKind;
use super::IllegalEvent;
use super::Reach;
use super::StageStatus;
use super::WaitingFor;

/// Everything a journal says about one stage.
#[derive(Clone, Debug, Default)]
pub struct StageState {
    /// Where it stands.
    pub status: StageStatus,
    /// The event with which it first began, or was found done.
    pub begun: Option<u64>,
    /// How its host was reached before that.
    pub(super) found: Option<Reach>,
    /// How its host was reached once it had ended.
    pub(super) led: Option<Reach>,
    /// Attempts over the whole run.
    pub attempts: u32,
    /// Attempts to undo it over the whole run.
    pub undo_attempts: u32,
    /// Attempts since the run was last resumed, and looks that failed before one could begin; the
    /// retry limit counts these.
    pub tries: u32,
    /// An attempt has begun and neither ended nor been given up.
    pub under_way: bool,
    /// What the first `Started` noted.
    pub token: Value,
    /// The reach that the stage will leave behind, from its `Started`.
    pub planned: Option<Reach>,
    /// What it handed back; null when it was skipped.
    pub output: Value,
    /// The error of the last failure, or what it waits for, outermost first.
    pub error: Vec<String>,
    /// What a waiting stage waits for.
    pub waiting: Option<WaitingFor>,
    /// When a waiting stage counts as refused, UTC, where a person's time is limited.
    pub until: Option<String>,
    /// The last attempt failed with an answer of its own, so nothing of it is still at work.
    pub answered: bool,
    /// A person said that it shall be tried again whatever a probe says.
    pub overridden: bool,
    /// It had ended, and a person wants it to be looked at again.
    pub again: bool,
    /// A person wants to be asked before it begins.
    pub held_back: bool,
    /// When it first started and when it ended.
    pub started_at: Option<String>,
    /// See `started_at`.
    pub ended_at: Option<String>,
    /// Why it was skipped, or what settled it.
    pub remark: Option<String>,
    /// It does something else than before the last edit of the plan or the inventory.
    pub touched: bool,
    /// An attempt has begun since the last edit.
    pub begun_since: bool,
}

impl StageState {
    /// Returns whether the run has begun with the stage, or is past it: an attempt, a skip, or a
    /// person's word.
    pub fn has_begun(&self) -> bool {
        let looked_at_only = matches!(
            self.status,
            StageStatus::Pending | StageStatus::Failed | StageStatus::Waiting
        );
        self.attempts > 0 || !looked_at_only
    }

    /// Where it stands after an event, were it to stand at `status` before. What never began has
    /// nothing that could be undone; what began was on the path, and is never skipped.
    pub(super) fn after(
        &self,
        status: StageStatus,
        event: &EventKind,
    ) -> Result<StageStatus, IllegalEvent> {
        let never = match self.begun {
            None => event.goes_back(),
            Some(_) => matches!(event, EventKind::Skipped { .. }),
        };
        if never {
            return Err(IllegalEvent {
                status,
                event: event.name().to_owned(),
            });
        }
        status.after(event)
    }

    /// How its host is reached once it is undone; none where it never led elsewhere.
    pub(super) fn put_back(&self, now: Option<&Reach>) -> Option<Reach> {
        let (found, led) = self.found.as_ref().zip(self.led.as_ref())?;
        Some(now?.put_back(found, led)).filter(|back| Some(back) != now)
    }
}
