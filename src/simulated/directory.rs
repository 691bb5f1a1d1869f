//! The simulated domain as a [`Directory`], as one of its users sees it.

use std::net::IpAddr;

use async_trait::async_trait;

use super::domain::Account;
use super::domain::Domain;
use super::domain::User;
use super::fault::Act;
use super::fault::FaultKind;
use super::fault::acting;
use super::membership::set_enabled;
use super::permissions;
use super::simulation::Simulation;
use super::system::System;
use super::timing::Millis;
use super::timing::Of;
use crate::directory::Computer;
use crate::directory::Conflict;
use crate::directory::Directory;
use crate::directory::DirectoryError;
use crate::directory::DirectoryErrorKind;
use crate::directory::DirectoryReader;
use crate::directory::DomainController;
use crate::directory::Guid;
use crate::directory::Identity;
use crate::directory::Member;
use crate::directory::Parts;
use crate::directory::Prediction;
use crate::directory::Result;
use crate::directory::Rights;
use crate::directory::SecurityDescriptor;
use crate::directory::Sid;
use crate::directory::names;
use crate::directory::predict;

/// `SE_OWNER_DEFAULTED | SE_GROUP_DEFAULTED` ([MS-DTYP] 2.4.6).
const OWNER_OR_GROUP_DEFAULTED: u16 = 0x0003;
/// `unwillingToPerform` (RFC 4511, A.2).
const UNWILLING: u32 = 53;
/// How long an unanswered question to the directory is waited for.
const PATIENCE: Millis = 20_000;

type Answer<T> = std::result::Result<T, DirectoryErrorKind>;

/// The simulated domain, bound to as a user.
pub(super) struct SimulatedDirectory {
    simulation: Simulation,
    username: String,
}

/// A moment as Active Directory writes it: 100 ns steps since 1601. Rehearsals begin in 2027.
pub(super) fn file_time(now: Millis) -> i64 {
    const BEGINS: i64 = 134_437_104_000_000_000;
    BEGINS + i64::try_from(now).unwrap_or_default() * 10_000
}

impl SimulatedDirectory {
    pub(super) fn new(simulation: Simulation, username: String) -> Self {
        Self {
            simulation,
            username,
        }
    }

    /// Asks the domain something, as the bound user.
    async fn ask<T>(
        &self,
        what: impl Into<String> + Send,
        see: impl FnOnce(&Domain, &User, Millis) -> Answer<T> + Send,
    ) -> Result<T> {
        let answer = match self.begin(&Act::DirectoryLook).await {
            Err(kind) => Err(kind),
            Ok(_) => self.simulation.with(|twin| {
                let now = twin.now;
                let domain = twin.domain.as_ref().ok_or(DirectoryErrorKind::NotFound)?;
                see(domain, bound(domain, &self.username)?, now)
            }),
        };
        answer.map_err(|kind| DirectoryError {
            what: what.into(),
            kind,
        })
    }

    /// Changes the domain.
    async fn change(
        &self,
        what: impl Into<String> + Send,
        change: impl FnOnce(&mut Domain, &User) -> Answer<()> + Send,
    ) -> Result<()> {
        let what = what.into();
        let answer = match self.begin(&Act::DirectoryChange).await {
            Err(kind) => Err(kind),
            Ok(struck) => {
                self.simulation
                    .with(|twin| twin.compare(acting().as_ref(), &what));
                let done = self.simulation.with(|twin| {
                    let domain = twin.domain.as_mut().ok_or(DirectoryErrorKind::NotFound)?;
                    let user = bound(domain, &self.username)?.clone();
                    if domain.read_only {
                        return Err(DirectoryErrorKind::Other {
                            code: UNWILLING,
                            text: "the domain controller takes no changes [unverified]".to_owned(),
                        });
                    }
                    change(domain, &user)
                });
                match struck {
                    Some(FaultKind::ConnectionLostAfter) => done.and_then(|()| Err(self.lost())),
                    _ => done,
                }
            }
        };
        answer.map_err(|kind| DirectoryError { what, kind })
    }

