//! Which stages of a run are looked at again when a person doubts what they have left.

use super::verify::superseding;
use crate::action::Registry;
use crate::plan::Plan;
use crate::run::Run;
use crate::run::StageId;
use crate::run::StageStatus;

/// The stages from one on, in the order of the file, whose effect a look can find missing: those
/// that have ended, have changed something, and whose effect no later stage has taken away on
/// purpose.
pub fn to_look_at_again(plan: &Plan, registry: &Registry, run: &Run, from: usize) -> Vec<StageId> {
    let ended = |position: usize| {
        matches!(
            run.stage(position).status,
            StageStatus::Succeeded | StageStatus::Adopted
        )
    };
    (from..plan.stages.len())
        .filter(|position| ended(*position))
        .filter(|position| {
            let uses = &plan.stages[*position].uses;
            registry.changes(uses)
                && registry.get(uses).is_some_and(|action| {
                    superseding(plan, run, *position, action.superseded_by()).is_none()
                })
        })
        .map(|position| plan.stages[position].id.clone())
        .collect()
}
