//! The domain as the twin keeps it: accounts, who may do what with them, and DNS.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::net::IpAddr;

use super::dns::Zone;
use crate::directory::Computer;
use crate::directory::Guid;
use crate::directory::SecurityDescriptor;
use crate::directory::Sid;
use crate::directory::names;

/// A domain with one domain controller.
#[derive(Clone, Debug)]
pub(super) struct Domain {
    /// In small letters, as in `lab.test`.
    pub(super) name: String,
    /// The NetBIOS name.
    pub(super) workgroup: String,
    pub(super) sid: Sid,
    /// The domain controller's name and address.
    pub(super) server: String,
    pub(super) address: Option<IpAddr>,
    pub(super) samba: bool,
    pub(super) computers: BTreeMap<Guid, Account>,
    /// By account name in small letters.
    pub(super) users: BTreeMap<String, User>,
    /// `ms-DS-MachineAccountQuota`.
    pub(super) quota: u32,
    /// Owners in the policy "Domain controller: Allow computer account re-use during domain join".
    pub(super) reusable_of: BTreeSet<Sid>,
    /// What a group policy writes into `LocalAccountTokenFilterPolicy` at every refresh.
    pub(super) token_filter_policy: Option<u32>,
    pub(super) zone: Zone,
    /// Whether the domain controller answers, and whether it takes changes.
    pub(super) answers: bool,
    pub(super) read_only: bool,
    pub(super) next_rid: u32,
}

/// A computer account with its permissions.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) computer: Computer,
    pub(super) descriptor: SecurityDescriptor,
}

/// A user of the domain.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) name: String,
    pub(super) sid: Sid,
    /// Its own SID and those of its groups.
    pub(super) token: BTreeSet<Sid>,
}

impl Domain {
    pub(super) fn dn(&self) -> String {
        names::domain_dn(&self.name)
    }

    pub(super) fn default_container(&self) -> String {
        format!("CN=Computers,{}", self.dn())
    }

    pub(super) fn realm(&self) -> String {
        self.name.to_uppercase()
    }

    /// A group or user of the domain by its relative identifier.
    pub(super) fn sid_of(&self, relative: u32) -> Sid {
        let sid = self.sid.with_relative(relative);
        sid.expect("a domain's SID has room for one more part")
    }

    pub(super) fn domain_admins(&self) -> Sid {
        self.sid_of(512)
    }

    /// A user by any spelling of the account: `LAB\name`, `name@lab.test`, `name`.
    pub(super) fn user(&self, spelled: &str) -> Option<&User> {
        self.users.get(&plain(spelled))
    }

    /// An account by the computer's name, in any case.
    pub(super) fn by_name(&self, name: &str) -> Option<&Account> {
        self.computers
            .values()
            .find(|account| account.computer.account_name.eq_ignore_ascii_case(name))
    }

    pub(super) fn account(&self, guid: &Guid) -> Option<&Account> {
        self.computers.get(guid)
    }

    /// The account that the domain controller issues tickets of for a server called `name`: that
    /// with the service principal name `HOST/name` ([MS-ADTS] 3.1.1.5.1.3; `cifs` is one of the
    /// services that `HOST` stands for).
    pub(super) fn serving(&self, name: &str) -> Option<&Account> {
        let wanted = names::host_spns(name, &self.name);
        self.computers.values().find(|account| {
            let spns = &account.computer.spns;
            spns.iter()
                .any(|spn| wanted.iter().any(|one| one.eq_ignore_ascii_case(spn)))
        })
    }

    /// The objects that hold a service principal name.
    pub(super) fn holders<'a>(&'a self, spn: &'a str) -> impl Iterator<Item = &'a Computer> {
        self.computers
            .values()
            .map(|account| &account.computer)
            .filter(move |computer| {
                computer
                    .spns
                    .iter()
                    .any(|own| own.eq_ignore_ascii_case(spn))
            })
    }
}

/// The account name alone, in small letters.
pub(super) fn plain(spelled: &str) -> String {
    let name = spelled.rsplit_once('\\').map_or(spelled, |(_, name)| name);
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.to_lowercase()
}
