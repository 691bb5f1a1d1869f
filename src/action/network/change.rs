//! Which adapter gets which addresses, from the inventory and the snapshots.

use std::time::Duration;

use crate::action::ActionError;
use crate::action::Context;
use crate::host::Adapter;
use crate::host::DropOld;
use crate::host::HostSnapshot;
use crate::host::NetworkChange;
use crate::host::Os;
use crate::host::Route;
use crate::plan::AdapterChange;
use crate::plan::Mapping;
use crate::run::Place;

/// How long a server waits for the proof that its new addresses work before it takes them back.
const CONFIRM_WITHIN: Duration = Duration::from_secs(30);

/// The changes of one server's adapters; those that stay as they are left out.
pub(super) fn changes(cx: &Context, token: &str) -> Result<Vec<NetworkChange>, ActionError> {
    match cx.place() {
        Place::Source => source(cx, token),
        _ => destination(cx, token),
    }
}

/// Puts the adapters of a server back as they were before the run.
pub(super) fn back(cx: &Context, token: &str) -> Result<Vec<NetworkChange>, ActionError> {
    let snapshot = cx.host_snapshot(cx.place())?;
    let facts = cx.snapshot_facts(cx.place())?;
    let touched = changes(cx, token)?;
    Ok(facts
        .adapters
        .iter()
        .filter(|adapter| touched.iter().any(|change| change.adapter == adapter.name))
        .map(|adapter| NetworkChange {
            // A text that was not read is none: the recorded addresses are written instead.
            exact: HostSnapshot::network_file(snapshot, &adapter.name)
                .filter(|text| !text.trim().is_empty()),
            ..keeping(adapter, adapter.addresses.clone(), DropOld::Now, token)
        })
        .collect())
}

/// The source gives its addresses up for those that the inventory names. Linux keeps the old ones
/// until the restart that follows its new name (the document's row 42), so that nothing is cut off
/// before. Windows has no such row: its next restart comes after the join.
fn source(cx: &Context, token: &str) -> Result<Vec<NetworkChange>, ActionError> {
    let facts = cx.snapshot_facts(Place::Source)?;
    let wanted = &cx.spec_of(Place::Source)?.network;
    let drop_old = match facts.os {
        Os::Linux => DropOld::AtRestart,
        Os::Windows => DropOld::Now,
    };
    let mut changes = Vec::new();
    for (name, change) in wanted {
        let adapter = known(&facts.adapters, name, Place::Source)?;
        changes.push(match change {
            AdapterChange::Dhcp => NetworkChange {
                dhcp: true,
                gateway: None,
                dns: Vec::new(),
                routes: Vec::new(),
                ..keeping(adapter, Vec::new(), drop_old, token)
            },
            AdapterChange::Static(new) => {
                let addresses = new.addresses.iter().map(ToString::to_string).collect();
                let kept = keeping(adapter, addresses, drop_old, token);
                NetworkChange {
                    gateway: new
                        .gateway
                        .map(|gateway| gateway.to_string())
                        .or(kept.gateway),
                    dns: if new.dns.is_empty() {
                        kept.dns
                    } else {
                        new.dns.iter().map(ToString::to_string).collect()
                    },
                    routes: if new.routes.is_empty() {
                        kept.routes
                    } else {
                        let route = |route: &crate::plan::Route| Route {
                            to: route.to.to_string(),
                            via: route.via.to_string(),
                        };
                        new.routes.iter().map(route).collect()
                    },
                    ..kept
                }
            }
        });
    }
    Ok(changes)
}

/// The destination takes the source's addresses, with the gateway, DNS servers and routes that
/// belong to them.
fn destination(cx: &Context, token: &str) -> Result<Vec<NetworkChange>, ActionError> {
    let source = cx.snapshot_facts(Place::Source)?;
    let destination = cx.snapshot_facts(Place::Destination)?;
    let mut changes = Vec::new();
    for (from, mapping) in &cx.inventory.network_mapping {
        let Mapping::To(to) = mapping else { continue };
        let from = known(&source.adapters, from, Place::Source)?;
        known(&destination.adapters, to, Place::Destination)?;
        let moved = keeping(from, from.addresses.clone(), DropOld::Now, token);
        changes.push(NetworkChange {
            adapter: to.clone(),
            ..moved
        });
    }
    Ok(changes)
}

/// An adapter's own gateway, DNS servers and routes with these addresses.
fn keeping(
    adapter: &Adapter,
    addresses: Vec<String>,
    drop_old: DropOld,
    token: &str,
) -> NetworkChange {
    NetworkChange {
        adapter: adapter.name.clone(),
        addresses,
        dhcp: adapter.dhcp,
        gateway: adapter.gateway.clone(),
        dns: adapter.dns.clone(),
        routes: adapter.routes.clone(),
        exact: None,
        drop_old,
        confirm_within: CONFIRM_WITHIN,
        token: token.to_owned(),
    }
}

fn known<'a>(
    adapters: &'a [Adapter],
    name: &str,
    place: Place,
) -> Result<&'a Adapter, ActionError> {
    adapters
        .iter()
        .find(|adapter| adapter.name == name)
        .ok_or_else(|| {
            let names: Vec<&str> = adapters
                .iter()
                .map(|adapter| adapter.name.as_str())
                .collect();
            ActionError::refused(format!(
                "the {place} has no adapter `{name}`; it has {}",
                names.join(", ")
            ))
        })
}