    /// Takes the time of one exchange, and lets a fault strike before it has an effect.
    async fn begin(&self, act: &Act<'_>) -> Answer<Option<FaultKind>> {
        let under = acting();
        let (struck, answers) = self.simulation.with(|twin| {
            let struck = twin.faults.strike(under.as_ref(), act);
            let answers = twin.domain.as_ref().is_some_and(|domain| domain.answers);
            if let (Some(FaultKind::DirectoryReadOnly), Some(domain)) = (struck, &mut twin.domain) {
                domain.read_only = true;
            }
            (struck, answers)
        });
        let exchange = Of::Directory.millis(System::Linux);
        self.simulation.work(exchange).await;
        match struck {
            Some(FaultKind::Refused) => Err(DirectoryErrorKind::InsufficientRights {
                account: self.username.clone(),
                text: "the rehearsal's fault".to_owned(),
            }),
            Some(FaultKind::Timeout) => {
                self.simulation.pause(PATIENCE).await;
                Err(DirectoryErrorKind::Timeout {
                    server: "the domain controller".to_owned(),
                    seconds: PATIENCE / 1000,
                })
            }
            Some(FaultKind::ConnectionLost) => Err(self.lost()),
            Some(FaultKind::PowerCut) => {
                self.simulation.cut_power();
                Ok(struck)
            }
            _ if !answers => {
                self.simulation.pause(PATIENCE).await;
                Err(self.lost())
            }
            _ => Ok(struck),
        }
    }

    fn lost(&self) -> DirectoryErrorKind {
        let server = self.simulation.with(|twin| {
            let domain = twin.domain.as_ref();
            domain
                .map(|domain| domain.server.clone())
                .unwrap_or_default()
        });
        DirectoryErrorKind::Unreachable {
            server,
            text: "the connection was lost".to_owned(),
        }
    }
}

/// Who is bound; 525 is Active Directory's own code for an unknown user.
fn bound<'a>(domain: &'a Domain, username: &str) -> Answer<&'a User> {
    domain
        .user(username)
        .ok_or_else(|| DirectoryErrorKind::InvalidCredentials {
            account: username.to_owned(),
            code: Some("525".to_owned()),
        })
}

fn object<'a>(domain: &'a mut Domain, guid: &Guid) -> Answer<&'a mut Account> {
    domain
        .computers
        .get_mut(guid)
        .ok_or(DirectoryErrorKind::NotFound)
}

/// An account by its distinguished name or its `<GUID=…>` form.
fn by_dn<'a>(domain: &'a Domain, dn: &str) -> Answer<&'a Account> {
    domain
        .computers
        .values()
        .find(|account| {
            let computer = &account.computer;
            names::same_dn(&computer.dn, dn) || computer.guid.as_dn() == dn
        })
        .ok_or(DirectoryErrorKind::NotFound)
}

fn may(allowed: bool, user: &User, what: &str) -> Answer<()> {
    if allowed {
        return Ok(());
    }
    Err(DirectoryErrorKind::InsufficientRights {
        account: user.name.clone(),
        text: what.to_owned(),
    })
}

fn privileged(domain: &Domain, sid: &Sid) -> bool {
    predict::is_administrators(sid, &domain.sid)
        || domain.users.values().any(|user| {
            user.sid == *sid
                && user
                    .token
                    .iter()
                    .any(|group| predict::is_administrators(group, &domain.sid))
        })
}

fn identity(domain: &Domain, user: &User) -> Identity {
    Identity {
        account_name: user.name.clone(),
        dn: format!("CN={},CN=Users,{}", user.name, domain.dn()),
        sid: user.sid.clone(),
        token: user.token.clone(),
    }
}

fn conflicts(domain: &Domain, name: &str) -> Vec<Conflict> {
    let full = names::fully_qualified(name, &domain.name);
    let account = names::account_name(names::short(name));
    let spns = names::possible_spns(name, &domain.name);
    let mut found = Vec::new();
    for computer in domain.computers.values().map(|account| &account.computer) {
        let mut held: Vec<(&str, String)> = vec![(
            "sAMAccountName",
            names::account_name(&computer.account_name),
        )];
        held.extend(
            computer
                .dns_host_name
                .iter()
                .map(|it| ("dNSHostName", it.clone())),
        );
        let additional = computer.additional_dns_host_names.iter();
        held.extend(additional.map(|it| ("msDS-AdditionalDnsHostName", it.clone())));
        held.extend(
            computer
                .spns
                .iter()
                .map(|it| ("servicePrincipalName", it.clone())),
        );
        let wanted = |value: &str| {
            std::iter::once(&account)
                .chain([&full])
                .chain(&spns)
                .any(|one| one.eq_ignore_ascii_case(value))
        };
        let held = held.into_iter().filter(|(_, value)| wanted(value));
        found.extend(held.map(|(attribute, value)| Conflict {
            dn: computer.dn.clone(),
            guid: computer.guid,
            attribute: attribute.to_owned(),
            value,
        }));
    }
    found
}

#[async_trait]
impl DirectoryReader for SimulatedDirectory {
    async fn who_am_i(&self) -> Result<Identity> {
        self.ask("ask who is bound", |domain, user, _| {
            Ok(identity(domain, user))
        })
        .await
    }

