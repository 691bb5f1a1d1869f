//! What events would do to a run, were they its next ones: whether they fit, and its progress then.

use std::collections::BTreeMap;

use super::Draft;
use super::Event;
use super::EventKind;
use super::FoldError;
use super::Run;
use super::StageId;
use super::StageStatus;
use super::event::EVENT_VERSION;
use super::fold::in_scope;

impl Run {
    /// The progress after each of the drafts, were they appended in this order.
    fn percents_after(&self, drafts: &[(Option<StageId>, EventKind)]) -> Vec<f64> {
        let mut progress = self.progress;
        let mut moved: BTreeMap<usize, StageStatus> = BTreeMap::new();
        drafts
            .iter()
            .map(|(stage, kind)| {
                if let Some(position) = stage.as_ref().and_then(|id| self.position(id)) {
                    let status = moved
                        .entry(position)
                        .or_insert(self.stages[position].status);
                    let before = *status;
                    // What does not fit moves nothing; folding it will say so.
                    *status = self.stages[position].after(before, kind).unwrap_or(before);
                    progress.moved(before, *status, self.shape.stages[position].weight);
                }
                progress.percent()
            })
            .collect()
    }

    /// Says why these could not follow, in this order.
    fn accepts(&self, drafts: &[(Option<StageId>, EventKind)]) -> Result<(), FoldError> {
        let mut moved: BTreeMap<usize, StageStatus> = BTreeMap::new();
        let seq = self.seq + 1;
        for (stage, kind) in drafts {
            in_scope(seq, stage.as_ref(), kind)?;
            if matches!(kind, EventKind::PlanEdited { .. }) {
                return Err(FoldError::LateEdit { seq });
            }
            let Some(id) = stage else { continue };
            let Some(position) = self.position(id) else {
                let stage = id.clone();
                return Err(FoldError::UnknownStage { seq, stage });
            };
            let status = moved
                .entry(position)
                .or_insert(self.stages[position].status);
            let after = self.stages[position].after(*status, kind);
            *status = after.map_err(|source| FoldError::Illegal {
                seq,
                stage: id.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Dates events that are to follow, in this order, and foresees their percents; refuses what the
    /// run does not accept.
    ///
    /// A clock that was set back does not lead the journal back: an event is never dated before the
    /// one that it follows.
    pub fn drafts(
        &self,
        at: &str,
        kinds: Vec<(Option<StageId>, EventKind)>,
    ) -> Result<Vec<Draft>, FoldError> {
        let percents = self.foresee(&kinds)?;
        let at = at.max(self.at.as_str());
        let dated = |((stage, kind), percent)| Draft {
            at: at.to_owned(),
            stage,
            percent,
            kind,
        };
        Ok(kinds.into_iter().zip(percents).map(dated).collect())
    }

    /// Returns the progress after each of the events that are to follow, in this order. Says why they
    /// could not follow before they are durable: a journal that its own run refuses could never be
    /// read again.
    ///
    /// What follows an edit happens to the edited plan.
    pub fn foresee(&self, kinds: &[(Option<StageId>, EventKind)]) -> Result<Vec<f64>, FoldError> {
        if let [(None, edit @ EventKind::PlanEdited { .. }), rest @ ..] = kinds {
            let edited = self.edited(edit)?;
            let rest = edited.foresee(rest)?;
            return Ok([edited.percent()].into_iter().chain(rest).collect());
        }
        self.accepts(kinds)?;
        Ok(self.percents_after(kinds))
    }

    /// The run as it would be if this edit were its next event.
    pub fn edited(&self, edit: &EventKind) -> Result<Self, FoldError> {
        let mut edited = self.clone();
        edited.fold(&Event {
            v: EVENT_VERSION,
            seq: self.seq + 1,
            at: self.at.clone(),
            run: self.id.clone(),
            percent: 0.0,
            stage: None,
            kind: edit.clone(),
            hash: String::new(),
        })?;
        edited.seq = self.seq;
        Ok(edited)
    }
}
