//! A simulated machine as a [`Host`]: it takes virtual time, lets faults strike, and asks the twin.

use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use serde_json::Value;
use serde_json::json;
use zeroize::Zeroizing;

use super::account;
use super::change::Account;
use super::change::Change;
use super::change::Confirmation;
use super::change::Done;
use super::change::Names;
use super::change::Secrets;
use super::fault::Act;
use super::fault::FaultKind;
use super::fault::acting;
use super::logon;
use super::machine::Key;
use super::machine::Machine;
use super::naming;
use super::network;
use super::simulation::Simulation;
use super::timing;
use super::timing::Millis;
use super::timing::Of;
use super::twin::Extent;
use super::twin::Twin;
use crate::host::{
    AccountState, Adapter, DomainFacts, DomainSecrets, Facts, Guard, Host, HostError,
    HostErrorKind, HostSnapshot, JoinCredential, JoinTarget, Logon, Membership, MembershipQuestion,
    Naming, NetworkChange, NewAccount, Obeyed, Part, Pin, RestartAnswer, ScriptIntent,
    ScriptResult, ScriptRun, Services,
};
use crate::run::Place;
use crate::run::Sealed;

/// How long between two looks at a lock that another change holds.
const LOCK_AGAIN: Millis = 200;
/// What `--fault …=dns-late` makes of the replication.
const LATE: Millis = 20 * 60_000;

/// A connection to one boot of one machine.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) place: Place,
    pub(super) address: IpAddr,
    pub(super) boot: String,
    pub(super) logon: Logon,
}

impl Session {
    /// A session breaks when the machine restarts or gives the address up. One of SSH outlives the
    /// account that opened it; WinRM proves the account with every request.
    pub(super) fn check(&self, twin: &Twin) -> Result<(), HostErrorKind> {
        let lost = |words: &str| HostErrorKind::ConnectionLost {
            words: words.to_owned(),
        };
        if self.place == Place::Orchestrator {
            return Ok(());
        }
        let machine = twin
            .at(self.address)
            .filter(|machine| machine.place == self.place)
            .ok_or_else(|| lost("nobody answers at the address any more"))?;
        if machine.boot() != self.boot {
            return Err(lost("connection reset by peer"));
        }
        if !machine.profile_allows() {
            return Err(lost("no answer any more"));
        }
        if machine.by_ssh {
            return Ok(());
        }
        logon::logon(twin, machine, &self.logon)
    }
}

/// A simulated machine, reached and logged on to.
pub(super) struct SimulatedHost {
    simulation: Simulation,
    session: Session,
    label: String,
    pin: Pin,
    guard: Guard,
}

impl SimulatedHost {
    pub(super) fn new(
        simulation: Simulation,
        session: Session,
        label: String,
        pin: Pin,
        guard: Guard,
    ) -> Self {
        Self {
            simulation,
            session,
            label,
            pin,
            guard,
        }
    }

    fn told<T>(&self, doing: &str, result: Result<T, HostErrorKind>) -> Result<T, HostError> {
        result.map_err(|kind| HostError {
            what: format!("{doing} on {}", self.label),
            kind,
        })
    }

    /// Looks at the machine; takes the time that a look takes.
    async fn look<T>(
        &self,
        what: &str,
        see: impl FnOnce(&Twin, &Machine) -> Result<T, HostErrorKind> + Send,
    ) -> Result<T, HostError> {
        let under = acting();
        let (span, struck) = self.simulation.with(|twin| {
            let span = Of::Look.millis(twin.machine(self.session.place).system);
            (span, twin.faults.strike(under.as_ref(), &Act::Look))
        });
        self.simulation.work(span).await;
        let seen = match struck {
            Some(FaultKind::Timeout) => {
                self.simulation.pause(self.limit()).await;
                Err(self.timed_out())
            }
            Some(FaultKind::Refused) => Err(refused()),
            Some(FaultKind::PowerCut) => {
                self.simulation.cut_power();
                Err(lost())
            }
            Some(_) => Err(lost()),
            None => self.simulation.with(|twin| {
                self.session.check(twin)?;
                see(twin, twin.machine(self.session.place))
            }),
        };
        self.told(what, seen)
    }

    /// Changes the machine under its lock and fence.
    async fn change(&self, change: Change) -> Result<Done, HostError> {
        let what = change.words();
        let done = self.do_change(change).await;
        self.told(&what, done)
    }

