//! Which stage starts, and with what its worker is sent to the machine.

use std::sync::Arc;

use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::info_span;

use super::Engine;
use super::EngineError;
use super::Halt;
use super::gate::Passage;
use super::journal::Gathered;
use super::work::Look;
use super::work::Looked;
use super::work::Turn;
use super::work::apply;
use super::work::look;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Prepared;
use crate::plan::ExpressionError;
use crate::plan::Precondition;
use crate::plan::Roots;
use crate::plan::Stage;
use crate::plan::why_skipped;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::Probe;
use crate::run::StageStatus;
use crate::run::WaitingFor;

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
    pub(super) fn start_at_once(&mut self, gathered: &mut Gathered) {
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
            match when.evaluate_bool(&view.roots) {
                Ok(true) => {}
                Ok(false) => {
                    self.tell(position, off_the_path(stage, &view.roots), gathered);
                    return self.queue.end(position);
                }
                Err(ExpressionError::Unknown { path }) => {
                    let message = format!("`when` asks for `{path}`, which nobody knows");
                    self.wait_for(WaitingFor::Fact, message, position, gathered);
                    return None;
                }
                Err(error) => {
                    let kind = EventKind::Failed {
                        attempt: 0,
                        in_doubt: false,
                        error: vec![format!("`when` cannot be decided: {error}")],
                    };
                    self.tell(position, kind, gathered);
                    self.queue.take(position);
                    self.halt(Halt::Failed);
                    return None;
                }
            }
        }
        if self.run.stage(position).held_back {
            let message = "it has not begun: somebody asked to be asked before".to_owned();
            self.wait_for(WaitingFor::Begin, message, position, gathered);
            return None;
        }
        let early = self.passage(position)?;
        self.occupy(position);
        self.spawn_look(position, early);
        None
    }

    /// Pauses before a ready stage, as a person must do something first.
    fn wait_for(
        &mut self,
        why: WaitingFor,
        message: String,
        position: usize,
        gathered: &mut Gathered,
    ) {
        let waiting = EventKind::Waiting {
            why,
            message,
            until: None,
        };
        self.tell(position, waiting, gathered);
        self.queue.take(position);
        self.halt(Halt::Paused);
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
    pub(super) fn passage(&mut self, position: usize) -> Option<Vec<(usize, Precondition)>> {
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
    fn early_preconditions(&mut self) -> Vec<(usize, Precondition)> {
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

    pub(super) fn spawn_look(&mut self, position: usize, early: Vec<(usize, Precondition)>) {
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

    /// Lets an attempt begin, as soon as `Started` is durable.
    pub(super) fn begin(
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
        self.tell(position, kind, gathered);
        gathered.secrets.extend(prepared.secrets);
        gathered.begun.push(position);
    }

    pub(super) fn spawn_apply(&mut self, position: usize) {
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
}

/// What is recorded of a ready stage whose condition is false.
pub(super) fn off_the_path(stage: &Stage, roots: &Roots) -> EventKind {
    let reason = why_skipped(stage, roots);
    EventKind::Skipped { reason }
}
