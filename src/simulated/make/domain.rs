//! The domain and its users.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Making;
use crate::directory::Sid;
use crate::plan::DurationText;
use crate::plan::Scope;
use crate::run::Place;
use crate::simulated::assumption::AssumptionError;
use crate::simulated::dns::Zone;
use crate::simulated::domain::Domain;
use crate::simulated::domain::User;
use crate::simulated::domain::plain;
use crate::simulated::machine::Machine;
use crate::simulated::observed::Server;
use crate::simulated::system::System;
use crate::simulated::timing::Millis;
use crate::simulated::timing::Of;

/// The first relative identifier of an account of our own.
pub(super) const FIRST_RID: u32 = 1104;

impl Making<'_> {
    pub(super) fn domain(
        &mut self,
        machines: &[&Machine],
    ) -> Result<Option<Domain>, AssumptionError> {
        let Some(spec) = &self.inventory.directory else {
            return Ok(None);
        };
        let admin = self.assumptions.value("directory.admin")?;
        if admin.is_none() && self.observed.is_some() {
            // A journal holds the rights that an object gives, not the groups of whoever asks.
            self.assume("directory.admin", "true");
        }
        let admin = admin.unwrap_or(true);
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
        let seen: Vec<&Server> = [Place::Source, Place::Destination]
            .into_iter()
            .filter_map(|place| self.seen(place))
            .collect();
        let sids = seen.iter().filter_map(|server| server.account.as_ref());
        let sids: Vec<&Sid> = sids.map(|(computer, _)| &computer.sid).collect();
        let sid = sids.first().and_then(|sid| sid.domain());
        let sid = sid.unwrap_or_else(|| {
            let parts = [21, 1_004_336_348, 1_177_238_915, 682_003_330];
            Sid::new(5, &parts).expect("four parts are few")
        });
        let known = seen.iter().find_map(|server| server.facts.domain.as_ref());
        let workgroup = known.map_or_else(
            || {
                let first = spec.domain.split('.').next().unwrap_or_default();
                first.to_uppercase()
            },
            |known| known.workgroup.clone(),
        );
        let last_rid = sids.iter().filter_map(|sid| sid.relative()).max();
        let mut domain = Domain {
            name: spec.domain.to_lowercase(),
            workgroup,
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
            next_rid: last_rid.map_or(FIRST_RID, |last| FIRST_RID.max(last + 1)),
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