    async fn do_change(&self, change: Change) -> Result<Done, HostErrorKind> {
        self.free_lock().await?;
        let under = acting();
        let place = self.session.place;
        let limit = self.limit();
        let begun = self.simulation.with(|twin| {
            self.session.check(twin)?;
            self.check_fence(twin, &change)?;
            // The last act of a run is no stage's.
            // The run's first act on its way back and its last one are no stage's.
            let of_the_run = match change {
                Change::Unfence => true,
                Change::Fence => acting().is_none(),
                _ => false,
            };
            if !of_the_run {
                twin.compare(under.as_ref(), &change.words());
            }
            let system = twin.machine(place).system;
            let span = twin.around(timing::of_change(&change, system));
            let span = self.simulation.paced(span);
            let struck = twin.faults.strike(under.as_ref(), &Act::Change(&change));
            let (how, span) = match struck {
                Some(FaultKind::Refused) => return Err(refused()),
                Some(FaultKind::Timeout) => (Extent::Never, limit),
                Some(FaultKind::ConnectionLost) => (Extent::Part, span / 2),
                Some(FaultKind::WrongResult) => (Extent::Pretended, span),
                Some(FaultKind::RestartNeverReturns) => (Extent::WithoutReturn, span),
                Some(FaultKind::DirectoryReadOnly) => {
                    if let Some(domain) = &mut twin.domain {
                        domain.read_only = true;
                    }
                    (Extent::Whole, span)
                }
                Some(FaultKind::DnsLate) => {
                    if let Some(domain) = &mut twin.domain {
                        domain.zone.replication = LATE;
                    }
                    (Extent::Whole, span)
                }
                Some(FaultKind::AddressConflict) => {
                    if let Change::Map(change) = &change {
                        let texts = change.addresses.iter();
                        let bare =
                            texts.filter_map(|text| text.split('/').next()?.parse::<IpAddr>().ok());
                        twin.strangers.extend(bare);
                    }
                    (Extent::Whole, span)
                }
                Some(FaultKind::ConnectionLostAfter | FaultKind::PowerCut) | None => {
                    (Extent::Whole, span)
                }
            };
            let at = twin.now + span;
            let number = twin.begin(place, self.guard.run.clone(), change.clone(), how, at);
            Ok((number, span, struck))
        });
        let (number, span, struck) = begun?;
        if struck == Some(FaultKind::PowerCut) {
            self.simulation.cut_power();
        }
        self.simulation.pause(span).await;
        let outcome = self.simulation.with(|twin| twin.take(number));
        match struck {
            Some(FaultKind::Timeout) => Err(self.timed_out()),
            Some(FaultKind::ConnectionLost | FaultKind::ConnectionLostAfter) => Err(lost()),
            _ => outcome.unwrap_or_else(|| Err(lost())),
        }
    }

    /// Waits for the machine's lock, as its guard does, up to the guard's limit.
    async fn free_lock(&self) -> Result<(), HostErrorKind> {
        let mut waited = 0;
        loop {
            let free = self.simulation.with(|twin| {
                self.session.check(twin)?;
                Ok(twin.machine(self.session.place).at_work.is_none())
            })?;
            if free {
                return Ok(());
            }
            if waited >= self.limit() {
                return Err(HostErrorKind::Busy {
                    words: "a change that was begun before".to_owned(),
                });
            }
            self.simulation.pause(LOCK_AGAIN).await;
            waited += LOCK_AGAIN;
        }
    }

    /// The machine obeys the run and epoch of its fence only.
    fn check_fence(&self, twin: &mut Twin, change: &Change) -> Result<(), HostErrorKind> {
        let machine = twin.machine_mut(self.session.place);
        let ours = (self.guard.run.clone(), self.guard.epoch);
        if let Some((run, epoch)) = &machine.fence
            && (*run != ours.0 || *epoch > ours.1)
        {
            return Err(HostErrorKind::Fenced {
                words: format!("it obeys run {run}, epoch {epoch}"),
            });
        }
        if machine.fence.is_some() || matches!(change, Change::Fence) {
            machine.fence = Some(ours);
        }
        Ok(())
    }

    fn limit(&self) -> Millis {
        u64::try_from(self.guard.limit.as_millis()).unwrap_or(Millis::MAX)
    }

    fn timed_out(&self) -> HostErrorKind {
        HostErrorKind::TimedOut {
            seconds: self.guard.limit.as_secs(),
        }
    }
}

fn lost() -> HostErrorKind {
    HostErrorKind::ConnectionLost {
        words: "connection reset by peer".to_owned(),
    }
}

fn refused() -> HostErrorKind {
    HostErrorKind::PermissionDenied {
        words: super::code::ACCESS_DENIED.said("the rehearsal's fault"),
    }
}

