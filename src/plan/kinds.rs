//! The kinds of pairs of servers that a cutover tells apart, as what an inventory says of them.
//!
//! The first are those of the cutover document: what its rows say of Windows, Windows Server 2003,
//! Linux, workgroups and clusters. The others are those of the design, whose destinations may be
//! Linux, and the pairs of which the document is silent. What a plan does is asked for all of them
//! before anybody runs it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::inventory::AdapterChange;
use super::inventory::Credential;
use super::inventory::DirectorySpec;
use super::inventory::HostSpec;
use super::inventory::HostsSpec;
use super::inventory::Inventory;
use super::inventory::InventoryMetadata;
use super::inventory::InventorySpec;
use super::inventory::LdapSecurity;
use super::inventory::Mapping;
use super::inventory::NewName;
use super::inventory::Os;
use super::inventory::Prefixed;
use super::inventory::Scope;
use super::inventory::SecretRef;
use super::inventory::StaticAddresses;
use super::inventory::TransportKind;
use super::roots::Roots;
use super::source::Source;
use super::spec::API_VERSION;

/// A kind of pair of servers: pairs of one kind take the same rows of the shipped plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its stable name; those of the document are `P1` to `P6`.
    pub code: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// A pair that stands for it.
    pub pair: Pair,
}

/// Two servers, as far as their kind goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The server whose identity moves away.
    pub source: Server,
    /// The server that takes the identity over.
    pub destination: Server,
}

/// One server, as far as its kind goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its operating system.
    pub os: Os,
    /// Its release, as in an inventory.
    pub release: &'static str,
    /// Whether it is in a domain.
    pub domain_joined: bool,
    /// Whether it is a clustered file server.
    pub clustered: bool,
    /// Whether the account that logs on is one of the machine or of the domain.
    pub scope: Scope,
    /// Whether it restarts after its join, where its system leaves that open (a Linux source).
    pub restart_after_join: bool,
}

/// Windows Server 2003: it needs a restart between its new name and its join.
const RELEASES_2003: [&str; 2] = ["2003", "2003 R2"];

/// The Windows releases after it that a source may have, the first 2008.
const RELEASES: [&str; 8] = [
    "2008", "2008 R2", "2012", "2012 R2", "2016", "2019", "2022", "2025",
];

/// A clustered source has at least 2012; the document refuses 2008 R2.
const FIRST_OF_CLUSTERS: usize = 2;

/// A destination has at least 2012 R2.
const FIRST_OF_DESTINATIONS: usize = 3;

const WINDOWS: Server = Server {
    os: Os::Windows,
    release: "2025",
    domain_joined: true,
    clustered: false,
    scope: Scope::Domain,
    restart_after_join: true,
};

const LINUX: Server = Server {
    os: Os::Linux,
    release: "12",
    scope: Scope::Local,
    ..WINDOWS
};

impl Server {
    const fn of(self, release: &'static str) -> Self {
        Self { release, ..self }
    }

    const fn in_workgroup(self) -> Self {
        Self {
            domain_joined: false,
            scope: Scope::Local,
            ..self
        }
    }

    const fn clustered(self) -> Self {
        Self {
            clustered: true,
            ..self
        }
    }

    const fn with_domain_account(self) -> Self {
        Self {
            scope: Scope::Domain,
            ..self
        }
    }

    const fn without_restart(self) -> Self {
        Self {
            restart_after_join: false,
            ..self
        }
    }
}

