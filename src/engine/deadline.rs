//! Times by which a person must have spoken: written down as an absolute time, and judged by the
//! clock of whoever drives the run, or comes to it later.

use std::time::Duration;

use jiff::Timestamp;

use super::Engine;
use super::EngineError;
use super::Halt;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::StageId;
use crate::run::StageStatus;

/// A while after a time, UTC; as late as can be told where that is too late to tell.
pub(super) fn after(at: &str, span: Duration) -> String {
    let end = at.parse::<Timestamp>().ok();
    let end = end.and_then(|at| at.checked_add(span).ok());
    format!("{:.3}", end.unwrap_or(Timestamp::MAX))
}

/// How long ago a time was; none before it.
pub(super) fn late(now: &str, until: &str) -> Option<Duration> {
    let (now, until): (Timestamp, Timestamp) = (now.parse().ok()?, until.parse().ok()?);
    now.duration_since(until).try_into().ok()
}

/// The refusals of what nobody has approved in time.
pub fn overdue(run: &Run, now: &str) -> Vec<(Option<StageId>, EventKind)> {
    let mut refusals = Vec::new();
    for (shape, stage) in run.stages() {
        let waits = stage.status == StageStatus::Waiting;
        let until = stage.until.as_ref().filter(|_| waits);
        if let Some(until) = until.filter(|until| late(now, until).is_some()) {
            let refusal = EventKind::Rejected {
                by: "the time limit".to_owned(),
                reason: format!("nobody had approved it until {until}"),
            };
            refusals.push((Some(shape.id.clone()), refusal));
        }
    }
    refusals
}

impl Engine<'_> {
    /// Refuses what nobody has approved in time.
    pub(super) async fn refuse_overdue(&mut self) -> Result<(), EngineError> {
        let refusals = overdue(&self.run, &self.drive.clock.now());
        if refusals.is_empty() {
            return Ok(());
        }
        self.append(refusals, Vec::new(), Vec::new()).await?;
        self.halt(Halt::Failed);
        Ok(())
    }
}
