//! `control.approve`: pauses the run until a person lets it go on.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;

use super::ANYWHERE;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::registry::parameters;
use crate::plan::DurationText;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;
use crate::run::WaitingFor;

/// Pauses the run until a person lets it go on.
pub(crate) struct Approve;

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only its schema is used: texts come compiled with the plan"
)]
struct Parameters {
    /// What the person is asked. Handlebars, as in `{{source.name}}`.
    #[schemars(example = &"May {{source.name}} leave the domain now?")]
    message: String,
    /// How long a person has; then it counts as refused, at the latest when somebody comes to the run
    /// again. Left out: for ever.
    #[schemars(example = &"2h")]
    within: Option<DurationText>,
}

#[derive(Deserialize)]
struct Limit {
    within: Option<DurationText>,
}

#[async_trait]
impl Action for Approve {
    fn signature(&self) -> Signature {
        Signature {
            uses: "control.approve",
            allows: ANYWHERE,
            parameters: parameters::<Parameters>(),
            templates: &["/message"],
            expressions: &[],
            changes: false,
            summary: "pauses the run until a person approves",
            nature: Nature::look("this approval"),
        }
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        Ok(Probe::new(Standing::Before, "nobody has approved"))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let message = cx.text("/message")?.unwrap_or_default();
        let Limit { within } = cx.with()?;
        Err(ActionError {
            within: within.map(|limit| limit.0),
            ..ActionError::person(WaitingFor::Approval, message)
        })
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let message = cx.text("/message").ok().flatten();
        message.into_iter().fold(Manual::new(), Manual::say)
    }
}
