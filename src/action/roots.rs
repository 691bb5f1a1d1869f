//! The values that expressions and templates see, from the inventory and from what a run learned.

use serde_json::json;

use crate::plan::Inventory;
use crate::plan::NewName;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Place;
use crate::run::Run;
use crate::run::StageStatus;

/// The roots for one pair of servers; without a run, what the inventory alone says.
///
/// The facts of a host are those of its first connection and stay frozen for the run.
pub fn roots(plan: &Plan, inventory: &Inventory, run: Option<&Run>) -> Roots {
    let mut roots = Roots::new(inventory);
    let Some(run) = run else { return roots };
    roots.set_run(
        run.id().as_str(),
        &plan.metadata.name,
        &plan.metadata.version,
    );
    let mut learned = Vec::new();
    for (position, stage) in plan.stages.iter().enumerate() {
        let state = run.stage(position);
        // What is on its way back, or is there, is still known.
        let known = state.status.has_ended()
            || matches!(
                state.status,
                StageStatus::Undoing | StageStatus::Undone | StageStatus::Left
            );
        if !known {
            continue;
        }
        let facts = &state.output["facts"];
        if facts.is_object() && !learned.contains(&stage.on) {
            roots.learn(stage.on, facts);
            learned.push(stage.on);
        }
        if !state.output.is_null() || state.status == StageStatus::Skipped {
            roots.set_output(&stage.id, state.output.clone());
        }
    }
    // A name that was drawn is learned; one that is given is the inventory's, which may be edited.
    if let NewName::Name(name) = inventory.source.new_name() {
        roots.learn(Place::Source, &json!({ "newName": name }));
    }
    roots
}
