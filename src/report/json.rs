//! The shapes that machines read; each only ever grows.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::described;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Accepted;
use crate::run::EVENT_VERSION;
use crate::run::Event;
use crate::run::Run;
use crate::run::RunId;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::run::Stall;
use crate::run::Verdict;

/// An event as one line of JSON.
pub fn event_json(event: &Event) -> String {
    match serde_json::to_string(event) {
        Ok(line) => line + "\n",
        // Events come out of a journal, where they were JSON already.
        Err(error) => format!("{{\"error\":\"{error}\"}}\n"),
    }
}

/// A stage that takes too long, as one line of JSON between events, from which `notice` tells it.
pub fn stall_json(stall: &Stall) -> String {
    let mut line = json!({ "v": EVENT_VERSION, "notice": "Stall" });
    if let (Value::Object(line), Value::Object(stall)) = (&mut line, json!(stall)) {
        line.extend(stall);
    }
    format!("{line}\n")
}

/// `status --format json`: where a run stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StatusDocument {
    /// The run.
    pub run: RunId,
    /// Its plan's `metadata.name`.
    pub plan: String,
    /// Where it stands.
    pub state: RunState,
    /// How far it has come.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// What a person accepted that the program alone would refuse.
    pub accepted: Vec<Accepted>,
    /// Its stages, in the order of the file.
    pub stages: Vec<StageLine>,
}

/// One stage of `status --format json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StageLine {
    /// Its id.
    pub id: StageId,
    /// Where it stands.
    pub status: StageStatus,
    /// How often it was begun.
    pub attempts: u32,
    /// What is shown while it runs, if everything before it in the file has ended.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// What people read, with the values that are known.
    pub description: String,
}

/// Where a run stands.
pub fn status_document(plan: &Plan, roots: &Roots, run: &Run) -> StatusDocument {
    let stages = plan.stages.iter().enumerate().map(|(position, stage)| {
        let state = run.stage(position);
        StageLine {
            id: stage.id.clone(),
            status: state.status,
            attempts: state.attempts,
            percent: plan.starts_at(position),
            description: described(stage, roots),
        }
    });
    StatusDocument {
        run: run.id().clone(),
        plan: plan.metadata.name.clone(),
        state: run.state(),
        percent: run.percent(),
        accepted: run.accepted().to_vec(),
        stages: stages.collect(),
    }
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
