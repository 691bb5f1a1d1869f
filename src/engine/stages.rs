//! Which stage starts, and what follows from what its worker hands back.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinError;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::info_span;

use super::Engine;
use super::EngineError;
use super::Halt;
use super::deadline::after;
use super::delay::delay;
use super::delay::share;
use super::gate::Passage;
use super::work::Look;
use super::work::Looked;
use super::work::Turn;
use super::work::apply;
use super::work::look;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::action::Context;
use crate::action::Prepared;
use crate::plan::ExpressionError;
use crate::plan::Roots;
use crate::plan::Stage;
use crate::plan::why_skipped;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Sealed;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::run::WaitingFor;

/// Events, secrets and names to forget that go into one append, and the stages whose attempts, or
/// undos, begin once it is durable.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) kinds: Vec<(Option<StageId>, EventKind)>,
    secrets: Vec<Sealed>,
    forget: Vec<String>,
    begun: Vec<usize>,
    pub(super) begun_back: Vec<usize>,
}

impl Engine<'_> {
    /// Starts what may start: earliest in the file first, one stage a host at a time.
    pub(super) async fn start_ready(&mut self) -> Result<(), EngineError> {
        if self.backwards.is_some() {
            return self.start_back().await;
        }
        loop {
            let mut gathered = Gathered::default();
            let mut freed = None;
            let mut first = 0;
            while let Some(position) = self.may_start(first) {
                // What a skip has freed may stand earlier in the file, and has the first turn then;
                // it is considered when the skip is durable.
                if freed.is_some_and(|freed| freed <= position) {
                    break;
                }
                let skipped = self.consider(position, &mut gathered);
                freed = [freed, skipped].into_iter().flatten().min();
                first = position + 1;
            }
            if gathered.kinds.is_empty() {
                return Ok(());
            }
            self.write(gathered).await?;
        }
    }

    /// Starts what may start now that others have ended, and needs no answer first: so one append
    /// makes durable that a stage has ended and that the next begins. The rest has its turn when
    /// the ends are durable.
    fn start_at_once(&mut self, gathered: &mut Gathered) {
        let mut first = 0;
        while let Some(position) = self.may_start(first)
            && self.asks_nothing(position)
        {
            self.consider(position, gathered);
            first = position + 1;
        }
    }

    /// Returns the first stage from a position on that may start, if any may.
    fn may_start(&self, first: usize) -> Option<usize> {
        if self.backwards.is_some() || self.halt.is_some() || self.live >= self.drive.parallel {
            return None;
        }
        let last = self.last.unwrap_or(usize::MAX);
        self.queue.ready_from(first).filter(|next| *next <= last)
    }

    /// Returns whether nothing has to be asked, looked at or agreed on before a stage begins.
    fn asks_nothing(&self, position: usize) -> bool {
        let stage = &self.drive.plan.stages[position];
        let state = self.run.stage(position);
        stage.when.is_none()
            && stage.preconditions.is_empty()
            && !self.drive.registry.changes(&stage.uses)
            && state.status == StageStatus::Pending
            && state.attempts == 0
            && !(state.again || state.held_back)
    }

    /// Starts one ready stage, skips it, or leaves it for later. Returns the earliest stage that a
    /// skip has freed.
    fn consider(&mut self, position: usize, gathered: &mut Gathered) -> Option<usize> {
        let plan = Arc::clone(&self.drive.plan);
        let stage = &plan.stages[position];
        if self.busy.contains(&stage.on) {
            return None;
        }
        if self.asks_nothing(position) {
            self.occupy(position);
            self.begin(position, Prepared::default(), None, gathered);
            return None;
        }
        // A condition is asked once; a stage that has begun, or had ended, is on the path.
        let state = self.run.stage(position);
        if state.attempts == 0
            && !state.again
            && let Some(when) = &stage.when
        {
            let view = self.view();
            let id = Some(stage.id.clone());
            match when.evaluate_bool(&view.roots) {
                Ok(true) => {}
                Ok(false) => {
                    gathered.kinds.push((id, off_the_path(stage, &view.roots)));
                    return self.queue.end(position);
                }
                Err(ExpressionError::Unknown { path }) => {
                    let message = format!("`when` asks for `{path}`, which nobody knows");
                    gathered.kinds.push((
                        id,
                        EventKind::Waiting {
                            why: WaitingFor::Fact,
                            message,
                            until: None,
                        },
                    ));
                    self.queue.take(position);
                    self.halt(Halt::Paused);
                    return None;
                }
                Err(error) => {
                    let error = vec![format!("`when` cannot be decided: {error}")];
                    gathered.kinds.push((
                        id,
                        EventKind::Failed {
                            attempt: 0,
                            in_doubt: false,
                            error,
                        },
                    ));
                    self.queue.take(position);
                    self.halt(Halt::Failed);
                    return None;
                }
            }
        }
        if self.run.stage(position).held_back {
            let waiting = EventKind::Waiting {
                why: WaitingFor::Begin,
                message: "it has not begun: somebody asked to be asked before".to_owned(),
                until: None,
            };
            gathered.kinds.push((Some(stage.id.clone()), waiting));
            self.queue.take(position);
            self.halt(Halt::Paused);
            return None;
        }
        let early = self.passage(position)?;
        self.occupy(position);
        self.spawn_look(position, early);
        None
    }

    /// Takes the place of a stage that starts; see [`Engine::leave`].
    fn occupy(&mut self, position: usize) {
        self.queue.take(position);
        let on = self.drive.plan.stages[position].on;
        if matches!(on, Place::Source | Place::Destination) {
            self.busy.insert(on);
        }
        self.live += 1;
    }

    /// Returns what a stage must ask before it starts, or nothing if it may not start yet.
    fn passage(&mut self, position: usize) -> Option<Vec<(usize, crate::plan::Precondition)>> {
        let plan = Arc::clone(&self.drive.plan);
        if !self.drive.registry.changes(&plan.stages[position].uses) {
            return Some(Vec::new());
        }
        match self.gate.passage(position, &self.run) {
            Passage::Free => Some(Vec::new()),
            Passage::Ask => Some(self.early_preconditions()),
            Passage::Wait => None,
        }
    }

    /// The early preconditions of every stage that is not known to be off the path.
    fn early_preconditions(&mut self) -> Vec<(usize, crate::plan::Precondition)> {
        let view = self.view();
        let mut early = Vec::new();
        for (position, stage) in self.drive.plan.stages.iter().enumerate() {
            let off_the_path = stage
                .when
                .as_ref()
                .is_some_and(|when| matches!(when.evaluate_bool(&view.roots), Ok(false)));
            if off_the_path || !self.gate.concerns(self.run.stage(position)) {
                continue;
            }
            let asked = stage
                .preconditions
                .iter()
                .filter(|precondition| precondition.early);
            early.extend(asked.map(|precondition| (position, precondition.clone())));
        }
        early
    }

    pub(super) fn context(&mut self, position: usize) -> Context {
        let state = self.run.stage(position);
        let (attempt, token, answered) = (state.attempts, state.token.clone(), state.answered);
        Context {
            plan: Arc::clone(&self.drive.plan),
            position,
            inventory: Arc::clone(&self.drive.inventory),
            view: self.view(),
            world: Arc::clone(&self.drive.world),
            attempt,
            answered,
            token,
        }
    }

    pub(super) fn spawn_look(
        &mut self,
        position: usize,
        early: Vec<(usize, crate::plan::Precondition)>,
    ) {
        let context = self.context(position);
        let state = self.run.stage(position);
        let stage = context.stage();
        let span = info_span!("stage", id = %stage.id, attempt = state.attempts + 1);
        let Some(action) = self.drive.registry.get(&stage.uses) else {
            // Loading a plan refuses unknown actions, so this is a run of another program version.
            let error = ActionError::refused(format!(
                "this version of sms-plan has no action `{}`",
                stage.uses
            ));
            self.workers
                .spawn(async move { Turn::Looked(position, Looked::Refused(error)) });
            return;
        };
        let work = Look {
            action,
            in_doubt: state.attempts > 0 || state.again,
            overridden: state.overridden && self.backwards.is_none(),
            before: state.again.then(|| state.output.clone()),
            prepared: state.attempts > 0 || !self.drive.registry.changes(&stage.uses),
            back: self.backwards.is_some(),
            early,
            context,
        };
        self.begins_work(position);
        self.workers
            .spawn(async move { Turn::Looked(position, look(work).await) }.instrument(span));
    }

    fn spawn_apply(&mut self, position: usize) {
        let context = self.context(position);
        let span = info_span!("stage", id = %context.stage().id, attempt = context.attempt);
        let Some(action) = self.drive.registry.get(&context.stage().uses) else {
            return;
        };
        self.begins_work(position);
        self.workers.spawn(
            async move {
                let began = Instant::now();
                let result = apply(action, context).await;
                Turn::Ended(position, began.elapsed(), result)
            }
            .instrument(span),
        );
    }

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

    /// Makes durable what was gathered; only then the attempts begin.
    async fn write(&mut self, gathered: Gathered) -> Result<(), EngineError> {
        self.append(gathered.kinds, gathered.secrets, gathered.forget)
            .await?;
        for position in gathered.begun {
            self.spawn_apply(position);
        }
        for position in gathered.begun_back {
            self.spawn_undo(position);
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

    /// Lets an attempt begin, as soon as `Started` is durable.
    fn begin(
        &mut self,
        position: usize,
        prepared: Prepared,
        seen: Option<Probe>,
        gathered: &mut Gathered,
    ) {
        let state = self.run.stage(position);
        let kind = EventKind::Started {
            attempt: state.attempts + 1,
            token: prepared.token,
            reach: prepared.reach.or_else(|| state.planned.clone()),
            standing: seen.as_ref().map(|probe| probe.standing),
            saw: seen.map(|probe| self.drive.world.clean(&probe.saw)),
        };
        let id = self.drive.plan.stages[position].id.clone();
        gathered.kinds.push((Some(id), kind));
        gathered.secrets.extend(prepared.secrets);
        gathered.begun.push(position);
    }

    fn applied(
        &mut self,
        position: usize,
        took: Duration,
        result: Result<crate::run::Outcome, ActionError>,
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
        outcome: crate::run::Outcome,
        gathered: &mut Gathered,
    ) {
        let id = Some(self.drive.plan.stages[position].id.clone());
        if let Some(data) = outcome.snapshot {
            gathered
                .kinds
                .push((id.clone(), EventKind::Snapshot { data }));
        }
        let kind = EventKind::Succeeded {
            attempt: self.run.stage(position).attempts,
            output: self.drive.world.clean_value(outcome.output),
            reach: outcome.reach,
            duration_ms,
            settled,
        };
        gathered.kinds.push((id, kind));
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
        let plan = Arc::clone(&self.drive.plan);
        let stage = &plan.stages[position];
        let state = self.run.stage(position);
        let attempt = state.attempts;
        let tries = state.tries + u32::from(!state.under_way);
        let id = Some(stage.id.clone());
        let chain: Vec<String> = error
            .chain
            .iter()
            .map(|line| self.drive.world.clean(line))
            .collect();
        match error.kind {
            ActionErrorKind::Fenced => return Err(EngineError::Fenced(chain.join(": "))),
            ActionErrorKind::Person(why) => {
                let message = chain.join(": ");
                let now = self.drive.clock.now();
                let until = error.within.map(|within| after(&now, within));
                gathered.kinds.push((
                    id,
                    EventKind::Waiting {
                        why,
                        message,
                        until,
                    },
                ));
                self.leave(position);
                self.halt(Halt::Paused);
            }
            ActionErrorKind::Heals | ActionErrorKind::Unreachable
                if tries < stage.retry.attempts && self.halt.is_none() =>
            {
                let delay = delay(stage.retry, tries, share(self.run.id(), &stage.id, tries));
                let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
                gathered.kinds.push((
                    id,
                    EventKind::Retrying {
                        attempt,
                        delay_ms,
                        in_doubt: error.in_doubt,
                        error: chain,
                    },
                ));
                // The host stays taken: the attempt to come may find the last one unfinished.
                self.due_later += 1;
                self.at_work.remove(&position);
                self.workers.spawn(async move {
                    tokio::time::sleep(delay).await;
                    Turn::Due(position)
                });
            }
            _ => {
                gathered.kinds.push((
                    id,
                    EventKind::Failed {
                        attempt,
                        in_doubt: error.in_doubt,
                        error: chain,
                    },
                ));
                self.leave(position);
                self.halt(Halt::Failed);
            }
        }
        Ok(())
    }

    /// Frees the stage's place.
    pub(super) fn leave(&mut self, position: usize) {
        self.live -= 1;
        self.at_work.remove(&position);
        self.busy.remove(&self.drive.plan.stages[position].on);
    }
}

/// What is recorded of a ready stage whose condition is false.
pub(super) fn off_the_path(stage: &Stage, roots: &Roots) -> EventKind {
    let reason = why_skipped(stage, roots);
    EventKind::Skipped { reason }
}