/// Whether the domain accepts a machine's own password.
pub(super) fn trusted(twin: &Twin, machine: &Machine) -> Option<bool> {
    let domain = twin.domain.as_ref().filter(|domain| domain.answers)?;
    let key = machine.member?;
    let account = domain
        .account(&key.account)
        .map(|account| &account.computer);
    Some(account.is_some_and(|account| account.enabled && account.key_version == Some(key.version)))
}

fn facts(twin: &Twin, machine: &Machine) -> Facts {
    let windows = machine.system.is_windows();
    let joined = machine.member.is_some();
    let configured = twin
        .domain
        .as_ref()
        .filter(|_| joined || !windows && twin.by_domain);
    Facts {
        name: machine.name.clone(),
        fqdn: twin
            .domain
            .as_ref()
            .filter(|_| joined)
            .map(|domain| crate::directory::names::fully_qualified(&machine.name, &domain.name)),
        os: machine.system.os(),
        os_version: machine.version.clone(),
        os_name: machine.words.clone(),
        domain_joined: joined,
        domain: configured.map(|domain| DomainFacts {
            realm: domain.realm(),
            workgroup: domain.workgroup.clone(),
        }),
        netbios_name: Some(if windows {
            machine.name.to_uppercase()
        } else {
            machine.smb_name.clone()
        }),
        clustered: machine.clustered,
        machine_id: machine.id.clone(),
        boot: machine.boot(),
        adapters: adapters(machine),
        alternates: machine.alternates.clone(),
        accounts: machine
            .accounts
            .values()
            .map(|one| one.name.clone())
            .collect(),
        refusals: machine.refusals.clone(),
    }
}

fn adapters(machine: &Machine) -> Vec<Adapter> {
    let shown = machine.nics.iter().map(network::adapter);
    shown.collect()
}

/// What of a snapshot may be journaled.
fn recorded(twin: &Twin, machine: &Machine) -> Value {
    let facts = facts(twin, machine);
    let files: serde_json::Map<String, Value> = facts
        .adapters
        .iter()
        .filter(|adapter| adapter.file.is_some())
        .map(|adapter| (adapter.name.clone(), json!(network_file(adapter))))
        .collect();
    json!({ "facts": facts, "networkFiles": files })
}

/// The keys as the snapshot seals them and a merge takes them.
fn keys_of(bytes: &[u8]) -> Result<BTreeSet<Key>, HostErrorKind> {
    serde_json::from_slice(bytes).map_err(|error| HostErrorKind::Unsupported {
        words: format!("the keytab is not one of this world: {error}"),
    })
}

fn sealed(name: &str, value: &impl serde::Serialize) -> Result<Sealed, HostErrorKind> {
    let bytes = serde_json::to_vec(value).map_err(|error| HostErrorKind::Answer {
        words: error.to_string(),
    })?;
    Ok(Sealed {
        name: name.to_owned(),
        bytes: Zeroizing::new(bytes),
    })
}

#[async_trait]
impl Host for SimulatedHost {
    fn pin(&self) -> Pin {
        self.pin.clone()
    }

    async fn facts(&self) -> Result<Facts, HostError> {
        self.look("gather facts", |twin, machine| Ok(facts(twin, machine)))
            .await
    }

    async fn record(&self) -> Result<Value, HostError> {
        self.look("look at what is recorded", |twin, machine| {
            Ok(recorded(twin, machine))
        })
        .await
    }

    async fn snapshot(&self) -> Result<HostSnapshot, HostError> {
        self.look("take the snapshot", |twin, machine| {
            let mut secrets = Vec::new();
            if let Some(key) = machine.member.filter(|_| !machine.system.is_windows()) {
                secrets.push(sealed("secrets", &key)?);
                secrets.push(sealed("keytab", &machine.keytab)?);
            }
            Ok(HostSnapshot {
                value: recorded(twin, machine),
                sealed: secrets,
            })
        })
        .await
    }

    async fn boot(&self) -> Result<String, HostError> {
        self.look("ask for the boot identity", |_, machine| Ok(machine.boot()))
            .await
    }

    async fn pending(&self) -> Result<bool, HostError> {
        self.look("ask whether a restart is due", |_, machine| {
            Ok(machine.next_name.is_some() || !machine.settled)
        })
        .await
    }

    async fn settle(&self) -> Result<(), HostError> {
        let settled = self.free_lock().await;
        self.told("wait for the last operation", settled)
    }

    async fn account(&self, name: &str) -> Result<AccountState, HostError> {
        self.look(&format!("look at the account `{name}`"), |_, machine| {
            Ok(account::state(machine, name))
        })
        .await
    }

