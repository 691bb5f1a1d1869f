//! `host.wait`: waits until a server answers after a restart, or under its new name.

use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep;

use super::SERVERS;
use super::restart::Note;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::host::Knock;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// How long to wait between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// How long one attempt to connect to the file service may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// The port of the file service.
const SMB: u16 = 445;

/// Waits until a server is there again with its services.
pub(crate) struct Wait;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The id of the stage that restarts this server; the boot before it must be over. Left out: no
    /// restart is waited for.
    #[schemars(extend("x-stage" = ["host.restart"]), example = &"restart-source-after-leave")]
    after: Option<String>,
    /// The name that clients must find the server under: it is the server's own, the domain's DNS
    /// leads it to this server's addresses only, and the file service answers at each. Handlebars,
    /// as in `{{source.name}}`. Left out: any name will do.
    #[schemars(example = &"{{source.name}}")]
    #[serde(default, rename = "answersAs")]
    #[expect(dead_code, reason = "the text comes compiled with the plan")]
    answers_as: Option<String>,
}

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[
    Cause::any(
        "the server checks its disks or waits in its boot menu: look at the server's console",
    ),
    Cause::any("it has come up at another address, or its network did not come up"),
    Cause::windows(
        "DHCP was chosen, and no DHCP server is in that network",
        "Storage Migration Service known issues",
    ),
];

#[async_trait]
impl Action for Wait {
    fn signature(&self) -> Signature {
        Signature {
            uses: "host.wait",
            allows: SERVERS,
            parameters: parameters::<Parameters>(),
            templates: &["/answersAs"],
            expressions: &[],
            changes: false,
            summary: "waits until a server answers with its services and the expected name",
            nature: Nature::look("this wait").identity(Identity::Shows),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(180, CAUSES)
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        Ok(Probe::new(
            Standing::Before,
            "waiting leaves nothing behind",
        ))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let parameters: Parameters = cx.with()?;
        let began = Instant::now();
        let until = began + cx.guard().limit;
        loop {
            let missing = match missing(cx, &parameters).await {
                Ok(None) => {
                    let seconds = began.elapsed().as_secs_f64();
                    return Ok(Outcome::output(json!({
                        "seconds": (seconds * 10.0).round() / 10.0,
                        "name": cx.reach_of(cx.place())?.name,
                        "boot": cx.host().await?.boot().await?,
                    })));
                }
                Ok(Some(missing)) => missing,
                Err(error) if error.heals() => error.to_string(),
                Err(error) => return Err(error),
            };
            if Instant::now() + LOOK_AGAIN >= until {
                let name = &cx.reach_of(cx.place())?.name;
                return Err(ActionError::passing(missing)
                    .while_doing(format!("`{name}` did not come back in time")));
            }
            sleep(LOOK_AGAIN).await;
        }
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        let answers_as = cx.text("/answersAs").ok().flatten();
        let name = answers_as.as_ref().unwrap_or(&server.now);
        let address = &server.address;
        let manual = Manual::new().say(format!(
            "Wait until {name} is back at {address} with its services, then look from another machine."
        ));
        let manual = match (server.windows, &answers_as) {
            (true, Some(name)) => manual.look(
                format!("Resolve-DnsName {}", Server::full(name, cx)),
                format!(
                    "It must lead to {address} only. Active Directory and DNS take their time to \
                     replicate."
                ),
            ),
            (false, Some(name)) => manual.look(
                format!("host {}", Server::full(name, cx)),
                format!(
                    "It must lead to the addresses of this server only, {address} among them. Active \
                     Directory and DNS take their time to replicate."
                ),
            ),
            (_, None) => manual,
        };
        if server.windows {
            manual
                .look(
                    format!("Test-NetConnection {address} -Port 445"),
                    "TcpTestSucceeded must be True.",
                )
                .look("hostname", format!("On the server, it must print {name}."))
        } else {
            manual
                .look(
                    format!("ssh {address} hostname"),
                    format!("It must print {name}."),
                )
                .look(
                    format!("smbclient -N -L //{address}"),
                    "The file service must answer, be it with a refusal.",
                )
        }
    }
}

/// Says what is still missing, or nothing.
async fn missing(cx: &Context, parameters: &Parameters) -> Result<Option<String>, ActionError> {
    let place = cx.place();
    let reach = cx.reach_of(place)?;
    let host = cx.host_at(place, reach, false).await?;
    if let Some(restart) = &parameters.after {
        let token = cx.view.tokens.iter().find(|(id, _)| id.as_str() == restart);
        let note = token.and_then(|(_, token)| serde_json::from_value::<Note>(token.clone()).ok());
        // A restart that this run's path does not have leaves nothing to wait for.
        if let Some(Note { boot }) = note
            && host.boot().await? == boot
        {
            cx.world.disconnect(place).await?;
            return Ok(Some("it has not restarted yet".to_owned()));
        }
    }
    let facts = host.facts().await?;
    let answers_as = cx.text("/answersAs")?;
    let name = answers_as.as_ref().unwrap_or(&reach.name);
    if !facts.name.eq_ignore_ascii_case(name) {
        return Err(ActionError::refused(format!(
            "the server answers as `{}`, not as `{name}`",
            facts.name
        )));
    }
    let services = host.services().await?;
    if !services.ready {
        return Ok(Some(format!(
            "waiting for {}",
            services.waiting_for.join(", ")
        )));
    }
    match answers_as {
        Some(name) => not_found_by_name(cx, &name).await,
        None => Ok(None),
    }
}

/// What the clients need: DNS leads the name to this server's addresses only, and each serves.
async fn not_found_by_name(cx: &Context, name: &str) -> Result<Option<String>, ActionError> {
    let expected: Vec<String> = cx
        .host()
        .await?
        .network()
        .await?
        .iter()
        .flat_map(|adapter| &adapter.addresses)
        .filter_map(|address| address.split('/').next().map(str::to_owned))
        .collect();
    if cx.snapshot_facts(cx.place())?.domain_joined {
        let found: Vec<String> = cx
            .directory()?
            .lookup(name)
            .await?
            .iter()
            .map(ToString::to_string)
            .collect();
        if found.is_empty() {
            return Ok(Some(format!("DNS does not know `{name}` yet")));
        }
        if let Some(other) = found.iter().find(|address| !expected.contains(address)) {
            return Ok(Some(format!("DNS still leads `{name}` to {other}")));
        }
    }
    for address in expected {
        let heard = cx.world.knock(&address, SMB, CONNECT_LIMIT).await;
        if heard != Knock::Open {
            return Ok(Some(format!(
                "the file service does not answer at {address} yet"
            )));
        }
    }
    Ok(None)
}
