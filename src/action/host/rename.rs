//! `host.rename`: gives a server another name (the document's rows 41 and 75).

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use super::take_effect;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::domain::new_name;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::action::whole_file;
use crate::action::world::refused;
use crate::host::Naming;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Part;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Standing;

/// Gives the source its new name, and the destination the source's old one.
pub(crate) struct Rename;

/// What prints the name by which Samba goes.
const NETBIOS_NAME: &str =
    "testparm -s --section-name=global --parameter-name='netbios name' 2>/dev/null";

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[Cause::any(
    "the domain controller is slow or does not answer",
)];

#[async_trait]
impl Action for Rename {
    fn signature(&self) -> Signature {
        Signature {
            uses: "host.rename",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "renames a server: the source to its new name, the destination to the source's",
            nature: Nature::change("this new name")
                .back("gives it its old names back")
                .identity(Identity::Moves)
                .follows(&[Part::NewName]),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(60, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let naming = noted(cx)?;
        let mut parts = cx.host().await?.naming(&naming).await?;
        if cx.place() == Place::Destination && moved_alternates(cx).await? {
            parts.retain(|part| part.name != "alternates");
        }
        let saw = parts
            .iter()
            .map(|part| format!("{}: {}", part.name, part.saw))
            .collect::<Vec<_>>()
            .join("; ");
        // Alternate names and the keytab may never have been there, so they do not tell a beginning.
        let telling = ["hosts", "hostname", "smb.conf"];
        let begun = parts
            .iter()
            .any(|part| part.done && telling.contains(&part.name.as_str()));
        Ok(if parts.iter().all(|part| part.done) {
            Probe::after(saw, outcome(cx, &naming)?)
        } else if !begun && !is_going_back(cx, &naming).await? {
            Probe::new(Standing::Before, saw)
        } else {
            Probe::new(Standing::Between, saw)
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let naming = naming(cx)?;
        let reach = Some(reach(cx, &naming)?);
        let token = serde_json::to_value(naming).map_err(|error| refused(&error))?;
        Ok(Prepared {
            token,
            reach,
            secrets: Vec::new(),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let naming = noted(cx)?;
        let host = cx.host().await?;
        host.rename(&naming).await?;
        // A return code proves nothing: a join under the old name would take the wrong account.
        let parts = host.naming(&naming).await?;
        if let Some(part) = parts.iter().find(|part| !part.done) {
            return Err(
                ActionError::passing(format!("{}: {}", part.name, part.saw)).while_doing(format!(
                    "the {} was reported as renamed to `{}`, and is not",
                    cx.place(),
                    naming.to
                )),
            );
        }
        outcome(cx, &naming)
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let snapshot = cx.host_snapshot(cx.place())?;
        cx.host().await?.restore_names(snapshot).await?;
        take_effect(cx).await
    }

    fn book(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        let (from, to) = (&server.before, &server.after);
        let reach = cx.reach_of(cx.place()).ok().map(|reach| Reach {
            name: to.clone(),
            ..reach.clone()
        });
        let manual = Manual::new().then_at(reach);
        if server.is_before_2012() {
            return manual
                .type_in(format!("netdom renamecomputer {from} /NewName:{to} /Force"))
                .see(format!("After the restart, `hostname` must print {to}."));
        }
        if server.windows {
            return manual
                .type_in(format!("Rename-Computer -NewName {to} -Force"))
                .look(
                    r"(Get-ItemProperty HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName).ComputerName",
                    format!("It must print {}.", to.to_uppercase()),
                );
        }
        let old = cx.host_spec().map(|spec| spec.address.to_string());
        let old = old.unwrap_or_default().replace('.', r"\.");
        let now = &server.address;
        manual
            .type_in(format!("hostnamectl set-hostname {to}"))
            .say("The hosts file gets the new name, and the address that the server answers at:")
            .type_in(format!(
                r"sed -i -E -e '/(^|[[:space:]]){from}(\.|[[:space:]]|$)/Is/^{old}([[:space:]])/{now}\1/' \
  -e ':again' -e 's/([[:space:]]){from}(\.|[[:space:]]|$)/\1{to}\2/I' -e 't again' /etc/hosts"
            ))
            .say("Samba gets the new name, and none beside it: a join would fail with the old ones.")
            .type_in(format!(
                r"sed -i -E -e '/^[[:space:]]*(netbios name|netbios aliases|additional dns hostnames)[[:space:]]*=/Id' \
  -e '/^\[global\]/Ia netbios name = {}' /etc/samba/smb.conf",
                to.to_uppercase()
            ))
            .say(format!(
                "The keytab holds keys of {from}. Keep it: the destination takes them over."
            ))
            .type_in("[ ! -e /etc/krb5.keytab ] || mv /etc/krb5.keytab /root/krb5.keytab.before")
            .look("hostname", format!("It must print {to}."))
            .look(
                NETBIOS_NAME,
                format!("It must print {}. Do not restart before it does.", to.to_uppercase()),
            )
    }

    fn book_back(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        let (from, to) = (&server.now, &server.before);
        let hostname = format!("It must print {to}.");
        if server.windows {
            let rename = if server.is_before_2012() {
                format!("netdom renamecomputer {from} /NewName:{to} /Force")
            } else {
                format!("Rename-Computer -NewName {to} -Force")
            };
            return Manual::new()
                .type_in(rename)
                .say("Before it joins again it must have restarted:")
                .type_in("shutdown.exe /r /f /t 5")
                .look("hostname", hostname);
        }
        let snapshot = cx.host_snapshot(cx.place()).ok();
        let recorded = |key: &str| snapshot?[key].as_str();
        let files = [("hosts", "/etc/hosts"), ("smbConf", "/etc/samba/smb.conf")];
        let manual = Manual::new()
            .type_in(format!("hostnamectl set-hostname {to}"))
            .say("The files as they were when the run began; what is there now is kept in /root:");
        let files = files
            .iter()
            .filter_map(|(key, path)| Some((path, recorded(key)?)));
        let manual = files.clone().fold(manual, |manual, (path, text)| {
            manual
                .type_in(format!("cp -p {path} {}", kept(path)))
                .type_in(whole_file(path, text))
        });
        let manual = manual
            .type_in("smbcontrol all reload-config")
            .look("hostname", hostname);
        files
            .fold(manual, |manual, (path, _)| {
                manual.look(
                    format!("diff {} {path}", kept(path)),
                    "Only names and addresses differ; put back whatever else somebody has changed.",
                )
            })
            .look(
                NETBIOS_NAME,
                format!("It must print {}.", to.to_uppercase()),
            )
    }
}

/// Where a file is kept before it is written anew by hand.
fn kept(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    format!("/root/{name}.before-back")
}

/// Whether the destination already answers to the names that the source gave up: a later stage sets
/// them, so they are no leftovers of its own.
async fn moved_alternates(cx: &Context) -> Result<bool, ActionError> {
    let moved = cx.snapshot_facts(Place::Source)?.alternates;
    let now = cx.host().await?.facts().await?.alternates;
    let is_moved = |name: &String| moved.iter().any(|other| other.eq_ignore_ascii_case(name));
    Ok(!now.is_empty() && now.iter().all(is_moved))
}

/// Whether the server still bears the new name while the old one waits for a restart: an undo that
/// was cut off, which is not over yet.
async fn is_going_back(cx: &Context, naming: &Naming) -> Result<bool, ActionError> {
    let host = cx.host().await?;
    Ok(host.pending().await? && host.facts().await?.name.eq_ignore_ascii_case(&naming.to))
}

fn noted(cx: &Context) -> Result<Naming, ActionError> {
    if cx.token.is_null() {
        naming(cx)
    } else {
        cx.noted()
    }
}

fn naming(cx: &Context) -> Result<Naming, ActionError> {
    let facts = cx.snapshot_facts(cx.place())?;
    let to = if cx.place() == Place::Destination {
        cx.snapshot_facts(Place::Source)?.name
    } else {
        new_name(cx)?
    };
    Ok(Naming {
        from: facts.name,
        to,
        realm: facts
            .domain
            .filter(|_| facts.domain_joined)
            .map(|domain| domain.realm),
        address: Some(cx.reach_of(cx.place())?.address.clone()),
        drop_alternates: true,
        drop_keytab: facts.domain_joined,
    })
}

fn reach(cx: &Context, naming: &Naming) -> Result<Reach, ActionError> {
    Ok(Reach {
        name: naming.to.clone(),
        ..cx.reach_of(cx.place())?.clone()
    })
}

fn outcome(cx: &Context, naming: &Naming) -> Result<Outcome, ActionError> {
    Ok(Outcome {
        output: json!({ "from": naming.from, "to": naming.to }),
        reach: Some(reach(cx, naming)?),
        ..Outcome::default()
    })
}
