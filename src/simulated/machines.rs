//! Opening sessions to simulated machines.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use async_trait::async_trait;

use super::host::Session;
use super::host::SimulatedHost;
use super::logon;
use super::machine::Machine;
use super::simulation::Simulation;
use super::timing::Of;
use super::twin::Twin;
use crate::host::Guard;
use crate::host::Host;
use crate::host::HostError;
use crate::host::HostErrorKind;
use crate::host::Knock;
use crate::host::Logon;
use crate::host::LogonMethod;
use crate::host::Machines;
use crate::host::Pin;
use crate::run::Place;
use crate::run::Reach;

/// Place, address and user name.
type Key = (Place, String, String);

/// Sessions to simulated machines.
pub(super) struct SimulatedMachines {
    simulation: Simulation,
    open: Mutex<BTreeMap<Key, Session>>,
}

impl SimulatedMachines {
    pub(super) fn new(simulation: Simulation) -> Self {
        Self {
            simulation,
            open: Mutex::default(),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(
        &self,
        reach: &Reach,
        given: &Logon,
        pin: Option<&Pin>,
    ) -> Result<(Session, Pin), HostErrorKind> {
        let address: IpAddr = reach
            .address
            .parse()
            .map_err(|_| HostErrorKind::Unsupported {
                words: format!("`{}` cannot be used as address", reach.address),
            })?;
        let seen = self.simulation.with(|twin| {
            let machine = twin.at(address)?;
            Some((machine.system, knock(machine, twin)))
        });
        let system = match seen {
            Some((system, Knock::Open)) => system,
            Some((system, Knock::Closed(words))) => {
                self.simulation.pause(Of::Look.millis(system)).await;
                return Err(HostErrorKind::Unreachable { words });
            }
            Some((system, Knock::Silent(words))) => {
                self.simulation.pause(Of::Silence.millis(system)).await;
                return Err(HostErrorKind::Unreachable { words });
            }
            None if self.simulation.with(|twin| twin.refuses(address)) => {
                let look = Of::Look.millis(super::system::System::Linux);
                self.simulation.pause(look).await;
                return Err(HostErrorKind::Unreachable {
                    words: "connection refused".to_owned(),
                });
            }
            None => {
                let silence = Of::Silence.millis(super::system::System::Linux);
                self.simulation.pause(silence).await;
                return Err(HostErrorKind::Unreachable {
                    words: "no answer".to_owned(),
                });
            }
        };
        self.simulation.work(Of::Connect.millis(system)).await;
        self.simulation.with(|twin| {
            let machine = twin
                .at(address)
                .filter(|machine| machine.takes_logons(twin.now));
            let machine = machine.ok_or_else(|| HostErrorKind::Unreachable {
                words: "the connection was closed".to_owned(),
            })?;
            let met = pin_of(machine);
            if let Some(pin) = pin {
                refuse_another(machine, pin, &met)?;
            }
            logon::logon(twin, machine, given)?;
            let session = Session {
                place: machine.place,
                address,
                boot: machine.boot(),
                logon: given.clone(),
            };
            Ok((session, met))
        })
    }
}

/// What a knock at the port for management comes to.
fn knock(machine: &Machine, twin: &Twin) -> Knock {
    let port = if machine.by_ssh { 22 } else { 5985 };
    if machine.listens(port, twin.now) {
        Knock::Open
    } else if machine.profile_allows() {
        Knock::Closed("connection refused".to_owned())
    } else {
        // A firewall's rule says nothing.
        Knock::Silent("no answer".to_owned())
    }
}

/// The identity that a machine shows; the host key belongs to SSH.
pub(super) fn pin_of(machine: &Machine) -> Pin {
    Pin {
        host_keys: if machine.by_ssh {
            machine.host_keys.clone()
        } else {
            Vec::new()
        },
        machine_id: machine.id.clone(),
        known_before: machine.known_before,
    }
}

fn refuse_another(machine: &Machine, pin: &Pin, met: &Pin) -> Result<(), HostErrorKind> {
    if machine.id == pin.machine_id {
        return Ok(());
    }
    // SSH looks at the key before anything else is said.
    if machine.by_ssh && !pin.host_keys.is_empty() {
        return Err(HostErrorKind::HostKeyChanged {
            words: format!(
                "another machine, `{}`, shows {}",
                machine.name,
                met.host_keys.join(" ")
            ),
        });
    }
    Err(HostErrorKind::WrongMachine {
        expected: pin.machine_id.clone(),
        seen: machine.id.clone(),
    })
}

#[async_trait]
impl Machines for SimulatedMachines {
    async fn open(
        &self,
        place: Place,
        reach: &Reach,
        logon: &Logon,
        pin: Option<&Pin>,
        guard: Guard,
        fresh: bool,
    ) -> Result<Arc<dyn Host>, HostError> {
        let label = format!("{place} `{}` ({})", reach.name, reach.address);
        let key = (place, reach.address.clone(), logon.username.clone());
        let kept = self.kept().get(&key).cloned();
        if let (Some(session), Some(pin), false) = (kept, pin, fresh) {
            let lives = self.simulation.with(|twin| session.check(twin).is_ok());
            if lives {
                let host =
                    SimulatedHost::new(self.simulation.clone(), session, label, pin.clone(), guard);
                return Ok(Arc::new(host));
            }
        }
        let connected = self.connect(reach, logon, pin).await;
        let (session, pin) = connected.map_err(|kind| HostError {
            what: format!("connect to {label} as `{}`", logon.username),
            kind,
        })?;
        self.kept().insert(key, session.clone());
        let host = SimulatedHost::new(self.simulation.clone(), session, label, pin, guard);
        Ok(Arc::new(host))
    }

    /// Nothing of a rehearsal touches the machine that it runs on.
    fn orchestrator(&self, guard: Guard) -> Option<Arc<dyn Host>> {
        let (boot, pin) = self.simulation.with(|twin| {
            let machine = twin.machine(Place::Orchestrator);
            (machine.boot(), pin_of(machine))
        });
        let logon = Logon {
            username: "root".to_owned(),
            scope_domain: false,
            method: LogonMethod::PrivateKey(PathBuf::new()),
        };
        let session = Session {
            place: Place::Orchestrator,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            boot,
            logon,
        };
        let label = "this machine".to_owned();
        let simulation = self.simulation.clone();
        Some(Arc::new(SimulatedHost::new(
            simulation, session, label, pin, guard,
        )))
    }

    async fn knock(&self, address: &str, port: u16, limit: Duration) -> Knock {
        let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        let heard = self.simulation.with(|twin| {
            let domain = twin.domain.as_ref().filter(|domain| {
                domain.server.eq_ignore_ascii_case(address)
                    || domain.address.is_some_and(|own| own.to_string() == address)
            });
            if let Some(domain) = domain {
                return domain.answers.then_some(Knock::Open);
            }
            let address: IpAddr = address.parse().ok()?;
            if twin.strangers.contains(&address) {
                return Some(Knock::Open);
            }
            let Some(machine) = twin.at(address) else {
                let refused = Knock::Closed("connection refused".to_owned());
                return twin.refuses(address).then_some(refused);
            };
            if machine.listens(port, twin.now) {
                Some(Knock::Open)
            } else {
                machine
                    .profile_allows()
                    .then(|| Knock::Closed("connection refused".to_owned()))
            }
        });
        if let Some(heard) = heard {
            self.simulation.pause(1).await;
            return heard;
        }
        self.simulation.pause(limit).await;
        Knock::Silent("no answer".to_owned())
    }

    async fn close(&self, place: Place) {
        self.kept().retain(|(at, ..), _| *at != place);
    }

    async fn close_all(&self) {
        self.kept().clear();
    }
}
