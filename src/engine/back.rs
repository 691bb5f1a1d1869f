//! The same loop backwards: what is in doubt is settled first, then one stage after the other is
//! undone, and at the end everything is compared with what was there before the first change.

use std::collections::VecDeque;

use tracing::Instrument as _;
use tracing::info_span;

use super::Clock;
use super::Drive;
use super::Engine;
use super::EngineError;
use super::Halt;
use super::end::LIMIT;
use super::work::LookBack;
use super::work::LookedBack;
use super::work::Turn;
use super::work::look_back;
use super::work::undo;
use crate::action::ActionError;
use crate::action::Context;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::StageStatus;
use crate::run::Unwind;
use crate::store::Batch;
use crate::store::Lease;
use crate::store::Store;

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

    pub(super) fn is_done(&self) -> bool {
        self.doubts.is_empty() && self.unwind.is_done()
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

    pub(super) fn cleared(&mut self, position: usize) {
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
}
