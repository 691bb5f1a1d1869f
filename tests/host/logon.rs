//! Logging on: keys, passwords, pinned identity, the temporary account.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use sms_plan::host::HostErrorKind;
use sms_plan::host::Logon;
use sms_plan::host::LogonMethod;
use sms_plan::host::Machines;
use sms_plan::host::NewAccount;
use sms_plan::host::Pin;
use sms_plan::host::ScriptIntent;
use sms_plan::host::ScriptRun;
use sms_plan::host::Shell;

use super::lab::FS02;
use super::lab::Lab;
use super::lab::lab;

const ACCOUNT: &str = "MsftSmsStorMigratSvc";

fn logon(method: LogonMethod) -> Logon {
    Logon {
        username: ACCOUNT.to_owned(),
        scope_domain: false,
        method,
    }
}

#[tokio::test]
async fn a_machine_is_pinned_and_only_it_is_met_again() {
    let Some(lab) = lab("a_machine_is_pinned_and_only_it_is_met_again") else {
        return;
    };
    let host = lab
        .open(FS02, &Lab::root(), None, false)
        .await
        .expect("fs02 answers");
    let pin = host.pin();
    assert_eq!(pin.host_keys.len(), 1, "{pin:?}");
    assert_eq!(
        pin.machine_id,
        Lab::on("fs02", "cat /etc/machine-id").trim()
    );
    assert!(
        Lab::on("fs02", "cat /etc/ssh/ssh_host_*_key.pub").contains(pin.host_keys[0].as_str()),
        "{pin:?}"
    );

    let facts = host.facts().await.expect("facts");
    assert_eq!(
        (facts.name.as_str(), facts.domain_joined),
        ("fs02", true),
        "{facts:?}"
    );
    assert_eq!(facts.adapters.len(), 1, "{facts:?}");
    assert_eq!(facts.adapters[0].addresses, ["10.98.0.22/24"]);
    assert_eq!(facts.refusals, Vec::<String>::new());
    assert!(host.services().await.expect("services").ready);

    lab.open(FS02, &Lab::root(), Some(&pin), true)
        .await
        .expect("the same machine");
    let other = lab
        .open("10.98.0.21", &Lab::root(), Some(&pin), false)
        .await
        .map(drop)
        .expect_err("fs01 is another");
    assert!(
        matches!(other.kind, HostErrorKind::HostKeyChanged { .. }) && other.absent(),
        "{other:?}"
    );
    let twin = Pin {
        machine_id: "0".repeat(32),
        ..pin.clone()
    };
    let other = lab
        .open(FS02, &Lab::root(), Some(&twin), true)
        .await
        .map(drop)
        .expect_err("another system");
    assert!(
        matches!(other.kind, HostErrorKind::WrongMachine { .. }),
        "{other:?}"
    );
    let nobody = lab
        .open("10.98.0.99", &Lab::root(), Some(&pin), false)
        .await
        .map(drop)
        .expect_err("nobody");
    assert!(
        matches!(nobody.kind, HostErrorKind::Unreachable { .. }) && nobody.heals(),
        "{nobody:?}"
    );
    lab.connections.close_all().await;
    let left = std::fs::read_dir(&lab.deep)
        .expect("the run's folder")
        .count();
    assert_eq!(left, 0, "nothing of the connections is left");
}

