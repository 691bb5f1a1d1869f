//! Adapters and addresses: who answers where.
//!
//! New addresses are held beside the old ones until somebody confirms them over a session to a new
//! one; else the machine takes them back by itself, and a restart in between forgets them.

use std::net::IpAddr;

use super::change::Change;
use super::change::Confirmation;
use super::change::Done;
use super::change::Outcome;
use super::machine::Machine;
use super::machine::Nic;
use super::machine::Unconfirmed;
use super::naming::listed;
use super::naming::part;
use super::timing::Millis;
use super::twin::Due;
use super::twin::Twin;
use crate::host::Adapter;
use crate::host::DropOld;
use crate::host::HostErrorKind;
use crate::host::NetworkChange;
use crate::host::Part;
use crate::plan::Prefixed;
use crate::run::Place;

impl Twin {
    /// The machine that answers at an address, of all that hold it: the one that held it first, as
    /// neighbours keep to the hardware address they know (seen in the lab for half a minute).
    ///
    /// An address outside of the network that the adapter is plugged into reaches nobody
    /// (known-issues K08, K09), and none that a stranger holds reaches one of ours: Windows does
    /// not use an address that another machine answers at.
    pub(super) fn at(&self, address: IpAddr) -> Option<&Machine> {
        if self.strangers.contains(&address) {
            return None;
        }
        let reached = |machine: &&Machine| {
            machine.is_on()
                && machine.nics.iter().any(|nic| {
                    let holds = nic.live.iter().any(|live| live.address == address);
                    holds && nic.reaches(address)
                })
        };
        let mut holders = self.machines.values().filter(reached);
        let first = holders.next();
        match holders.next() {
            None => first,
            Some(second) => {
                let first_holder = self.first_holder.get(&address);
                [first?, second]
                    .into_iter()
                    .find(|machine| first_holder == Some(&machine.place))
            }
        }
    }
}

impl Twin {
    /// Whether a machine that is about to be off refuses connections to an address.
    pub(super) fn refuses(&self, address: IpAddr) -> bool {
        let mut machines = self.machines.values();
        machines.any(|machine| machine.refuses(address, self.now))
    }
}

pub(super) fn map(twin: &mut Twin, place: Place, change: &NetworkChange) -> Outcome {
    let wanted = parsed(&change.addresses)?;
    let (within, now) = (millis(change.confirm_within), twin.now);
    let dhcp = twin.dhcp;
    let machine = twin.machine_mut(place);
    let nic = machine
        .nic(&change.adapter)
        .ok_or_else(|| missing(change))?;
    nic.unconfirmed = Some(Unconfirmed {
        token: change.token.clone(),
        before: nic.live.clone(),
    });
    if change.dhcp {
        // Without a server that answers, the adapter ends with an address of its own making
        // (row 36's note, known-issues K07).
        nic.live.extend(lease(nic).filter(|_| dhcp));
    }
    for address in wanted {
        if !nic.live.contains(&address) {
            nic.live.push(address);
        }
    }
    let due = Due::TakesBack {
        place,
        adapter: change.adapter.clone(),
        token: change.token.clone(),
    };
    twin.later(now + within, due);
    Ok(Done::Nothing)
}

pub(super) fn confirm(twin: &mut Twin, place: Place, confirmation: &Confirmation) -> Outcome {
    let Confirmation {
        adapter,
        token,
        change,
    } = confirmation;
    let wanted = parsed(&change.addresses)?;
    let nic = twin
        .machine_mut(place)
        .nic(adapter)
        .ok_or_else(|| missing(change))?;
    if nic.kept.contains(token) {
        return Ok(Done::Nothing);
    }
    if nic
        .unconfirmed
        .as_ref()
        .is_none_or(|open| open.token != *token)
    {
        let words = if nic.taken_back.contains(token) {
            format!(
                "nobody confirmed it within {} s",
                change.confirm_within.as_secs()
            )
        } else {
            "whoever waited for the confirmation on the machine is gone; map again".to_owned()
        };
        return Err(HostErrorKind::TakenBack { words });
    }
    nic.unconfirmed = None;
    nic.kept.insert(token.clone());
    nic.configured.clone_from(&wanted);
    nic.dhcp = change.dhcp;
    nic.gateway.clone_from(&change.gateway);
    nic.dns.clone_from(&change.dns);
    nic.routes.clone_from(&change.routes);
    if !Change::keeps_old(change) && !change.dhcp {
        nic.live = wanted;
    }
    Ok(Done::Nothing)
}

/// Takes a change back that nobody has confirmed.
pub(super) fn take_back(twin: &mut Twin, place: Place, adapter: &str, token: &str) {
    let Some(nic) = twin.machine_mut(place).nic(adapter) else {
        return;
    };
    if let Some(open) = nic.unconfirmed.take_if(|open| open.token == token) {
        nic.live = open.before;
        nic.taken_back.insert(open.token);
    }
}

/// What an adapter holds after a restart: what is configured, or what a DHCP server gives.
pub(super) fn after_restart(nic: &mut Nic, dhcp: bool) {
    if let Some(open) = nic.unconfirmed.take() {
        nic.taken_back.insert(open.token);
    }
    nic.live = if nic.dhcp {
        lease(nic).filter(|_| dhcp).into_iter().collect()
    } else {
        nic.configured.clone()
    };
}

