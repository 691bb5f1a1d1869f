//! How a run takes its events in, one after the other.

use std::sync::Arc;

use super::Accepted;
use super::Back;
use super::Confirmation;
use super::Event;
use super::EventKind;
use super::IllegalEvent;
use super::LEAVE;
use super::LOOK_AGAIN;
use super::Place;
use super::RETRY;
use super::Run;
use super::RunId;
use super::RunState;
use super::Shape;
use super::ShapeStage;
use super::StageId;
use super::StageState;
use super::StageStatus;
use super::event::EVENT_VERSION;
use super::event::Scope;
use super::progress::Progress;

/// Why an event does not continue a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum FoldError {
    #[error(
        "event {seq} is of journal format {version}; this program knows {EVENT_VERSION}: use the program that wrote it, or a newer one"
    )]
    Version { seq: u64, version: u32 },
    #[error("event {seq} follows event {last}: the journal has a gap")]
    Gap { seq: u64, last: u64 },
    #[error("event {seq} belongs to run {other}")]
    OtherRun { seq: u64, other: RunId },
    #[error("event {seq} is about stage `{stage}`, which the run's plan does not have")]
    UnknownStage { seq: u64, stage: StageId },
    #[error("event {seq} happens to a stage but does not say to which")]
    NoStage { seq: u64 },
    #[error("event {seq} happens to the whole run but names stage `{stage}`")]
    OneStage { seq: u64, stage: StageId },
    #[error("event {seq} takes a plan whose stages do not follow from each other")]
    Unsound { seq: u64 },
    #[error("event {seq} takes a plan without stage `{stage}`, which has begun")]
    LosesStage { seq: u64, stage: StageId },
    #[error("an edit of the plan must be the first of what is written with event {seq}")]
    LateEdit { seq: u64 },
    #[error("event {seq} does not fit stage `{stage}`")]
    Illegal {
        seq: u64,
        stage: StageId,
        #[source]
        source: IllegalEvent,
    },
}

impl Run {
    /// Reads the journal anew, which may have grown since.
    pub fn again(&self, events: &[Event]) -> Result<Self, FoldError> {
        Self::read(self.id.clone(), Arc::clone(&self.first), events)
    }

    /// Folds a whole journal.
    pub fn read(id: RunId, shape: Arc<Shape>, events: &[Event]) -> Result<Self, FoldError> {
        let mut run = Self::new(id, shape);
        for event in events {
            run.fold(event)?;
        }
        Ok(run)
    }

    /// Takes one more event in. An event that does not fit leaves the run as it was.
    pub fn fold(&mut self, event: &Event) -> Result<(), FoldError> {
        let seq = event.seq;
        if event.v != EVENT_VERSION {
            return Err(FoldError::Version {
                seq,
                version: event.v,
            });
        }
        if event.run != self.id {
            return Err(FoldError::OtherRun {
                seq,
                other: event.run.clone(),
            });
        }
        if seq != self.seq + 1 {
            return Err(FoldError::Gap {
                seq,
                last: self.seq,
            });
        }
        in_scope(seq, event.stage.as_ref(), &event.kind)?;
        match &event.stage {
            Some(stage) => self.fold_stage(stage, event)?,
            None => self.fold_run(event)?,
        }
        self.seq = seq;
        if self.at < event.at {
            self.at.clone_from(&event.at);
        }
        Ok(())
    }

    fn fold_run(&mut self, event: &Event) -> Result<(), FoldError> {
        self.confirmation = Confirmation::after(self.confirmation.take(), &event.kind);
        match &event.kind {
            EventKind::RunCreated {
                source,
                destination,
                ..
            } => {
                self.reach.insert(Place::Source, source.clone());
                self.reach.insert(Place::Destination, destination.clone());
                self.created = Some(event.clone());
            }
            EventKind::LeaseTaken { epoch, .. } => {
                self.epoch = *epoch;
                self.move_all(event)?;
            }
            EventKind::RunResumed { .. } => {
                self.state = match self.back {
                    None => RunState::Running,
                    Some(_) => RunState::RollingBack,
                };
                self.begin_anew(event)?;
            }
            EventKind::RollBackBegun { by, reason } => {
                self.back = Some(Back {
                    by: by.clone(),
                    reason: reason.clone(),
                    at: event.at.clone(),
                    seq: event.seq,
                    had_succeeded: self.state == RunState::Succeeded,
                    differences: Vec::new(),
                    allowed: Vec::new(),
                });
                self.state = RunState::RollingBack;
                self.begin_anew(event)?;
            }
            EventKind::Compared {
                differences,
                allowed,
            } => {
                if let Some(back) = &mut self.back {
                    back.differences.clone_from(differences);
                    back.allowed.clone_from(allowed);
                }
            }
            EventKind::OverrideAccepted { what, by, reason } => self.accepted.push(Accepted {
                what: what.clone(),
                by: by.clone(),
                reason: reason.clone(),
            }),
            EventKind::PlanEdited { .. } => self.fold_edit(event)?,
            EventKind::RunEnded { state } => self.state = *state,
            _ => {}
        }
        Ok(())
    }

