//! The same loop backwards: what is in doubt is settled first, then one stage after the other is
//! undone, and at the end everything is compared with what was there before the first change.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument as _;
use tracing::info_span;

use super::Clock;
use super::Drive;
use super::Engine;
use super::EngineError;
use super::Halt;
use super::delay::delay;
use super::delay::share;
use super::stages::Gathered;
use super::work::LookBack;
use super::work::LookedBack;
use super::work::Turn;
use super::work::look_back;
use super::work::undo;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::action::Context;
use crate::action::sealed_names;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Probe;
use crate::run::Run;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::run::Unwind;
use crate::store::Batch;
use crate::store::Lease;
use crate::store::Store;

/// How long a fence or the comparison may take on one server.
const LIMIT: Duration = Duration::from_mins(1);

/// What is left of a roll back.
pub(super) struct Backwards {
    /// Stages that were cut off, in file order; they are settled first.
    doubts: VecDeque<usize>,
    unwind: Unwind,
}

impl Backwards {
    /// Reads it off a run that is rolled back.
    pub(super) fn of(drive: &Drive, run: &Run) -> Option<Self> {
        run.back()?;
        let cut_off = |position: &usize| {
            let stage = run.stage(*position);
            let open = matches!(stage.status, StageStatus::Pending | StageStatus::InDoubt);
            // What failed with an answer of its own is no riddle, and is not tried once more. Where a
            // person has decided, nothing is finished either.
            open && stage.begun.is_some()
                && !stage.answered
                && !stage.overridden
                && drive.registry.changes(&drive.plan.stages[*position].uses)
        };
        Some(Self {
            doubts: (0..drive.plan.stages.len()).filter(cut_off).collect(),
            unwind: Unwind::new(run),
        })
    }
}

/// Turns a run round: from here on it is rolled back, whoever drives it. One that had succeeded keeps
/// its servers, addresses and directory objects to itself again.
///
/// # Errors
///
/// When another run keeps one of the subjects; nothing is written then.
pub async fn turn_round(
    store: &dyn Store,
    clock: &dyn Clock,
    lease: &Lease,
    run: &mut Run,
    subjects: Vec<String>,
    by: String,
    reason: String,
) -> Result<Vec<Event>, EngineError> {
    let begun = EventKind::RollBackBegun { by, reason };
    let batch = Batch {
        drafts: run.drafts(&clock.now(), vec![(None, begun)])?,
        lock: subjects,
        ..Batch::default()
    };
    let events = store.append(lease, batch).await?;
    for event in &events {
        run.fold(event)?;
    }
    Ok(events)
}

