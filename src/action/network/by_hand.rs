//! Mapping adapters, for a person.

use super::change::back;
use super::change::changes;
use super::map::new_reach;
use crate::action::Context;
use crate::action::Manual;
use crate::action::server::Server;
use crate::action::whole_file;
use crate::host::DropOld;
use crate::host::HostSnapshot;
use crate::host::NetworkChange;
use crate::host::network_file_by_hand;
use crate::plan::AdapterChange;
use crate::plan::Mapping;
use crate::plan::Prefixed;
use crate::run::Place;
use crate::run::Reach;

const AT_THE_CONSOLE: &str = "Work at the console: the connection breaks when the addresses change, and \
                              a wrong one locks you out.";

/// The document's rows 38 and 72.
pub(super) fn manual(cx: &Context) -> Manual {
    let Ok(changes) = changes(cx, "book") else {
        return before_a_run(cx, Manual::new().say(AT_THE_CONSOLE));
    };
    of_changes(cx, &changes, (Place::Destination, Place::Source))
        .then_at(new_reach(cx, &changes).ok())
}

/// Takes the rows 38 and 72 back: the addresses are those of before the run.
pub(super) fn manual_back(cx: &Context) -> Manual {
    match back(cx, "book") {
        Ok(changes) => of_changes(cx, &changes, (Place::Source, Place::Destination)),
        Err(_) => Manual::new().say(AT_THE_CONSOLE).say(
            "This run has not recorded the addresses that it had: take them from your own notes.",
        ),
    }
}

/// The changes; the server at `taker` takes addresses that the one at `giver` has.
fn of_changes(cx: &Context, changes: &[NetworkChange], (taker, giver): (Place, Place)) -> Manual {
    let server = Server::of(cx, cx.place());
    if changes.is_empty() {
        return Manual::new().say("No adapter is changed: each stays as it is.");
    }
    let mut manual = Manual::new().say(AT_THE_CONSOLE);
    if cx.place() == taker {
        manual = manual.say(format!(
            "First make sure that the {giver} has given these addresses up: two machines must never \
             hold one address."
        ));
    }
    let manual = changes.iter().fold(manual, |manual, change| {
        if server.is_before_2012() {
            netsh(manual, change)
        } else if server.windows {
            cmdlets(manual, change)
        } else {
            networkd(cx, manual, change)
        }
    });
    let looks = if server.windows {
        "ipconfig /all"
    } else {
        "ip -br address; ip route"
    };
    let shows = changes.iter().map(|change| {
        let addresses = if change.dhcp {
            "an address from DHCP".to_owned()
        } else {
            change.addresses.join(", ")
        };
        format!("{} has {addresses}", change.adapter)
    });
    manual.look(looks, format!("{}.", shows.collect::<Vec<_>>().join("; ")))
}

fn networkd(cx: &Context, manual: Manual, change: &NetworkChange) -> Manual {
    let facts = cx.snapshot_facts(cx.place()).ok();
    let file = facts.and_then(|facts| {
        let adapter = facts
            .adapters
            .into_iter()
            .find(|other| other.name == change.adapter);
        adapter.and_then(|adapter| adapter.file)
    });
    let old = cx
        .host_snapshot(cx.place())
        .ok()
        .and_then(|snapshot| HostSnapshot::network_file(snapshot, &change.adapter));
    let (Some(file), Some(old)) = (file, old) else {
        return manual.say(format!(
            "The file of {} under /etc/systemd/network gets: {}",
            change.adapter,
            change.addresses.join(", ")
        ));
    };
    let new = change.exact.clone();
    let new = new.unwrap_or_else(|| network_file_by_hand(&old, change).trim().to_owned());
    let manual = manual
        .say(format!("The file of {} as it is to be:", change.adapter))
        .type_in(whole_file(&file, &new));
    match change.drop_old {
        DropOld::Now => manual.type_in(format!(
            "networkctl reload && networkctl reconfigure {}",
            change.adapter
        )),
        // So that nothing is cut off before the server has its new name.
        DropOld::AtRestart => change.addresses.iter().fold(
            manual.say("The old addresses go with the restart; the new ones come beside them now:"),
            |manual, address| {
                manual.type_in(format!(
                    "ip address replace {address} dev {}",
                    change.adapter
                ))
            },
        ),
    }
}

