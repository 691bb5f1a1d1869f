//! The ways from the orchestrator to the two servers, the directory and the sealed secrets.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::Value;
use zeroize::Zeroizing;

use super::ActionError;
use super::Credentials;
use super::chain_of;
use super::chance::Chance;
use super::error::ActionErrorKind;
use crate::directory::Directory;
use crate::host::Connections;
use crate::host::Guard;
use crate::host::Host;
use crate::host::JoinCredential;
use crate::host::Knock;
use crate::host::Logon;
use crate::host::LogonMethod;
use crate::host::Machines;
use crate::host::knock;
use crate::plan::Inventory;
use crate::plan::TransportKind;
use crate::run::Account;
use crate::run::Place;
use crate::run::Reach;
use crate::run::RunId;
use crate::store::Sealer;
use crate::store::Store;

/// The name of the temporary local administrator (the document's row 11).
pub(super) const TEMPORARY_ACCOUNT: &str = "MsftSmsStorMigratSvc";

/// Everything outside the run that actions reach.
pub struct World {
    inventory: Arc<Inventory>,
    credentials: Credentials,
    orchestrator: String,
    machines: Option<Arc<dyn Machines>>,
    chance: Chance,
    pub(super) state: Option<PathBuf>,
    directory: Option<Arc<dyn Directory>>,
    /// Where a host's joining credential is another one than the directory's.
    joining: BTreeMap<Place, Arc<dyn Directory>>,
    vault: Option<(Arc<dyn Store>, Sealer)>,
    gives_up: Option<RunId>,
    /// Servers that were found where they were before the run: they are looked for there first.
    elsewhere: Mutex<BTreeSet<Place>>,
}

impl World {
    /// A world without machines and directory; only what acts on the orchestrator works in it.
    pub fn new(inventory: Arc<Inventory>, credentials: Credentials, orchestrator: String) -> Self {
        Self {
            inventory,
            credentials,
            orchestrator,
            machines: None,
            chance: Chance::default(),
            state: None,
            directory: None,
            joining: BTreeMap::new(),
            vault: None,
            gives_up: None,
            elsewhere: Mutex::default(),
        }
    }

    /// Adds the way to the two servers.
    #[must_use]
    pub fn with_machines(mut self, machines: Arc<dyn Machines>) -> Self {
        self.machines = Some(machines);
        self
    }

