//! `control.assert`: stops the run unless an expression is true.

use async_trait::async_trait;
use schemars::JsonSchema;

use super::ANYWHERE;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::registry::parameters;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// Stops the run unless an expression is true.
pub(crate) struct Assert;

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only its schema is used: texts come compiled with the plan"
)]
struct Parameters {
    /// What must be true: a CEL expression.
    #[schemars(example = &"source.os == destination.os")]
    that: String,
    /// What the operator is told when it is not. Handlebars, as in `{{source.name}}`. Left out: the
    /// expression.
    #[schemars(example = &"{{source.name}} and {{destination.name}} run different systems.")]
    message: Option<String>,
}

#[async_trait]
impl Action for Assert {
    fn signature(&self) -> Signature {
        Signature {
            uses: "control.assert",
            allows: ANYWHERE,
            parameters: parameters::<Parameters>(),
            templates: &["/message"],
            expressions: &["/that"],
            changes: false,
            summary: "stops the run unless an expression is true",
            nature: Nature::look("this question"),
        }
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        Ok(Probe::new(
            Standing::Before,
            "a question leaves nothing behind",
        ))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        if cx.decided("/that")? == Some(true) {
            return Ok(Outcome::default());
        }
        let that = cx.stage().with["that"].as_str().unwrap_or_default();
        let refused = ActionError::refused(format!("`{that}` is not true"));
        match cx.text("/message")? {
            Some(message) => Err(refused.while_doing(message)),
            None => Err(refused),
        }
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let that = cx.stage().with["that"].as_str().unwrap_or_default();
        Manual::new().say(format!("Make sure that this is true: {that}"))
    }
}