    async fn membership(&self, question: &MembershipQuestion) -> Result<Membership, HostError> {
        let dc = question.dc.clone();
        self.look("look at the domain membership", |twin, machine| {
            let present = machine.member.is_some();
            let trusted = trusted(twin, machine);
            let accepted = match trusted {
                Some(true) => format!("accepted by {dc}"),
                Some(false) => format!("refused by {dc}"),
                None => "not asked".to_owned(),
            };
            let word = if present { "present" } else { "absent" };
            Ok(Membership {
                secret_present: present,
                trusted: trusted.or((!present).then_some(false)),
                dc_reachable: twin.domain.as_ref().is_some_and(|domain| domain.answers),
                netbios_name: machine.smb_name.clone(),
                keytab_present: !machine.keytab.is_empty(),
                saw: format!("machine password {word}; {accepted}"),
            })
        })
        .await
    }

    async fn naming(&self, naming: &Naming) -> Result<Vec<Part>, HostError> {
        self.look("look at the name", |_, machine| {
            Ok(naming::parts(machine, naming))
        })
        .await
    }

    async fn network(&self) -> Result<Vec<Adapter>, HostError> {
        self.look("look at the network adapters", |_, machine| {
            Ok(adapters(machine))
        })
        .await
    }

    async fn mapping(&self, change: &NetworkChange) -> Result<Vec<Part>, HostError> {
        let what = format!("look at the adapter `{}`", change.adapter);
        self.look(&what, |_, machine| network::parts(machine, change))
            .await
    }

    async fn alternates(&self, names: &[String]) -> Result<Vec<Part>, HostError> {
        self.look("look at the alternate names", |_, machine| {
            Ok(naming::alternate_parts(machine, names))
        })
        .await
    }

    async fn keytab_holds(&self, keytab: &[u8]) -> Result<bool, HostError> {
        self.look("look at the keytab", |_, machine| {
            Ok(keys_of(keytab)?.is_subset(&machine.keytab))
        })
        .await
    }

    async fn free_mib(&self, path: &str) -> Result<u64, HostError> {
        // Disks are no subject of a cutover: there is always room.
        self.look(&format!("look for room at `{path}`"), |_, _| Ok(1 << 20))
            .await
    }

    async fn obeys(&self) -> Result<Option<Obeyed>, HostError> {
        self.look("look at the fence", |_, machine| {
            let fence = machine.fence.as_ref();
            Ok(fence.map(|(run, epoch)| Obeyed {
                run: run.clone(),
                words: format!("driver {epoch}"),
            }))
        })
        .await
    }

    async fn services(&self) -> Result<Services, HostError> {
        self.look("look at the services", |twin, machine| {
            let ready = machine.serves_files(twin.now);
            let name = if machine.system.is_windows() {
                "LanmanServer"
            } else {
                "smbd"
            };
            Ok(Services {
                ready,
                waiting_for: if ready {
                    Vec::new()
                } else {
                    vec![name.to_owned()]
                },
            })
        })
        .await
    }

    async fn token_filter(&self) -> Result<Option<u32>, HostError> {
        self.look("look at the token filter policy", |_, machine| {
            windows_only(machine)?;
            Ok(machine.token_filter)
        })
        .await
    }

    async fn set_fence(&self) -> Result<(), HostError> {
        self.change(Change::Fence).await.map(drop)
    }

    async fn clear_fence(&self) -> Result<(), HostError> {
        self.change(Change::Unfence).await.map(drop)
    }

    async fn create_account(&self, account: &NewAccount) -> Result<(), HostError> {
        let account = Account {
            name: account.name.clone(),
            password: account.password.expose_secret().to_owned(),
            key: account.public_key.is_some(),
            marker: self.guard.run.clone(),
        };
        self.change(Change::CreateAccount(account)).await.map(drop)
    }

    async fn remove_account(&self, name: &str) -> Result<(), HostError> {
        self.change(Change::RemoveAccount(name.to_owned()))
            .await
            .map(drop)
    }

    async fn leave(&self, credential: &JoinCredential, _dc: &str) -> Result<(), HostError> {
        self.change(Change::Leave(credential.username.clone()))
            .await
            .map(drop)
    }

    async fn join(
        &self,
        credential: &JoinCredential,
        target: &JoinTarget,
    ) -> Result<(), HostError> {
        self.change(Change::Join(credential.username.clone(), target.clone()))
            .await
            .map(drop)
    }

    async fn rename(&self, naming: &Naming) -> Result<(), HostError> {
        self.change(Change::Rename(naming.clone())).await.map(drop)
    }

    async fn map_network(&self, change: &NetworkChange) -> Result<(), HostError> {
        self.change(Change::Map(change.clone())).await.map(drop)
    }

