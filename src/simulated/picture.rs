//! Everything of a twin that a roll back is to bring back, to be compared with a later look: seen past
//! the hosts and the directory that actions see.

use std::collections::BTreeMap;

use super::host::trusted;
use super::timing::Millis;
use super::twin::Twin;
use crate::run::Place;

/// One look at both servers, all computer accounts and their names in DNS. Machine passwords, their
/// versions and keytabs, the time of a change and the boots are not in it: they never return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture(BTreeMap<String, String>);

impl Picture {
    pub(super) fn of(twin: &Twin) -> Self {
        let mut seen = BTreeMap::new();
        for place in [Place::Source, Place::Destination] {
            let machine = twin.machine(place);
            let mut say = |what: &str, value: String| {
                seen.insert(format!("{place} {what}"), value);
            };
            say("is on", machine.is_on().to_string());
            say("name", machine.name.clone());
            say("name after a restart", format!("{:?}", machine.next_name));
            say("name of Samba", machine.smb_name.to_uppercase());
            say("alternate names", format!("{:?}", machine.alternates));
            let member = machine.member.map(|key| key.account.to_string());
            say("account in the domain", format!("{member:?}"));
            say("trusted by it", format!("{:?}", trusted(twin, machine)));
            say("membership in force", machine.settled.to_string());
            say("local accounts", format!("{:?}", machine.accounts.keys()));
            say("token filter", format!("{:?}", machine.token_filter));
            say("fence", format!("{:?}", machine.fence));
            say("scripts", format!("{:?}", machine.scripts));
            for nic in &machine.nics {
                let mut live: Vec<String> = nic.live.iter().map(ToString::to_string).collect();
                live.sort();
                say(&format!("{} addresses", nic.name), live.join(" "));
                let kept = (
                    &nic.configured,
                    &nic.gateway,
                    &nic.dns,
                    &nic.routes,
                    nic.dhcp,
                );
                say(&format!("{} configuration", nic.name), format!("{kept:?}"));
            }
        }
        if let Some(domain) = &twin.domain {
            for (guid, account) in &domain.computers {
                let computer = &account.computer;
                let parts = [
                    ("name", computer.dn.clone()),
                    ("sid", computer.sid.to_string()),
                    ("enabled", computer.enabled.to_string()),
                    ("groups", computer.groups.join(" ")),
                    ("service principal names", computer.spns.join(" ")),
                    ("DNS name", format!("{:?}", computer.dns_host_name)),
                    ("permissions", format!("{:?}", account.descriptor)),
                ];
                for (what, value) in parts {
                    seen.insert(format!("account {guid} {what}"), value);
                }
                let name = &computer.account_name;
                let found = domain.zone.seen(name, Millis::MAX);
                seen.insert(format!("DNS {name}"), format!("{found:?}"));
            }
        }
        Self(seen)
    }

    /// What another look differs in, one line each.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let (before, after) = (&self.0, &other.0);
        let new = after.keys().filter(|key| !before.contains_key(*key));
        before
            .keys()
            .chain(new)
            .filter(|key| before.get(*key) != after.get(*key))
            .map(|key| {
                let shown = |of: &BTreeMap<String, String>| {
                    of.get(key)
                        .map_or_else(|| "nothing".to_owned(), Clone::clone)
                };
                format!("{key}: was {}, is {}", shown(before), shown(after))
            })
            .collect()
    }
}