    /// Stages keep what is known of them by their names, wherever they stand in the edited plan.
    fn fold_edit(&mut self, event: &Event) -> Result<(), FoldError> {
        let EventKind::PlanEdited {
            by,
            reason,
            accepted,
            touched,
            plan,
            inventory,
            shape,
            ..
        } = &event.kind
        else {
            return Ok(());
        };
        if let Some(shape) = shape {
            self.reshape(event.seq, shape)?;
        }
        for (stage, state) in self.shape.stages.iter().zip(&mut self.stages) {
            state.touched = touched.contains(&stage.id);
            state.begun_since = false;
        }
        self.edits += 1;
        for (kept, new) in [(&mut self.plan, plan), (&mut self.inventory, inventory)] {
            if new.is_some() {
                kept.clone_from(new);
            }
        }
        let accepted = accepted.iter().map(|what| Accepted {
            what: format!("edit: {what}"),
            by: by.clone(),
            reason: reason.clone(),
        });
        self.accepted.extend(accepted);
        Ok(())
    }

    fn reshape(&mut self, seq: u64, shape: &Shape) -> Result<(), FoldError> {
        if !shape.is_sound() {
            return Err(FoldError::Unsound { seq });
        }
        let index = shape.index();
        let lost = self.stages().find(|(stage, state)| {
            !index.contains_key(&stage.id) && (state.has_begun() || state.held_back)
        });
        if let Some((stage, _)) = lost {
            let stage = stage.id.clone();
            return Err(FoldError::LosesStage { seq, stage });
        }
        let mut stages = vec![StageState::default(); shape.stages.len()];
        for (old, state) in self.shape.stages.iter().zip(&mut self.stages) {
            if let Some(position) = index.get(&old.id) {
                stages[*position] = std::mem::take(state);
            }
        }
        let weights = shape.stages.iter().map(|stage| stage.weight);
        self.progress = Progress::new(shape.begins, weights);
        for (stage, state) in shape.stages.iter().zip(&stages) {
            self.progress
                .moved(StageStatus::Pending, state.status, stage.weight);
        }
        self.stages = stages;
        self.index = Arc::new(index);
        self.shape = Arc::new(shape.clone());
        Ok(())
    }

    /// Every stage may be tried as often as its plan says once more.
    fn begin_anew(&mut self, event: &Event) -> Result<(), FoldError> {
        self.move_all(event)?;
        for stage in &mut self.stages {
            stage.tries = 0;
            stage.waiting = None;
        }
        Ok(())
    }

    fn move_all(&mut self, event: &Event) -> Result<(), FoldError> {
        for (position, stage) in self.stages.iter_mut().enumerate() {
            stage.status =
                stage
                    .status
                    .after(&event.kind)
                    .map_err(|source| FoldError::Illegal {
                        seq: event.seq,
                        stage: self.shape.stages[position].id.clone(),
                        source,
                    })?;
            // Whoever was at it is gone, or has been told to begin anew.
            stage.under_way = false;
        }
        Ok(())
    }

