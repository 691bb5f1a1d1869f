//! How a twin stands, as plain values and in words.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use super::client;
use super::domain::Domain;
use super::host::trusted;
use super::machine::Machine;
use super::naming::listed;
use super::timing::Of;
use super::twin::Due;
use super::twin::Twin;
use crate::directory::Computer;
use crate::run::Place;

/// How everything stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Who serves a client that asks for the old name.
    pub served_by: Option<Place>,
    /// How long in all nobody served it.
    pub outage: Duration,
    /// When it lost the service first and got it back at last, since the rehearsal began.
    pub outage_span: Option<(Duration, Duration)>,
    /// Whether a client with a ticket from before is served without a new one; `None` where there
    /// are no tickets.
    pub old_tickets: Option<bool>,
    /// How often each server was restarted.
    pub restarts: BTreeMap<Place, u32>,
    /// How long each server is away at a restart, give or take a tenth.
    pub restart_takes: BTreeMap<Place, Duration>,
    /// Whether each server runs Windows.
    pub windows: BTreeMap<Place, bool>,
    /// Where a temporary account is left over.
    pub temporary_accounts: Vec<Place>,
    /// Which servers hold a fence.
    pub fences: Vec<Place>,
    /// The names that the servers call themselves.
    pub names: BTreeMap<Place, String>,
    /// Which object of the directory each server is, and whether the domain trusts it.
    pub members: BTreeMap<Place, Membership>,
    /// The object that was the source's, as `objectGUID` and `objectSid`.
    pub identity: Option<(String, String)>,
    /// The addresses that the servers hold, with prefix lengths, sorted.
    pub addresses: BTreeMap<Place, Vec<String>>,
    /// The servers' alternate names.
    pub alternates: BTreeMap<Place, Vec<String>>,
    /// The computer accounts of the domain, by name.
    pub accounts: BTreeMap<String, Computer>,
    /// What everybody sees in DNS once all changes are known, by host name.
    pub dns: BTreeMap<String, Vec<IpAddr>>,
    /// `LocalAccountTokenFilterPolicy` of each server.
    pub token_filters: BTreeMap<Place, Option<u32>>,
    /// What must never be and was, at any moment.
    pub wrongs: Vec<String>,
    /// What the inventory does not say and was assumed.
    pub assumed: Vec<String>,
    /// The state of both servers, one sentence each.
    pub words: Vec<String>,
}

/// A server's membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// `objectGUID` of its account.
    pub guid: String,
    /// Whether the domain accepts it.
    pub trusted: bool,
}

const SERVERS: [Place; 2] = [Place::Source, Place::Destination];

impl End {
    pub(super) fn of(twin: &Twin) -> Self {
        let of_servers = |which: &dyn Fn(&Machine) -> bool| {
            let servers = SERVERS.into_iter();
            servers
                .filter(|place| which(twin.machine(*place)))
                .collect()
        };
        let members = SERVERS.into_iter().filter_map(|place| {
            let machine = twin.machine(place);
            let guid = machine.member?.account.to_string();
            let trusted = trusted(twin, machine) == Some(true);
            Some((place, Membership { guid, trusted }))
        });
        let each = |what: &dyn Fn(&Machine) -> String| {
            let servers = SERVERS.into_iter();
            servers
                .map(|place| (place, what(twin.machine(place))))
                .collect()
        };
        let served_by = client::served(twin);
        let span = |(from, to)| (Duration::from_millis(from), Duration::from_millis(to));
        Self {
            served_by,
            outage: Duration::from_millis(twin.client.outage(twin.now)),
            outage_span: twin.client.span().map(span),
            old_tickets: twin
                .client
                .old_ticket
                .map(|key| served_by.is_some_and(|place| client::opens(twin.machine(place), key))),
            restarts: SERVERS
                .into_iter()
                .map(|place| {
                    (
                        place,
                        twin.restarts.get(&place).copied().unwrap_or_default(),
                    )
                })
                .collect(),
            restart_takes: SERVERS
                .into_iter()
                .map(|place| (place, Duration::from_millis(twin.machine(place).booting)))
                .collect(),
            windows: SERVERS
                .into_iter()
                .map(|place| (place, twin.machine(place).system.is_windows()))
                .collect(),
            temporary_accounts: of_servers(&|machine| {
                machine
                    .accounts
                    .values()
                    .any(|account| account.marker.is_some())
            }),
            fences: of_servers(&|machine| machine.fence.is_some()),
            names: each(&|machine| machine.name.clone()),
            members: members.collect(),
            identity: twin
                .identity
                .as_ref()
                .map(|(guid, sid)| (guid.to_string(), sid.to_string())),
            addresses: SERVERS
                .into_iter()
                .map(|place| (place, addresses(twin.machine(place))))
                .collect(),
            alternates: SERVERS
                .into_iter()
                .map(|place| (place, twin.machine(place).alternates.clone()))
                .collect(),
            accounts: twin.domain.iter().flat_map(accounts).collect(),
            dns: twin
                .domain
                .iter()
                .flat_map(|domain| domain.zone.in_the_end())
                .collect(),
            token_filters: SERVERS
                .into_iter()
                .map(|place| (place, twin.machine(place).token_filter))
                .collect(),
            wrongs: twin.wrongs.clone(),
            assumed: twin.assumed.clone(),
            words: SERVERS
                .into_iter()
                .map(|place| words(twin, place))
                .collect(),
        }
    }
}