const fn kind(
    code: &'static str,
    title: &'static str,
    source: Server,
    destination: Server,
) -> Kind {
    Kind {
        code,
        title,
        pair: Pair {
            source,
            destination,
        },
    }
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("P1", "Windows in a domain", WINDOWS.of("2012 R2"), WINDOWS),
    kind("P2", "Windows Server 2003 in a domain", WINDOWS.of("2003"), WINDOWS),
    kind("P3", "Windows in a workgroup", WINDOWS.of("2012 R2").in_workgroup(), WINDOWS.in_workgroup()),
    kind("P3b", "Windows Server 2003 in a workgroup", WINDOWS.of("2003").in_workgroup(), WINDOWS.in_workgroup()),
    kind("P4a", "Linux in a domain to Windows, restart after the join", LINUX, WINDOWS),
    kind("P4b", "Linux in a domain to Windows, no restart after the join", LINUX.without_restart(), WINDOWS),
    kind("P4c", "Linux in a domain to Windows, reached by a domain account", LINUX.with_domain_account(), WINDOWS),
    kind("P5", "Linux in a workgroup to Windows", LINUX.in_workgroup(), WINDOWS.in_workgroup()),
    kind("P6", "Windows cluster to Windows cluster", WINDOWS.of("2016").clustered(), WINDOWS.clustered()),
    kind("P6b", "Windows in a domain to Windows cluster", WINDOWS.of("2012 R2"), WINDOWS.clustered()),
    // The design's: a Linux destination.
    kind("L1a", "Linux in a domain to Linux", LINUX, LINUX),
    kind("L1b", "Linux in a domain to Linux, reached by domain accounts", LINUX.with_domain_account(), LINUX.with_domain_account()),
    kind("L1c", "Linux in a domain to Linux, no restart after the join", LINUX.without_restart(), LINUX),
    kind("L2", "Linux in a workgroup to Linux", LINUX.in_workgroup(), LINUX.in_workgroup()),
    kind("L3a", "Windows in a domain to Linux", WINDOWS.of("2012 R2"), LINUX),
    kind("L3b", "Windows in a domain to Linux, reached by a domain account", WINDOWS.of("2012 R2"), LINUX.with_domain_account()),
    kind("L4", "Windows Server 2003 in a domain to Linux", WINDOWS.of("2003"), LINUX),
    kind("L5", "Windows in a workgroup to Linux", WINDOWS.of("2012 R2").in_workgroup(), LINUX.in_workgroup()),
    // Those of which the document is silent: nobody has a computer account to hand over.
    kind("W1", "Windows in a workgroup to Windows in a domain", WINDOWS.of("2012 R2").in_workgroup(), WINDOWS),
    kind("W2", "Linux in a workgroup to Windows in a domain", LINUX.in_workgroup(), WINDOWS),
];

/// Returns all kinds, those of the document first.
pub fn kinds() -> &'static [Kind] {
    KINDS
}

/// Returns the releases of Windows that a pair may have, as an inventory writes them.
pub(crate) fn releases() -> impl Iterator<Item = &'static str> {
    RELEASES_2003.into_iter().chain(RELEASES)
}

impl Kind {
    /// Returns what the inventory of such a pair says.
    pub fn roots(&self) -> Roots {
        self.inventory().roots()
    }

    /// Returns an inventory of such a pair, with addresses that only documentation has (RFC 5737).
    pub fn inventory(&self) -> Inventory {
        self.pair.inventory(self.code)
    }

    /// Returns all pairs of this kind that conditions could tell apart: its releases, and the
    /// accounts that log on where the rows do not depend on them.
    pub fn variants(&self) -> Vec<Pair> {
        let sources = self.pair.source.variants(&RELEASES);
        let destinations = self
            .pair
            .destination
            .variants(&RELEASES[FIRST_OF_DESTINATIONS..]);
        let with = |source: &Server| {
            let source = *source;
            destinations.iter().map(move |destination| Pair {
                source,
                destination: *destination,
            })
        };
        sources.iter().flat_map(with).collect()
    }
}

