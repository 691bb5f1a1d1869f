//! Makes the twin of an inventory: what it says, and stated defaults for what it leaves out.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::assumption::AssumptionError;
use super::assumption::Assumptions;
use super::client::ticket_key;
use super::dns::Zone;
use super::domain::Domain;
use super::domain::User;
use super::domain::plain;
use super::machine::Key;
use super::machine::LocalAccount;
use super::machine::Machine;
use super::machine::Nic;
use super::membership;
use super::permissions;
use super::system::Release;
use super::system::System;
use super::timing::Millis;
use super::timing::Of;
use super::twin::Twin;
use crate::directory::Guid;
use crate::directory::Sid;
use crate::directory::names;
use crate::plan::AdapterChange;
use crate::plan::DurationText;
use crate::plan::HostSpec;
use crate::plan::Inventory;
use crate::plan::Mapping;
use crate::plan::Os;
use crate::plan::Prefixed;
use crate::plan::Scope;
use crate::plan::TransportKind;
use crate::run::Place;

/// The prefix length of an address that nothing else tells of.
const PREFIX: u8 = 24;
/// The first relative identifier of an account of our own.
const FIRST_RID: u32 = 1104;

pub(super) fn twin(
    inventory: &Inventory,
    assumptions: &Assumptions,
    seed: u64,
) -> Result<Twin, AssumptionError> {
    let mut making = Making {
        inventory,
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
    for (at, place) in [Place::Source, Place::Destination].into_iter().enumerate() {
        if joined[at] {
            join(&mut twin, place, owners[at]);
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
    for place in [Place::Source, Place::Destination] {
        super::policy::refresh(&mut twin, place);
    }
    Ok(twin)
}

/// Who owns a computer account.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Admins,
    Us,
    Somebody,
}

struct Making<'a> {
    inventory: &'a Inventory,
    assumptions: &'a Assumptions,
    random: StdRng,
    assumed: Vec<String>,
}

impl Making<'_> {
    fn assume(&mut self, name: &str, value: &str) {
        self.assumed.push(format!("{name} = {value}"));
    }

    fn joined(&mut self, place: Place, spec: &HostSpec) -> Result<bool, AssumptionError> {
        let name = format!("{place}.domainJoined");
        if let Some(joined) = spec.domain_joined {
            return Ok(joined);
        }
        if let Some(joined) = self.assumptions.value(&name)? {
            return Ok(joined);
        }
        let joined = self.inventory.directory.is_some();
        self.assume(&name, &joined.to_string());
        Ok(joined)
    }

    fn owner(&mut self, place: &str) -> Result<Owner, AssumptionError> {
        let owner = self
            .assumptions
            .read_as(&format!("{place}.owner"), |text| match text {
                "admins" => Some(Owner::Admins),
                "us" => Some(Owner::Us),
                "somebody" => Some(Owner::Somebody),
                _ => None,
            });
        Ok(owner?.unwrap_or(Owner::Admins))
    }

    fn system(&mut self, place: Place, spec: &HostSpec) -> Result<System, AssumptionError> {
        let name = format!("{place}.os");
        let assumed = self.assumptions.read_as(&name, |text| match text {
            "windows" => Some(Os::Windows),
            "linux" => Some(Os::Linux),
            _ => None,
        })?;
        let os = spec.os.or(assumed).unwrap_or_else(|| {
            let (os, word) = match spec.transport() {
                TransportKind::Ssh => (Os::Linux, "linux"),
                TransportKind::Winrm => (Os::Windows, "windows"),
            };
            self.assume(&name, word);
            os
        });
        let name = format!("{place}.osVersion");
        let given = spec.os_version.as_deref().or(self.assumptions.text(&name));
        if os == Os::Linux {
            return Ok(System::Linux);
        }
        let Some(text) = given else {
            let release = match place {
                Place::Source => Release::W2012R2,
                _ => Release::W2025,
            };
            self.assume(&name, release.as_str());
            return Ok(System::Windows(release));
        };
        let release = text.parse().map_err(|()| AssumptionError::Value {
            name,
            value: text.to_owned(),
            wanted: format!(
                "a release of Windows Server: {}",
                Release::ALL.map(Release::as_str).join(", ")
            ),
        })?;
        Ok(System::Windows(release))
    }

    fn machine(&mut self, place: Place, spec: &HostSpec) -> Result<Machine, AssumptionError> {
        let system = self.system(place, spec)?;
        let at = |what: &str| format!("{place}.{what}");
        let name = spec.name.clone().unwrap_or_else(|| {
            let name = if place == Place::Source {
                "fs01"
            } else {
                "fs02"
            };
            self.assume(&at("name"), name);
            name.to_owned()
        });
        let clustered = match spec.clustered {
            Some(clustered) => clustered,
            None => self.assumptions.value(&at("clustered"))?.unwrap_or(false),
        };
        let spans = |text: &str| {
            let span = DurationText::new(text).ok()?.0;
            u64::try_from(span.as_millis()).ok()
        };
        let restart = self.assumptions.read_as(&at("restart"), spans)?;
        let domain_profile_only = self
            .assumptions
            .read_as(&at("firewall"), |text| match text {
                "all" => Some(false),
                "domain" => Some(true),
                _ => None,
            })?;
        let token_filter = self
            .assumptions
            .read_as(&at("tokenFilter"), |text| match text {
                "absent" => Some(None),
                number => number.parse().ok().map(Some),
            })?;
        let alternates = self.assumptions.text(&at("alternates")).unwrap_or_default();
        let alternates = alternates
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let nics = self.nics(place, spec);
        let id = self.id();
        Ok(Machine {
            clustered,
            accounts: self.accounts(spec),
            token_filter: token_filter.flatten(),
            nics,
            alternates: alternates.map(str::to_owned).collect(),
            domain_profile_only: domain_profile_only.unwrap_or(false),
            by_ssh: spec.transport() == TransportKind::Ssh,
            booting: restart.unwrap_or_else(|| Of::Booting.millis(system)),
            ..Machine::new(place, system, id, name)
        })
    }

    /// The machine that runs the rehearsal, as a twin too: nothing is done to the real one.
    fn orchestrator(&mut self) -> Machine {
        let id = self.id();
        Machine::new(
            Place::Orchestrator,
            System::Linux,
            id,
            "orchestrator".to_owned(),
        )
    }

    /// The identity of an installed system.
    fn id(&mut self) -> String {
        format!("{:032x}", self.random.random::<u128>())
    }

    /// The account that the run logs on with, where it is one of the machine.
    fn accounts(&self, spec: &HostSpec) -> BTreeMap<String, LocalAccount> {
        let credential = self.inventory.credentials.get(&spec.credential);
        let local = credential.filter(|credential| credential.scope == Scope::Local);
        let account = |name: &str| LocalAccount {
            name: name.rsplit('\\').next().unwrap_or(name).to_owned(),
            password: None,
            key: true,
            marker: None,
            administrator: true,
        };
        local
            .map(|credential| (plain(&credential.username), account(&credential.username)))
            .into_iter()
            .collect()
    }

    /// The adapters that the inventory names. The first of a server has its address.
    fn nics(&mut self, place: Place, spec: &HostSpec) -> Vec<Nic> {
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
                name,
                network: address,
                live: vec![address],
                configured: vec![address],
                gateway: (at == 0).then(|| first_of(address).to_string()),
                dns: dns.clone(),
                routes: Vec::new(),
                dhcp: false,
                unconfirmed: None,
                kept: BTreeSet::new(),
                taken_back: BTreeSet::new(),
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

    fn domain(&mut self, machines: &[&Machine]) -> Result<Option<Domain>, AssumptionError> {
        let Some(spec) = &self.inventory.directory else {
            return Ok(None);
        };
        let admin: bool = self.assumptions.value("directory.admin")?.unwrap_or(true);
        let all_linux = machines
            .iter()
            .all(|machine| machine.system == System::Linux);
        let samba = self
            .assumptions
            .value("directory.samba")?
            .unwrap_or(all_linux);
        let spans = |text: &str| {
            let span = DurationText::new(text).ok()?.0;
            u64::try_from(span.as_millis()).ok()
        };
        let replication: Option<Millis> =
            self.assumptions.read_as("directory.replication", spans)?;
        let policy =
            self.assumptions
                .read_as("directory.tokenFilterPolicy", |text| match text {
                    "none" => Some(None),
                    number => number.parse().ok().map(Some),
                })?;
        let parts = [21, 1_004_336_348, 1_177_238_915, 682_003_330];
        let sid = Sid::new(5, &parts).expect("four parts are few");
        let mut domain = Domain {
            name: spec.domain.to_lowercase(),
            sid,
            server: spec.server.clone(),
            address: spec.address,
            samba,
            computers: BTreeMap::new(),
            users: BTreeMap::new(),
            quota: self.assumptions.value("directory.quota")?.unwrap_or(10),
            reusable_of: BTreeSet::new(),
            token_filter_policy: policy.flatten(),
            zone: Zone::new(replication.unwrap_or_else(|| Of::Replication.millis(System::Linux))),
            answers: true,
            read_only: false,
            next_rid: FIRST_RID,
        };
        let of_domain = self
            .inventory
            .credentials
            .iter()
            .filter(|(name, credential)| {
                let joins = [&self.inventory.source, &self.inventory.destination]
                    .iter()
                    .any(|host| host.join_credential.as_ref() == Some(*name));
                credential.scope == Scope::Domain || **name == spec.credential || joins
            })
            .map(|(_, credential)| credential.username.as_str());
        let users: BTreeSet<&str> = of_domain.collect();
        for username in users {
            add_user(&mut domain, username, admin);
        }
        add_user(&mut domain, "somebody", false);
        Ok(Some(domain))
    }
}

fn add_user(domain: &mut Domain, spelled: &str, admin: bool) {
    let sid = domain.sid_of(domain.next_rid);
    domain.next_rid += 1;
    let mut token = BTreeSet::from([sid.clone(), domain.sid_of(513)]);
    token.extend("S-1-5-11".parse::<Sid>());
    if admin {
        token.insert(domain.domain_admins());
        token.extend("S-1-5-32-544".parse::<Sid>());
    }
    let name = plain(spelled);
    let user = User {
        name: name.clone(),
        sid,
        token,
    };
    domain.users.insert(name, user);
}

/// Makes a machine a member, as it was when it joined long ago.
fn join(twin: &mut Twin, place: Place, owner: Owner) {
    let Some(domain) = &twin.domain else { return };
    let parent = format!("OU=Servers,{}", domain.dn());
    let ours = domain.users.values().find(|user| user.name != "somebody");
    let owner = match owner {
        Owner::Admins => domain.domain_admins(),
        Owner::Us => ours.map_or_else(|| domain.domain_admins(), |user| user.sid.clone()),
        Owner::Somebody => domain
            .user("somebody")
            .map_or_else(|| domain.domain_admins(), |user| user.sid.clone()),
    };
    let creator = (owner != domain.domain_admins()).then(|| owner.clone());
    let (domain_name, dn) = (domain.name.clone(), domain.dn());
    let machine = twin.machine(place);
    let (name, windows) = (machine.name.clone(), machine.system.is_windows());
    let alternates = machine.alternates.clone();
    let live = machine.nics.iter().flat_map(|nic| &nic.live);
    let addresses: BTreeSet<IpAddr> = live.map(|live| live.address).collect();
    let guid: Guid = membership::add(twin, &name, &parent, owner, creator);
    let mut spns = membership::spns(twin, &name, windows, &[]).unwrap_or_default();
    spns.extend(alternates.iter().map(|name| format!("HOST/{name}")));
    spns.sort();
    // Permissions of its own, which row 6 copies.
    let reader = twin.domain.as_ref().map(|domain| domain.sid_of(FIRST_RID));
    let mut version = 1;
    if let Some(account) = twin
        .domain
        .as_mut()
        .and_then(|d| d.computers.get_mut(&guid))
    {
        let computer = &mut account.computer;
        computer.spns = spns;
        computer.dns_host_name = Some(names::fully_qualified(&name, &domain_name));
        computer.additional_dns_host_names = alternates
            .into_iter()
            .filter(|name| name.contains('.'))
            .collect();
        computer.groups = vec![format!("CN=FileServers,OU=Servers,{dn}")];
        version = computer.key_version.unwrap_or(1);
        if let (Some(reader), Some(dacl), Place::Source) =
            (reader, &mut account.descriptor.dacl, place)
        {
            dacl.entries.insert(0, permissions::full_control(reader));
        }
    }
    if let Some(domain) = &mut twin.domain {
        domain.zone.put(&name, guid, addresses);
    }
    let key = Key {
        account: guid,
        version,
    };
    let machine = twin.machine_mut(place);
    machine.member = Some(key);
    if !windows {
        machine.keytab.insert(key);
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
