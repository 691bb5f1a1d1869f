//! Makes the twin of an inventory: what a run saw of its servers, what the inventory says, and stated
//! defaults for what neither tells.

mod account;
mod adapter;
mod domain;
mod server;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::assumption::AssumptionError;
use super::assumption::Assumptions;
use super::client::ticket_key;
use super::observed::Observed;
use super::observed::Server;
use super::twin::Twin;
use crate::plan::Inventory;
use crate::run::Place;

/// What a run sees of a server, so that nobody has to assume it.
const SEEN: [&str; 6] = [
    "os",
    "osVersion",
    "domainJoined",
    "clustered",
    "alternates",
    "owner",
];

pub(super) fn twin(
    inventory: &Inventory,
    observed: Option<&Observed>,
    assumptions: &Assumptions,
    seed: u64,
) -> Result<Twin, AssumptionError> {
    let servers = [Place::Source, Place::Destination];
    if observed.is_some() {
        let names = servers.map(|place| SEEN.map(|what| format!("{place}.{what}")));
        let given = names
            .iter()
            .flatten()
            .find(|name| assumptions.text(name).is_some());
        if let Some(name) = given {
            return Err(AssumptionError::Seen(name.clone()));
        }
    }
    let mut making = Making {
        inventory,
        observed,
        assumptions,
        random: StdRng::seed_from_u64(seed),
        assumed: Vec::new(),
    };
    let source = making.machine(Place::Source, &inventory.source)?;
    let destination = making.machine(Place::Destination, &inventory.destination)?;
    let orchestrator = making.orchestrator();
    let domain = making.domain(&[&source, &destination])?;
    let joined = [
        making.joined(Place::Source, &inventory.source)?,
        making.joined(Place::Destination, &inventory.destination)?,
    ];
    let owners = [making.owner("source")?, making.owner("destination")?];
    let dhcp = assumptions.value("network.dhcp")?.unwrap_or(true);
    let Making {
        random, assumed, ..
    } = making;
    let mut twin = Twin::new(vec![source, destination, orchestrator], domain, random);
    twin.dhcp = dhcp;
    twin.assumed = assumed;
    twin.old_name = twin.machine(Place::Source).name.clone();
    for (at, place) in servers.into_iter().enumerate() {
        let seen = observed.and_then(|observed| observed.server(place)?.account.as_ref());
        match seen {
            Some((computer, descriptor)) => account::seen(&mut twin, place, computer, descriptor),
            None if joined[at] => account::of_old(&mut twin, place, owners[at]),
            None => {}
        }
    }
    twin.by_domain = joined[0] && twin.domain.is_some();
    twin.client.old_ticket = ticket_key(&twin);
    twin.identity = twin.machine(Place::Source).member.and_then(|key| {
        let account = twin.domain.as_ref()?.account(&key.account)?;
        Some((key.account, account.computer.sid.clone()))
    });
    // The first look of the client, and what is wrong from the beginning.
    twin.advance(0);
    for place in servers {
        super::policy::refresh(&mut twin, place);
    }
    Ok(twin)
}

struct Making<'a> {
    inventory: &'a Inventory,
    observed: Option<&'a Observed>,
    assumptions: &'a Assumptions,
    random: StdRng,
    assumed: Vec<String>,
}

impl<'a> Making<'a> {
    fn assume(&mut self, name: &str, value: &str) {
        self.assumed.push(format!("{name} = {value}"));
    }

    /// What a run saw of a server.
    fn seen(&self, place: Place) -> Option<&'a Server> {
        self.observed?.server(place)
    }
}
