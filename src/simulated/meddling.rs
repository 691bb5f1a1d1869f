//! What somebody else does to the twin while nobody drives the run.

use super::machine::LocalAccount;
use super::machine::Power;
use super::naming;
use super::permissions;
use super::twin::Twin;
use crate::directory::Guid;
use crate::run::Place;
use crate::run::RunId;

/// Somebody else's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meddling {
    /// A server is switched off.
    SwitchesOff(Place),
    /// The domain controller stops answering.
    SilencesDomain,
    /// A local account of this name is there, of this run's or nobody's making.
    MakesAccount(Place, String, Option<RunId>),
    /// A server gets alternate names.
    AddsAlternates(Place, Vec<String>),
    /// The permissions of the object that a server was are others.
    ChangesPermissions(String),
    /// The computer object of this name is deleted.
    DeletesObject(String),
    /// The computer object of this name has another one in its place.
    ReplacesObject(String),
}

/// Lets somebody do it. What is not there is left alone.
pub(super) fn meddle(twin: &mut Twin, meddling: &Meddling) {
    match meddling {
        Meddling::SwitchesOff(place) => {
            let now = twin.now;
            twin.cut_work(*place);
            let machine = twin.machine_mut(*place);
            machine.power = Power::Off { refuses: now };
            machine.at_work = None;
        }
        Meddling::SilencesDomain => {
            if let Some(domain) = &mut twin.domain {
                domain.answers = false;
            }
        }
        Meddling::MakesAccount(place, name, marker) => {
            let account = LocalAccount {
                name: name.clone(),
                marker: marker.clone(),
                administrator: true,
                ..LocalAccount::default()
            };
            let accounts = &mut twin.machine_mut(*place).accounts;
            accounts.insert(name.to_lowercase(), account);
        }
        Meddling::AddsAlternates(place, names) => naming::set_alternates(twin, *place, names),
        Meddling::ChangesPermissions(name) => {
            let somebody = twin.domain.as_ref().map(|domain| domain.sid_of(514));
            let account = object(twin, name).and_then(|guid| {
                let domain = twin.domain.as_mut()?;
                domain.computers.get_mut(&guid)
            });
            let dacl = account.and_then(|account| account.descriptor.dacl.as_mut());
            if let (Some(dacl), Some(somebody)) = (dacl, somebody) {
                dacl.entries.insert(0, permissions::full_control(somebody));
            }
        }
        Meddling::DeletesObject(name) => {
            let guid = object(twin, name);
            if let (Some(guid), Some(domain)) = (guid, &mut twin.domain) {
                domain.computers.remove(&guid);
            }
        }
        Meddling::ReplacesObject(name) => {
            let (guid, drawn) = (object(twin, name), Guid::new(twin.draw()));
            if let (Some(guid), Some(domain)) = (guid, &mut twin.domain)
                && let Some(mut account) = domain.computers.remove(&guid)
            {
                account.computer.guid = drawn;
                domain.computers.insert(drawn, account);
            }
        }
    }
}

fn object(twin: &Twin, name: &str) -> Option<Guid> {
    let account = twin.domain.as_ref()?.by_name(name)?;
    Some(account.computer.guid)
}
