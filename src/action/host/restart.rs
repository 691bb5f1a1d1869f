//! `host.restart`: restarts a server once, however often it is tried.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep;

use super::SERVERS;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::plan::Undo;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// How long to wait between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Restarts a server if it still is in the boot that was recorded before the first attempt.
pub(crate) struct Restart;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "the ordinal is for readers and for the plan's own checks"
)]
struct Parameters {
    /// Which restart of this server in the plan it is, counted from 1.
    #[schemars(range(min = 1), example = 1)]
    ordinal: u32,
}

/// The boot that shall end.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Note {
    pub(super) boot: String,
}

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[
    Cause::any("a service does not end: look at the server's console"),
    Cause::linux(
        "another program inhibits the restart: `systemd-inhibit --list`, `systemctl list-jobs`",
    ),
];

#[async_trait]
impl Action for Restart {
    fn signature(&self) -> Signature {
        Signature {
            uses: "host.restart",
            allows: SERVERS,
            parameters: parameters::<Parameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "restarts a server, once",
            nature: Nature {
                // A restart has no inverse and needs none.
                undo: Undo::NotNeeded,
                ..Nature::change("this restart").identity(Identity::Moves)
            },
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(60, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let now = cx.host().await?.boot().await?;
        let boot = if cx.token.is_null() {
            match last_known_boot(cx) {
                LastBoot::Seen(boot) => boot,
                // The step may have been done before that look as well as not at all.
                LastBoot::SeenByHand(boot) if boot != now => boot,
                LastBoot::SeenByHand(_) | LastBoot::Unknown => {
                    return Ok(Probe::blind(format!(
                        "in boot {now}; the run does not know the boot that was to end"
                    )));
                }
            }
        } else {
            cx.noted::<Note>()?.boot
        };
        Ok(if now == boot {
            Probe::new(Standing::Before, format!("still in boot {boot}"))
        } else {
            Probe::after(
                format!("in boot {now}, no longer in {boot}"),
                outcome(&boot),
            )
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let boot = cx.host().await?.boot().await?;
        Ok(Prepared {
            token: json!(Note { boot }),
            ..Prepared::default()
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let Note { boot } = cx.noted()?;
        cx.host().await?.restart(&boot).await?;
        // The old connection must not be mistaken for the machine that comes back.
        cx.world.disconnect(cx.place()).await?;
        let until = Instant::now() + cx.guard().limit;
        while Instant::now() < until {
            match boot_now(cx).await {
                Ok(now) if now == boot => sleep(LOOK_AGAIN).await,
                Ok(_) => return Ok(outcome(&boot)),
                Err(error) if error.kind == ActionErrorKind::Unreachable => {
                    return Ok(outcome(&boot));
                }
                // A machine that shuts down ends logons in many ways before it stops answering.
                Err(_) => sleep(LOOK_AGAIN).await,
            }
        }
        Err(ActionError::passing(format!(
            "the server did not leave boot {boot}"
        )))
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        // A restart has no inverse and needs none.
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        if server.windows {
            return Manual::new()
                .say("Only if it has not restarted since the step before:")
                .type_in("shutdown.exe /r /f /t 5")
                .look(
                    "(Get-WmiObject Win32_OperatingSystem).LastBootUpTime",
                    "It must be later than this step's beginning.",
                );
        }
        Manual::new()
            .say("Only if it has not restarted since the step before; a broken connection is no failure:")
            .type_in("systemctl --no-block reboot")
            .look(
                "cat /proc/sys/kernel/random/boot_id",
                "It must differ from what it printed before.",
            )
    }
}

/// The boot that the server was last seen in before a stage that itself has not begun.
enum LastBoot {
    Seen(String),
    /// When a person's step was adopted; the person may have gone on before that.
    SeenByHand(String),
    /// It has restarted, and nobody has looked since.
    Unknown,
}

fn last_known_boot(cx: &Context) -> LastBoot {
    let earlier = cx.plan.stages[..cx.position].iter().rev();
    for stage in earlier.filter(|stage| stage.on == cx.place()) {
        let output = cx.output_of(stage.id.as_str());
        if let Some(boot) = output["boot"].as_str() {
            return if cx.view.by_hand.contains(&stage.id) {
                LastBoot::SeenByHand(boot.to_owned())
            } else {
                LastBoot::Seen(boot.to_owned())
            };
        }
        if stage.uses == "host.restart" && !output.is_null() {
            return LastBoot::Unknown;
        }
    }
    match cx.snapshot_facts(cx.place()) {
        Ok(facts) => LastBoot::Seen(facts.boot),
        Err(_) => LastBoot::Unknown,
    }
}

/// Restarts the stage's server if something that was changed waits for it, and waits until it is
/// there again: an undo leaves its effect live. Twice is once, as nothing waits any more then.
pub(in crate::action) async fn take_effect(cx: &Context) -> Result<(), ActionError> {
    let host = cx.host().await?;
    if !host.pending().await? {
        return Ok(());
    }
    host.restart(&host.boot().await?).await?;
    cx.world.disconnect(cx.place()).await?;
    let until = Instant::now() + cx.guard().limit;
    loop {
        let missing = match is_back(cx).await {
            Ok(None) => return Ok(()),
            Ok(Some(missing)) => missing,
            Err(error) => error.to_string(),
        };
        if Instant::now() + LOOK_AGAIN >= until {
            return Err(ActionError::passing(missing).while_doing(
                "the server was restarted for what was put back, and is not there again",
            ));
        }
        // Whoever asks in the boot that ends must not be told the same for ever.
        cx.world.disconnect(cx.place()).await?;
        sleep(LOOK_AGAIN).await;
    }
}

/// What is missing until the server is there again with everything in force.
async fn is_back(cx: &Context) -> Result<Option<String>, ActionError> {
    let host = cx.host().await?;
    if host.pending().await? {
        return Ok(Some("it has not restarted yet".to_owned()));
    }
    let services = host.services().await?;
    Ok((!services.ready).then(|| format!("waiting for {}", services.waiting_for.join(", "))))
}

async fn boot_now(cx: &Context) -> Result<String, ActionError> {
    let reach = cx.reach_of(cx.place())?;
    Ok(cx.host_at(cx.place(), reach, false).await?.boot().await?)
}

fn outcome(boot: &str) -> Outcome {
    Outcome::output(json!({ "endedBoot": boot }))
}