fn cmdlets(manual: Manual, change: &NetworkChange) -> Manual {
    let name = quoted(&change.adapter);
    if change.dhcp {
        return manual
            .type_in(format!(
                "Set-NetIPInterface -InterfaceAlias {name} -Dhcp Enabled"
            ))
            .type_in(format!(
                "Set-DnsClientServerAddress -InterfaceAlias {name} -ResetServerAddresses"
            ));
    }
    let mut manual = manual
        .type_in(format!(
            "Set-NetIPInterface -InterfaceAlias {name} -Dhcp Disabled"
        ))
        .type_in(format!(
            "Remove-NetIPAddress -InterfaceAlias {name} -Confirm:$false"
        ))
        .type_in(format!(
            "Remove-NetRoute -InterfaceAlias {name} -DestinationPrefix 0.0.0.0/0 -Confirm:$false \
             -ErrorAction SilentlyContinue"
        ));
    for (position, address) in change.addresses.iter().enumerate() {
        let (address, prefix) = address.split_once('/').unwrap_or((address, "24"));
        let gateway = change.gateway.as_ref().filter(|_| position == 0);
        let gateway = gateway.map(|gateway| format!(" -DefaultGateway {gateway}"));
        manual = manual.type_in(format!(
            "New-NetIPAddress -InterfaceAlias {name} -IPAddress {address} -PrefixLength {prefix}{}",
            gateway.unwrap_or_default()
        ));
    }
    for route in &change.routes {
        manual = manual.type_in(format!(
            "New-NetRoute -InterfaceAlias {name} -DestinationPrefix {} -NextHop {}",
            route.to, route.via
        ));
    }
    if change.dns.is_empty() {
        return manual;
    }
    manual.type_in(format!(
        "Set-DnsClientServerAddress -InterfaceAlias {name} -ServerAddresses {}",
        change.dns.join(",")
    ))
}

/// For Windows before the cmdlets.
fn netsh(manual: Manual, change: &NetworkChange) -> Manual {
    let name = &change.adapter;
    if change.dhcp {
        return manual.type_in(format!(
            "netsh interface ip set address name=\"{name}\" dhcp"
        ));
    }
    let mut manual = manual;
    for (position, text) in change.addresses.iter().enumerate() {
        let parsed = text.parse::<Prefixed>().ok();
        let mask = parsed.map_or_else(|| "MASK".to_owned(), |address| mask(address.prefix));
        let address = text.split('/').next().unwrap_or(text);
        manual = manual.type_in(match (position, &change.gateway) {
            (0, Some(gateway)) => format!(
                "netsh interface ip set address name=\"{name}\" static {address} {mask} {gateway} 1"
            ),
            (0, None) => {
                format!("netsh interface ip set address name=\"{name}\" static {address} {mask}")
            }
            _ => format!("netsh interface ip add address name=\"{name}\" {address} {mask}"),
        });
    }
    for (position, server) in change.dns.iter().enumerate() {
        manual = manual.type_in(if position == 0 {
            format!("netsh interface ip set dns name=\"{name}\" static {server}")
        } else {
            format!("netsh interface ip add dns name=\"{name}\" {server}")
        });
    }
    manual
}

/// Nobody has looked at the servers yet: what the inventory says, and what is to be noted.
fn before_a_run(cx: &Context, manual: Manual) -> Manual {
    let windows = Server::of(cx, cx.place()).windows;
    let mut manual = manual.then_at(reach_after(cx));
    if cx.place() == Place::Source {
        manual = manual.say(
            "Note all addresses of the source first: they go to the destination. Gateway and DNS \
             servers that the inventory does not name stay as they are.",
        );
        for (adapter, change) in &cx.inventory.source.network {
            manual = match change {
                AdapterChange::Dhcp => {
                    manual.say(format!("{adapter} takes its address from DHCP."))
                }
                AdapterChange::Static(new) => {
                    let change = NetworkChange {
                        adapter: adapter.clone(),
                        addresses: new.addresses.iter().map(ToString::to_string).collect(),
                        dhcp: false,
                        gateway: new.gateway.map(|gateway| gateway.to_string()),
                        dns: new.dns.iter().map(ToString::to_string).collect(),
                        routes: Vec::new(),
                        exact: None,
                        drop_old: DropOld::AtRestart,
                        confirm_within: std::time::Duration::ZERO,
                        token: String::new(),
                    };
                    if windows {
                        cmdlets(manual, &change)
                    } else {
                        networkd(cx, manual, &change)
                    }
                }
            };
        }
        return manual;
    }
    let source = &cx.inventory.source.address;
    for (from, mapping) in &cx.inventory.network_mapping {
        let Mapping::To(to) = mapping else {
            manual = manual.say(format!(
                "The addresses of the source's {from} stay where they are."
            ));
            continue;
        };
        manual = manual.say(format!(
            "{to} takes all addresses that the source's {from} had ({source} if it was among them), \
             with gateway and DNS servers, and gives its own up."
        ));
    }
    manual
}

/// Where the server will answer, as far as the inventory tells.
fn reach_after(cx: &Context) -> Option<Reach> {
    let source = &cx.inventory.source;
    let address = match cx.place() {
        Place::Source => source.network.values().find_map(|change| match change {
            AdapterChange::Static(new) => Some(new.addresses.first()?.address),
            AdapterChange::Dhcp => None,
        }),
        _ => Some(source.address),
    };
    Some(Reach {
        address: address?.to_string(),
        ..cx.reach_of(cx.place()).ok()?.clone()
    })
}

fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\'', "''"))
}

fn mask(prefix: u8) -> String {
    let bits = u32::MAX
        .checked_shl(32 - u32::from(prefix.min(32)))
        .unwrap_or(0);
    std::net::Ipv4Addr::from(bits).to_string()
}