/// The address that a DHCP server of the adapter's network gives it, one an adapter.
fn lease(nic: &Nic) -> Option<Prefixed> {
    let network = nic.networks.first()?;
    let IpAddr::V4(address) = network.address else {
        return None;
    };
    let mut octets = address.octets();
    // One of the upper addresses of the network, from .200 on.
    octets[3] = 200 + octets[3] % 16;
    Some(Prefixed {
        address: IpAddr::from(octets),
        prefix: network.prefix,
    })
}

/// Each part of a network change, by the names that the Linux host gives them too.
pub(super) fn parts(machine: &Machine, change: &NetworkChange) -> Result<Vec<Part>, HostErrorKind> {
    let nic = machine.nics.iter().find(|nic| nic.name == change.adapter);
    let nic = nic.ok_or_else(|| missing(change))?;
    let wanted = parsed(&change.addresses)?;
    let live = wanted.iter().all(|address| nic.live.contains(address));
    let mut parts = vec![
        part(
            "live",
            live,
            format!("the adapter holds {}", texts(&nic.live)),
        ),
        part(
            "configured",
            nic.configured == wanted && nic.dhcp == change.dhcp,
            format!("after a restart it holds {}", texts(&nic.configured)),
        ),
    ];
    if change.drop_old == DropOld::Now {
        let old: Vec<Prefixed> = nic
            .live
            .iter()
            .filter(|address| !wanted.contains(address))
            .copied()
            .collect();
        parts.push(part(
            "old gone",
            old.is_empty(),
            format!("old addresses: {}", texts(&old)),
        ));
    }
    parts.push(part(
        "dns",
        nic.dns == change.dns,
        format!("its DNS servers are {}", listed(&nic.dns)),
    ));
    Ok(parts)
}

/// An adapter as facts show it.
pub(super) fn adapter(nic: &Nic) -> Adapter {
    let texts = |list: &[Prefixed]| list.iter().map(ToString::to_string).collect();
    Adapter {
        name: nic.name.clone(),
        mac: nic.mac.clone(),
        addresses: texts(&nic.live),
        configured: texts(&nic.configured),
        gateway: nic.gateway.clone(),
        dns: nic.dns.clone(),
        routes: nic.routes.clone(),
        dhcp: nic.dhcp,
        kept_by: nic.kept_by,
        file: nic.file.clone(),
    }
}

fn parsed(addresses: &[String]) -> Result<Vec<Prefixed>, HostErrorKind> {
    let parse = |text: &String| text.parse().ok();
    let parsed: Option<Vec<Prefixed>> = addresses.iter().map(parse).collect();
    parsed.ok_or_else(|| HostErrorKind::Unsupported {
        words: format!("{} are no addresses with prefix lengths", listed(addresses)),
    })
}

fn texts(addresses: &[Prefixed]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    listed(&texts)
}

fn missing(change: &NetworkChange) -> HostErrorKind {
    HostErrorKind::Unsupported {
        words: format!("the machine has no adapter `{}`", change.adapter),
    }
}

fn millis(span: std::time::Duration) -> Millis {
    u64::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plan::Source;
    use crate::plan::load_inventory;
    use crate::simulated::Assumptions;
    use crate::simulated::make;
    use crate::simulated::restart;

    /// The source of an example asks for an address of a DHCP server, and is restarted.
    fn asked(dhcp: bool) -> Twin {
        let text = include_str!("../../examples/windows-2019-domain.yaml");
        let inventory = load_inventory(&Source::from_text("x.yaml", text))
            .unwrap()
            .value;
        let given = [format!("network.dhcp={dhcp}")];
        let assumptions = Assumptions::read(&given).unwrap();
        let mut twin = make::twin(&inventory, None, &assumptions, 1).unwrap();
        let change = NetworkChange {
            adapter: "Ethernet0".to_owned(),
            addresses: Vec::new(),
            dhcp: true,
            gateway: None,
            dns: Vec::new(),
            routes: Vec::new(),
            exact: None,
            drop_old: DropOld::Now,
            confirm_within: Duration::from_secs(30),
            token: "t".to_owned(),
        };
        map(&mut twin, Place::Source, &change).unwrap();
        let confirmation = Confirmation {
            adapter: change.adapter.clone(),
            token: change.token.clone(),
            change,
        };
        confirm(&mut twin, Place::Source, &confirmation).unwrap();
        restart::goes_down(&mut twin, Place::Source, false);
        restart::comes_up(&mut twin, Place::Source);
        twin
    }

    #[test]
    fn a_dhcp_server_gives_an_address_of_the_adapters_network() {
        let twin = asked(true);
        let nic = &twin.machine(Place::Source).nics[0];
        let [lease] = nic.live[..] else {
            panic!("{:?}", nic.live)
        };
        assert!(nic.reaches(lease.address), "{lease}");
        assert!(twin.at(lease.address).is_some(), "{lease}");
        assert!(twin.at([192, 0, 2, 21].into()).is_none(), "its old one");
    }

    /// The document, row 36: "Likely to become unresponsive if the source computer isn't covered by a
    /// DHCP subnet, but you selected DHCP during network configuration" (known-issues K07).
    #[test]
    fn without_a_dhcp_server_nobody_reaches_it_after_a_restart() {
        let twin = asked(false);
        assert_eq!(twin.machine(Place::Source).nics[0].live, []);
        assert!(twin.at([192, 0, 2, 21].into()).is_none());
    }
}
