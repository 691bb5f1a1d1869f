//! Looks whether a finished run still stands, stage by stage, and changes nothing.

use std::sync::Arc;

use super::work::seen_in_time;
use crate::action::Context;
use crate::action::Registry;
use crate::action::View;
use crate::action::World;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::run::Run;
use crate::run::StageStatus;
use crate::run::Standing;
use crate::run::Verdict;

/// Probes every stage of a finished run at the run's last reach; each look has the time that an
/// attempt of its stage has.
pub async fn verify(
    plan: &Arc<Plan>,
    inventory: &Arc<Inventory>,
    registry: &Registry,
    world: &Arc<World>,
    run: &Run,
) -> Vec<Verdict> {
    let view = Arc::new(View::of(plan, inventory, run));
    let mut verdicts = Vec::with_capacity(plan.stages.len());
    for (position, stage) in plan.stages.iter().enumerate() {
        let state = run.stage(position);
        if state.status == StageStatus::Skipped {
            verdicts.push(Verdict::NotOnPath);
            continue;
        }
        let Some(action) = registry
            .get(&stage.uses)
            .filter(|_| registry.changes(&stage.uses))
        else {
            verdicts.push(Verdict::ChangesNothing);
            continue;
        };
        if let Some(later) = superseding(plan, run, position, action.superseded_by()) {
            verdicts.push(Verdict::Superseded(later));
            continue;
        }
        let context = Context {
            plan: Arc::clone(plan),
            position,
            inventory: Arc::clone(inventory),
            view: Arc::clone(&view),
            world: Arc::clone(world),
            attempt: state.attempts,
            answered: state.answered,
            token: state.token.clone(),
        };
        let seen = seen_in_time(stage.timeout, action.probe(&context));
        verdicts.push(match seen.await {
            Ok(probe) if probe.standing == Standing::After => {
                Verdict::Stands(world.clean(&probe.saw))
            }
            Ok(probe) if probe.blind => Verdict::CannotTell(world.clean(&probe.saw)),
            Ok(probe) => Verdict::Differs(world.clean(&probe.saw)),
            Err(error) => Verdict::Differs(world.clean(&error.to_string())),
        });
    }
    world.close().await;
    verdicts
}

/// The later stage that has taken the effect of this one away on purpose, if one has.
pub(super) fn superseding(plan: &Plan, run: &Run, position: usize, by: &[&str]) -> Option<String> {
    let on = plan.stages[position].on;
    let later = plan.stages.iter().enumerate().skip(position + 1);
    later
        .filter(|(_, stage)| stage.on == on && by.contains(&stage.uses.as_str()))
        .find(|(at, _)| {
            matches!(
                run.stage(*at).status,
                StageStatus::Succeeded | StageStatus::Adopted
            )
        })
        .map(|(_, stage)| stage.id.to_string())
}