    async fn confirm_network(&self, change: &NetworkChange) -> Result<(), HostError> {
        let confirmation = Confirmation {
            adapter: change.adapter.clone(),
            token: change.token.clone(),
            change: change.clone(),
        };
        self.change(Change::Confirm(confirmation)).await.map(drop)
    }

    async fn announce(&self, addresses: &[String]) -> Result<Vec<Part>, HostError> {
        self.look("announce addresses", |_, machine| {
            let part = |address: &String| {
                let held = address.parse().is_ok_and(|address| machine.holds(address));
                naming::part(address, held, "announced".to_owned())
            };
            Ok(addresses.iter().map(part).collect())
        })
        .await
    }

    async fn restart(&self, boot: &str) -> Result<RestartAnswer, HostError> {
        let boot = boot.to_owned();
        match self.change(Change::Restart { boot }).await {
            Ok(Done::Restart(answer)) => Ok(answer),
            // The machine goes down under its own answer as often as not.
            Ok(Done::Nothing) => Ok(RestartAnswer::Asked),
            Err(error) if matches!(error.kind, HostErrorKind::ConnectionLost { .. }) => {
                Ok(RestartAnswer::Asked)
            }
            Err(error) => Err(error),
        }
    }

    async fn set_alternates(&self, names: &[String], _realm: &str) -> Result<(), HostError> {
        self.change(Change::SetAlternates(names.to_vec()))
            .await
            .map(drop)
    }

    async fn remove_alternates(&self) -> Result<(), HostError> {
        self.change(Change::RemoveAlternates).await.map(drop)
    }

    async fn merge_keytab(&self, keytab: &[u8]) -> Result<(), HostError> {
        let keys = self.told("merge the keytab", keys_of(keytab))?;
        self.change(Change::MergeKeytab(keys)).await.map(drop)
    }

    async fn restore_domain_secrets(&self, secrets: &DomainSecrets) -> Result<(), HostError> {
        let member = serde_json::from_slice(&secrets.secrets).ok();
        let keytab = secrets.keytab.as_ref().map(|bytes| keys_of(bytes));
        let keytab = self.told("restore the membership's secrets", keytab.transpose())?;
        let secrets = Secrets {
            member,
            keytab: keytab.unwrap_or_default(),
        };
        self.change(Change::RestoreSecrets(secrets)).await.map(drop)
    }

    async fn restore_names(&self, snapshot: &Value) -> Result<(), HostError> {
        let facts = HostSnapshot::facts(snapshot).ok_or_else(|| HostErrorKind::Unsupported {
            words: "the snapshot has no names of this machine".to_owned(),
        });
        let facts = self.told("restore the names", facts)?;
        let names = Names {
            name: facts.name,
            alternates: facts.alternates,
        };
        self.change(Change::RestoreNames(names)).await.map(drop)
    }

    async fn set_token_filter(&self, value: Option<u32>) -> Result<(), HostError> {
        let windows = self
            .simulation
            .with(|twin| windows_only(twin.machine(self.session.place)));
        self.told("set the token filter policy", windows)?;
        self.change(Change::SetTokenFilter(value)).await.map(drop)
    }

    /// A user's script is not run: it counts as done when it was asked for, and its probe says so.
    async fn run_script(&self, script: &ScriptRun) -> Result<ScriptResult, HostError> {
        let (stage, back) = acting()
            .map(|under| (under.stage.to_string(), under.back))
            .unwrap_or_default();
        let code = match script.intent {
            ScriptIntent::Look => {
                self.look("run the script", |_, machine| {
                    Ok(i32::from(!machine.scripts.contains(&stage)))
                })
                .await?
            }
            ScriptIntent::Change => {
                self.change(if back {
                    Change::UndoScript(stage.clone())
                } else {
                    Change::Script(stage.clone())
                })
                .await?;
                0
            }
        };
        Ok(ScriptResult {
            code,
            stdout: String::new(),
            stderr: String::new(),
        })
    }
}

fn windows_only(machine: &Machine) -> Result<(), HostErrorKind> {
    if machine.system.is_windows() {
        return Ok(());
    }
    Err(HostErrorKind::Unsupported {
        words: "`LocalAccountTokenFilterPolicy` exists on Windows only".to_owned(),
    })
}

/// A file of systemd-networkd that says what the adapter holds.
fn network_file(adapter: &Adapter) -> String {
    let mut text = format!("[Match]\nName={}\n[Network]\n", adapter.name);
    for address in &adapter.configured {
        text.extend(["Address=", address, "\n"]);
    }
    if let Some(gateway) = &adapter.gateway {
        text.extend(["Gateway=", gateway, "\n"]);
    }
    text
}
