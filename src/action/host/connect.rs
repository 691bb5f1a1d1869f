//! `host.connect`: the first logon to a server, with its facts and its snapshot; or the proof that
//! the temporary account can log on (the document's rows 2, 5, 16 and 27).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::Rng;
use rand::RngExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

use super::SERVERS;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::fences::FIRST_CONNECTION;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::action::world::TEMPORARY_ACCOUNT;
use crate::action::world::refused;
use crate::directory::Parts;
use crate::host::Facts;
use crate::host::Host;
use crate::host::HostSnapshot;
use crate::host::Obeyed;
use crate::host::Os;
use crate::plan::Nature;
use crate::plan::NewName;
use crate::plan::Part;
use crate::plan::Signature;
use crate::run::Account;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Sealed;
use crate::run::Standing;

/// How often a random name is drawn before the run gives up.
const DRAWS: u32 = 20;

/// The longest NetBIOS computer name.
const LONGEST_NAME: usize = 15;

/// Logs on to a server.
pub(crate) struct Connect;

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parameters {
    /// The account that logs on. Left out: `given`.
    #[serde(default, rename = "as")]
    account: AccountParameter,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum AccountParameter {
    /// The credential that the inventory gives for the host.
    #[default]
    Given,
    /// The temporary local administrator that the run created.
    Temporary,
}

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[
    Cause::any("the server does not answer at its address, or a firewall drops the connection"),
    Cause::any("the name server that the server asks for the client's name does not answer"),
];

#[async_trait]
impl Action for Connect {
    fn signature(&self) -> Signature {
        Signature {
            uses: FIRST_CONNECTION,
            allows: SERVERS,
            parameters: parameters::<Parameters>(),
            templates: &[],
            expressions: &[],
            changes: false,
            summary: "logs on to a server, gathers its facts and its snapshot, and sets the fence",
            nature: Nature::look("this logon")
                .moot(crate::action::account::NO_ACCOUNT)
                .follows(&[Part::Kind]),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(20, CAUSES)
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        // Looking again is harmless, and a snapshot is taken only once it is in the journal; until
        // then nothing has been changed.
        Ok(Probe::new(
            Standing::Before,
            "a logon leaves nothing behind but the fence",
        ))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let Parameters { account } = cx.with()?;
        match account {
            AccountParameter::Given => first_connection(cx).await,
            AccountParameter::Temporary => prove_temporary(cx).await,
        }
    }

    fn can_foresee(&self, cx: &Context) -> bool {
        // There is no temporary account yet.
        let given = AccountParameter::Given;
        cx.with()
            .is_ok_and(|Parameters { account }| account == given)
    }

    async fn foresee(&self, cx: &Context) -> Result<Outcome, ActionError> {
        meet(cx).await
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        let given = cx
            .host_spec()
            .ok()
            .and_then(|spec| cx.inventory.credentials.get(&spec.credential));
        let user = match (cx.with(), given) {
            (
                Ok(Parameters {
                    account: AccountParameter::Given,
                }),
                Some(given),
            ) => given.username.clone(),
            _ if server.windows => {
                format!("{TEMPORARY_ACCOUNT}, or as your own local administrator")
            }
            _ => TEMPORARY_ACCOUNT.to_owned(),
        };
        let Server {
            windows,
            now,
            address,
            ..
        } = server;
        if windows {
            return Manual::new()
                .say(format!(
                    "Sign in to {now} ({address}) as {user}, at its console, and open an elevated \
                     PowerShell."
                ))
                .say(
                    "These inbound firewall rules must be enabled: File and Printer Sharing (SMB-In) \
                     TCP 445; Netlogon Service (NP-In) TCP 445; Windows Management Instrumentation \
                     (DCOM-In) TCP 135; Windows Management Instrumentation (WMI-In) TCP, any port.",
                )
                .look(
                    format!("Test-NetConnection {address} -Port 445"),
                    "TcpTestSucceeded must be True.",
                );
        }
        Manual::new()
            .say("In a session of its own, which you keep open:")
            .type_in(format!("ssh -l {user} {address}"))
            .look("hostname", format!("It must print {now}."))
    }
}

async fn first_connection(cx: &Context) -> Result<Outcome, ActionError> {
    let (host, facts) = open(cx).await?;
    // The fence comes first: a rival of another store is refused from here on, and if one is
    // there already, this run is refused before it has read anything.
    host.set_fence().await?;
    let HostSnapshot { value, sealed } = host.snapshot().await?;
    let outcome = record(cx, host.as_ref(), &facts, value).await?;
    let secrets = sealed.into_iter().map(|secret| Sealed {
        name: format!("{}/{}", cx.place(), secret.name),
        ..secret
    });
    Ok(Outcome {
        secrets: secrets.collect(),
        ..outcome
    })
}

/// The first connection without its fence and without secrets: nothing is left behind.
async fn meet(cx: &Context) -> Result<Outcome, ActionError> {
    let (host, facts) = open(cx).await?;
    if let Some(Obeyed { run, words }) = host.obeys().await?
        && cx.world.gives_up() != Some(&run)
    {
        return Err(ActionError::refused(format!("it obeys run {run}, {words}"))
            .while_doing(format!("the {} takes part in a run already", cx.place())));
    }
    let value = host.record().await?;
    record(cx, host.as_ref(), &facts, value).await
}

async fn open(cx: &Context) -> Result<(Arc<dyn Host>, Facts), ActionError> {
    let place = cx.place();
    let host = cx.host_at(place, cx.reach_of(place)?, true).await?;
    let facts = host.facts().await?;
    refuse_wrong_server(cx, &facts)?;
    Ok((host, facts))
}

/// Records what is needed to put the server back; `value` is what may be journaled of its snapshot.
async fn record(
    cx: &Context,
    host: &dyn Host,
    facts: &Facts,
    value: Value,
) -> Result<Outcome, ActionError> {
    let place = cx.place();
    for adapter in facts
        .adapters
        .iter()
        .filter(|adapter| adapter.file.is_some())
    {
        let text = HostSnapshot::network_file(&value, &adapter.name);
        if text.is_none_or(|text| text.trim().is_empty()) {
            return Err(ActionError::passing(format!(
                "the file that configures `{}` was read empty: without it the adapter could not be \
                 put back",
                adapter.name
            )));
        }
    }
    let mut data = json!({ "host": value });
    let mut output = json!({ "pin": host.pin(), "facts": learned(facts) });
    if facts.domain_joined {
        record_computer(cx, facts, &mut data, &mut output).await?;
    }
    if place == Place::Source {
        let name = new_name(cx, facts).await?;
        output["newName"] = json!(name);
        output["facts"]["newName"] = json!(name);
    }
    let reach = Reach {
        name: facts.name.clone(),
        ..cx.reach_of(place)?.clone()
    };
    Ok(Outcome {
        output,
        reach: Some(reach),
        snapshot: Some(data),
        ..Outcome::default()
    })
}

/// Proves over a new connection that the temporary account can log on and administer.
async fn prove_temporary(cx: &Context) -> Result<Outcome, ActionError> {
    let place = cx.place();
    if !cx.snapshot_facts(place)?.domain_joined {
        // In a workgroup the given account stays valid, and there is no temporary one.
        cx.host_at(place, cx.reach_of(place)?, true).await?;
        return Ok(Outcome::output(json!({ "as": "given" })));
    }
    let reach = Reach {
        account: Account::Temporary,
        ..cx.reach_of(place)?.clone()
    };
    let host: Arc<dyn Host> = cx.host_at(place, &reach, true).await?;
    // Only an administrator may touch the fence, so this proves the right and not just the logon.
    host.set_fence().await?;
    let output = json!({ "as": "temporary" });
    Ok(Outcome {
        output,
        reach: Some(reach),
        ..Outcome::default()
    })
}

/// Where inventory and server both speak and disagree, the run stops before any change.
fn refuse_wrong_server(cx: &Context, facts: &Facts) -> Result<(), ActionError> {
    let place = cx.place();
    let spec = cx.host_spec()?;
    let differs = |what: &str, said: &str, found: &str| {
        Err(ActionError::refused(format!(
            "`hosts.{place}.{what}` is `{said}` in the inventory, but the server at {} says `{found}`",
            spec.address
        )))
    };
    if let Some(name) = &spec.name
        && !name.eq_ignore_ascii_case(&facts.name)
    {
        return differs("name", name, &facts.name);
    }
    let os = match facts.os {
        Os::Windows => crate::plan::Os::Windows,
        Os::Linux => crate::plan::Os::Linux,
    };
    if let Some(said) = spec.os
        && said != os
    {
        return differs(
            "os",
            &format!("{said:?}").to_lowercase(),
            &format!("{os:?}").to_lowercase(),
        );
    }
    if let Some(version) = &spec.os_version
        && *version != facts.os_version
    {
        return differs("osVersion", version, &facts.os_version);
    }
    if let Some(joined) = spec.domain_joined
        && joined != facts.domain_joined
    {
        return differs(
            "domainJoined",
            &joined.to_string(),
            &facts.domain_joined.to_string(),
        );
    }
    if let Some(said) = spec.clustered
        && said != facts.clustered
    {
        return differs("clustered", &said.to_string(), &facts.clustered.to_string());
    }
    if !facts.refusals.is_empty() {
        return Err(ActionError::refused(facts.refusals.join("; "))
            .while_doing(format!("`{}` cannot take part in a cutover", facts.name)));
    }
    let other = if place == Place::Source {
        Place::Destination
    } else {
        Place::Source
    };
    if cx
        .view
        .pins
        .get(&other)
        .is_some_and(|pin| pin.machine_id == facts.machine_id)
    {
        return Err(ActionError::refused(format!(
            "the {place} at {} is the same machine as the {other}",
            spec.address
        )));
    }
    let own = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    if !facts.machine_id.is_empty() && own.trim() == facts.machine_id {
        return Err(ActionError::refused(format!(
            "the {place} at {} is this very machine: sms-plan must run on a third one, for its own \
             restart would end the run",
            spec.address
        )));
    }
    if let Some(directory) = &cx.inventory.directory
        && let Some(domain) = facts.domain.as_ref().filter(|_| facts.domain_joined)
        && !domain.realm.eq_ignore_ascii_case(&directory.domain)
    {
        return differs("directory.domain", &directory.domain, &domain.realm);
    }
    Ok(())
}

/// The facts under the inventory's names, frozen for the run from here on.
fn learned(facts: &Facts) -> Value {
    json!({
        "name": facts.name,
        "os": facts.os,
        "osVersion": facts.os_version,
        "domainJoined": facts.domain_joined,
        "clustered": facts.clustered,
    })
}

/// Records the server's directory object: it is the identity that must be unchanged at the end.
async fn record_computer(
    cx: &Context,
    facts: &Facts,
    data: &mut Value,
    output: &mut Value,
) -> Result<(), ActionError> {
    let directory = cx.directory()?;
    let name = facts.netbios_name.as_ref().unwrap_or(&facts.name);
    if !name.eq_ignore_ascii_case(&facts.name) || name.len() > LONGEST_NAME {
        return Err(ActionError::refused(format!(
            "the server is called `{}` and is the member `{name}` of its domain: both names must be \
             the same, and at most {LONGEST_NAME} characters long, for the identity to move whole",
            facts.name
        )));
    }
    let computer = directory.computer_by_name(name).await?.ok_or_else(|| {
        ActionError::refused(format!(
            "`{}` says that it is in the domain, but the directory has no computer `{name}`",
            facts.name
        ))
    })?;
    if !computer.enabled {
        return Err(ActionError::refused(format!(
            "the computer account `{}` is disabled: the server is not a working member of its domain",
            computer.dn
        )));
    }
    let descriptor = directory
        .descriptor(&computer.guid, Parts::OWNER_GROUP_DACL)
        .await?;
    let bytes = descriptor.to_bytes().map_err(|error| refused(&error))?;
    data["descriptor"] = json!(BASE64_STANDARD.encode(bytes));
    output["computer"] = json!({
        "dn": computer.dn,
        "objectGuid": computer.guid,
        "objectSid": computer.sid,
        "groups": computer.groups,
        "servicePrincipalNames": computer.spns,
    });
    data["computer"] = serde_json::to_value(computer).map_err(|error| refused(&error))?;
    Ok(())
}

/// Settles the source's new name: the given one, or a random one that directory and DNS do not know.
async fn new_name(cx: &Context, facts: &Facts) -> Result<String, ActionError> {
    if let NewName::Name(name) = cx.host_spec()?.new_name() {
        return Ok(name);
    }
    for _ in 0..DRAWS {
        let letters = cx.world.chance().draw(|random| random_letters(random, 8));
        let name = format!("sms-{letters}");
        if !facts.domain_joined {
            return Ok(name);
        }
        let directory = cx.directory()?;
        if directory.name_conflicts(&name).await?.is_empty()
            && directory.lookup(&name).await?.is_empty()
        {
            return Ok(name);
        }
    }
    Err(ActionError::refused(format!(
        "{DRAWS} random names were all taken: give `newName`"
    )))
}

fn random_letters(random: &mut dyn Rng, count: usize) -> String {
    // Without vowels, so that no word comes out.
    const LETTERS: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    (0..count)
        .map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())]))
        .collect()
}
