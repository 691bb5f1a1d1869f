//! Leaving the domain and joining it.

use std::collections::BTreeSet;

use super::change::Done;
use super::change::Outcome;
use super::code::ACCESS_DENIED;
use super::code::ALREADY_JOINED;
use super::code::Code;
use super::code::LOGON_FAILURE;
use super::code::NO_SUCH_DOMAIN;
use super::code::QUOTA_EXCEEDED;
use super::code::SAMBA_BAD_LOGON;
use super::code::SAMBA_NO_CONTROLLER;
use super::code::SAMBA_NO_RIGHT;
use super::code::SAMBA_SPN_CONFLICT;
use super::code::SPN_NOT_UNIQUE;
use super::code::USER_EXISTS;
use super::domain::Account;
use super::domain::User;
use super::hardening;
use super::machine::Key;
use super::permissions;
use super::system::System;
use super::twin::Twin;
use crate::directory::ACCOUNT_DISABLED;
use crate::directory::Computer;
use crate::directory::Guid;
use crate::directory::names;
use crate::host::HostErrorKind;
use crate::host::JoinTarget;
use crate::run::Place;

/// `UF_WORKSTATION_TRUST_ACCOUNT` ([MS-ADTS] 2.2.16).
const WORKSTATION: u32 = 0x1000;

/// Leaves the domain: the machine forgets its secret, and the account is disabled, not deleted.
///
/// Seen in the lab (`net ads leave --keep-account`): only bit 2 of `userAccountControl` changes, and
/// the keytab stays. On Windows the same is `NetUnjoinDomain` with `NETSETUP_ACCT_DELETE`, which
/// disables (lmjoin.h), and the machine is fully out only after a restart (row 33). Twice is once.
pub(super) fn leave(twin: &mut Twin, place: Place, username: &str, whole: bool) -> Outcome {
    let machine = twin.machine(place);
    let windows = machine.system.is_windows();
    let Some(key) = machine.member else {
        return Ok(Done::Nothing);
    };
    user(twin, windows, username)?;
    let machine = twin.machine_mut(place);
    machine.member = None;
    machine.settled = !machine.waits_for_restart();
    if !whole {
        return Ok(Done::Nothing);
    }
    if let Some(domain) = &mut twin.domain {
        if domain.read_only {
            return Err(read_only());
        }
        if let Some(account) = domain.computers.get_mut(&key.account) {
            set_enabled(&mut account.computer, false);
        }
    }
    Ok(Done::Nothing)
}

/// Joins the domain under the machine's name.
pub(super) fn join(
    twin: &mut Twin,
    place: Place,
    username: &str,
    target: &JoinTarget,
    whole: bool,
) -> Outcome {
    let machine = twin.machine(place);
    let (system, windows) = (machine.system, machine.system.is_windows());
    if windows && machine.member.is_some() {
        return Err(failed(ALREADY_JOINED, "the machine is a member already"));
    }
    // Between a leave and the restart that makes it complete, Windows is still half a member.
    if windows && !machine.settled {
        return Err(failed(
            ALREADY_JOINED,
            "the machine has left its domain and was not restarted since",
        ));
    }
    let user = user(twin, windows, username)?;
    let machine = twin.machine(place);
    let name = match (system, &machine.next_name) {
        (System::Windows(release), Some(next)) if release.joins_under_new_name() => next.clone(),
        (System::Windows(_), _) => machine.name.clone(),
        (System::Linux, _) => machine.smb_name.clone(),
    };
    let alternates = machine.alternates.clone();
    let present = twin
        .domain()?
        .by_name(&name)
        .map(|account| account.computer.guid);
    let guid = match present {
        Some(guid) => {
            may_take_over(twin, guid, &user, windows, target)?;
            guid
        }
        None => create(twin, &name, &user, windows, target)?,
    };
    let now = twin.now;
    let wanted = spns(twin, &name, windows, &alternates)?;
    let conflict = twin.domain()?.computers.values().find_map(|account| {
        let other = account.computer.guid != guid;
        let spn = account
            .computer
            .spns
            .iter()
            .find(|spn| other && wanted.iter().any(|one| one.eq_ignore_ascii_case(spn)))?;
        Some((account.computer.dn.clone(), spn.clone()))
    });
    let domain = twin.domain_mut()?;
    if domain.read_only {
        return Err(read_only());
    }
    let domain_name = domain.name.clone();
    let account = domain
        .computers
        .get_mut(&guid)
        .ok_or_else(|| failed(ACCESS_DENIED, "the account is gone"))?;
    set_enabled(&mut account.computer, true);
    if let Some((dn, spn)) = conflict {
        // Half a join: the account is enabled, the machine is no member (seen in the lab).
        let words = format!("`{spn}` belongs to `{dn}`");
        return Err(HostErrorKind::NameTaken {
            words: if windows {
                SPN_NOT_UNIQUE.said(&words)
            } else {
                SAMBA_SPN_CONFLICT.said(&words)
            },
        });
    }
    if !whole {
        return Ok(Done::Nothing);
    }
    let version = account.computer.key_version.unwrap_or(1) + 1;
    let computer = &mut account.computer;
    computer.key_version = Some(version);
    computer.password_last_set = Some(super::directory::file_time(now));
    computer.operating_system = Some(system.to_string());
    computer.dns_host_name = Some(names::fully_qualified(&name, &domain_name));
    let missing: Vec<String> = wanted
        .into_iter()
        .filter(|one| {
            !computer
                .spns
                .iter()
                .any(|own| own.eq_ignore_ascii_case(one))
        })
        .collect();
    computer.spns.extend(missing);
    computer.spns.sort();
    let key = Key {
        account: guid,
        version,
    };
    let machine = twin.machine_mut(place);
    machine.member = Some(key);
    // Accounts of the domain log on to Windows only after the restart (rows 50, 51, 83).
    machine.settled = !machine.waits_for_restart();
    if !windows {
        machine.keytab.insert(key);
    }
    if machine.settled {
        twin.register_in_dns(place);
    }
    Ok(Done::Nothing)
}