    async fn domain_controller(&self) -> Result<DomainController> {
        self.ask(
            "ask the domain controller for its domain",
            |domain, _, _| {
                Ok(DomainController {
                    dns_host_name: Some(domain.server.clone()),
                    domain_dn: domain.dn(),
                    domain_sid: domain.sid.clone(),
                    samba: domain.samba,
                })
            },
        )
        .await
    }

    async fn default_computer_container(&self) -> Result<String> {
        self.ask("find the container of new computers", |domain, _, _| {
            Ok(domain.default_container())
        })
        .await
    }

    async fn computer_by_name(&self, name: &str) -> Result<Option<Computer>> {
        let what = format!("read the computer account `{name}`");
        self.ask(what, |domain, _, _| {
            Ok(domain.by_name(name).map(|found| found.computer.clone()))
        })
        .await
    }

    async fn computer_by_guid(&self, guid: &Guid) -> Result<Option<Computer>> {
        let what = format!("read the computer account {guid}");
        self.ask(what, |domain, _, _| {
            Ok(domain.account(guid).map(|found| found.computer.clone()))
        })
        .await
    }

    async fn descriptor(&self, guid: &Guid, parts: Parts) -> Result<SecurityDescriptor> {
        let what = format!("read the permissions of {guid}");
        self.ask(what, |domain, _, _| {
            let found = domain.account(guid).ok_or(DirectoryErrorKind::NotFound)?;
            let mut shown = found.descriptor.clone();
            if parts == Parts::DACL {
                (shown.owner, shown.group) = (None, None);
                // What is not asked for is not said to be a default either (seen in the lab).
                shown.control &= !OWNER_OR_GROUP_DEFAULTED;
            } else if parts == Parts::OWNER_GROUP {
                shown.dacl = None;
            }
            Ok(shown)
        })
        .await
    }

    async fn name_conflicts(&self, name: &str) -> Result<Vec<Conflict>> {
        let what = format!("look for holders of `{name}`");
        self.ask(what, |domain, _, _| Ok(conflicts(domain, name)))
            .await
    }

    async fn spn_holders(&self, spn: &str) -> Result<Vec<String>> {
        let what = format!("look for holders of `{spn}`");
        self.ask(what, |domain, _, _| {
            Ok(domain
                .holders(spn)
                .map(|holder| holder.dn.clone())
                .collect())
        })
        .await
    }

    async fn rights_on(&self, dn: &str) -> Result<Rights> {
        let what = format!("read our rights on `{dn}`");
        self.ask(what, |domain, user, _| {
            Ok(permissions::rights(
                &by_dn(domain, dn)?.descriptor,
                &user.token,
            ))
        })
        .await
    }

    async fn can_create_computer_in(&self, container: &str) -> Result<bool> {
        let what = format!("read our rights on `{container}`");
        self.ask(what, |domain, user, _| {
            Ok(permissions::may_create(domain, user))
        })
        .await
    }

    async fn predict_reuse(&self, computer: &Computer, joining: Member) -> Result<Prediction> {
        let what = format!(
            "predict the join as the existing account `{}`",
            computer.account_name
        );
        self.ask(what, |domain, user, _| {
            let rights = permissions::rights(&by_dn(domain, &computer.dn)?.descriptor, &user.token);
            let told = |sid: &Option<Sid>| {
                let sid = sid.clone()?;
                let privileged = privileged(domain, &sid);
                Some((sid, privileged))
            };
            let origin = predict::Origin {
                owner: told(&computer.owner),
                creator: told(&computer.creator),
            };
            let me = identity(domain, user);
            Ok(predict::reuse(
                computer,
                &me,
                &origin,
                &rights,
                joining,
                domain.samba,
            ))
        })
        .await
    }

    async fn predict_create(&self, name: &str, container: &str) -> Result<Prediction> {
        let what = format!("predict the join as the new account `{name}`");
        self.ask(what, |domain, user, _| {
            let conflicts = conflicts(domain, name);
            let made = domain
                .computers
                .values()
                .filter(|account| account.computer.creator.as_ref() == Some(&user.sid))
                .count();
            let fault = names::check_computer_name(name).err();
            let asked = predict::Creation {
                name,
                container,
                fault: fault.map(|fault| format!("`{name}`: {fault}")),
                conflicts: &conflicts,
                granted: permissions::may_create(domain, user),
                is_default: names::same_dn(&domain.default_container(), container),
                quota: domain.quota,
                used: u32::try_from(made).unwrap_or(u32::MAX),
            };
            Ok(predict::create(&asked, &identity(domain, user)))
        })
        .await
    }

