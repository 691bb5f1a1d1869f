//! `names.remove_alternates`: makes a server answer to its own name only.

use async_trait::async_trait;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;

use super::SERVERS;
use super::by_hand::addition;
use super::by_hand::removal;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;

/// Removes what lingers of the alternate names on the server and on its new directory object. The
/// names themselves, and their service principal names on the original object, move on to the
/// destination.
pub(crate) struct RemoveAlternates;

/// What lingered before the first attempt.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    on_host: Vec<String>,
    on_object: Vec<String>,
}

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[Cause::any(
    "the domain controller is slow or does not answer",
)];

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
            nature: Nature::change("removing alternate names")
                .back("puts the alternate names back")
                .identity(Identity::Alternates),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(30, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let on_host = cx.host().await?.facts().await?.alternates;
        let on_object = lingering(cx).await?;
        let saw = format!(
            "{} alternate name(s) on the server, {} service principal name(s) on its object",
            on_host.len(),
            on_object.len()
        );
        let found = Found { on_host, on_object };
        Ok(if found == Found::default() {
            Probe::after(saw, outcome(cx)?)
        } else if cx.token.is_null() || found == cx.noted()? {
            Probe::new(Standing::Before, saw)
        } else {
            Probe::new(Standing::Between, saw)
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let found = Found {
            on_host: cx.host().await?.facts().await?.alternates,
            on_object: lingering(cx).await?,
        };
        Ok(Prepared {
            token: json!(found),
            ..Prepared::default()
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
        // What the server had when the run began left it with its name; that comes back with it.
        let Found { on_host, on_object } = cx.noted()?;
        if !on_object.is_empty()
            && let Some(account) = cx.directory()?.computer_by_name(&own_name(cx)?).await?
        {
            cx.directory()?
                .replace_values(&account.guid, "servicePrincipalName", &[], &on_object)
                .await?;
        }
        if on_host.is_empty() {
            return Ok(());
        }
        let domain = cx.snapshot_facts(cx.place())?.domain;
        let realm = domain.map(|domain| domain.realm).unwrap_or_default();
        Ok(cx.host().await?.set_alternates(&on_host, &realm).await?)
    }

    fn book(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        let manual = match &server.alternates {
            Some(names) if names.is_empty() => Manual::new().say(
                "The server had no alternate names when the run began; remove what lingers all the \
                 same.",
            ),
            Some(names) => Manual::new().say(format!(
                "These names leave the source and are added to the destination at 93%, once its own \
                 are removed: {}",
                names.join(", ")
            )),
            None => Manual::new().say(
                "Note the alternate names: they are added to the destination at 93%, once its own are \
                 removed.",
            ),
        };
        removal(cx, manual, server.alternates.as_deref())
    }

    fn book_back(&self, cx: &Context) -> Manual {
        let Ok(Found { on_host, on_object }) = cx.noted() else {
            return Manual::new().say(
                "This run has not recorded what lingered when this was done. The names of before the \
                 run come back with the server's own.",
            );
        };
        let manual = Manual::new().say(if on_host.is_empty() && on_object.is_empty() {
            "Nothing lingered when this was done, so nothing is to be put back. The names of before the \
             run come back with the server's own."
        } else {
            "What lingered when this was done comes back:"
        });
        let server = Server::of(cx, cx.place());
        let manual = if on_host.is_empty() {
            manual
        } else {
            addition(cx, manual, &on_host)
        };
        on_object.iter().fold(manual, |manual, spn| {
            manual.type_in(if server.windows {
                format!("setspn -A {spn} {}", server.now)
            } else {
                format!("samba-tool spn add {spn} {}$", server.now.to_uppercase())
            })
        })
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