fn may_take_over(
    twin: &Twin,
    guid: Guid,
    user: &User,
    windows: bool,
    target: &JoinTarget,
) -> Result<(), HostErrorKind> {
    let domain = twin.domain()?;
    let Some(account) = domain.account(&guid) else {
        return Ok(());
    };
    // An account that is there already is never moved (lmjoin.h, `lpAccountOU`).
    if windows && target.container.is_some() {
        return Err(failed(
            USER_EXISTS,
            "the account exists, and an organizational unit was given for it",
        ));
    }
    let rights = permissions::rights(&account.descriptor, &user.token);
    if !(rights.reset_password && rights.write_account_control) {
        let words = format!("`{}` may not reset the account", user.name);
        let code = if windows {
            ACCESS_DENIED
        } else {
            SAMBA_NO_RIGHT
        };
        return Err(no_right(user, code, &words));
    }
    match hardening::refuses(domain, account, user).filter(|_| windows) {
        Some(words) => Err(HostErrorKind::NoRight {
            username: user.name.clone(),
            words,
        }),
        None => Ok(()),
    }
}

/// Makes a new account in the given container, by right or by the quota of every user
/// (`ms-DS-MachineAccountQuota`, which counts in the default container only).
fn create(
    twin: &mut Twin,
    name: &str,
    user: &User,
    windows: bool,
    target: &JoinTarget,
) -> Result<Guid, HostErrorKind> {
    let domain = twin.domain()?;
    let granted = permissions::may_create(domain, user);
    let parent = match &target.container {
        Some(path) => {
            let parts = path.split('/').rev().map(|part| format!("OU={part},"));
            format!("{}{}", parts.collect::<String>(), domain.dn())
        }
        None => domain.default_container(),
    };
    let made = domain
        .computers
        .values()
        .filter(|account| account.computer.creator.as_ref() == Some(&user.sid))
        .count();
    if !granted && target.container.is_some() {
        let code = if windows {
            ACCESS_DENIED
        } else {
            SAMBA_NO_RIGHT
        };
        return Err(no_right(user, code, "no right to create computers there"));
    }
    if !granted && made >= usize::try_from(domain.quota).unwrap_or(usize::MAX) {
        return Err(no_right(
            user,
            QUOTA_EXCEEDED,
            "the quota of accounts is used up",
        ));
    }
    if domain.read_only {
        return Err(read_only());
    }
    let owner = if granted {
        domain.domain_admins()
    } else {
        user.sid.clone()
    };
    let creator = (!granted).then(|| user.sid.clone());
    Ok(add(twin, name, &parent, owner, creator))
}

