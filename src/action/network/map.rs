//! `network.map`: gives the source its new addresses, and the destination the source's old ones.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep;

use super::change::back;
use super::change::changes;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::world::refused;
use crate::host::NetworkChange;
use crate::plan::Identity;
use crate::plan::Nature;
use crate::plan::Part;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Standing;

/// How long to wait between two looks at the source.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Changes a server's addresses and proves over a new one that the same server answers there.
pub(crate) struct Map;

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[
    Cause::windows(
        "a static address cannot be set without the update of KB4537818, or where the source's adapter has no default gateway: install it, or set a gateway",
        "Storage Migration Service known issues",
    ),
    Cause::windows(
        "a group policy forces LocalAccountTokenFilterPolicy to 0: `gpresult` names it; move the server out of its reach",
        "Storage Migration Service known issues",
    ),
    Cause::any("the new address is in another network than the old one, or somebody else has it"),
];

#[async_trait]
impl Action for Map {
    fn signature(&self) -> Signature {
        Signature {
            uses: "network.map",
            allows: &[Place::Source, Place::Destination],
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "maps network adapters: new addresses for the source, its old ones for the destination",
            nature: Nature::change("this mapping of addresses")
                .back("puts the recorded addresses back")
                .identity(Identity::Moves)
                .follows(&[Part::NewAddresses, Part::Mapping]),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(90, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let changes = noted(cx)?;
        let host = cx.host().await?;
        let mut parts = Vec::new();
        for change in &changes {
            parts.extend(host.mapping(change).await?);
        }
        let saw = parts
            .iter()
            .map(|part| format!("{}: {}", part.name, part.saw))
            .collect::<Vec<_>>()
            .join("; ");
        // DNS servers may be the wanted ones from the beginning, so they do not tell a beginning.
        let telling = ["live", "configured"];
        let begun = parts
            .iter()
            .any(|part| part.done && telling.contains(&part.name.as_str()));
        Ok(if parts.iter().all(|part| part.done) {
            Probe::after(saw, outcome(cx, &changes)?)
        } else if !begun {
            Probe::new(Standing::Before, saw)
        } else {
            Probe::new(Standing::Between, saw)
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        if cx.place() == Place::Destination {
            source_is_off_its_addresses(cx).await?;
        }
        let token = format!("{}-{}", cx.view.run, cx.place());
        let changes = changes(cx, &token)?;
        let reach = new_reach(cx, &changes)?;
        let token = serde_json::to_value(changes).map_err(|error| refused(&error))?;
        Ok(Prepared {
            token,
            reach: Some(reach),
            secrets: Vec::new(),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let mut changes = noted(cx)?;
        for change in &mut changes {
            // An attempt that was taken back must not be mistaken for this one.
            change.token = format!("{}-{}-{}", change.token, change.adapter, cx.attempt);
        }
        if cx.place() == Place::Destination {
            source_is_off_its_addresses(cx).await?;
        }
        change_and_confirm(cx, &changes, &new_reach(cx, &changes)?).await?;
        outcome(cx, &changes)
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        // As with an attempt: one that was kept must not be mistaken for this one.
        let token = format!("{}-{}-back-{}", cx.view.run, cx.place(), cx.attempt);
        let mut changes = back(cx, &token)?;
        for change in &mut changes {
            change.token = format!("{token}-{}", change.adapter);
        }
        let address = cx.spec_of(cx.place())?.address.to_string();
        let reach = Reach {
            address,
            ..cx.reach_of(cx.place())?.clone()
        };
        change_and_confirm(cx, &changes, &reach).await
    }

    fn book(&self, cx: &Context) -> Manual {
        super::by_hand::manual(cx)
    }

    fn book_back(&self, cx: &Context) -> Manual {
        super::by_hand::manual_back(cx)
    }
}

fn noted(cx: &Context) -> Result<Vec<NetworkChange>, ActionError> {
    // A rollback or a finished run has no doubt about the note; before the first attempt it is
    // reckoned from the inventory.
    if cx.token.is_null() {
        changes(cx, &format!("{}-{}", cx.view.run, cx.place()))
    } else {
        cx.noted()
    }
}

/// Changes one adapter after the other: adds its addresses, logs on over one of them, and keeps them
/// only then. The adapter that carries the present connection comes last.
async fn change_and_confirm(
    cx: &Context,
    changes: &[NetworkChange],
    reach: &Reach,
) -> Result<(), ActionError> {
    let place = cx.place();
    let carries = |change: &&NetworkChange| {
        change
            .addresses
            .iter()
            .any(|address| plain(address) == reach.address)
    };
    let (last, first): (Vec<_>, Vec<_>) = changes.iter().partition(carries);
    for change in first.into_iter().chain(last) {
        let host = cx.host().await?;
        host.map_network(change).await?;
        let address = change.addresses.first().map(|address| plain(address));
        let reach = Reach {
            address: address.unwrap_or_else(|| reach.address.clone()),
            ..reach.clone()
        };
        let proof = cx.host_at(place, &reach, true).await.map_err(|error| {
            error.while_doing(format!(
                "the {place} does not answer at its new address {} and will take it back by itself",
                reach.address
            ))
        })?;
        proof.confirm_network(change).await?;
    }
    Ok(())
}

/// The document's row 72 replaces the destination's addresses by the source's: two machines must
/// never hold one address.
async fn source_is_off_its_addresses(cx: &Context) -> Result<(), ActionError> {
    let until = Instant::now() + cx.guard().limit;
    let adapters = loop {
        let looked = match cx.host_of(Place::Source).await {
            Ok(source) => source.network().await.map_err(ActionError::from),
            Err(error) => Err(error),
        };
        match looked {
            Ok(adapters) => break adapters,
            // It may be in one of its own restarts.
            Err(error) if error.heals() && Instant::now() + LOOK_AGAIN < until => {
                sleep(LOOK_AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    };
    let source = cx.snapshot_facts(Place::Source)?;
    for change in changes(cx, "look")? {
        for address in &change.addresses {
            let held = adapters.iter().find(|adapter| {
                adapter
                    .addresses
                    .iter()
                    .any(|now| plain(now) == plain(address))
            });
            if let Some(adapter) = held {
                return Err(ActionError::refused(format!(
                    "{} (`{}`) still holds {address} on `{}`; it must give it up first",
                    source.name,
                    cx.reach_of(Place::Source)?.name,
                    adapter.name
                )));
            }
        }
    }
    Ok(())
}

/// Where the server answers afterwards: at the first new address of the adapter that carries the
/// present one, or the first of all.
pub(super) fn new_reach(cx: &Context, changes: &[NetworkChange]) -> Result<Reach, ActionError> {
    let present = cx.reach_of(cx.place())?;
    let facts = cx.snapshot_facts(cx.place())?;
    let carrier = facts
        .adapters
        .iter()
        .find(|adapter| {
            adapter
                .addresses
                .iter()
                .any(|text| plain(text) == present.address)
        })
        .map(|adapter| adapter.name.clone());
    let change = changes
        .iter()
        .find(|change| Some(&change.adapter) == carrier.as_ref())
        .or_else(|| changes.iter().find(|change| !change.addresses.is_empty()));
    let address = change
        .and_then(|change| change.addresses.first())
        .map(|text| plain(text));
    Ok(Reach {
        address: address.unwrap_or_else(|| present.address.clone()),
        ..present.clone()
    })
}

fn outcome(cx: &Context, changes: &[NetworkChange]) -> Result<Outcome, ActionError> {
    let adapters: serde_json::Map<_, _> = changes
        .iter()
        .map(|change| {
            (
                change.adapter.clone(),
                json!({ "addresses": change.addresses }),
            )
        })
        .collect();
    Ok(Outcome {
        output: json!({ "adapters": adapters }),
        reach: Some(new_reach(cx, changes)?),
        ..Outcome::default()
    })
}

/// An address without its prefix length.
fn plain(address: &str) -> String {
    address.split('/').next().unwrap_or(address).to_owned()
}