#[tokio::test]
async fn a_temporary_account_logs_on_by_key_and_by_password_and_goes() {
    let Some(lab) = lab("a_temporary_account_logs_on_by_key_and_by_password_and_goes") else {
        return;
    };
    let host = lab.fs02().await;
    let pin = host.pin();
    let key = lab.folder.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status()
        .expect("ssh-keygen");
    assert!(made.success());
    let public_key = std::fs::read_to_string(key.with_extension("pub")).expect("the public key");
    let private: SecretString = std::fs::read_to_string(&key).expect("the key").into();
    std::fs::remove_file(&key).expect("the key goes");
    let password = format!("Gr{}ß-Жя'\"$(id)`\\", "x".repeat(90));
    let account = NewAccount {
        name: ACCOUNT.to_owned(),
        password: password.clone().into(),
        public_key: Some(public_key),
    };
    let watch = Watch::start(&password);
    host.create_account(&account).await.expect("the account");
    host.create_account(&account).await.expect("twice is once");
    let state = host.account(ACCOUNT).await.expect("a look");
    assert!(
        state.ready(true) && state.marker_run.as_deref() == Some(lab.run.as_str()),
        "{state:?}"
    );

    let by_key = lab
        .open(
            FS02,
            &logon(LogonMethod::PrivateKeyText(private)),
            Some(&pin),
            true,
        )
        .await
        .expect("by key");
    assert_eq!(
        by_key.facts().await.expect("sudo works").boot,
        host.boot().await.expect("a boot")
    );
    let by_password = lab
        .open(
            FS02,
            &logon(LogonMethod::Password(password.into())),
            Some(&pin),
            true,
        )
        .await;
    by_password
        .expect("by password")
        .settle()
        .await
        .expect("sudo works");
    assert_eq!(watch.end(), Vec::<String>::new(), "the password was seen");

    let before = Lab::on(
        "fs02",
        "journalctl -u ssh --no-pager | grep -c 'Failed password'",
    );
    let wrong = logon(LogonMethod::Password("wrong".to_owned().into()));
    let refused = lab
        .open(FS02, &wrong, Some(&pin), true)
        .await
        .map(drop)
        .expect_err("a wrong password");
    assert!(
        matches!(refused.kind, HostErrorKind::LogonRefused { .. }) && !refused.heals(),
        "{refused:?}"
    );
    let after = Lab::on(
        "fs02",
        "journalctl -u ssh --no-pager | grep -c 'Failed password'",
    );
    let count = |text: &str| text.trim().parse::<u32>().unwrap_or(0);
    assert!(
        count(&after) <= count(&before) + 1,
        "one attempt only: {before} {after}"
    );

    host.remove_account(ACCOUNT)
        .await
        .expect("it goes, logged on or not");
    host.remove_account(ACCOUNT).await.expect("twice is once");
    assert!(!host.account(ACCOUNT).await.expect("a look").exists);
    assert_eq!(
        Lab::on("fs02", "ls -d /home/Msft* /etc/sudoers.d/sms* 2>/dev/null"),
        ""
    );
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_foreign_account_is_neither_taken_nor_removed() {
    let Some(lab) = lab("a_foreign_account_is_neither_taken_nor_removed") else {
        return;
    };
    let host = lab.fs02().await;
    Lab::on("fs02", "useradd -c somebody foreign");
    let account = NewAccount {
        name: "foreign".to_owned(),
        password: "x".to_owned().into(),
        public_key: None,
    };
    let refused = [
        host.create_account(&account).await,
        host.remove_account("foreign").await,
    ];
    let there = Lab::on("fs02", "id -un foreign");
    Lab::on("fs02", "userdel foreign");
    for result in refused {
        assert!(matches!(
            result.map_err(|e| e.kind),
            Err(HostErrorKind::Unsupported { .. })
        ));
    }
    assert_eq!(there, "foreign\n");
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_changed_host_key_is_refused_at_the_first_connection() {
    let Some(lab) = lab("a_changed_host_key_is_refused_at_the_first_connection") else {
        return;
    };
    let home = std::env::home_dir().expect("a home").join(".ssh");
    std::fs::create_dir_all(&home).expect("a folder");
    let file = home.join("known_hosts");
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    let other = Lab::on("fs01", "cat /etc/ssh/ssh_host_ed25519_key.pub");
    let own = Lab::on("fs02", "cat /etc/ssh/ssh_host_ed25519_key.pub");
    std::fs::write(&file, format!("{kept}{FS02} {other}")).expect("known_hosts");
    let refused = lab.open(FS02, &Lab::root(), None, true).await.map(drop);
    std::fs::write(&file, format!("{kept}{FS02} {own}")).expect("known_hosts");
    let known = lab
        .open(FS02, &Lab::root(), None, true)
        .await
        .map(|host| host.pin());
    std::fs::write(&file, &kept).expect("known_hosts");
    let refused = refused.expect_err("the key is fs01's");
    assert!(
        matches!(refused.kind, HostErrorKind::HostKeyChanged { .. }),
        "{refused:?}"
    );
    assert!(known.expect("the key is right").known_before);
    let trusted = lab
        .open(FS02, &Lab::root(), None, true)
        .await
        .expect("nobody knows it")
        .pin();
    assert!(!trusted.known_before);
    lab.connections.close_all().await;
}

/// Reads the command lines and environments of all processes of this machine, which sees those of
/// the lab as well, until it is told to end.
pub(super) struct Watch {
    stop: std::sync::Arc<std::sync::atomic::AtomicBool>,
    thread: std::thread::JoinHandle<(u32, Vec<String>)>,
}

impl Watch {
    pub(super) fn start(secret: &str) -> Self {
        use std::sync::atomic::AtomicBool;
        use std::sync::atomic::Ordering;
        let stop = std::sync::Arc::new(AtomicBool::new(false));
        let ended = std::sync::Arc::clone(&stop);
        let secret = secret.as_bytes().to_vec();
        let own = std::process::id().to_string();
        let thread = std::thread::spawn(move || {
            let (mut rounds, mut seen) = (0, Vec::new());
            while !ended.load(Ordering::Relaxed) {
                rounds += 1;
                let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
                for process in processes.filter(|p| p.file_name().to_string_lossy() != own) {
                    for file in ["cmdline", "environ"] {
                        let bytes = std::fs::read(process.path().join(file)).unwrap_or_default();
                        if bytes.windows(secret.len()).any(|window| window == secret) {
                            seen.push(format!(
                                "{} {}",
                                process.path().display(),
                                String::from_utf8_lossy(&bytes)
                            ));
                        }
                    }
                }
            }
            (rounds, seen)
        });
        Self { stop, thread }
    }

    pub(super) fn end(self) -> Vec<String> {
        self.stop.store(true, std::sync::atomic::Ordering::Relaxed);
        let (rounds, seen) = self.thread.join().expect("the watch ends");
        assert!(rounds > 3, "the watch looked {rounds} times only");
        seen
    }
}

/// Not a test of its own: the orchestrator that the next test kills.
#[tokio::test]
async fn an_orchestrator_to_be_killed() {
    if std::env::var_os("SMS_PLAN_LAB_VICTIM").is_none() {
        return;
    }
    let Some(lab) = lab("an_orchestrator_to_be_killed") else {
        return;
    };
    let host = lab.fs02().await;
    let text = "sleep 6; echo done >/run/sms-plan-orphan".to_owned();
    let script = ScriptRun {
        text,
        env: BTreeMap::new(),
        shell: Shell::Sh,
        intent: ScriptIntent::Change,
    };
    host.run_script(&script).await.expect("nobody hears this");
}

#[tokio::test]
async fn a_killed_orchestrator_leaves_no_master_and_its_orphan_holds_the_lock() {
    let name = "a_killed_orchestrator_leaves_no_master_and_its_orphan_holds_the_lock";
    let Some(lab) = lab(name) else { return };
    let sessions = || {
        Lab::on("fs02", "pgrep -xc cat || true")
            .trim()
            .parse::<u32>()
            .expect("a count")
    };
    let (before, host) = (
        sessions(),
        lab.open(FS02, &Lab::root(), None, false)
            .await
            .expect("fs02 answers"),
    );
    Lab::on("fs02", "rm -f /run/sms-plan-orphan");
    let mut victim = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "host::logon::an_orchestrator_to_be_killed"])
        .env("SMS_PLAN_LAB_VICTIM", "1")
        .spawn()
        .expect("an orchestrator");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(sessions(), before + 2, "ours and the victim's");
    victim.kill().expect("kill -9");
    victim.wait().expect("it is dead");
    host.settle().await.expect("the orphan ends");
    assert_eq!(
        Lab::on(
            "fs02",
            "cat /run/sms-plan-orphan; rm -f /run/sms-plan-orphan /var/lib/sms-plan/fence"
        ),
        "done\n"
    );
    assert_eq!(sessions(), before + 1, "only our own connection is left");
    lab.connections.close_all().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(sessions(), before);
}
