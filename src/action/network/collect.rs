//! `network.collect`: records the addresses of the source's adapters.

use async_trait::async_trait;
use serde_json::json;

use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::action::world::refused;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;

/// Records the adapters as they are after the source has left the domain.
pub(crate) struct Collect;

#[async_trait]
impl Action for Collect {
    fn signature(&self) -> Signature {
        Signature {
            uses: "network.collect",
            allows: &[Place::Source],
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: false,
            summary: "records the adapters and addresses of the source",
            nature: Nature::look("collecting addresses"),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(15, &[])
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        Ok(Probe::new(Standing::Before, "a look leaves nothing behind"))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let adapters = cx.host().await?.network().await?;
        let before = cx.snapshot_facts(Place::Source)?.adapters;
        for adapter in &before {
            let now = adapters.iter().find(|now| now.name == adapter.name);
            let lost = adapter
                .addresses
                .iter()
                .find(|address| !now.is_some_and(|now| now.addresses.contains(address)));
            if let Some(address) = lost {
                return Err(ActionError::refused(format!(
                    "the source's adapter `{}` had {address} when the run began and has it no more: \
                     somebody else changed it",
                    adapter.name
                )));
            }
        }
        let adapters = serde_json::to_value(adapters).map_err(|error| refused(&error))?;
        Ok(Outcome::output(json!({ "adapters": adapters })))
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        let note = Manual::new().say("Note all addresses, gateways and DNS servers:");
        if Server::of(cx, cx.place()).windows {
            note.type_in("ipconfig /all")
        } else {
            note.type_in("ip -br address; ip route; cat /etc/systemd/network/*.network")
        }
    }
}