    async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>> {
        self.ask(format!("look up `{host}`"), |domain, _, now| {
            let full = names::fully_qualified(host, &domain.name);
            let own = full.strip_suffix(&format!(".{}", domain.name));
            let mut found = own
                .map(|own| domain.zone.seen(own, now))
                .unwrap_or_default();
            if full.eq_ignore_ascii_case(&domain.server) {
                found.extend(domain.address);
            }
            found.sort();
            Ok(found)
        })
        .await
    }

    async fn alias_of(&self, host: &str) -> Result<Option<String>> {
        self.ask(format!("look up `{host}`"), |_, _, _| Ok(None))
            .await
    }
}

#[async_trait]
impl Directory for SimulatedDirectory {
    async fn replace_dacl(
        &self,
        guid: &Guid,
        expected: &SecurityDescriptor,
        new: &SecurityDescriptor,
    ) -> Result<()> {
        let what = format!("write the permissions of {guid}");
        self.change(what, |domain, user| {
            let account = object(domain, guid)?;
            let rights = permissions::rights(&account.descriptor, &user.token);
            may(rights.write_dacl, user, "no right to write the permissions")?;
            let present = &account.descriptor.dacl;
            if *present == new.dacl {
                return Ok(());
            }
            if *present != expected.dacl {
                return Err(DirectoryErrorKind::Changed {
                    what: "nTSecurityDescriptor".to_owned(),
                    expected: "the permissions that were read".to_owned(),
                    found: "others".to_owned(),
                });
            }
            account.descriptor.dacl.clone_from(&new.dacl);
            Ok(())
        })
        .await
    }

    async fn set_enabled(&self, guid: &Guid, enabled: bool) -> Result<()> {
        let word = if enabled { "enable" } else { "disable" };
        self.change(format!("{word} the account {guid}"), |domain, user| {
            let account = object(domain, guid)?;
            if account.computer.enabled == enabled {
                return Ok(());
            }
            let rights = permissions::rights(&account.descriptor, &user.token);
            may(
                rights.write_account_control,
                user,
                "no right to write the account",
            )?;
            set_enabled(&mut account.computer, enabled);
            Ok(())
        })
        .await
    }

    async fn replace_values(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> Result<()> {
        let what = format!("change `{attribute}` of {guid}");
        self.change(what, |domain, user| {
            let account = domain.account(guid).ok_or(DirectoryErrorKind::NotFound)?;
            let rights = permissions::rights(&account.descriptor, &user.token);
            may(
                rights.can_write(attribute),
                user,
                "no right to write the attribute",
            )?;
            let computer = &account.computer;
            // Every service principal name belongs to one object only (seen in the lab:
            // constraintViolation).
            let taken = add.iter().find_map(|spn| {
                let mut others = domain.holders(spn).filter(|other| other.guid != *guid);
                others
                    .next()
                    .map(|other| format!("`{spn}` of `{}`", other.dn))
            });
            if let Some(with) = taken.filter(|_| attribute == "servicePrincipalName") {
                return Err(DirectoryErrorKind::Conflict { with });
            }
            let mut values = match attribute {
                "servicePrincipalName" => computer.spns.clone(),
                "msDS-AdditionalDnsHostName" => computer.additional_dns_host_names.clone(),
                other => {
                    return Err(DirectoryErrorKind::Unusable(format!(
                        "the simulated directory does not keep `{other}`"
                    )));
                }
            };
            let is = |list: &[String], value: &str| {
                list.iter().any(|one| one.eq_ignore_ascii_case(value))
            };
            values.retain(|value| !is(remove, value));
            for value in add {
                if !is(&values, value) {
                    values.push(value.clone());
                }
            }
            values.sort();
            let computer = &mut object(domain, guid)?.computer;
            match attribute {
                "servicePrincipalName" => computer.spns = values,
                _ => computer.additional_dns_host_names = values,
            }
            Ok(())
        })
        .await
    }

    async fn delete_computer(&self, guid: &Guid, name: &str) -> Result<()> {
        let what = format!("delete the computer account `{name}` ({guid})");
        self.change(what, |domain, user| {
            let Some(account) = domain.computers.get(guid) else {
                return Ok(());
            };
            let rights = permissions::rights(&account.descriptor, &user.token);
            may(rights.delete, user, "no right to delete the account")?;
            if !account.computer.account_name.eq_ignore_ascii_case(name) {
                return Err(DirectoryErrorKind::Changed {
                    what: "sAMAccountName".to_owned(),
                    expected: name.to_owned(),
                    found: account.computer.account_name.clone(),
                });
            }
            domain.computers.remove(guid);
            Ok(())
        })
        .await
    }
}
