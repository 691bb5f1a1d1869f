//! How a run takes in what happens to one of its stages.

use super::Event;
use super::EventKind;
use super::FoldError;
use super::LEAVE;
use super::LOOK_AGAIN;
use super::RETRY;
use super::Run;
use super::ShapeStage;
use super::StageId;

impl Run {
    /// Takes in what an event tells of one stage.
    pub(super) fn fold_stage(&mut self, id: &StageId, event: &Event) -> Result<(), FoldError> {
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