fn addresses(machine: &Machine) -> Vec<String> {
    let live = machine.nics.iter().flat_map(|nic| &nic.live);
    let mut addresses: Vec<String> = live.map(ToString::to_string).collect();
    addresses.sort();
    addresses
}

fn accounts(domain: &Domain) -> impl Iterator<Item = (String, Computer)> {
    let computers = domain.computers.values().map(|account| &account.computer);
    computers.map(|computer| (computer.account_name.clone(), computer.clone()))
}

/// One sentence on a server.
fn words(twin: &Twin, place: Place) -> String {
    let machine = twin.machine(place);
    let live = machine.nics.iter().flat_map(|nic| &nic.live);
    let addresses: Vec<String> = live.map(ToString::to_string).collect();
    let account = machine.member.and_then(|key| {
        let account = twin.domain.as_ref()?.account(&key.account)?;
        let was = match &twin.identity {
            Some((guid, _)) if *guid == key.account => ", the source's own",
            _ => "",
        };
        let word = if trusted(twin, machine) == Some(true) {
            "a member of the domain"
        } else {
            "not trusted by the domain"
        };
        Some(format!("{word} as `{}`{was}", account.computer.dn))
    });
    let account = account.unwrap_or_else(|| "in no domain".to_owned());
    let power = if machine.is_on() { "" } else { " (off)" };
    let alternates = if machine.alternates.is_empty() {
        String::new()
    } else {
        format!(", also as {}", listed(&machine.alternates))
    };
    format!(
        "the {place}{power} is `{}`{alternates} at {}, {account}",
        machine.name,
        listed(&addresses)
    )
}

/// What a person does before a resume.
pub(super) fn mend(twin: &mut Twin) -> Vec<String> {
    let mut done = Vec::new();
    let now = twin.now;
    for place in SERVERS {
        let off = !twin.machine(place).is_on();
        let comes = twin.is_due(|due| matches!(due, Due::ComesUp(other) if *other == place));
        if off && !comes {
            let booting = twin.machine(place).booting;
            twin.later(now + booting, Due::ComesUp(place));
            done.push(format!("switched the {place} on"));
        }
    }
    if !twin.strangers.is_empty() {
        let strangers: Vec<String> = twin.strangers.iter().map(ToString::to_string).collect();
        done.push(format!(
            "took the stranger at {} off the network",
            strangers.join(", ")
        ));
        twin.strangers.clear();
    }
    if let Some(domain) = &mut twin.domain {
        if !domain.answers {
            domain.answers = true;
            done.push("brought the domain controller back".to_owned());
        }
        if domain.read_only {
            domain.read_only = false;
            done.push("let the domain controller take changes again".to_owned());
        }
        let usual = Of::Replication.millis(super::system::System::Linux);
        domain.zone.replication = domain.zone.replication.min(usual);
    }
    done
}
