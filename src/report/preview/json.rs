//! The preview for machines: the fixed rows, and beside them everything else.

use schemars::JsonSchema;
use serde::Serialize;

use super::Preview;
use crate::plan::Outlook;
use crate::plan::PathRow;
use crate::plan::Stage;
use crate::plan::can_be_undone;
use crate::run::Place;

/// `preview --format json`: every row, with the states around the stages.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewDocument {
    /// The plan.
    pub plan: PlanName,
    /// The inventory's `metadata.name`.
    pub inventory: String,
    /// The rows, in the order of the file.
    pub stages: Vec<PreviewRow>,
    /// What the path means.
    pub outlook: Outlook,
    /// Refusals that a person accepted.
    pub accepted: Vec<AcceptedRefusal>,
    /// Why this version cannot change this pair on real machines; empty if it can.
    pub apply_refuses: Vec<String>,
}

/// Which plan.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlanName {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.version`.
    pub version: String,
}

/// One row.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRow {
    /// The row, as the path has it.
    #[serde(flatten)]
    pub row: PathRow,
    /// What only a stage has, and the states `idle` and `succeeded` have not.
    #[serde(flatten)]
    pub stage: Option<StageOutlook>,
}

/// What is known of a stage beforehand.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StageOutlook {
    /// Where it acts.
    pub on: Place,
    /// Its action.
    pub uses: String,
    /// Whether it can be undone.
    pub can_be_undone: bool,
}

/// A refusal that a person accepted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AcceptedRefusal {
    /// Code and message.
    pub what: String,
    /// Why.
    pub reason: String,
}

pub(super) fn document(preview: &Preview<'_>) -> PreviewDocument {
    let stages = preview.plan.stages.iter().map(Some);
    let around = std::iter::once(None);
    let rows = preview.rows.iter();
    let stages = rows
        .zip(around.clone().chain(stages).chain(around))
        .map(|(row, stage)| PreviewRow {
            row: row.clone(),
            stage: stage.map(of_stage),
        })
        .collect();
    let accepted = preview.accepted.iter();
    PreviewDocument {
        plan: PlanName {
            name: preview.plan.metadata.name.clone(),
            version: preview.plan.metadata.version.clone(),
        },
        inventory: preview.inventory.metadata.name.clone(),
        stages,
        outlook: preview.outlook.clone(),
        accepted: accepted
            .map(|(what, reason)| AcceptedRefusal {
                what: what.clone(),
                reason: reason.clone(),
            })
            .collect(),
        apply_refuses: preview.refusals.clone(),
    }
}

fn of_stage(stage: &Stage) -> StageOutlook {
    StageOutlook {
        on: stage.on,
        uses: stage.uses.clone(),
        can_be_undone: can_be_undone(stage),
    }
}