    /// Draws names, passwords and keys from a seed, so that a run can be repeated to the byte.
    ///
    /// For rehearsals only: whoever knows the seed knows the secrets.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.chance = Chance::from_seed(seed);
        self
    }

    /// Lets stages act on the orchestrator, whose lock and fence lie in this folder.
    #[must_use]
    pub fn with_orchestrator(mut self, state: PathBuf) -> Self {
        self.state = Some(state);
        self
    }

    /// Adds the way to the directory.
    #[must_use]
    pub fn with_directory(mut self, directory: Arc<dyn Directory>) -> Self {
        self.directory = Some(directory);
        self
    }

    /// Adds the directory as a host's own joining credential sees it.
    #[must_use]
    pub fn with_joining(mut self, place: Place, directory: Arc<dyn Directory>) -> Self {
        self.joining.insert(place, directory);
        self
    }

    /// Names the run that has changed nothing and is given up before a new one begins: who obeys it
    /// is free.
    #[must_use]
    pub fn with_given_up(mut self, run: Option<RunId>) -> Self {
        self.gives_up = run;
        self
    }

    /// Adds the sealed secrets.
    #[must_use]
    pub fn with_vault(mut self, store: Arc<dyn Store>, sealer: Sealer) -> Self {
        self.vault = Some((store, sealer));
        self
    }

    /// The orchestrator, in words for a person.
    pub fn orchestrator(&self) -> &str {
        &self.orchestrator
    }

    /// Returns a text without any secret of the inventory.
    pub fn clean(&self, text: &str) -> String {
        self.credentials.clean(text)
    }

    /// Returns a value without any secret of the inventory in its texts.
    pub fn clean_value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.clean(&text)),
            Value::Array(list) => Value::Array(
                list.into_iter()
                    .map(|value| self.clean_value(value))
                    .collect(),
            ),
            Value::Object(map) => map
                .into_iter()
                .map(|(key, value)| (key, self.clean_value(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            other => other,
        }
    }

    /// Notes that a server was found where it was before the run.
    pub(super) fn note_elsewhere(&self, place: Place) {
        let mut places = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        places.insert(place);
    }

    /// Whether a server was found where it was before the run: an address that nobody holds any more
    /// takes seconds to say so, at each look.
    pub(super) fn was_elsewhere(&self, place: Place) -> bool {
        let places = self
            .elsewhere
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        places.contains(&place)
    }

    /// The run that is as good as given up.
    pub(super) fn gives_up(&self) -> Option<&RunId> {
        self.gives_up.as_ref()
    }

    /// Where actions draw from.
    pub(super) fn chance(&self) -> &Chance {
        &self.chance
    }

    /// Knocks at a port as seen from the orchestrator.
    pub(super) async fn knock(&self, address: &str, port: u16, limit: Duration) -> Knock {
        match &self.machines {
            Some(machines) => machines.knock(address, port, limit).await,
            None => knock(address, port, limit).await,
        }
    }

    pub(super) fn machines(&self) -> Result<&Arc<dyn Machines>, ActionError> {
        self.machines
            .as_ref()
            .ok_or_else(|| ActionError::refused("this run has no way to the two servers"))
    }

    pub(super) fn local(&self, guard: Guard) -> Result<Arc<dyn Host>, ActionError> {
        let machines = self.machines.as_ref();
        if let Some(own) = machines.and_then(|machines| machines.orchestrator(guard.clone())) {
            return Ok(own);
        }
        match &self.state {
            Some(state) => Ok(Connections::local(state, guard)?),
            None => Err(ActionError::refused(
                "this run cannot act on the orchestrator",
            )),
        }
    }

    pub(super) fn directory(&self) -> Result<Arc<dyn Directory>, ActionError> {
        self.directory
            .clone()
            .ok_or_else(|| ActionError::refused("the inventory has no `directory`"))
    }

    pub(super) fn directory_as_joining(
        &self,
        place: Place,
    ) -> Result<Arc<dyn Directory>, ActionError> {
        match self.joining.get(&place) {
            Some(directory) => Ok(Arc::clone(directory)),
            None => self.directory(),
        }
    }

    /// How `account` logs on to a host of this run.
    pub(super) async fn logon(
        &self,
        run: &RunId,
        place: Place,
        account: Account,
    ) -> Result<Logon, ActionError> {
        match account {
            Account::Given => {
                let spec = self.inventory.host(place).ok_or_else(|| {
                    ActionError::refused(format!("`{place}` is not one of the two servers"))
                })?;
                self.credentials
                    .logon(&spec.credential)
                    .map_err(|error| refused(&error))
            }
            Account::Temporary if !self.logs_on_by_key(place) => {
                let password = self.secret(run, &temporary_password(place)).await?;
                let password = password.ok_or_else(|| {
                    ActionError::refused(format!(
                        "the password of the temporary account on the {place} is not in the store"
                    ))
                })?;
                let text = String::from_utf8(password.to_vec()).map_err(|error| refused(&error))?;
                Ok(Logon {
                    username: TEMPORARY_ACCOUNT.to_owned(),
                    scope_domain: false,
                    method: LogonMethod::Password(SecretString::from(text)),
                })
            }
            Account::Temporary => {
                let key = self
                    .secret(run, &temporary_key(place))
                    .await?
                    .ok_or_else(|| {
                        ActionError::refused(format!(
                            "the key of the temporary account on the {place} is not in the store"
                        ))
                    })?;
                let key = String::from_utf8(key.to_vec()).map_err(|error| refused(&error))?;
                Ok(Logon {
                    username: TEMPORARY_ACCOUNT.to_owned(),
                    scope_domain: false,
                    method: LogonMethod::PrivateKeyText(SecretString::from(key)),
                })
            }
        }
    }

    /// Whether the temporary account of a host logs on by a key: SSH takes one, WinRM does not.
    pub(super) fn logs_on_by_key(&self, place: Place) -> bool {
        let host = self.inventory.host(place);
        host.is_none_or(|host| host.transport() == TransportKind::Ssh)
    }

    /// Who joins a host to the domain and takes it out.
    pub(super) fn join_credential(&self, place: Place) -> Result<JoinCredential, ActionError> {
        let own = self
            .inventory
            .host(place)
            .and_then(|spec| spec.join_credential.clone());
        let name = own
            .or_else(|| {
                self.inventory
                    .directory
                    .as_ref()
                    .map(|spec| spec.credential.clone())
            })
            .ok_or_else(|| ActionError::refused("the inventory has no `directory`"))?;
        let (username, password) = self
            .credentials
            .password(&name)
            .map_err(|error| refused(&error))?;
        Ok(JoinCredential { username, password })
    }

    pub(super) async fn secret(
        &self,
        run: &RunId,
        name: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ActionError> {
        let Some((store, sealer)) = &self.vault else {
            return Ok(None);
        };
        let sealed = store
            .secret(run, name)
            .await
            .map_err(|error| refused(&error))?;
        sealed
            .map(|sealed| sealer.open(run, name, &sealed))
            .transpose()
            .map_err(|error| refused(&error))
    }

    /// Binds to the directory once, where there is one, so that a wrong password shows before
    /// anything else is done. A directory that does not answer is no error here: a stage that needs
    /// it will wait for it.
    pub async fn prove_directory(&self) -> Result<(), ActionError> {
        let Some(directory) = &self.directory else {
            return Ok(());
        };
        match directory.who_am_i().await.map_err(ActionError::from) {
            Err(error) if !error.heals() => Err(error),
            _ => Ok(()),
        }
    }

    /// Closes the connections to one server, so that the next look opens a new one.
    pub(super) async fn disconnect(&self, place: Place) -> Result<(), ActionError> {
        self.machines()?.close(place).await;
        Ok(())
    }

    /// Closes every connection.
    pub async fn close(&self) {
        if let Some(machines) = &self.machines {
            machines.close_all().await;
        }
    }
}

/// How both servers are reached before anything has happened.
pub fn first_reach(inventory: &Inventory) -> BTreeMap<Place, Reach> {
    let reach = |place| {
        let spec = inventory.host(place)?;
        let address = spec.address.to_string();
        let name = spec.name.clone().unwrap_or_default();
        Some((
            place,
            Reach {
                address,
                name,
                account: Account::Given,
            },
        ))
    };
    [Place::Source, Place::Destination]
        .into_iter()
        .filter_map(reach)
        .collect()
}

/// The names of all secrets that stages of a run may have sealed.
pub fn sealed_names() -> Vec<String> {
    let of = |place| {
        let recorded = ["secrets", "keytab"].map(|name| format!("{place}/{name}"));
        let made = [temporary_key(place), temporary_password(place)];
        recorded.into_iter().chain(made)
    };
    [Place::Source, Place::Destination]
        .into_iter()
        .flat_map(of)
        .collect()
}

/// The name under which the temporary account's private key is sealed.
pub(super) fn temporary_key(place: Place) -> String {
    format!("{place}/temporary-key")
}

/// The name under which the temporary account's password is sealed.
pub(super) fn temporary_password(place: Place) -> String {
    format!("{place}/temporary-password")
}

pub(super) fn refused(error: &dyn std::error::Error) -> ActionError {
    ActionError {
        chain: chain_of(error),
        kind: ActionErrorKind::Final,
        in_doubt: false,
        within: None,
    }
}
