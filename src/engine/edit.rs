//! Whether a run may go on with an edited plan or inventory: what has not begun may be edited, what
//! has may not, unless a person accepts it stage by stage.

use super::begin::digest;
use super::begin::shape_of;
use crate::plan::Edit;
use crate::plan::EditKind;
use crate::plan::How;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::run::EditedFile;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::StageId;
use crate::run::StageState;
use crate::run::StageStatus;

/// Why an edit cannot be taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stage that has begun; none where the change is not one of stages.
    pub stage: Option<StageId>,
    /// What differs, in one line.
    pub change: String,
    /// Why that is too late.
    pub why: String,
    /// What to do instead, where a person cannot accept it either.
    pub instead: Option<&'static str>,
}

impl Refused {
    /// The change, with the name of the stage in front.
    pub fn with_stage(&self) -> String {
        match &self.stage {
            // A change of a plan's stage names it already.
            Some(stage) if !self.change.starts_with(&format!("{stage}: ")) => {
                format!("{stage}: {}", self.change)
            }
            _ => self.change.clone(),
        }
    }
}

/// Edits that a run goes on with.
#[derive(Clone, Debug, Default)]
pub struct Taken<'a> {
    /// The plan, where it was edited.
    pub plan: Option<&'a Plan>,
    /// The inventory, where it was edited.
    pub inventory: Option<&'a Inventory>,
    /// What differs.
    pub edits: Vec<Edit>,
    /// What of it a person accepted although its stage has begun.
    pub accepted: Vec<Refused>,
    /// Who took it.
    pub by: String,
    /// Why a person accepted what was refused.
    pub reason: String,
}

/// Returns what speaks against edits, in their order.
pub fn judge(edits: &[Edit], run: &Run) -> Vec<Refused> {
    let mut refused = Vec::new();
    for edit in edits {
        let mut refuse = |stage: Option<&StageId>, why: String, instead| {
            refused.push(Refused {
                stage: stage.cloned(),
                change: edit.words.clone(),
                why,
                instead,
            });
        };
        match &edit.kind {
            EditKind::Working | EditKind::Added(_) | EditKind::Moved(_) => {}
            EditKind::Servers => refuse(
                None,
                "a run is for the servers and the domain that it began with".to_owned(),
                Some(
                    "put it back; while the run has changed nothing, `apply` the edited files \
                     instead, which gives this run up",
                ),
            ),
            EditKind::Removed(id) | EditKind::Renamed { was: id, .. } => {
                if let Some(state) = state(run, id)
                    && (state.has_begun() || state.held_back)
                {
                    refuse(
                        Some(id),
                        how_far(state).to_owned(),
                        Some("put the stage back; the journal knows it under this name"),
                    );
                }
            }
            EditKind::Meaning(concerns) => {
                for concern in concerns {
                    let Some(state) = state(run, &concern.stage).filter(|one| one.has_begun())
                    else {
                        continue;
                    };
                    // Whatever a skipped stage would have done, it is its condition that decided.
                    if state.status == StageStatus::Skipped && concern.how == How::Effect {
                        continue;
                    }
                    let instead = (concern.how == How::Action).then_some(
                        "put it back, and give the stage that does something else a name of its own",
                    );
                    refuse(Some(&concern.stage), how_far(state).to_owned(), instead);
                }
            }
        }
    }
    refused
}

fn state<'a>(run: &'a Run, id: &StageId) -> Option<&'a StageState> {
    run.position(id).map(|position| run.stage(position))
}

fn how_far(state: &StageState) -> &'static str {
    match state.status {
        StageStatus::Skipped => "it was skipped",
        status if status.has_ended() => "it has ended",
        _ if !state.has_begun() => "somebody asked to be asked before it begins",
        _ => "it has begun",
    }
}

/// What the journal keeps of edits that a run goes on with.
pub fn edited_event(taken: &Taken<'_>) -> EventKind {
    let file = |text: &str| EditedFile {
        digest: digest(text),
        text: text.to_owned(),
    };
    let mut touched: Vec<StageId> = Vec::new();
    for stage in taken.edits.iter().flat_map(Edit::touches) {
        if !touched.contains(stage) {
            touched.push(stage.clone());
        }
    }
    let accepted = taken.accepted.iter().map(Refused::with_stage);
    EventKind::PlanEdited {
        changes: taken.edits.iter().map(|edit| edit.words.clone()).collect(),
        by: taken.by.clone(),
        reason: if taken.accepted.is_empty() {
            String::new()
        } else {
            taken.reason.clone()
        },
        accepted: accepted.collect(),
        touched,
        plan: taken.plan.map(|plan| file(plan.file().text())),
        inventory: taken
            .inventory
            .map(|inventory| file(inventory.file().text())),
        shape: taken.plan.map(|plan| (*shape_of(plan)).clone()),
    }
}
