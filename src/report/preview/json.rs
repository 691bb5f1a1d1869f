//! The preview for machines: the fixed rows, and beside them everything else.

use serde_json::Value;
use serde_json::json;

use super::Preview;
use crate::plan::PathRow;
use crate::plan::Stage;
use crate::plan::can_be_undone;

pub(super) fn json(preview: &Preview<'_>) -> Value {
    let stages = preview.plan.stages.iter().map(Some);
    let around = std::iter::once(None);
    let rows: Vec<Value> = preview
        .rows
        .iter()
        .zip(around.clone().chain(stages).chain(around))
        .map(|(row, stage)| of_row(row, stage))
        .collect();
    let accepted: Vec<Value> = preview
        .accepted
        .iter()
        .map(|(what, reason)| json!({ "what": what, "reason": reason }))
        .collect();
    json!({
        "plan": { "name": preview.plan.metadata.name, "version": preview.plan.metadata.version },
        "inventory": preview.inventory.metadata.name,
        "stages": rows,
        "outlook": preview.outlook,
        "accepted": accepted,
        "applyRefuses": preview.refusals,
    })
}

fn of_row(row: &PathRow, stage: Option<&Stage>) -> Value {
    let mut value = json!(row);
    if let Some(stage) = stage {
        value["on"] = json!(stage.on);
        value["uses"] = json!(stage.uses);
        value["canBeUndone"] = json!(can_be_undone(stage));
    }
    value
}