/// Adds an account to the directory.
pub(super) fn add(
    twin: &mut Twin,
    name: &str,
    parent: &str,
    owner: crate::directory::Sid,
    creator: Option<crate::directory::Sid>,
) -> Guid {
    let guid = Guid::new(twin.draw());
    let now = twin.now;
    let Some(domain) = &mut twin.domain else {
        return guid;
    };
    let sid = domain.sid_of(domain.next_rid);
    domain.next_rid += 1;
    let upper = name.to_uppercase();
    let computer = Computer {
        dn: format!("CN={upper},{parent}"),
        guid,
        sid,
        account_name: upper,
        parent: parent.to_owned(),
        enabled: true,
        user_account_control: WORKSTATION,
        groups: Vec::new(),
        spns: Vec::new(),
        dns_host_name: None,
        additional_dns_host_names: Vec::new(),
        owner: Some(owner.clone()),
        creator,
        operating_system: None,
        key_version: Some(1),
        password_last_set: Some(super::directory::file_time(now)),
        when_changed: None,
    };
    let descriptor = permissions::of_new_account(domain, owner);
    let account = Account {
        computer,
        descriptor,
    };
    domain.computers.insert(guid, account);
    guid
}

/// The names that a join writes: `HOST` and `RestrictedKrbHost`; Samba adds `HOST` of the alternate
/// names at once (both seen in the lab).
pub(super) fn spns(
    twin: &Twin,
    name: &str,
    windows: bool,
    alternates: &[String],
) -> Result<Vec<String>, HostErrorKind> {
    let domain = &twin.domain()?.name;
    let mut wanted = if windows {
        names::host_spns(name, domain).to_vec()
    } else {
        // Samba spells its own name in capitals, with the domain behind it too (seen in the lab).
        let name = name.to_uppercase();
        vec![format!("HOST/{name}"), format!("HOST/{name}.{domain}")]
    };
    let restricted = wanted
        .iter()
        .map(|spn| spn.replace("HOST/", "RestrictedKrbHost/"));
    wanted.extend(restricted.collect::<Vec<_>>());
    if !windows {
        wanted.extend(alternates.iter().map(|name| format!("HOST/{name}")));
    }
    let distinct: BTreeSet<String> = wanted.into_iter().collect();
    Ok(distinct.into_iter().collect())
}

pub(super) fn set_enabled(computer: &mut Computer, enabled: bool) {
    computer.enabled = enabled;
    if enabled {
        computer.user_account_control &= !ACCOUNT_DISABLED;
    } else {
        computer.user_account_control |= ACCOUNT_DISABLED;
    }
}

/// The user of the domain that a join or leave is done by.
fn user(twin: &Twin, windows: bool, username: &str) -> Result<User, HostErrorKind> {
    let domain = twin.domain()?;
    if !domain.answers {
        let code = if windows {
            NO_SUCH_DOMAIN
        } else {
            SAMBA_NO_CONTROLLER
        };
        return Err(HostErrorKind::DomainUnreachable {
            words: code.said(&format!("`{}` does not answer", domain.server)),
        });
    }
    domain.user(username).cloned().ok_or_else(|| {
        let code = if windows {
            LOGON_FAILURE
        } else {
            SAMBA_BAD_LOGON
        };
        HostErrorKind::CredentialRefused {
            username: username.to_owned(),
            words: code.said("the domain does not know the user, or the password is wrong"),
        }
    })
}

fn no_right(user: &User, code: Code, words: &str) -> HostErrorKind {
    HostErrorKind::NoRight {
        username: user.name.clone(),
        words: code.said(words),
    }
}

fn failed(code: Code, words: &str) -> HostErrorKind {
    HostErrorKind::Failed {
        code: i32::try_from(code.number).unwrap_or(i32::MAX),
        stderr: code.said(words),
    }
}

