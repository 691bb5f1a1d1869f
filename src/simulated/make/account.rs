//! The computer accounts that both servers are members by.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Making;
use super::domain::FIRST_RID;
use crate::directory::Computer;
use crate::directory::Guid;
use crate::directory::SecurityDescriptor;
use crate::directory::names;
use crate::run::Place;
use crate::simulated::assumption::AssumptionError;
use crate::simulated::domain::Account;
use crate::simulated::machine::Key;
use crate::simulated::membership;
use crate::simulated::permissions;
use crate::simulated::twin::Twin;

/// Who owns a computer account.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    Admins,
    Us,
    Somebody,
}

impl Making<'_> {
    pub(super) fn owner(&mut self, place: &str) -> Result<Owner, AssumptionError> {
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
}

/// Makes a machine a member, as it was when it joined long ago.
pub(super) fn of_old(twin: &mut Twin, place: Place, owner: Owner) {
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
    admit(
        twin,
        place,
        Key {
            account: guid,
            version,
        },
    );
}

/// Makes a machine a member by the account that a run saw.
pub(super) fn seen(
    twin: &mut Twin,
    place: Place,
    computer: &Computer,
    descriptor: &SecurityDescriptor,
) {
    let key = Key {
        account: computer.guid,
        version: computer.key_version.unwrap_or(1),
    };
    if let Some(domain) = &mut twin.domain {
        let account = Account {
            computer: computer.clone(),
            descriptor: descriptor.clone(),
        };
        domain.computers.insert(computer.guid, account);
    }
    admit(twin, place, key);
}

/// The machine's side of a membership, and its records in DNS.
fn admit(twin: &mut Twin, place: Place, key: Key) {
    let machine = twin.machine_mut(place);
    let live = machine.nics.iter().flat_map(|nic| &nic.live);
    let addresses: BTreeSet<IpAddr> = live.map(|live| live.address).collect();
    machine.member = Some(key);
    if !machine.system.is_windows() {
        machine.keytab.insert(key);
    }
    let name = machine.name.clone();
    if let Some(domain) = &mut twin.domain {
        domain.zone.put(&name, key.account, addresses);
    }
}
