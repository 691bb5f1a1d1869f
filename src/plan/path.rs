//! Which rows of a plan a pair of servers takes, and why; for the preview.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Serialize;
use serde_json::Value;

use super::expression::Expression;
use super::expression::ExpressionError;
use super::model::Plan;
use super::model::Stage;
use super::roots::Roots;
use super::template::TemplateError;
use super::vocabulary::written;

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
    let total = plan.total_weight();
    let counted = total <= 0.0;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a plan has far fewer than 2^52 stages"
    )]
    let total = if counted {
        plan.stages.len() as f64
    } else {
        total
    };
    let mut ended = 0.0;
    for stage in &plan.stages {
        let (runs, reason) = decide(stage, roots);
        let description = match stage.description.render(roots) {
            Ok(text) => text,
            Err(
                TemplateError::Unknown { .. }
                | TemplateError::NoText { .. }
                | TemplateError::Failed { .. },
            ) => stage.description.source_text().to_owned(),
        };
        let percent = plan.begins + (100.0 - plan.begins) * ended / total;
        rows.push(PathRow {
            id: stage.id.to_string(),
            percent,
            description,
            runs,
            reason,
        });
        ended += if counted { 1.0 } else { stage.weight };
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
        return (Runs::Yes, "it has no condition".to_owned());
    };
    match when.evaluate_bool(roots) {
        Ok(true) => (Runs::Yes, format!("`{when}` holds")),
        Ok(false) => (Runs::No, reason(when, roots)),
        Err(ExpressionError::Unknown { path }) => {
            let known = match path
                .split_once("[\"")
                .and_then(|(_, rest)| rest.split_once('"'))
            {
                Some((id, _)) => format!("known when `{id}` has ended"),
                None => "known after connecting".to_owned(),
            };
            (
                Runs::Unknown,
                format!("`{path}` is {known}; the row needs `{when}`"),
            )
        }
        Err(error) => (Runs::Unknown, error.to_string()),
    }
}

/// Names the facts that speak against a condition, and the part of it that they break.
fn reason(when: &Expression, roots: &Roots) -> String {
    for part in conjuncts(when.source_text()) {
        let Some(part) = Expression::part(&part) else {
            continue;
        };
        if part.evaluate_bool(roots) != Ok(false) {
            continue;
        }
        let facts: Vec<String> = part
            .reads()
            .iter()
            .filter_map(|read| match roots.get(&read.path)? {
                // A group of values would say nothing, or too much.
                Value::Array(_) | Value::Object(_) => None,
                value => Some(format!("{} is {value}", written(&read.path))),
            })
            .collect();
        if !facts.is_empty() {
            return format!("{}; the row needs {part}", facts.join(" and "));
        }
    }
    format!("the row needs {when}")
}

/// Splits a condition at its outermost `&&`; one with an outermost `||` or `?` stays whole.
fn conjuncts(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut depth = 0_i32;
    let mut quote: Option<char> = None;
    let mut start = 0;
    let mut last = ' ';
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open && last != '\\' => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, '?') if depth == 0 => return vec![text.to_owned()],
            (None, '|') if depth == 0 && last == '|' => return vec![text.to_owned()],
            (None, '&') if depth == 0 && last == '&' => {
                parts.push(text[start..at - 1].trim().to_owned());
                start = at + 1;
            }
            // Inside of quotes, and outside of them, other characters mean nothing.
            _ => {}
        }
        last = c;
    }
    parts.push(text[start..].trim().to_owned());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_split_at_the_outermost_and() {
        assert_eq!(
            conjuncts("a && (b && c) && d == '&&'"),
            ["a", "(b && c)", "d == '&&'"]
        );
        assert_eq!(conjuncts("a && b || c"), ["a && b || c"]);
        assert_eq!(conjuncts("a"), ["a"]);
    }
}