fn read_only() -> HostErrorKind {
    HostErrorKind::Failed {
        code: 5,
        stderr: ACCESS_DENIED.said("the domain controller takes no changes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Naming;
    use crate::plan::Source;
    use crate::plan::load_inventory;
    use crate::simulated::Assumptions;
    use crate::simulated::make;
    use crate::simulated::naming;
    use crate::simulated::restart;

    const ADMIN: &str = r"EXAMPLE\cutover";

    fn twin(of: &str) -> Twin {
        let inventory = load_inventory(&Source::from_text("x.yaml", of))
            .unwrap()
            .value;
        make::twin(&inventory, None, &Assumptions::default(), 1).unwrap()
    }

    fn target(container: Option<&str>) -> JoinTarget {
        JoinTarget {
            realm: "EXAMPLE.TEST".to_owned(),
            workgroup: "EXAMPLE".to_owned(),
            dc: "dc1.example.test".to_owned(),
            container: container.map(str::to_owned),
        }
    }

    fn renamed(twin: &mut Twin, to: &str) {
        let naming = Naming {
            from: "fs01".to_owned(),
            to: to.to_owned(),
            realm: None,
            address: None,
            drop_alternates: true,
            drop_keytab: true,
        };
        naming::rename(twin, Place::Source, &naming, true).unwrap();
    }

    fn restarted(twin: &mut Twin) {
        restart::goes_down(twin, Place::Source, false);
        restart::comes_up(twin, Place::Source);
    }

    fn joined_as(twin: &Twin) -> Option<String> {
        let key = twin.machine(Place::Source).member?;
        let account = twin.domain.as_ref()?.account(&key.account)?;
        Some(account.computer.account_name.clone())
    }

    fn refusal(outcome: Outcome) -> String {
        outcome.unwrap_err().to_string()
    }

    const NEW: &str = include_str!("../../examples/windows-2019-domain.yaml");
    const OLD: &str = include_str!("../../examples/windows-2003-domain.yaml");
    const LINUX: &str = include_str!("../../examples/linux-to-linux-domain.yaml");

    #[test]
    fn windows_joins_only_after_the_restart_that_completes_its_leave() {
        let mut twin = twin(NEW);
        leave(&mut twin, Place::Source, ADMIN, true).unwrap();
        renamed(&mut twin, "fs01-old");
        let early = join(&mut twin, Place::Source, ADMIN, &target(None), true);
        assert!(refusal(early).contains("error 2691"));
        restarted(&mut twin);
        join(&mut twin, Place::Source, ADMIN, &target(None), true).unwrap();
    }

    #[test]
    fn one_restart_serves_rename_and_join_but_not_on_windows_server_2003() {
        for (of, expected) in [(NEW, "FS01-OLD"), (OLD, "FS01")] {
            let mut twin = twin(of);
            leave(&mut twin, Place::Source, ADMIN, true).unwrap();
            restarted(&mut twin);
            renamed(&mut twin, "fs01-old");
            join(&mut twin, Place::Source, ADMIN, &target(None), true).unwrap();
            assert_eq!(joined_as(&twin).unwrap(), expected);
        }
    }

    #[test]
    fn an_account_that_is_there_is_not_moved() {
        let mut twin = twin(NEW);
        leave(&mut twin, Place::Source, ADMIN, true).unwrap();
        restarted(&mut twin);
        let moved = join(
            &mut twin,
            Place::Source,
            ADMIN,
            &target(Some("Servers")),
            true,
        );
        assert!(refusal(moved).contains("error 2224"));
    }

    #[test]
    fn a_leave_keeps_the_account_and_a_join_takes_it_up_again() {
        let mut twin = twin(LINUX);
        let before = twin.machine(Place::Source).member.unwrap();
        leave(&mut twin, Place::Source, ADMIN, true).unwrap();
        let account = |twin: &Twin| {
            let domain = twin.domain.as_ref().unwrap();
            domain.account(&before.account).unwrap().computer.clone()
        };
        assert!(!account(&twin).enabled);
        join(&mut twin, Place::Source, ADMIN, &target(None), true).unwrap();
        let after = twin.machine(Place::Source).member.unwrap();
        assert_eq!(after.account, before.account);
        assert!(after.version > before.version, "with another password");
        assert!(account(&twin).enabled);
    }

    #[test]
    fn whoever_is_unknown_or_out_of_quota_joins_nothing() {
        let mut twin = twin(LINUX);
        leave(&mut twin, Place::Source, ADMIN, true).unwrap();
        twin.machine_mut(Place::Source).smb_name = "OTHER".to_owned();
        let unknown = join(&mut twin, Place::Source, "nobody", &target(None), true);
        assert!(refusal(unknown).contains("attempted logon is invalid"));
        twin.domain.as_mut().unwrap().quota = 0;
        let exceeded = join(&mut twin, Place::Source, "somebody", &target(None), true);
        assert!(refusal(exceeded).contains("error 8557"));
        twin.domain.as_mut().unwrap().quota = 1;
        join(&mut twin, Place::Source, "somebody", &target(None), true).unwrap();
    }

    #[test]
    fn an_alias_of_another_object_leaves_half_a_join() {
        let mut twin = twin(LINUX);
        leave(&mut twin, Place::Source, ADMIN, true).unwrap();
        let machine = twin.machine_mut(Place::Source);
        machine.smb_name = "OTHER".to_owned();
        machine.alternates = vec!["fs01".to_owned()];
        let conflict = join(&mut twin, Place::Source, ADMIN, &target(None), true);
        assert!(refusal(conflict).contains("would cause a conflict"));
        let domain = twin.domain.as_ref().unwrap();
        assert!(domain.by_name("other").unwrap().computer.enabled);
        assert_eq!(twin.machine(Place::Source).member, None);
    }
}
