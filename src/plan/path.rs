//! Which rows of a plan a pair of servers takes, and why; for the preview.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Serialize;

use super::expression::ExpressionError;
use super::model::Plan;
use super::model::Stage;
use super::reason;
use super::roots::Roots;
use super::template::TemplateError;

/// One row of the path: a stage, or one of the two states of a run around them.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct PathRow {
    /// The stage's id, or `idle` and `succeeded`.
    pub id: String,
    /// What is shown while it runs.
    pub percent: f64,
    /// What people read; as it stands in the plan where it names something not known yet.
    pub description: String,
    /// Whether it runs.
    pub runs: Runs,
    /// Why.
    pub reason: String,
}

/// Whether a row runs, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runs {
    /// It runs.
    Yes,
    /// It is skipped.
    No,
    /// That shows only in the run.
    Unknown,
}

impl Serialize for Runs {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::No => serializer.serialize_bool(false),
            Self::Unknown => serializer.serialize_str("unknown"),
        }
    }
}

impl JsonSchema for Runs {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Runs".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [true, false, "unknown"] })
    }
}

/// Returns all rows in the order of the file, the states `idle` and `succeeded` around them.
pub fn path(plan: &Plan, roots: &Roots) -> Vec<PathRow> {
    let state = |id: &str, percent: f64, description: &str, reason: &str| PathRow {
        id: id.to_owned(),
        percent,
        description: description.to_owned(),
        runs: Runs::Yes,
        reason: reason.to_owned(),
    };
    let mut rows = vec![state(
        "idle",
        0.0,
        "The cutover is idle.",
        "the state before a run begins",
    )];
    for (index, stage) in plan.stages.iter().enumerate() {
        let (runs, reason) = decide(stage, roots);
        let description = match stage.description.render(roots) {
            Ok(text) => text,
            Err(
                TemplateError::Unknown { .. }
                | TemplateError::NoText { .. }
                | TemplateError::Failed { .. },
            ) => stage.description.source_text().to_owned(),
        };
        rows.push(PathRow {
            id: stage.id.to_string(),
            percent: plan.starts_at(index),
            description,
            runs,
            reason,
        });
    }
    rows.push(state(
        "succeeded",
        100.0,
        "Succeeded",
        "the state of a finished run",
    ));
    rows
}

/// Decides whether a stage runs, and says why.
pub(super) fn decide(stage: &Stage, roots: &Roots) -> (Runs, String) {
    let Some(when) = &stage.when else {
        return (Runs::Yes, "it runs for every pair".to_owned());
    };
    match when.evaluate_bool(roots) {
        Ok(true) => (Runs::Yes, reason::why(when, roots)),
        Ok(false) => (Runs::No, why_skipped(stage, roots)),
        Err(ExpressionError::Unknown { path }) => (
            Runs::Unknown,
            reason::why_open(when, stage.nature, roots, &path),
        ),
        Err(error) => (Runs::Unknown, error.to_string()),
    }
}

/// Says why a stage whose condition does not hold is skipped; empty where it has none.
pub fn why_skipped(stage: &Stage, roots: &Roots) -> String {
    stage.when.as_ref().map_or_else(String::new, |when| {
        reason::why_not(when, stage.nature, roots)
    })
}