impl Server {
    fn variants(self, releases: &'static [&'static str]) -> Vec<Self> {
        let releases: &[&'static str] = match self.os {
            Os::Linux => &[self.release],
            Os::Windows if RELEASES_2003.contains(&self.release) => &RELEASES_2003,
            Os::Windows if self.clustered && releases.len() == RELEASES.len() => {
                &RELEASES[FIRST_OF_CLUSTERS..]
            }
            Os::Windows => releases,
        };
        let scopes: &[Scope] = match self.os {
            Os::Windows if self.domain_joined => &[Scope::Domain, Scope::Local],
            Os::Windows | Os::Linux => &[self.scope],
        };
        let with = |release: &&'static str| {
            let release = *release;
            scopes.iter().map(move |scope| Self {
                release,
                scope: *scope,
                ..self
            })
        };
        releases.iter().flat_map(with).collect()
    }

    fn spec(self, name: &str, last: u8) -> HostSpec {
        HostSpec {
            name: Some(name.to_owned()),
            address: address(last),
            os: Some(self.os),
            os_version: Some(self.release.to_owned()),
            domain_joined: Some(self.domain_joined),
            clustered: Some(self.clustered),
            given_transport: Some(match self.os {
                Os::Windows => TransportKind::Winrm,
                Os::Linux => TransportKind::Ssh,
            }),
            credential: name.to_owned(),
            join_credential: None,
            given_new_name: None,
            restart_after_join: None,
            network: BTreeMap::new(),
        }
    }

    fn credential(self) -> Credential {
        let password = || SecretRef::Prompt("Password".to_owned());
        Credential {
            username: "admin".to_owned(),
            scope: self.scope,
            password: (self.os == Os::Windows).then(password),
            private_key: (self.os == Os::Linux).then(|| PathBuf::from("id_ed25519")),
        }
    }
}

impl Pair {
    /// Returns an inventory of this pair that says everything that conditions may ask.
    pub fn inventory(&self, name: &str) -> Inventory {
        let mut source = self.source.spec("fs01", 21);
        source.given_new_name = Some(NewName::Name("fs01-old".to_owned()));
        source.restart_after_join = Some(self.source.restart_after_join);
        let moved = StaticAddresses {
            addresses: vec![Prefixed {
                address: address(41),
                prefix: 24,
            }],
            gateway: None,
            dns: Vec::new(),
            routes: Vec::new(),
        };
        source.network = one("eth0", AdapterChange::Static(moved));
        let mut credentials = one("fs01", self.source.credential());
        credentials.extend(one("fs02", self.destination.credential()));
        credentials.extend(one("domain-admin", WINDOWS.credential()));
        let joined = self.source.domain_joined || self.destination.domain_joined;
        let spec = InventorySpec {
            api_version: API_VERSION.to_owned(),
            kind: "Inventory".to_owned(),
            metadata: InventoryMetadata {
                name: name.to_owned(),
            },
            hosts: HostsSpec {
                source,
                destination: self.destination.spec("fs02", 22),
            },
            network_mapping: one("eth0", Mapping::To("eth0".to_owned())),
            directory: joined.then(|| DirectorySpec {
                domain: "example.test".to_owned(),
                server: "dc1.example.test".to_owned(),
                address: Some(address(10)),
                dns: vec![address(10)],
                credential: "domain-admin".to_owned(),
                security: LdapSecurity::Ldaps,
                ca_file: None,
            }),
            credentials,
        };
        // YAML is a superset of JSON.
        let text = format!("{:#}", json!(spec));
        spec.into_inventory(&Source::from_text(format!("{name}.yaml"), text))
    }

    /// Returns only what the kind of the servers settles: what is left out may be anything.
    pub(crate) fn settled(&self) -> Roots {
        let host = |server: &Server, name: &str| {
            let mut facts = json!({
                "os": server.os,
                "domainJoined": server.domain_joined,
                "clustered": server.clustered,
                "credential": name,
            });
            // A Windows server answers over SSH as well; Linux has releases without end.
            match server.os {
                Os::Windows => facts["osVersion"] = Value::from(server.release),
                Os::Linux => facts["transport"] = json!(TransportKind::Ssh),
            }
            if server.os == Os::Linux && server.domain_joined {
                facts["restartAfterJoin"] = Value::from(server.restart_after_join);
            }
            facts
        };
        // Nobody can write these names, so only the servers' own credentials are found.
        let (source, destination) = ("\0source", "\0destination");
        Roots::of_inventory(json!({
            "hosts": {
                "source": host(&self.source, source),
                "destination": host(&self.destination, destination),
            },
            "credentials": {
                source: { "scope": self.source.scope },
                destination: { "scope": self.destination.scope },
            },
        }))
    }
}

fn one<T>(name: &str, value: T) -> BTreeMap<String, T> {
    BTreeMap::from([(name.to_owned(), value)])
}

/// An address of the network that RFC 5737 sets aside for documentation.
fn address(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}
