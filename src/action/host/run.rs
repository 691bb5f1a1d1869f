//! `host.run`: a user's own script, with a probe and an inverse of the user's own.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;

use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::registry::parameters;
use crate::host::Host;
use crate::host::ScriptIntent;
use crate::host::ScriptResult;
use crate::host::ScriptRun;
use crate::host::Shell;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::plan::Undo;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;
use crate::run::WaitingFor;

/// Runs a script of the plan's author. Values reach it as variables, never as text of the script.
pub(crate) struct Run;

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The script to run. Exit code 0 means that the effect is there. Values reach it by `env`,
    /// never as part of its text.
    #[schemars(length(min = 1), example = &"systemctl disable --now backup.timer")]
    script: String,
    /// A script that says whether the effect is there: exit code 0 if it is complete, anything else
    /// if not. It must not change anything. Left out: a run that was cut here pauses for a person.
    #[schemars(example = &"! systemctl is-enabled -q backup.timer")]
    probe: Option<String>,
    /// A script that takes the effect back. Left out: the stage cannot be undone.
    #[schemars(example = &"systemctl enable --now backup.timer")]
    undo: Option<String>,
    /// Values for the scripts, by the name of the shell variable that holds them. Each is
    /// Handlebars, as in `{{source.name}}`. Left out: none.
    #[schemars(example = BTreeMap::from([("SERVER", "{{source.name}}")]))]
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// What runs the scripts. Left out: `sh`.
    #[serde(default)]
    shell: ShellParameter,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ShellParameter {
    /// The POSIX shell of Linux.
    #[default]
    Sh,
    /// `PowerShell`, for Windows.
    Powershell,
}

#[async_trait]
impl Action for Run {
    fn signature(&self) -> Signature {
        Signature {
            uses: "host.run",
            allows: &[Place::Source, Place::Destination, Place::Orchestrator],
            parameters: parameters::<Parameters>(),
            templates: &["/env/*"],
            expressions: &[],
            changes: true,
            summary: "runs a script of the plan's author, with a probe and an undo of its own",
            nature: Nature {
                undo: Undo::Given("/undo"),
                ..Nature::change("this script").back("runs the undo script")
            },
        }
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let parameters: Parameters = cx.with()?;
        let Some(probe) = parameters.probe.clone() else {
            if cx.answered {
                return Ok(Probe::new(
                    Standing::Before,
                    "the last attempt ended with an answer of its own: it failed",
                ));
            }
            return Ok(Probe::blind(
                "the script has no `probe`, so nobody can see whether it has had its effect",
            ));
        };
        let result = run(cx, &parameters, probe, ScriptIntent::Look).await?;
        Ok(if result.code == 0 {
            Probe::after("the script's probe says that it is done", outcome(&result))
        } else {
            Probe::new(
                Standing::Before,
                format!(
                    "the script's probe says that it is not done (exit code {})",
                    result.code
                ),
            )
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let parameters: Parameters = cx.with()?;
        let script = parameters.script.clone();
        let result = run(cx, &parameters, script, ScriptIntent::Change).await?;
        succeeded(&result, "script")?;
        Ok(outcome(&result))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let parameters: Parameters = cx.with()?;
        match parameters.undo.clone() {
            Some(undo) => succeeded(
                &run(cx, &parameters, undo, ScriptIntent::Change).await?,
                "undo",
            ),
            None => Err(ActionError::person(
                WaitingFor::Judgement,
                "the script has no `undo`: only a person can take back what it did",
            )),
        }
    }

    fn book(&self, cx: &Context) -> Manual {
        let with = &cx.stage().with;
        let manual = Manual::new().type_in(typed(cx, "script").unwrap_or_default());
        match with["probe"].as_str() {
            Some(probe) => manual.look(probe.trim_end(), "It must end with exit code 0."),
            None => manual.see("The plan has no probe for it: look yourself."),
        }
    }

    fn book_back(&self, cx: &Context) -> Manual {
        let Some(undo) = typed(cx, "undo") else {
            return Manual::new()
                .say("The plan has no `undo` for this script: take back yourself what it did.");
        };
        let manual = Manual::new().type_in(undo);
        match cx.stage().with["probe"].as_str() {
            Some(probe) => manual.look(
                probe.trim_end(),
                "It must end with another exit code than 0.",
            ),
            None => manual.see("The plan has no probe for it: look yourself."),
        }
    }
}

/// One of the stage's scripts as a person types it, its values before it.
fn typed(cx: &Context, script: &str) -> Option<String> {
    let with = &cx.stage().with;
    let script = with[script].as_str()?.trim_end();
    let names = with["env"]
        .as_object()
        .into_iter()
        .flat_map(|env| env.keys());
    let value = |name: &String| {
        let value = cx.text(&format!("/env/{name}")).ok().flatten();
        let value = value.unwrap_or_else(|| "…".to_owned());
        format!("{name}='{}'", value.replace('\'', r"'\''"))
    };
    let lines: Vec<String> = names.map(value).chain([script.to_owned()]).collect();
    Some(lines.join("\n"))
}

async fn machine(cx: &Context, intent: ScriptIntent) -> Result<Arc<dyn Host>, ActionError> {
    if cx.place() != Place::Orchestrator {
        return cx.host().await;
    }
    let local = cx.local()?;
    if intent == ScriptIntent::Change {
        // The servers are fenced when they are connected to; this machine has no such stage.
        local.set_fence().await?;
    }
    Ok(local)
}

async fn run(
    cx: &Context,
    parameters: &Parameters,
    text: String,
    intent: ScriptIntent,
) -> Result<ScriptResult, ActionError> {
    let mut env = BTreeMap::new();
    for name in parameters.env.keys() {
        let value = cx.text(&format!("/env/{name}"))?.unwrap_or_default();
        env.insert(name.clone(), SecretString::from(value));
    }
    let shell = match parameters.shell {
        ShellParameter::Sh => Shell::Sh,
        ShellParameter::Powershell => Shell::PowerShell,
    };
    let script = ScriptRun {
        text,
        env,
        shell,
        intent,
    };
    Ok(machine(cx, intent).await?.run_script(&script).await?)
}

fn succeeded(result: &ScriptResult, what: &str) -> Result<(), ActionError> {
    if result.code == 0 {
        return Ok(());
    }
    let words = result.stderr.trim();
    let words = if words.is_empty() {
        "it printed nothing on standard error"
    } else {
        words
    };
    Err(ActionError::passing(words)
        .while_doing(format!("the {what} ended with exit code {}", result.code)))
}

fn outcome(result: &ScriptResult) -> Outcome {
    Outcome::output(json!({ "stdout": result.stdout.trim_end(), "exitCode": result.code }))
}
