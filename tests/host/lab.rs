//! The lab, as the tests of this room see it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use sms_plan::host::Connections;
use sms_plan::host::Guard;
use sms_plan::host::Host;
use sms_plan::host::HostError;
use sms_plan::host::JoinCredential;
use sms_plan::host::JoinTarget;
use sms_plan::host::Logon;
use sms_plan::host::LogonMethod;
use sms_plan::host::Machines;
use sms_plan::host::MembershipQuestion;
use sms_plan::host::Pin;
use sms_plan::run::Account;
use sms_plan::run::Place;
use sms_plan::run::Reach;
use sms_plan::run::RunId;

pub(super) const FS02: &str = "10.98.0.22";
pub(super) const DC: &str = "dc1.lab.test";

/// Returns the lab, or says loudly that this test proves nothing now.
pub(super) fn lab(name: &str) -> Option<Lab> {
    if std::env::var_os("SMS_PLAN_LAB").is_none() {
        // Not by the macros: what they print, the test harness keeps to itself.
        writeln!(std::io::stderr(), "SKIPPED (no lab): {name}").expect("standard error");
        return None;
    }
    let run = format!("test-{}", std::process::id());
    let folder = tempfile::tempdir().expect("a folder");
    let run = RunId::new(run).expect("a run id");
    // Deeper than the path of a socket may be, and with the signs that ssh reads in its own way.
    let deep = folder
        .path()
        .join("it's 100% the run's")
        .join("deep".repeat(20));
    let connections = Connections::new(deep.clone(), run.clone());
    Some(Lab {
        run,
        folder,
        deep,
        connections,
    })
}

pub(super) struct Lab {
    pub(super) run: RunId,
    pub(super) folder: tempfile::TempDir,
    pub(super) deep: PathBuf,
    pub(super) connections: Connections,
}

impl Lab {
    pub(super) fn guard(&self) -> Guard {
        Guard {
            run: self.run.clone(),
            epoch: 1,
            orchestrator: "the tests".to_owned(),
            limit: Duration::from_mins(1),
        }
    }

    pub(super) fn root() -> Logon {
        Logon {
            username: "root".to_owned(),
            scope_domain: false,
            method: LogonMethod::PrivateKey(Self::value("LAB_SSH_KEY").into()),
        }
    }

    pub(super) fn value(name: &str) -> String {
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run under `lab run`"))
    }

    pub(super) fn admin() -> JoinCredential {
        JoinCredential {
            username: Self::value("LAB_ADMIN"),
            password: Self::value("LAB_ADMIN_PASSWORD").into(),
        }
    }

    pub(super) fn target() -> JoinTarget {
        JoinTarget {
            realm: "LAB.TEST".to_owned(),
            workgroup: "LAB".to_owned(),
            dc: DC.to_owned(),
            container: None,
        }
    }

    pub(super) fn question() -> MembershipQuestion {
        MembershipQuestion {
            realm: "LAB.TEST".to_owned(),
            dc: DC.to_owned(),
        }
    }

    pub(super) async fn open(
        &self,
        address: &str,
        logon: &Logon,
        pin: Option<&Pin>,
        fresh: bool,
    ) -> Result<Arc<dyn Host>, HostError> {
        let reach = Reach {
            address: address.to_owned(),
            name: "fs02".to_owned(),
            account: Account::Given,
        };
        self.connections
            .open(Place::Destination, &reach, logon, pin, self.guard(), fresh)
            .await
    }

    /// Opens FS02 as root and fences it.
    pub(super) async fn fs02(&self) -> Arc<dyn Host> {
        let host = self
            .open(FS02, &Self::root(), None, false)
            .await
            .expect("fs02 answers");
        host.set_fence().await.expect("nobody else has fenced fs02");
        host
    }

    /// Waits until the machine is there again with another boot.
    pub(super) async fn after_boot(&self, pin: &Pin, boot: &str) -> Arc<dyn Host> {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            if let Ok(host) = self.open(FS02, &Self::root(), Some(pin), false).await
                && let Ok(now) = host.boot().await
                && now != boot
                && host.services().await.is_ok_and(|services| services.ready)
            {
                return host;
            }
            assert!(Instant::now() < end, "fs02 did not come back");
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Runs the lab's own program.
    pub(super) fn tool(arguments: &[&str]) -> String {
        let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/lab/lab");
        let tool = std::env::var_os("SMS_PLAN_LAB_TOOL").map_or(default, PathBuf::from);
        let out = Command::new(tool)
            .args(arguments)
            .output()
            .expect("the lab's program");
        format!(
            "{}{}",
            String::from_utf8_lossy(&out.stdout),
            String::from_utf8_lossy(&out.stderr)
        )
    }

    /// Runs a shell line inside a machine, past all that is tested here.
    pub(super) fn on(machine: &str, line: &str) -> String {
        Self::tool(&["exec", machine, "sh", "-c", line])
    }

    /// Frees the machine and ends the connections.
    pub(super) async fn done(&self, host: &dyn Host) {
        host.clear_fence().await.expect("the fence goes");
        self.connections.close_all().await;
    }
}
