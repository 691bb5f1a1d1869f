//! A server as the twin keeps it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;

use serde::Deserialize;
use serde::Serialize;

use super::system::System;
use super::timing::Millis;
use super::timing::Of;
use crate::directory::Guid;
use crate::host::NetworkKeeper;
use crate::host::Route;
use crate::plan::Prefixed;
use crate::run::Place;
use crate::run::RunId;

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) place: Place,
    pub(super) system: System,
    pub(super) clustered: bool,
    /// The release and the system in words, as facts show them.
    pub(super) version: String,
    pub(super) words: String,
    /// The identity of the installed system, and what it shows at a connection by SSH.
    pub(super) id: String,
    pub(super) host_keys: Vec<String>,
    /// Whether our `known_hosts` had its key before the run.
    pub(super) known_before: bool,
    /// Why it cannot take part in a cutover.
    pub(super) refusals: Vec<String>,
    /// What it calls itself.
    pub(super) name: String,
    /// What it will call itself after a restart (Windows).
    pub(super) next_name: Option<String>,
    /// The name in `smb.conf` (Linux).
    pub(super) smb_name: String,
    pub(super) member: Option<Key>,
    /// Whether the present membership is in force; on Windows only after a restart.
    pub(super) settled: bool,
    pub(super) keytab: BTreeSet<Key>,
    /// By name in small letters.
    pub(super) accounts: BTreeMap<String, LocalAccount>,
    pub(super) token_filter: Option<u32>,
    pub(super) nics: Vec<Nic>,
    pub(super) alternates: Vec<String>,
    pub(super) power: Power,
    pub(super) boots: u32,
    pub(super) fence: Option<(RunId, u64)>,
    /// The change that holds the machine's lock.
    pub(super) at_work: Option<u64>,
    /// Whether the rules for remote management hold in the domain's profile only.
    pub(super) domain_profile_only: bool,
    pub(super) by_ssh: bool,
    /// How long it takes from shut down to answering.
    pub(super) booting: Millis,
    /// Stages whose script has run.
    pub(super) scripts: BTreeSet<String>,
}

/// A key of an account in the domain, by its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) account: Guid,
    pub(super) version: u32,
}

/// Whether a server is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Power {
    /// It is; it can be logged on to from the first moment on, and serves files from the second.
    On { logons: Millis, files: Millis },
    /// It is off, and comes back by itself unless something is wrong with it. Until the given moment
    /// connections are refused at once. In the lab that is so during the whole restart of a Linux
    /// machine: systemd ends the SSH server before the network, and what follows takes no time in a
    /// container.
    Off { refuses: Millis },
}

/// An account of the machine.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalAccount {
    pub(super) name: String,
    /// `None`: whatever is offered is right, as nobody knows the real secret here.
    pub(super) password: Option<String>,
    pub(super) key: bool,
    pub(super) marker: Option<RunId>,
    pub(super) administrator: bool,
}

/// A network adapter.
#[derive(Clone, Debug)]
pub(super) struct Nic {
    pub(super) name: String,
    pub(super) mac: String,
    /// The networks that it is plugged into; other addresses on it reach nobody.
    pub(super) networks: Vec<Prefixed>,
    pub(super) live: Vec<Prefixed>,
    pub(super) configured: Vec<Prefixed>,
    pub(super) gateway: Option<String>,
    pub(super) dns: Vec<String>,
    pub(super) routes: Vec<Route>,
    pub(super) dhcp: bool,
    /// Who configures it at a restart, and in which file.
    pub(super) kept_by: NetworkKeeper,
    pub(super) file: Option<String>,
    /// A change that nobody has confirmed yet.
    pub(super) unconfirmed: Option<Unconfirmed>,
    /// Changes that were kept, and those that were taken back.
    pub(super) kept: BTreeSet<String>,
    pub(super) taken_back: BTreeSet<String>,
}

impl Nic {
    /// Whether an address of this adapter is answered at: it is of a network that the adapter is
    /// plugged into. One that never had an address may be plugged into any.
    pub(super) fn reaches(&self, address: IpAddr) -> bool {
        let mut networks = self.networks.iter();
        self.networks.is_empty() || networks.any(|network| network.contains(address))
    }
}

