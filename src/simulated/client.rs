//! A client that wants the files under the old name: who serves it, and how long nobody does.

use std::net::IpAddr;

use super::machine::Key;
use super::machine::Machine;
use super::timing::Millis;
use super::twin::Twin;
use crate::run::Place;

/// What a client sees over time.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    /// Who serves it from each moment on.
    seen: Vec<(Millis, Option<Place>)>,
    /// The key of the tickets that clients got before anything happened.
    pub(super) old_ticket: Option<Key>,
}

impl Client {
    pub(super) fn observe(&mut self, now: Millis, served: Option<Place>) {
        if self.seen.last().map(|(_, last)| *last) != Some(served) {
            self.seen.push((now, served));
        }
    }

    /// How long in all nobody served it, up to `now`.
    pub(super) fn outage(&self, now: Millis) -> Millis {
        let ends = self.seen.iter().skip(1).map(|(at, _)| *at).chain([now]);
        let spans = self.seen.iter().zip(ends);
        spans
            .filter(|((_, served), _)| served.is_none())
            .map(|((from, _), to)| to.saturating_sub(*from))
            .sum()
    }

    /// From when to when nobody served it, at most: the first loss and the last return.
    pub(super) fn span(&self) -> Option<(Millis, Millis)> {
        let lost = self.seen.iter().find(|(_, served)| served.is_none())?.0;
        let back = self.seen.last().filter(|(_, served)| served.is_some())?.0;
        Some((lost, back))
    }
}

/// Who serves a client that asks for the old name with a new ticket: the name leads to an address,
/// a machine answers there with its file service, and in a domain it has the key that the domain
/// controller has encrypted the ticket with.
///
/// Samba finds the key in its keytab, which a leave does not touch, and its domain controller gives
/// tickets for a disabled account (both seen in the lab): service ends with the rename, not with
/// the leave. Windows has one key, its own password, and none after a leave.
pub(super) fn served(twin: &Twin) -> Option<Place> {
    let name = &twin.old_name;
    let found: Vec<IpAddr> = match &twin.domain {
        Some(domain) if twin.by_domain => domain.zone.seen(name, twin.now),
        // In a workgroup whoever bears the name answers for it.
        _ => twin
            .machines
            .values()
            .filter(|machine| machine.is_on() && machine.answers_to(name))
            .flat_map(|machine| machine.nics.iter().flat_map(|nic| &nic.live))
            .map(|live| live.address)
            .collect(),
    };
    let serves = |machine: &&Machine| {
        machine.listens(445, twin.now)
            && if twin.by_domain {
                ticket_key(twin).is_some_and(|key| opens(machine, key))
            } else {
                machine.answers_to(name)
            }
    };
    let answers = found.into_iter().filter_map(|address| twin.at(address));
    answers.filter(serves).map(|machine| machine.place).next()
}

/// The key that a new ticket for the old name is encrypted with.
pub(super) fn ticket_key(twin: &Twin) -> Option<Key> {
    let domain = twin.domain.as_ref().filter(|domain| domain.answers)?;
    let account = &domain.serving(&twin.old_name)?.computer;
    // Windows' domain controllers give no ticket for a disabled account.
    if !account.enabled && !domain.samba {
        return None;
    }
    Some(Key {
        account: account.guid,
        version: account.key_version?,
    })
}

pub(super) fn opens(machine: &Machine, key: Key) -> bool {
    if machine.system.is_windows() {
        machine.member == Some(key) && machine.settled
    } else {
        machine.keytab.contains(&key)
    }
}