impl Engine<'_> {
    /// The fences of a run that had succeeded are gone; they come back before anything is undone.
    pub(super) async fn fence_again(&mut self) {
        let untouched = |run: &Run| {
            run.stages()
                .all(|(_, stage)| stage.undo_attempts == 0 && stage.status != StageStatus::Undone)
        };
        let had_succeeded = self.run.back().is_some_and(|back| back.had_succeeded);
        if !had_succeeded || !untouched(&self.run) {
            return;
        }
        let view = self.view();
        if let Err(error) = self.drive.world.set_fences(&view, LIMIT).await {
            let words = self.drive.world.clean(&error.to_string());
            self.halt(Halt::Stopped(format!(
                "nothing was undone, as a server cannot be fenced again: {words}"
            )));
        }
    }

    /// Turns the run round if it has failed and somebody wanted that before it began.
    pub(super) async fn rolls_back(&mut self) -> Result<bool, EngineError> {
        if !matches!(self.halt, Some(Halt::Failed)) {
            return Ok(false);
        }
        let Some(begun) = self.run.rolls_back_now("the run itself") else {
            return Ok(false);
        };
        self.append(vec![(None, begun)], Vec::new(), Vec::new())
            .await?;
        self.halt = None;
        self.backwards = Backwards::of(&self.drive, &self.run);
        Ok(true)
    }

    /// Begins with the next stage on the way back, when the last one is done.
    pub(super) async fn start_back(&mut self) -> Result<(), EngineError> {
        loop {
            if self.halt.is_some() || self.live > 0 {
                return Ok(());
            }
            let mut kinds = Vec::new();
            while let Some(position) = self.looks_next() {
                let id = self.drive.plan.stages[position].id.clone();
                kinds.push((Some(id), EventKind::Undone { settled: None }));
                self.cleared(position);
            }
            if kinds.is_empty() {
                if let Some(position) = self.next_back() {
                    self.live += 1;
                    self.spawn_back(position);
                }
                return Ok(());
            }
            // How a server is reached may be another way now.
            self.append(kinds, Vec::new(), Vec::new()).await?;
        }
    }

    /// The next stage on the way back, if it is one that only looked: nothing of it is to be undone.
    fn looks_next(&self) -> Option<usize> {
        let backwards = self.backwards.as_ref()?;
        let position = backwards.unwind.next()?;
        let looks = !self
            .drive
            .registry
            .changes(&self.drive.plan.stages[position].uses);
        (looks && backwards.doubts.is_empty()).then_some(position)
    }

    fn next_back(&mut self) -> Option<usize> {
        let backwards = self.backwards.as_mut()?;
        let doubt = backwards.doubts.pop_front();
        doubt.or_else(|| backwards.unwind.next())
    }

    fn cleared(&mut self, position: usize) {
        if let Some(backwards) = &mut self.backwards {
            backwards.unwind.end(position);
        }
    }

    /// Looks at a stage: forward where it was cut off, else whether it can be undone.
    pub(super) fn spawn_back(&mut self, position: usize) {
        let state = self.run.stage(position);
        let open = matches!(state.status, StageStatus::Pending | StageStatus::InDoubt);
        if open && !state.answered && !state.overridden {
            self.spawn_look(position, Vec::new());
            return;
        }
        let in_doubt = !state.answered && (open || state.undo_attempts > 0);
        let overridden = state.overridden;
        let context = self.context_back(position);
        let span = info_span!("undo", id = %context.stage().id, attempt = context.attempt + 1);
        let Some(action) = self.drive.registry.get(&context.stage().uses) else {
            let error = ActionError::refused(format!(
                "this version of sms-plan has no action `{}`",
                context.stage().uses
            ));
            self.workers
                .spawn(async move { Turn::LookedBack(position, LookedBack::Refused(error)) });
            return;
        };
        let look = LookBack {
            action,
            context,
            overridden,
            in_doubt,
        };
        self.begins_work(position);
        self.workers.spawn(
            async move { Turn::LookedBack(position, look_back(look).await) }.instrument(span),
        );
    }

    pub(super) fn spawn_undo(&mut self, position: usize) {
        let context = self.context_back(position);
        let span = info_span!("undo", id = %context.stage().id, attempt = context.attempt);
        let Some(action) = self.drive.registry.get(&context.stage().uses) else {
            return;
        };
        self.begins_work(position);
        self.workers.spawn(
            async move { Turn::TakenBack(position, undo(action, context).await) }.instrument(span),
        );
    }

    /// What an undo sees: its own attempts count, and how the last attempt forward ended says nothing.
    fn context_back(&mut self, position: usize) -> Context {
        let attempt = self.run.stage(position).undo_attempts;
        Context {
            attempt,
            answered: false,
            ..self.context(position)
        }
    }

    /// Lets an undo begin, as soon as `UndoStarted` is durable.
    pub(super) fn looked_back(
        &mut self,
        position: usize,
        looked: LookedBack,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        match looked {
            // Nothing has begun yet, so nothing is owed; a resume starts here.
            LookedBack::Ready(_) if self.halt.is_some() => self.leave(position),
            LookedBack::Ready(seen) => {
                let kind = EventKind::UndoStarted {
                    attempt: self.run.stage(position).undo_attempts + 1,
                    standing: seen.as_ref().map(|probe| probe.standing),
                    saw: seen.map(|probe| self.drive.world.clean(&probe.saw)),
                };
                self.tell(position, kind, gathered);
                gathered.begun_back.push(position);
            }
            LookedBack::Gone(probe) => self.gone(position, Some(probe), gathered),
            LookedBack::Refused(error) => self.refused_back(position, &error, gathered)?,
        }
        Ok(())
    }

    pub(super) fn taken_back(
        &mut self,
        position: usize,
        result: Result<(), ActionError>,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        match result {
            Ok(()) => {
                self.gone(position, None, gathered);
                Ok(())
            }
            Err(error) => self.refused_back(position, &error, gathered),
        }
    }

    /// Nothing of the stage is there any more, or a look has found so.
    pub(super) fn gone(&mut self, position: usize, seen: Option<Probe>, gathered: &mut Gathered) {
        let settled = seen.map(|probe| self.drive.world.clean(&probe.saw));
        self.tell(position, EventKind::Undone { settled }, gathered);
        self.leave(position);
        self.cleared(position);
    }

    /// What was cut off could not be finished: then what is there of it is taken back.
    pub(super) fn not_finished(
        &mut self,
        position: usize,
        error: &ActionError,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        let error = self.cleaned(error)?;
        let kind = EventKind::Failed {
            attempt: self.run.stage(position).attempts,
            in_doubt: error.in_doubt,
            error: error.chain,
        };
        self.tell(position, kind, gathered);
        self.leave(position);
        Ok(())
    }

    /// Decides between another attempt to undo, a pause and a failure.
    fn refused_back(
        &mut self,
        position: usize,
        error: &ActionError,
        gathered: &mut Gathered,
    ) -> Result<(), EngineError> {
        let error = self.cleaned(error)?;
        let stage = &self.drive.plan.stages[position];
        let (id, retry) = (stage.id.clone(), stage.retry);
        let state = self.run.stage(position);
        let tries = state.tries + u32::from(!state.under_way);
        let attempt = if state.under_way {
            state.undo_attempts
        } else {
            0
        };
        let (mut delay_ms, mut waiting) = (None, None);
        match error.kind {
            ActionErrorKind::Person(why) => waiting = Some(why),
            _ if error.heals() && tries < retry.attempts && self.halt.is_none() => {
                let delay = delay(retry, tries, share(self.run.id(), &id, tries));
                delay_ms = Some(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
                self.due_later += 1;
                self.at_work.remove(&position);
                self.workers.spawn(async move {
                    tokio::time::sleep(delay).await;
                    Turn::Due(position)
                });
            }
            _ => {}
        }
        let kind = EventKind::UndoFailed {
            attempt,
            delay_ms,
            in_doubt: error.in_doubt,
            waiting,
            error: error.chain,
        };
        self.tell(position, kind, gathered);
        if delay_ms.is_none() {
            self.leave(position);
            self.halt(if waiting.is_some() {
                Halt::Paused
            } else {
                Halt::Failed
            });
        }
        Ok(())
    }

    /// An error as the journal may hold it; a server that obeys another driver ends this one.
    fn cleaned(&self, error: &ActionError) -> Result<ActionError, EngineError> {
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

    fn tell(&self, position: usize, kind: EventKind, gathered: &mut Gathered) {
        let id = self.drive.plan.stages[position].id.clone();
        gathered.kinds.push((Some(id), kind));
    }

    /// How the run stands now that nothing moves any more on its way back.
    pub(super) async fn end_back(
        &mut self,
        drafts: &mut Vec<(Option<StageId>, EventKind)>,
        forget: &mut Vec<String>,
    ) -> RunState {
        let done = self
            .backwards
            .as_ref()
            .is_some_and(|backwards| backwards.doubts.is_empty() && backwards.unwind.is_done());
        let reason = match &self.halt {
            _ if done => match self.last_act_back(drafts).await {
                Ok(()) => {
                    *forget = sealed_names();
                    return RunState::RolledBack;
                }
                Err(error) => {
                    let words = self.drive.world.clean(&error.to_string());
                    format!("everything is undone, but not compared and freed: {words}")
                }
            },
            Some(Halt::Failed) => return RunState::Failed,
            Some(Halt::Paused) => return RunState::Paused,
            Some(Halt::Stopped(reason)) => reason.clone(),
            None => "no stage could be undone any more".to_owned(),
        };
        drafts.push((None, EventKind::Stopped { reason }));
        RunState::Stopped
    }

    /// Compares with what was recorded, and takes the run's traces off the servers.
    async fn last_act_back(
        &mut self,
        drafts: &mut Vec<(Option<StageId>, EventKind)>,
    ) -> Result<(), ActionError> {
        let view = self.view();
        let world = Arc::clone(&self.drive.world);
        let mut compared = world.compare(&view, LIMIT).await?;
        let unseen = world
            .clear_fences(&view, &self.drive.plan, &self.run, LIMIT)
            .await?;
        compared.differences.extend(unseen);
        let clean = |lines: Vec<String>| lines.iter().map(|line| world.clean(line)).collect();
        drafts.push((
            None,
            EventKind::Compared {
                differences: clean(compared.differences),
                allowed: clean(compared.allowed),
            },
        ));
        Ok(())
    }
}