/// A change of an adapter that is taken back unless it is confirmed.
#[derive(Clone, Debug)]
pub(super) struct Unconfirmed {
    pub(super) token: String,
    pub(super) before: Vec<Prefixed>,
}

impl Machine {
    /// A server that is on, in a workgroup, and has nothing yet.
    pub(super) fn new(place: Place, system: System, id: String, name: String) -> Self {
        let version = match system {
            // The lab's; nothing depends on it.
            System::Linux => "12",
            System::Windows(release) => release.as_str(),
        };
        Self {
            place,
            system,
            clustered: false,
            version: version.to_owned(),
            words: format!("{system} (simulated)"),
            host_keys: vec![format!("ssh-ed25519 SIMULATED-{id}")],
            known_before: true,
            refusals: Vec::new(),
            id,
            smb_name: name.to_uppercase(),
            name,
            next_name: None,
            member: None,
            settled: true,
            keytab: BTreeSet::new(),
            accounts: BTreeMap::new(),
            token_filter: None,
            nics: Vec::new(),
            alternates: Vec::new(),
            power: Power::On {
                logons: 0,
                files: 0,
            },
            boots: 1,
            fence: None,
            at_work: None,
            domain_profile_only: false,
            by_ssh: true,
            booting: 0,
            scripts: BTreeSet::new(),
        }
    }

    /// The identity of the present boot.
    pub(super) fn boot(&self) -> String {
        format!("{}-boot-{}", self.id, self.boots)
    }

    /// Whether names and memberships wait for a restart. Not on Linux; and not where they are those
    /// of a cluster's role, whose resources are taken offline and online again (the document has no
    /// restarts in its rows for clusters).
    pub(super) fn waits_for_restart(&self) -> bool {
        self.system.is_windows() && !self.clustered
    }

    pub(super) fn is_on(&self) -> bool {
        matches!(self.power, Power::On { .. })
    }

    /// Whether it is off and still refuses connections, instead of leaving them unanswered.
    pub(super) fn refuses(&self, address: IpAddr, now: Millis) -> bool {
        let held = self.nics.iter().flat_map(|nic| &nic.live);
        matches!(self.power, Power::Off { refuses } if now < refuses)
            && held.into_iter().any(|live| live.address == address)
    }

    pub(super) fn takes_logons(&self, now: Millis) -> bool {
        matches!(self.power, Power::On { logons, .. } if now >= logons)
    }

    pub(super) fn serves_files(&self, now: Millis) -> bool {
        matches!(self.power, Power::On { files, .. } if now >= files)
    }

    pub(super) fn holds(&self, address: IpAddr) -> bool {
        self.is_on()
            && self
                .nics
                .iter()
                .any(|nic| nic.live.iter().any(|live| live.address == address))
    }

    /// Whether it answers to a name, its own or another one, short or fully qualified.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        std::iter::once(&self.name)
            .chain(&self.alternates)
            .any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Whether a port is open to others.
    pub(super) fn listens(&self, port: u16, now: Millis) -> bool {
        let management = if self.by_ssh { &[22][..] } else { &[135, 5985] };
        self.profile_allows()
            && (management.contains(&port) && self.takes_logons(now)
                || port == 445 && self.serves_files(now))
    }

    /// A rule that holds in the domain's profile only is lost when the machine leaves the domain:
    /// the network's profile is no longer the domain's then.
    pub(super) fn profile_allows(&self) -> bool {
        let has_profiles =
            matches!(self.system, System::Windows(release) if release.has_network_profiles());
        !(has_profiles && self.domain_profile_only) || self.member.is_some()
    }

    pub(super) fn nic(&mut self, name: &str) -> Option<&mut Nic> {
        self.nics.iter_mut().find(|nic| nic.name == name)
    }

    /// Starts, at the given moment.
    pub(super) fn start(&mut self, now: Millis) {
        self.boots += 1;
        let files = now + Of::ServicesStarting.millis(self.system);
        self.power = Power::On { logons: now, files };
    }
}
