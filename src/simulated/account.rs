//! Local accounts.

use super::change::Account;
use super::change::Done;
use super::change::Outcome;
use super::code::USER_EXISTS;
use super::machine::LocalAccount;
use super::machine::Machine;
use super::twin::Twin;
use crate::host::AccountState;
use crate::host::HostErrorKind;
use crate::run::Place;
use crate::run::RunId;

/// Creates a local administrator; one that this run made already is completed.
///
/// An account is there before it is an administrator and may log on by a key: cut in the middle it
/// is neither (`useradd` before its group and key; `net user /add` before `net localgroup`).
pub(super) fn create(twin: &mut Twin, place: Place, account: &Account, whole: bool) -> Outcome {
    let machine = twin.machine_mut(place);
    let key = account.name.to_lowercase();
    if machine
        .accounts
        .get(&key)
        .is_some_and(|there| there.marker.as_ref() != Some(&account.marker))
    {
        return Err(foreign(&account.name));
    }
    let made = LocalAccount {
        name: account.name.clone(),
        password: Some(account.password.clone()),
        key: account.key && whole,
        marker: Some(account.marker.clone()),
        administrator: whole,
    };
    machine.accounts.insert(key, made);
    Ok(Done::Nothing)
}

/// Removes an account that this run made; none is done.
pub(super) fn remove(twin: &mut Twin, place: Place, name: &str, run: &RunId) -> Outcome {
    let machine = twin.machine_mut(place);
    let key = name.to_lowercase();
    match machine.accounts.get(&key) {
        Some(there) if there.marker.as_ref() != Some(run) => Err(foreign(name)),
        _ => {
            machine.accounts.remove(&key);
            Ok(Done::Nothing)
        }
    }
}

pub(super) fn state(machine: &Machine, name: &str) -> AccountState {
    match machine.accounts.get(&name.to_lowercase()) {
        None => AccountState::default(),
        Some(account) => AccountState {
            exists: true,
            marker_run: account.marker.as_ref().map(ToString::to_string),
            password_set: true,
            key_set: account.key,
            administrator: account.administrator,
            processes: 0,
        },
    }
}

fn foreign(name: &str) -> HostErrorKind {
    HostErrorKind::Unsupported {
        words: USER_EXISTS.said(&format!("the account `{name}` was not made by this run")),
    }
}
