//! A complete run waits for a person's word, where somebody wanted that, and turns round without it.

use std::time::Duration;

use super::Backwards;
use super::Engine;
use super::EngineError;
use super::HEARTBEAT;
use super::Halt;
use super::deadline::after;
use super::deadline::late;
use crate::run::EventKind;
use crate::run::RunState;
use crate::run::StageId;
use crate::store::Wish;

/// A driver that is this late has slept over the end of the time. Nobody counts on it any more, so it
/// changes nothing and asks.
const OVERSLEPT: Duration = Duration::from_mins(1);

impl Engine<'_> {
    /// Waits until a person confirms a complete run, or until the time for that is over: then the run
    /// turns round. Where the time was over before this driver came, a person is asked.
    pub(super) async fn unconfirmed_in_time(&mut self) -> Result<bool, EngineError> {
        if self.halt.is_some() || self.backwards.is_some() || !self.run.is_complete() {
            return Ok(false);
        }
        let Some(wanted) = self.run.unconfirmed().cloned() else {
            return Ok(false);
        };
        let until = match wanted.until {
            Some(until) => until,
            None => self.due(wanted.within_ms).await?,
        };
        if self.late(&until) > Some(Duration::ZERO) {
            self.halt(Halt::Paused);
            return Ok(false);
        }
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = self.stop.changed() => {
                    self.halt(Halt::Stopped("stopped by a signal, and not confirmed yet".to_owned()));
                    return Ok(false);
                }
                _ = heartbeat.tick() => {}
            }
            match self.drive.store.renew(&self.drive.lease).await? {
                Some(Wish::Confirm { by, reason }) => {
                    let reason = self.drive.world.clean(&reason);
                    self.append_one(EventKind::Confirmed { by, reason }).await?;
                    return Ok(false);
                }
                Some(Wish::Stop { reason }) => {
                    self.halt(Halt::Stopped(reason));
                    return Ok(false);
                }
                None => {}
            }
            let Some(late) = self.late(&until) else {
                continue;
            };
            if late > OVERSLEPT {
                self.halt(Halt::Paused);
                return Ok(false);
            }
            self.append_one(EventKind::RollBackBegun {
                by: "the run itself".to_owned(),
                reason: format!("nobody had confirmed it until {until}"),
            })
            .await?;
            self.backwards = Backwards::of(&self.drive, &self.run);
            return Ok(true);
        }
    }

    /// How a complete run stands that nobody has confirmed.
    pub(super) fn end_unconfirmed(
        &self,
        drafts: &mut Vec<(Option<StageId>, EventKind)>,
    ) -> RunState {
        let Some(Halt::Stopped(reason)) = &self.halt else {
            return RunState::Paused;
        };
        let reason = reason.clone();
        drafts.push((None, EventKind::Stopped { reason }));
        RunState::Stopped
    }

    /// Writes down until when a person may confirm.
    async fn due(&mut self, within_ms: u64) -> Result<String, EngineError> {
        let until = after(&self.drive.clock.now(), Duration::from_millis(within_ms));
        let due = EventKind::ConfirmationDue {
            until: until.clone(),
        };
        self.append_one(due).await?;
        Ok(until)
    }

    /// How long ago the time was over; none before that.
    fn late(&self, until: &str) -> Option<Duration> {
        late(&self.drive.clock.now(), until)
    }

    async fn append_one(&mut self, kind: EventKind) -> Result<(), EngineError> {
        self.append(vec![(None, kind)], Vec::new(), Vec::new())
            .await
    }
}
