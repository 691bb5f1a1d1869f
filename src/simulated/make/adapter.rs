//! The network adapters of a server.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use super::Making;
use crate::host::Adapter;
use crate::host::NetworkKeeper;
use crate::plan::AdapterChange;
use crate::plan::HostSpec;
use crate::plan::Mapping;
use crate::plan::Prefixed;
use crate::run::Place;
use crate::simulated::machine::Nic;

/// The prefix length of an address that nothing else tells of.
const PREFIX: u8 = 24;

impl Making<'_> {
    /// The adapters that a run saw, else those that the inventory names. The first of these has the
    /// server's address.
    pub(super) fn nics(&mut self, place: Place, spec: &HostSpec, windows: bool) -> Vec<Nic> {
        if let Some(seen) = self.seen(place) {
            return seen.facts.adapters.iter().map(seen_nic).collect();
        }
        let mapping = &self.inventory.network_mapping;
        let mut known: Vec<String> = match place {
            Place::Source => mapping.keys().chain(spec.network.keys()).cloned().collect(),
            _ => mapping
                .values()
                .filter_map(|to| match to {
                    Mapping::To(name) => Some(name.clone()),
                    Mapping::Skip => None,
                })
                .collect(),
        };
        let mut seen = BTreeSet::new();
        known.retain(|name| seen.insert(name.clone()));
        if known.is_empty() {
            known.push("eth0".to_owned());
        }
        let dns = self.inventory.directory.as_ref();
        let dns: Vec<String> = dns
            .map(|spec| spec.dns.iter().map(ToString::to_string).collect())
            .unwrap_or_default();
        let own = place as u8;
        let mut nics = Vec::new();
        for (at, name) in known.into_iter().enumerate() {
            let at = u8::try_from(at).unwrap_or(u8::MAX);
            let new = match spec.network.get(&name) {
                Some(AdapterChange::Static(fixed)) => fixed.addresses.first().copied(),
                Some(AdapterChange::Dhcp) | None => None,
            };
            let address = match (at, new) {
                (0, Some(new)) if new.contains(spec.address) => Prefixed {
                    address: spec.address,
                    prefix: new.prefix,
                },
                (0, _) => Prefixed {
                    address: spec.address,
                    prefix: if spec.address.is_ipv4() { PREFIX } else { 64 },
                },
                (_, new) => self.further(place, &name, at, new),
            };
            nics.push(Nic {
                mac: format!("02:00:00:00:{own:02x}:{at:02x}"),
                networks: vec![address],
                live: vec![address],
                configured: vec![address],
                gateway: (at == 0).then(|| first_of(address).to_string()),
                dns: dns.clone(),
                routes: Vec::new(),
                dhcp: false,
                kept_by: if windows {
                    NetworkKeeper::Windows
                } else {
                    NetworkKeeper::Networkd
                },
                file: (!windows).then(|| format!("/etc/systemd/network/10-{name}.network")),
                unconfirmed: None,
                kept: BTreeSet::new(),
                taken_back: BTreeSet::new(),
                name,
            });
        }
        nics
    }

    /// The address of an adapter that the inventory names without one.
    fn further(&mut self, place: Place, name: &str, at: u8, new: Option<Prefixed>) -> Prefixed {
        let address = match new {
            Some(Prefixed {
                address: IpAddr::V4(four),
                prefix,
            }) => {
                let mut octets = four.octets();
                octets[3] ^= 0x40;
                Prefixed {
                    address: IpAddr::from(octets),
                    prefix,
                }
            }
            _ => Prefixed {
                address: IpAddr::V4(Ipv4Addr::new(10, 254, at, 10 + place as u8)),
                prefix: PREFIX,
            },
        };
        self.assume(&format!("{place}.{name}.address"), &address.to_string());
        address
    }
}

/// An adapter as a run saw it. It is plugged into the networks of its addresses.
fn seen_nic(adapter: &Adapter) -> Nic {
    let parsed = |texts: &[String]| -> Vec<Prefixed> {
        let read = |text: &String| text.parse().ok();
        texts.iter().filter_map(read).collect()
    };
    let (live, configured) = (parsed(&adapter.addresses), parsed(&adapter.configured));
    let mut networks: Vec<Prefixed> = Vec::new();
    for address in live.iter().chain(&configured) {
        if !networks.iter().any(|known| known.contains(address.address)) {
            networks.push(*address);
        }
    }
    Nic {
        name: adapter.name.clone(),
        mac: adapter.mac.clone(),
        networks,
        live,
        configured,
        gateway: adapter.gateway.clone(),
        dns: adapter.dns.clone(),
        routes: adapter.routes.clone(),
        dhcp: adapter.dhcp,
        kept_by: adapter.kept_by,
        file: adapter.file.clone(),
        unconfirmed: None,
        kept: BTreeSet::new(),
        taken_back: BTreeSet::new(),
    }
}

/// The first address of a network, where a gateway usually is.
fn first_of(network: Prefixed) -> IpAddr {
    match network.address {
        IpAddr::V4(four) => {
            let mut octets = four.octets();
            octets[3] = 1;
            IpAddr::from(octets)
        }
        IpAddr::V6(six) => {
            let mut segments = six.segments();
            segments[4..].fill(0);
            segments[7] = 1;
            IpAddr::from(segments)
        }
    }
}
