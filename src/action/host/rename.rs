//! `host.rename`: gives a server another name (the document's rows 41 and 75).

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::domain::new_name;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::world::refused;
use crate::host::Naming;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Standing;

/// Gives the source its new name, and the destination the source's old one.
pub(crate) struct Rename;

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
            nature: Nature::change("this new name").identity(Identity::Moves),
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
        let telling = ["hostname", "smb.conf"];
        let begun = parts
            .iter()
            .any(|part| part.done && telling.contains(&part.name.as_str()));
        Ok(if parts.iter().all(|part| part.done) {
            Probe::after(saw, outcome(cx, &naming)?)
        } else if !begun {
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
        Ok(cx.host().await?.restore_names(snapshot).await?)
    }

    fn book(&self, cx: &Context) -> Vec<String> {
        let Ok(naming) = naming(cx) else {
            return Vec::new();
        };
        let Naming { from, to, .. } = naming;
        vec![
            format!("hostnamectl set-hostname {to}"),
            format!("In /etc/hosts, replace `{from}` by `{to}`."),
            format!(
                "In /etc/samba/smb.conf, under [global]: netbios name = {}",
                to.to_uppercase()
            ),
            "In the same file, delete `netbios aliases` and `additional dns hostnames`.".to_owned(),
            "mv /etc/krb5.keytab /root/krb5.keytab.before   # it holds keys of the old name"
                .to_owned(),
        ]
    }
}

/// Whether the destination already answers to the names that the source gave up: a later stage sets
/// them, so they are no leftovers of its own.
async fn moved_alternates(cx: &Context) -> Result<bool, ActionError> {
    let moved = cx.snapshot_facts(Place::Source)?.alternates;
    let now = cx.host().await?.facts().await?.alternates;
    let is_moved = |name: &String| moved.iter().any(|other| other.eq_ignore_ascii_case(name));
    Ok(!now.is_empty() && now.iter().all(is_moved))
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
