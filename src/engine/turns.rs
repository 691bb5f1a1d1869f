//! What follows from what a stage's worker hands back.

use std::time::Duration;

use tokio::task::JoinError;

use super::Engine;
use super::EngineError;
use super::Halt;
use super::deadline::after;
use super::delay::delay;
use super::delay::share;
use super::journal::Gathered;
use super::work::Looked;
use super::work::Turn;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::run::EventKind;
use crate::run::Outcome;

impl Engine<'_> {
    /// Writes down what workers have handed back, all in one append, and goes on from there.
    pub(super) async fn take(
        &mut self,
        turns: Vec<Result<Turn, JoinError>>,
    ) -> Result<(), EngineError> {
        let mut gathered = Gathered::default();
        let mut ended = Vec::new();
        let mut due = Vec::new();
        for turn in turns {
            match turn {
                Ok(Turn::Due(position)) => {
                    self.due_later -= 1;
                    due.push(position);
                }
                Ok(Turn::Looked(position, looked)) => {
                    self.looked(position, looked, &mut gathered, &mut ended)?;
                }
                Ok(Turn::Ended(position, took, result)) => {
                    self.applied(position, took, result, &mut gathered, &mut ended)?;
                }
                Ok(Turn::LookedBack(position, looked)) => {
                    self.looked_back(position, looked, &mut gathered)?;
                }
                Ok(Turn::TakenBack(position, result)) => {
                    self.taken_back(position, result, &mut gathered)?;
                }
                Err(error) if error.is_cancelled() => {}
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        }
        // The queue may be ahead of the journal: where an append fails, the loop ends.
        for position in ended {
            self.queue.end(position);
        }
        self.start_at_once(&mut gathered);
        self.write(gathered).await?;
        for position in due {
            if self.backwards.is_some() {
                self.spawn_back(position);
            } else if let Some(early) = self.passage(position) {
                self.spawn_look(position, early);
            } else {
                self.leave(position);
                self.queue.put_back(position);
            }
        }
        Ok(())
    }

    fn looked(
        &mut self,
        position: usize,
        looked: Looked,
        gathered: &mut Gathered,
        ended: &mut Vec<usize>,
    ) -> Result<(), EngineError> {
        match looked {
            Looked::Ready(prepared, seen) => {
                self.gate.answered(position, true);
                if self.halt.is_some() {
                    // Nothing has begun yet, so nothing is owed; a resume starts here.
                    self.leave(position);
                    self.queue.put_back(position);
                } else {
                    self.begin(position, prepared, seen, gathered);
                }
            }
            Looked::Done(probe) => {
                let saw = self.drive.world.clean(&probe.saw);
                self.succeeded(position, 0, Some(saw), probe.outcome, gathered);
                ended.push(position);
            }
            Looked::Gone(probe) => self.gone(position, Some(probe), gathered),
            Looked::Refused(error) => {
                self.gate.answered(position, false);
                self.refused(position, &error, gathered)?;
            }
        }
        Ok(())
    }

    fn applied(
        &mut self,
        position: usize,
        took: Duration,
        result: Result<Outcome, ActionError>,
        gathered: &mut Gathered,
        ended: &mut Vec<usize>,
    ) -> Result<(), EngineError> {
        match result {
            Ok(outcome) => {
                let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
                self.succeeded(position, took, None, outcome, gathered);
                ended.push(position);
                Ok(())
            }
            Err(error) if self.backwards.is_some() => self.not_finished(position, &error, gathered),
            Err(error) => self.refused(position, &error, gathered),
        }
    }

    fn succeeded(
        &mut self,
        position: usize,
        duration_ms: u64,
        settled: Option<String>,
        outcome: Outcome,
        gathered: &mut Gathered,
    ) {
        if let Some(data) = outcome.snapshot {
            self.tell(position, EventKind::Snapshot { data }, gathered);
        }
        let kind = EventKind::Succeeded {
            attempt: self.run.stage(position).attempts,
            output: self.drive.world.clean_value(outcome.output),
            reach: outcome.reach,
            duration_ms,
            settled,
        };
        self.tell(position, kind, gathered);
        gathered.secrets.extend(outcome.secrets);
        gathered.forget.extend(outcome.forget);
        self.leave(position);
    }

    /// Decides between another attempt, a pause and a failure.
    fn refused(
        &mut self,
        position: usize,
        error: &ActionError,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        let error = self.cleaned(error)?;
        let attempt = self.run.stage(position).attempts;
        let kind = if let ActionErrorKind::Person(why) = error.kind {
            let now = self.drive.clock.now();
            self.leave(position);
            self.halt(Halt::Paused);
            EventKind::Waiting {
                why,
                message: error.chain.join(": "),
                until: error.within.map(|within| after(&now, within)),
            }
        } else if let Some(delay_ms) = self.again_later(position, &error) {
            EventKind::Retrying {
                attempt,
                delay_ms,
                in_doubt: error.in_doubt,
                error: error.chain,
            }
        } else {
            self.leave(position);
            self.halt(Halt::Failed);
            EventKind::Failed {
                attempt,
                in_doubt: error.in_doubt,
                error: error.chain,
            }
        };
        self.tell(position, kind, gathered);
        Ok(())
    }

    /// Gives a stage another turn, where its error may heal and its plan has tries left, after a
    /// delay that is returned in milliseconds. Its host stays taken: the attempt to come may find
    /// the last one unfinished.
    pub(super) fn again_later(&mut self, position: usize, error: &ActionError) -> Option<u64> {
        let stage = &self.drive.plan.stages[position];
        let state = self.run.stage(position);
        let tries = state.tries + u32::from(!state.under_way);
        if !error.heals() || tries >= stage.retry.attempts || self.halt.is_some() {
            return None;
        }
        let delay = delay(stage.retry, tries, share(self.run.id(), &stage.id, tries));
        self.due_later += 1;
        self.at_work.remove(&position);
        self.workers.spawn(async move {
            tokio::time::sleep(delay).await;
            Turn::Due(position)
        });
        Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
    }

    /// An error as the journal may hold it; a server that obeys another driver ends this one.
    pub(super) fn cleaned(&self, error: &ActionError) -> Result<ActionError, EngineError> {
        let clean = |line: &String| self.drive.world.clean(line);
        let chain: Vec<String> = error.chain.iter().map(clean).collect();
        if error.kind == ActionErrorKind::Fenced {
            return Err(EngineError::Fenced(chain.join(": ")));
        }
        Ok(ActionError {
            chain,
            ..error.clone()
        })
    }

    /// Frees the stage's place.
    pub(super) fn leave(&mut self, position: usize) {
        self.live -= 1;
        self.at_work.remove(&position);
        self.busy.remove(&self.drive.plan.stages[position].on);
    }
}
