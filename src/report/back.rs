//! What a roll back would undo, in its order, and what cannot come back.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::described;
use super::tables::whole;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::plan::can_be_undone;
use crate::run::Place;
use crate::run::Run;
use crate::run::RunId;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::run::Unwind;

/// What comes back never, whatever is undone on the servers.
const CANNOT_RETURN: &[&str] = &[
    "machine passwords, with their key versions and times, where a server joins again",
    "when the directory objects were last changed",
    "the boots of both servers",
];

/// `rollback --preview`: what would be undone.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WayBack {
    /// The run.
    pub run: RunId,
    /// Where it stands.
    pub state: RunState,
    /// Stages that were cut off, and are looked at before anything is undone.
    pub settled_first: Vec<StageId>,
    /// What is undone, in this order.
    pub stages: Vec<StageBack>,
    /// The stage after which the run could not simply be taken back any more, where it has begun.
    pub beyond_no_return: Option<BeyondReturn>,
    /// What cannot return, and is an allowed difference at the end.
    pub cannot_return: Vec<String>,
}

/// One stage of the way back.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageBack {
    /// Its id.
    pub id: StageId,
    /// What is shown while it runs forward.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// What people read of the stage.
    pub description: String,
    /// What its undo does; absent where there is nothing to take back.
    pub undo: Option<String>,
    /// Whether it can be undone.
    pub can_be_undone: bool,
}

/// Why a roll back is more than to restore.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BeyondReturn {
    /// The stage.
    pub id: StageId,
    /// Why.
    pub reason: String,
}

impl WayBack {
    /// Reads it off a run, wherever that stands.
    pub fn of(plan: &Plan, roots: &Roots, run: &Run) -> Self {
        let mut stages = Vec::new();
        let mut settled_first = Vec::new();
        let mut beyond_no_return = None;
        let mut servers = false;
        for position in Unwind::new(run).order() {
            let stage = &plan.stages[position];
            let state = run.stage(position);
            if matches!(
                state.status,
                StageStatus::Pending | StageStatus::Running | StageStatus::InDoubt
            ) && !state.answered
            {
                settled_first.insert(0, stage.id.clone());
            }
            if let Some((_, reason)) = stage.nature.no_return.filter(|(on, _)| *on == stage.on) {
                beyond_no_return = Some(BeyondReturn {
                    id: stage.id.clone(),
                    reason: reason.to_owned(),
                });
            }
            servers |= stage.on != Place::Orchestrator && !stage.nature.back.is_empty();
            stages.push(StageBack {
                id: stage.id.clone(),
                percent: plan.starts_at(position),
                description: described(stage, roots),
                undo: Some(stage.nature.back)
                    .filter(|back| !back.is_empty())
                    .map(str::to_owned),
                can_be_undone: can_be_undone(stage),
            });
        }
        Self {
            run: run.id().clone(),
            state: run.state(),
            settled_first,
            stages,
            beyond_no_return,
            cannot_return: CANNOT_RETURN
                .iter()
                .filter(|_| servers)
                .map(|&line| line.to_owned())
                .collect(),
        }
    }

    /// Returns it for a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("run {}  {}  the way back:\n", self.run, self.state);
        let mut say = |line: &str| {
            let _infallible = writeln!(text, "{line}");
        };
        for stage in &self.settled_first {
            say(&format!(
                "\nstage `{stage}` was cut off: it is looked at first, and finished if it stands \
                 half-way"
            ));
        }
        say("");
        let shown: Vec<&StageBack> = self
            .stages
            .iter()
            .filter(|stage| stage.undo.is_some() || !stage.can_be_undone)
            .collect();
        for stage in &shown {
            say(&format!(
                "{:>4}%  {}  {}",
                whole(stage.percent),
                stage.id,
                stage.description
            ));
            say(&match (&stage.undo, stage.can_be_undone) {
                (Some(undo), true) => format!("       undo: {undo}"),
                _ => format!(
                    "       CANNOT BE UNDONE: it says no `undo`; undo it by hand, then rollback \
                     --leave {} --reason TEXT",
                    stage.id
                ),
            });
        }
        if shown.is_empty() {
            say("nothing was changed that would have to be undone");
        }
        if let Some(BeyondReturn { id, reason }) = &self.beyond_no_return {
            say(&format!(
                "\nthe run is beyond its point of no return, `{id}`: {reason}"
            ));
        }
        if !self.cannot_return.is_empty() {
            say("\nwhat cannot return:");
            for line in &self.cannot_return {
                say(&format!("  {line}"));
            }
        }
        text
    }
}
