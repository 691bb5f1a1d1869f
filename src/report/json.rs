//! The shapes that machines read; each only ever grows.

use serde_json::Value;
use serde_json::json;

use super::described;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Event;
use crate::run::Run;
use crate::run::Verdict;

/// An event as one line of JSON.
pub fn event_json(event: &Event) -> String {
    match serde_json::to_string(event) {
        Ok(line) => line + "\n",
        // Events come out of a journal, where they were JSON already.
        Err(error) => format!("{{\"error\":\"{error}\"}}\n"),
    }
}

/// `status --format json`.
pub fn status_json(plan: &Plan, roots: &Roots, run: &Run) -> Value {
    let stages: Vec<Value> = plan
        .stages
        .iter()
        .enumerate()
        .map(|(position, stage)| {
            let state = run.stage(position);
            json!({
                "id": stage.id,
                "status": state.status,
                "attempts": state.attempts,
                "percent": starts_at(plan, position),
                "description": described(stage, roots),
            })
        })
        .collect();
    json!({
        "run": run.id(),
        "plan": plan.metadata.name,
        "state": run.state(),
        "percent": run.percent(),
        "accepted": run.accepted(),
        "stages": stages,
    })
}

/// `apply --format json` where the run is done already.
pub fn already_done_json(plan: &Plan, run: &Run, verdicts: &[Verdict]) -> Value {
    let stages: Vec<Value> = plan
        .stages
        .iter()
        .zip(verdicts)
        .map(|(stage, verdict)| {
            let (word, saw) = match verdict {
                Verdict::NotOnPath => ("not-on-path", ""),
                Verdict::ChangesNothing => ("changes-nothing", ""),
                Verdict::Superseded(by) => ("superseded", by.as_str()),
                Verdict::Stands(saw) => ("stands", saw.as_str()),
                Verdict::CannotTell(saw) => ("cannot-tell", saw.as_str()),
                Verdict::Differs(saw) => ("differs", saw.as_str()),
            };
            json!({ "id": stage.id, "verdict": word, "saw": saw })
        })
        .collect();
    json!({ "alreadyDoneBy": run.id(), "stages": stages })
}

/// The percent that is shown while the stage at this position runs, if everything before it in the
/// file has ended.
pub(super) fn starts_at(plan: &Plan, position: usize) -> f64 {
    let total = plan.total_weight();
    let before: f64 = plan.stages[..position]
        .iter()
        .map(|stage| stage.weight)
        .sum();
    #[expect(clippy::cast_precision_loss, reason = "a plan never has 2^52 stages")]
    let share = if total > 0.0 {
        before / total
    } else {
        position as f64 / plan.stages.len() as f64
    };
    let percent = plan.begins + (100.0 - plan.begins) * share;
    (percent * 1000.0).round() / 1000.0
}
