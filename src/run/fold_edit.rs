//! How a run takes an edited plan or inventory in.

use std::sync::Arc;

use super::Accepted;
use super::Event;
use super::EventKind;
use super::FoldError;
use super::Run;
use super::Shape;
use super::StageState;
use super::StageStatus;
use super::progress::Progress;

impl Run {
    /// Stages keep what is known of them by their names, wherever they stand in the edited plan.
    pub(super) fn fold_edit(&mut self, event: &Event) -> Result<(), FoldError> {
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
}