    fn fold_stage(&mut self, id: &StageId, event: &Event) -> Result<(), FoldError> {
        let seq = event.seq;
        let Some(&position) = self.index.get(id) else {
            return Err(FoldError::UnknownStage {
                seq,
                stage: id.clone(),
            });
        };
        let ShapeStage { weight, on, .. } = self.shape.stages[position];
        let stage = &mut self.stages[position];
        let before = stage.status;
        stage.status = stage
            .after(before, &event.kind)
            .map_err(|source| FoldError::Illegal {
                seq,
                stage: id.clone(),
                source,
            })?;
        let begins = matches!(
            event.kind,
            EventKind::Started { .. } | EventKind::Succeeded { .. } | EventKind::Adopted { .. }
        );
        if begins && stage.begun.is_none() {
            stage.begun = Some(seq);
            stage.found = self.reach.get(&on).cloned();
        }
        match &event.kind {
            EventKind::Started {
                attempt,
                token,
                reach,
                ..
            } => {
                if stage.attempts == 0 {
                    stage.token = token.clone();
                    stage.started_at = Some(event.at.clone());
                }
                stage.attempts = *attempt;
                stage.tries += 1;
                stage.answered = false;
                stage.planned.clone_from(reach);
                stage.overridden = false;
                stage.begun_since = true;
                // From here on a doubt is that of the new attempt.
                stage.again = false;
            }
            EventKind::Succeeded {
                output,
                reach,
                settled,
                ..
            } => {
                stage.output = output.clone();
                stage.remark.clone_from(settled);
                if let Some(reach) = reach {
                    stage.led = Some(reach.clone());
                    self.reach.insert(on, reach.clone());
                }
            }
            EventKind::Adopted {
                output,
                reach,
                reason,
                ..
            } => {
                stage.output = output.clone();
                stage.remark = Some(reason.clone());
                if let Some(reach) = reach {
                    stage.led = Some(reach.clone());
                    self.reach.insert(on, reach.clone());
                }
            }
            EventKind::Skipped { reason } => stage.remark = Some(reason.clone()),
            EventKind::Retrying {
                error, in_doubt, ..
            } => {
                // An attempt was counted when it began; a look that failed counts here.
                if stage.under_way {
                    stage.answered = !in_doubt;
                } else {
                    stage.tries += 1;
                }
                stage.error.clone_from(error);
            }
            EventKind::Failed {
                error, in_doubt, ..
            } => {
                if stage.under_way {
                    stage.answered = !in_doubt;
                }
                stage.error.clone_from(error);
            }
            EventKind::Waiting {
                why,
                message,
                until,
            } => {
                stage.waiting = Some(*why);
                stage.until.clone_from(until);
                stage.error = vec![message.clone()];
            }
            EventKind::OverrideAccepted { what, .. } if what == LOOK_AGAIN => {
                stage.again = true;
                stage.ended_at = None;
            }
            EventKind::OverrideAccepted { what, .. } if what == RETRY => stage.overridden = true,
            EventKind::OverrideAccepted { what, reason, .. } if what == LEAVE => {
                stage.remark = Some(reason.clone());
                stage.waiting = None;
                stage.planned = None;
            }
            EventKind::HeldBack { .. } => stage.held_back = true,
            EventKind::Approved { begins: true, .. } => {
                stage.held_back = false;
                stage.waiting = None;
            }
            EventKind::UndoStarted { attempt, .. } => {
                stage.undo_attempts = *attempt;
                stage.tries += 1;
                stage.answered = false;
                stage.overridden = false;
                stage.waiting = None;
                stage.error.clear();
                // What had ended may be found where it was before from here on.
                if stage.planned.is_none() {
                    stage.planned = stage.put_back(self.reach.get(&on));
                }
            }
            EventKind::UndoFailed {
                in_doubt,
                waiting,
                error,
                ..
            } => {
                if stage.under_way {
                    stage.answered = !in_doubt;
                } else {
                    stage.tries += 1;
                }
                stage.waiting = *waiting;
                stage.error.clone_from(error);
            }
            EventKind::Undone { settled } => {
                if let Some(reach) = stage.put_back(self.reach.get(&on)) {
                    self.reach.insert(on, reach);
                }
                stage.planned = None;
                stage.waiting = None;
                stage.error.clear();
                stage.remark.clone_from(settled);
            }
            EventKind::Snapshot { data } => {
                self.snapshots.insert(id.clone(), data.clone());
            }
            _ => {}
        }
        stage.under_way = matches!(
            event.kind,
            EventKind::Started { .. } | EventKind::UndoStarted { .. }
        ) || (stage.under_way
            && matches!(event.kind, EventKind::Snapshot { .. }));
        if stage.status.has_ended() && !before.has_ended() {
            stage.ended_at = Some(event.at.clone());
            stage.planned = None;
            stage.waiting = None;
            stage.again = false;
        }
        self.progress.moved(before, stage.status, weight);
        Ok(())
    }
}

/// Some events are about one stage, some about the run, a few about either.
pub(super) fn in_scope(
    seq: u64,
    stage: Option<&StageId>,
    kind: &EventKind,
) -> Result<(), FoldError> {
    match (stage, kind.scope()) {
        (None, Scope::Stage) => Err(FoldError::NoStage { seq }),
        (Some(stage), Scope::Run) => Err(FoldError::OneStage {
            seq,
            stage: stage.clone(),
        }),
        _ => Ok(()),
    }
}
