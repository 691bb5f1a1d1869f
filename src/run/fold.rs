//! How a run takes its events in, one after the other.

use std::sync::Arc;

use super::Accepted;
use super::Back;
use super::Confirmation;
use super::Event;
use super::EventKind;
use super::IllegalEvent;
use super::Place;
use super::Run;
use super::RunId;
use super::RunState;
use super::Shape;
use super::StageId;
use super::event::EVENT_VERSION;
use super::event::Scope;

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
