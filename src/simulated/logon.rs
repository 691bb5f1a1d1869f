//! Whom a machine lets in.

use secrecy::ExposeSecret as _;

use super::code::ACCESS_DENIED;
use super::code::LOGON_FAILURE;
use super::code::NO_LOGON_SERVERS;
use super::code::SSH_DENIED;
use super::code::TRUST_FAILURE;
use super::domain::plain;
use super::machine::Machine;
use super::system::System;
use super::twin::Twin;
use crate::host::HostErrorKind;
use crate::host::Logon;
use crate::host::LogonMethod;

/// The built-in administrator is exempt from the filter (KB951016; `FilterAdministratorToken` is 0
/// by default).
const BUILT_IN: &str = "administrator";

/// Lets somebody in over the network as an administrator, or says why not.
pub(super) fn logon(twin: &Twin, machine: &Machine, logon: &Logon) -> Result<(), HostErrorKind> {
    if logon.scope_domain {
        of_domain(twin, machine, &logon.username)
    } else {
        of_machine(machine, logon)
    }
}

/// An account of the domain works as long as the machine is a member whose secret the domain
/// accepts: not after it has left, and on Windows not before the restart that completes a join.
fn of_domain(twin: &Twin, machine: &Machine, username: &str) -> Result<(), HostErrorKind> {
    let refused = |words: String| HostErrorKind::LogonRefused {
        username: username.to_owned(),
        words,
    };
    let denied = |meaning: &str| {
        let code = if machine.by_ssh {
            SSH_DENIED
        } else {
            LOGON_FAILURE
        };
        refused(code.said(meaning))
    };
    let (Some(key), Some(domain)) = (machine.member, &twin.domain) else {
        return Err(denied("the machine is in no domain that knows the account"));
    };
    if !machine.settled {
        return Err(denied("the membership is in force only after a restart"));
    }
    if !domain.answers {
        return Err(refused(
            NO_LOGON_SERVERS.said("no domain controller answers"),
        ));
    }
    let account = domain
        .account(&key.account)
        .map(|account| &account.computer);
    let trusted =
        account.is_some_and(|account| account.enabled && account.key_version == Some(key.version));
    if !trusted {
        return Err(refused(TRUST_FAILURE.said(
            "the domain does not accept the machine's own password any more",
        )));
    }
    match domain.user(username) {
        Some(user) if user.token.contains(&domain.domain_admins()) => Ok(()),
        Some(_) => Err(HostErrorKind::PermissionDenied {
            words: ACCESS_DENIED.said("the account is no administrator of the machine"),
        }),
        None => Err(denied("the domain does not know the account")),
    }
}

/// An account of the machine works in or out of a domain; on Windows after 2003 it keeps its rights
/// over the network only if `LocalAccountTokenFilterPolicy` is 1 (KB951016; rows 13 and 25).
fn of_machine(machine: &Machine, logon: &Logon) -> Result<(), HostErrorKind> {
    let name = plain(&logon.username);
    let account =
        machine
            .accounts
            .get(&name)
            .filter(|account| match (&logon.method, &account.password) {
                (LogonMethod::Password(offered), Some(right)) => offered.expose_secret() == right,
                (LogonMethod::PrivateKeyText(_) | LogonMethod::PrivateKey(_), Some(_)) => {
                    account.key
                }
                (_, None) => true,
            });
    let Some(account) = account else {
        let code = if machine.by_ssh {
            SSH_DENIED
        } else {
            LOGON_FAILURE
        };
        return Err(HostErrorKind::LogonRefused {
            username: logon.username.clone(),
            words: code.said("the machine does not know the account, or the secret is wrong"),
        });
    };
    let filtered = matches!(machine.system, System::Windows(release) if release.filters_local_administrators())
        && name != BUILT_IN
        && machine.token_filter != Some(1);
    if filtered || !account.administrator {
        return Err(HostErrorKind::PermissionDenied {
            words: ACCESS_DENIED.said(&format!(
                "`{}` has no administrator's rights over the network: LocalAccountTokenFilterPolicy \
                 is not 1",
                account.name
            )),
        });
    }
    Ok(())
}
