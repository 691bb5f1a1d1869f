//! `names.set_alternates`: makes a server answer to the alternate names that another one gave up.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::SERVERS;
use super::by_hand::addition;
use super::by_hand::alternates_of;
use super::by_hand::full_names;
use super::by_hand::removal;
use super::said;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;

/// Sets the moved alternate names, in the server's configuration and on its directory object.
pub(crate) struct SetAlternates;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parameters {
    /// The id of the stage that recorded the names; it uses `names.remove_alternates`.
    #[schemars(extend("x-stage" = ["names.remove_alternates"]), example = &"remove-source-names")]
    from: String,
}

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[Cause::any(
    "the domain controller is slow or does not answer",
)];

#[async_trait]
impl Action for SetAlternates {
    fn signature(&self) -> Signature {
        Signature {
            uses: "names.set_alternates",
            allows: SERVERS,
            parameters: parameters::<Parameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "sets the alternate computer names that another stage recorded",
            nature: Nature::change("setting alternate names")
                .back("takes the alternate names off again")
                .identity(Identity::Alternates),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(30, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let names = names(cx)?;
        let parts = cx.host().await?.alternates(&names).await?;
        let missing = missing_spns(cx, &names).await?;
        // The last part says that there are no other names, which is so from the beginning.
        let begun = parts[..names.len()].iter().any(|part| part.done);
        let saw = if missing.is_empty() {
            said(&parts)
        } else {
            format!(
                "{}; missing in the directory: {}",
                said(&parts),
                missing.join(", ")
            )
        };
        Ok(
            if parts.iter().all(|part| part.done) && missing.is_empty() {
                Probe::after(saw, outcome(&names))
            } else if !begun {
                Probe::new(Standing::Before, saw)
            } else {
                Probe::new(Standing::Between, saw)
            },
        )
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let names = names(cx)?;
        if names.is_empty() {
            return Ok(outcome(&names));
        }
        let missing = missing_spns(cx, &names).await?;
        if !missing.is_empty() {
            let directory = cx.directory()?;
            for spn in &missing {
                if let Some(holder) = directory.spn_holders(spn).await?.first() {
                    return Err(ActionError::refused(format!(
                        "the service principal name `{spn}` belongs to `{holder}`: remove it there \
                         if that object does not need it"
                    ))
                    .while_doing("an alternate name conflicts with another object"));
                }
            }
            let source = cx.computer_before(Place::Source)?.guid;
            directory
                .replace_values(&source, "servicePrincipalName", &[], &missing)
                .await?;
        }
        let realm = cx
            .snapshot_facts(Place::Source)?
            .domain
            .map(|domain| domain.realm)
            .unwrap_or_default();
        cx.host().await?.set_alternates(&names, &realm).await?;
        Ok(outcome(&names))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        // The directory object is the source's own and had these names before.
        Ok(cx.host().await?.remove_alternates().await?)
    }

    fn book(&self, cx: &Context) -> Manual {
        let server = Server::of(cx, cx.place());
        let moved = moved(cx);
        let manual = Manual::new().say(match &moved {
            Some(names) if names.is_empty() => {
                "No alternate names move: the source had none (57%).".to_owned()
            }
            Some(names) => format!(
                "The destination's own old name goes first; then it gets the names that the source \
                 gave up at 57%: {}",
                names.join(", ")
            ),
            None => {
                "The destination's own old name goes first; then it gets the names that you noted \
                     at 57%."
                    .to_owned()
            }
        });
        if !server.windows {
            return addition(cx, manual, &moved.unwrap_or_default());
        }
        let now = &server.now;
        let manual = manual
            .type_in(alternates_of(now))
            .say("If its old name is listed:")
            .type_in(format!(
                "NETDOM COMPUTERNAME {now} /REMOVE:{}",
                Server::full(&server.before, cx)
            ));
        match moved {
            Some(names) => addition(cx, manual, &names),
            None => manual
                .say("For each name that you noted:")
                .type_in(format!("NETDOM COMPUTERNAME {now} /ADD:ALTERNATE-NAME"))
                .look(
                    alternates_of(now),
                    "The names that you noted are listed, the old one is not.",
                ),
        }
    }

    fn book_back(&self, cx: &Context) -> Manual {
        let names = moved(cx).map(|names| full_names(&names, cx));
        removal(cx, Manual::new(), names.as_deref())
    }
}

/// The names that move, for a person; `None` where nobody has looked for them.
fn moved(cx: &Context) -> Option<Vec<String>> {
    let recorded = names(cx).ok().filter(|names| !names.is_empty());
    recorded.or_else(|| Server::of(cx, Place::Source).alternates)
}

/// The names that the named stage recorded; none where it was skipped.
fn names(cx: &Context) -> Result<Vec<String>, ActionError> {
    let Parameters { from } = cx.with()?;
    let names = cx.output_of(&from)["names"].clone();
    if names.is_null() {
        return Ok(Vec::new());
    }
    serde_json::from_value(names)
        .map_err(|_| ActionError::refused(format!("stage `{from}` has recorded no names")))
}

/// Service principal names of these names that the taken-over object had and has no more.
async fn missing_spns(cx: &Context, names: &[String]) -> Result<Vec<String>, ActionError> {
    if names.is_empty() || !cx.snapshot_facts(cx.place())?.domain_joined {
        return Ok(Vec::new());
    }
    let before = cx.computer_before(Place::Source)?;
    let Some(now) = cx.directory()?.computer_by_guid(&before.guid).await? else {
        return Err(ActionError::refused(format!(
            "the object `{}` is gone",
            before.dn
        )));
    };
    let of_name = |spn: &&String| {
        let host = spn.split('/').nth(1).unwrap_or_default();
        names.iter().any(|name| name.eq_ignore_ascii_case(host))
    };
    let there = |spn: &String| now.spns.iter().any(|other| other.eq_ignore_ascii_case(spn));
    Ok(before
        .spns
        .iter()
        .filter(of_name)
        .filter(|spn| !there(spn))
        .cloned()
        .collect())
}

fn outcome(names: &[String]) -> Outcome {
    Outcome::output(json!({ "names": names }))
}
