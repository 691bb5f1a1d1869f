//! The sessions of one run to its machines.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::Weak;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::sync::OnceCell;

use super::Guard;
use super::Host;
use super::HostError;
use super::HostErrorKind;
use super::Logon;
use super::Machines;
use super::Pin;
use super::linux::LinuxHost;
use super::transport::CONNECTION;
use super::transport::Local;
use super::transport::Opening;
use super::transport::Ssh;
use crate::run::Place;
use crate::run::Reach;
use crate::run::RunId;

/// Opens sessions over SSH, and keeps them; dropping it ends them all.
///
/// Its folder belongs to the run and is readable by its user only.
#[derive(Clone)]
pub struct Connections {
    folder: Arc<PathBuf>,
    run: RunId,
    open: Arc<Mutex<Sessions>>,
    swept: Arc<OnceCell<()>>,
}

#[derive(Default)]
struct Sessions {
    kept: BTreeMap<Key, Arc<Ssh>>,
    /// Sessions that a newer one replaced; they end with their last user.
    former: Vec<(Place, Weak<Ssh>)>,
}

/// Place, address and user name.
type Key = (Place, String, String);

impl Connections {
    /// Prepares a run's connections. `folder` is made when the first one opens.
    pub fn new(folder: PathBuf, run: RunId) -> Self {
        Self {
            folder: Arc::new(folder),
            run,
            open: Arc::default(),
            swept: Arc::default(),
        }
    }

    /// Returns the orchestrator itself as a machine; `state` keeps its lock and its fence.
    pub fn local(state: &Path, guard: Guard) -> Result<Arc<dyn Host>, HostError> {
        let machine_id =
            std::fs::read_to_string("/etc/machine-id").map_err(|source| HostError {
                what: "look at this machine".to_owned(),
                kind: HostErrorKind::Local {
                    words: "/etc/machine-id was not read".to_owned(),
                    source,
                },
            })?;
        let machine_id = machine_id.trim().to_owned();
        let pin = Pin {
            host_keys: Vec::new(),
            machine_id,
            known_before: true,
        };
        let folder = state.display().to_string();
        Ok(Arc::new(LinuxHost::new(
            Arc::new(Local),
            "this machine".to_owned(),
            pin,
            guard,
            folder,
        )))
    }

    async fn connect(
        &self,
        place: Place,
        reach: &Reach,
        logon: &Logon,
        pin: Option<&Pin>,
    ) -> Result<(Ssh, Pin), HostErrorKind> {
        for (what, text) in [("address", &reach.address), ("user name", &logon.username)] {
            // ssh reads both from its configuration, where a line break would begin another line.
            if text.is_empty()
                || text.starts_with('-')
                || text
                    .chars()
                    .any(|c| c.is_control() || "\"* ?!,".contains(c))
            {
                return Err(HostErrorKind::Unsupported {
                    words: format!("`{text}` cannot be used as {what}"),
                });
            }
        }
        let prepare = async || private_folder(&self.folder);
        self.swept
            .get_or_try_init(prepare)
            .await
            .map_err(|source| HostErrorKind::Local {
                words: format!("the folder `{}` was not made", self.folder.display()),
                source,
            })?;
        let alias = format!("sms-plan-{}-{place}", self.run);
        let opening = Opening {
            folder: &self.folder,
            address: &reach.address,
            alias: &alias,
            logon,
            pin,
        };
        let (ssh, met) = Ssh::open(&opening).await?;
        if let Some(pin) = pin
            && pin.machine_id != met.machine_id
        {
            ssh.close().await;
            return Err(HostErrorKind::WrongMachine {
                expected: pin.machine_id.clone(),
                seen: met.machine_id,
            });
        }
        let pin = Pin {
            host_keys: met.host_keys,
            machine_id: met.machine_id,
            known_before: met.known_before,
        };
        Ok((ssh, pin))
    }

    async fn close_where(&self, which: impl Fn(Place) -> bool) {
        let mut closing = Vec::new();
        {
            let mut open = self.open.lock().await;
            for (key, ssh) in std::mem::take(&mut open.kept) {
                if which(key.0) {
                    closing.push(ssh);
                } else {
                    open.kept.insert(key, ssh);
                }
            }
            closing.extend(
                open.former
                    .iter()
                    .filter(|(at, _)| which(*at))
                    .filter_map(|(_, ssh)| ssh.upgrade()),
            );
        }
        for ssh in closing {
            ssh.close().await;
        }
    }
}

#[async_trait]
impl Machines for Connections {
    async fn open(
        &self,
        place: Place,
        reach: &Reach,
        logon: &Logon,
        pin: Option<&Pin>,
        guard: Guard,
        fresh: bool,
    ) -> Result<Arc<dyn Host>, HostError> {
        let what = format!("{place} `{}` ({})", reach.name, reach.address);
        let host = |ssh, pin| -> Arc<dyn Host> {
            Arc::new(LinuxHost::new(
                ssh,
                what.clone(),
                pin,
                guard,
                SERVER_FOLDER.to_owned(),
            ))
        };
        let key = (place, reach.address.clone(), logon.username.clone());
        let kept = self.open.lock().await.kept.get(&key).cloned();
        if let (Some(kept), Some(pin), false) = (kept, pin, fresh)
            && kept.answers().await
        {
            return Ok(host(kept, pin.clone()));
        }
        let (ssh, pin) = self
            .connect(place, reach, logon, pin)
            .await
            .map_err(|kind| HostError {
                what: format!("connect to {what} as `{}`", logon.username),
                kind,
            })?;
        let ssh = Arc::new(ssh);
        let mut open = self.open.lock().await;
        if let Some(former) = open.kept.insert(key, Arc::clone(&ssh)) {
            open.former
                .retain(|(_, session)| session.strong_count() > 0);
            open.former.push((place, Arc::downgrade(&former)));
        }
        drop(open);
        Ok(host(ssh, pin))
    }

    async fn close(&self, place: Place) {
        self.close_where(|at| at == place).await;
    }

    async fn close_all(&self) {
        self.close_where(|_| true).await;
    }
}

/// Where a server keeps its lock and its fence.
const SERVER_FOLDER: &str = "/var/lib/sms-plan";

/// Makes the run's folder, and removes what a killed process left there: only one drives a run.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(CONNECTION) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}
