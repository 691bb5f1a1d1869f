//! `names.remove_alternates`: makes a server answer to its own name only.

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;

/// Removes what lingers of the alternate names on the server and on its new directory object. The
/// names themselves, and their service principal names on the original object, move on to the
/// destination.
pub(crate) struct RemoveAlternates;

#[async_trait]
impl Action for RemoveAlternates {
    fn signature(&self) -> Signature {
        Signature {
            uses: "names.remove_alternates",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "removes alternate computer names and records them",
        }
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let on_host = cx.host().await?.facts().await?.alternates;
        let on_object = lingering(cx).await?;
        let saw = format!(
            "{} alternate name(s) on the server, {} service principal name(s) on its object",
            on_host.len(),
            on_object.len()
        );
        Ok(if on_host.is_empty() && on_object.is_empty() {
            Probe::after(saw, outcome(cx)?)
        } else {
            Probe::new(Standing::Between, saw)
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let host = cx.host().await?;
        if !host.facts().await?.alternates.is_empty() {
            host.remove_alternates().await?;
        }
        let lingering = lingering(cx).await?;
        if !lingering.is_empty()
            && let Some(account) = cx.directory()?.computer_by_name(&own_name(cx)?).await?
        {
            cx.directory()?
                .replace_values(&account.guid, "servicePrincipalName", &lingering, &[])
                .await?;
        }
        outcome(cx)
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let facts = cx.snapshot_facts(cx.place())?;
        let Some(domain) = facts.domain else {
            return Ok(());
        };
        if facts.alternates.is_empty() {
            return Ok(());
        }
        Ok(cx
            .host()
            .await?
            .set_alternates(&facts.alternates, &domain.realm)
            .await?)
    }

    fn book(&self, cx: &Context) -> Vec<String> {
        let names = cx
            .snapshot_facts(cx.place())
            .map(|facts| facts.alternates)
            .unwrap_or_default();
        vec![
            format!("These names move on: {}", names.join(", ")),
            "In /etc/samba/smb.conf, delete the lines `netbios aliases` and `additional dns hostnames`."
                .to_owned(),
            "smbcontrol all reload-config".to_owned(),
        ]
    }
}

fn own_name(cx: &Context) -> Result<String, ActionError> {
    Ok(cx.reach_of(cx.place())?.name.clone())
}

/// Service principal names of recorded alternate names on the object of the server's present name.
async fn lingering(cx: &Context) -> Result<Vec<String>, ActionError> {
    let facts = cx.snapshot_facts(cx.place())?;
    if !facts.domain_joined {
        return Ok(Vec::new());
    }
    let Some(account) = cx.directory()?.computer_by_name(&own_name(cx)?).await? else {
        return Ok(Vec::new());
    };
    if account.guid == cx.computer_before(Place::Source)?.guid {
        // The original object keeps them: it goes to the destination with all its names.
        return Ok(Vec::new());
    }
    let of_alternate = |spn: &&String| {
        let host = spn.split('/').nth(1).unwrap_or_default();
        facts
            .alternates
            .iter()
            .any(|name| name.eq_ignore_ascii_case(host))
    };
    Ok(account.spns.iter().filter(of_alternate).cloned().collect())
}

/// The names that the server had before the run: what the destination is to answer to.
fn outcome(cx: &Context) -> Result<Outcome, ActionError> {
    Ok(Outcome::output(
        json!({ "names": cx.snapshot_facts(cx.place())?.alternates }),
    ))
}
