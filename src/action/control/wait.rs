//! `control.wait`: waits until a port answers, or until an expression is true.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep;

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

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How long to wait between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// Waits until a port answers, or until an expression is true.
pub(crate) struct Wait;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The host name or address to connect to, until it answers or the stage's timeout ends.
    /// Handlebars, as in `{{directory.server}}`.
    #[schemars(example = &"{{directory.server}}")]
    #[expect(dead_code, reason = "the text comes compiled with the plan")]
    address: Option<String>,
    /// The TCP port to connect to.
    #[schemars(range(min = 1), example = 636)]
    port: Option<u16>,
    /// What must become true: a CEL expression, asked once an attempt, so the stage's `retry` says
    /// how often and how long.
    #[schemars(example = &"destination.domainJoined")]
    expression: Option<String>,
}

#[async_trait]
impl Action for Wait {
    fn signature(&self) -> Signature {
        Signature {
            uses: "control.wait",
            allows: ANYWHERE,
            parameters: parameters::<Parameters>(),
            templates: &["/address"],
            expressions: &["/expression"],
            changes: false,
            summary: "waits until a port answers or an expression is true",
            nature: Nature::look("this wait"),
        }
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        Ok(Probe::new(
            Standing::Before,
            "waiting leaves nothing behind",
        ))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let Parameters {
            port, expression, ..
        } = cx.with()?;
        if cx.decided("/expression")? == Some(false) {
            let expression = expression.unwrap_or_default();
            return Err(ActionError::passing(format!(
                "`{expression}` is not true yet"
            )));
        }
        match (cx.text("/address")?, port) {
            (Some(address), Some(port)) => {
                let waited = wait_for_port(cx, &address, port).await?;
                Ok(Outcome::output(json!({ "seconds": waited.as_secs_f64() })))
            }
            (None, None) => Ok(Outcome::default()),
            _ => Err(ActionError::refused("`address` and `port` belong together")),
        }
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let with = &cx.stage().with;
        let address = cx.text("/address").ok().flatten();
        Manual::new().say(match (address, with["port"].as_u64()) {
            (Some(address), Some(port)) => format!("Wait until port {port} of {address} answers."),
            _ => format!(
                "Wait until this is true: {}",
                with["expression"].as_str().unwrap_or_default()
            ),
        })
    }
}

async fn wait_for_port(cx: &Context, address: &str, port: u16) -> Result<Duration, ActionError> {
    let began = Instant::now();
    let limit = cx.stage().timeout;
    // The engine's own limit must not come first: this message says more.
    let until = began + limit.saturating_sub(Duration::from_secs(1));
    loop {
        let heard = cx.world.knock(address, port, CONNECT_LIMIT).await;
        let Some(problem) = heard.problem() else {
            return Ok(began.elapsed());
        };
        if Instant::now() + PAUSE >= until {
            return Err(ActionError::passing(problem)
                .while_doing(format!("port {port} of {address} did not answer")));
        }
        sleep(PAUSE).await;
    }
}
