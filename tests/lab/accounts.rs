//! A run with domain accounts only: the temporary account carries it, nothing of it is left, and
//! none of its secrets is ever seen.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use sms_plan::run::EventKind;
use sms_plan::run::RunId;
use sms_plan::store::KeySource;
use sms_plan::store::Sealer;
use sms_plan::store::SqliteStore;
use sms_plan::store::Store as _;

use super::machines;
use super::machines::SOURCE;
use super::machines::on;
use super::scene::Scene;
use super::twin;

/// Shorter than any command that is given a password takes.
const SAMPLES_EVERY: Duration = Duration::from_millis(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn domain_accounts_are_enough_and_no_secret_is_seen() {
    let Some(scene) = Scene::new("domain_accounts_are_enough_and_no_secret_is_seen") else {
        return;
    };
    scene.inventory_from("inventory-domain.yaml", &[]);
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let sampler = tokio::spawn(sample(Arc::clone(&seen)));
    // The sampler would see a secret that is on a command line inside a machine.
    on(SOURCE, "sleep 0.5; : canary-of-this-test");

    let mut drive = scene.start();
    drive.until_started("leave-source").await;
    let run = drive.run();
    let given = machines::value("LAB_ADMIN_PASSWORD");
    let mut secrets = vec![given];
    secrets.extend(sealed(&scene, &run).await);
    let ended = drive.end().await.with(0);
    sampler.abort();

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert!(seen.iter().any(|text| text.contains("canary-of-this-test")));
    assert!(seen.iter().any(|text| text.contains("winbindd")));
    let mut places: Vec<(String, Vec<u8>)> = seen
        .iter()
        .map(|text| ("a process".to_owned(), text.clone().into_bytes()))
        .collect();
    places.push(("standard output".to_owned(), ended.out.into_bytes()));
    places.push(("standard error".to_owned(), ended.err.into_bytes()));
    places.extend(
        scene
            .kept()
            .into_iter()
            .map(|(path, content)| (path.display().to_string(), content)),
    );
    assert!(places.iter().any(|(place, _)| place.ends_with("state.db")));
    assert!(places.iter().any(|(place, _)| place.ends_with("log")));
    for (place, content) in &places {
        for secret in &secrets {
            let found = content
                .windows(secret.len())
                .any(|part| part == secret.as_bytes());
            assert!(!found, "a secret is in {place}");
        }
        let private = b"PRIVATE KEY";
        let found = content.windows(private.len()).any(|part| part == private);
        assert!(!found, "a private key is in {place}");
    }

    // The account carried the run: it was made, and then the run logged on with it.
    let journal = scene.journal().await;
    for stage in ["logon-source-account", "logon-destination-account"] {
        let done = journal.iter().any(|event| {
            matches!(event.kind, EventKind::Succeeded { .. })
                && event.stage.as_ref().is_some_and(|id| id.as_str() == stage)
        });
        assert!(done, "{stage}");
    }
    scene.before.ended_well([2, 2]);
    twin::agrees(&scene, "domain", 4).await;
}

/// What the run has sealed for itself by now: passwords whole, keys line by line.
async fn sealed(scene: &Scene, run: &RunId) -> Vec<String> {
    let store = SqliteStore::open_existing(&scene.state()).unwrap();
    let sealer = Sealer::new(KeySource::File(scene.path("config/sms-plan/key")));
    let mut secrets = Vec::new();
    for place in ["source", "destination"] {
        for kind in ["temporary-password", "temporary-key"] {
            let name = format!("{place}/{kind}");
            let sealed = store.secret(run, &name).await.unwrap();
            let sealed = sealed.unwrap_or_else(|| panic!("{name} is not kept"));
            let plain = sealer.open(run, &name, &sealed).unwrap();
            let plain = std::str::from_utf8(&plain).unwrap();
            let telling = plain.lines().filter(|line| !line.starts_with("-----"));
            let before = secrets.len();
            secrets.extend(telling.filter(|line| line.len() > 20).map(str::to_owned));
            assert!(secrets.len() > before, "{name} is empty");
        }
    }
    secrets
}

/// Collects the command lines and environments of all processes, those of the machines included:
/// this machine sees them all.
async fn sample(seen: Arc<Mutex<BTreeSet<String>>>) {
    loop {
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let name = process.file_name();
            if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
                continue;
            }
            // A process may be gone by now, or a thread of the kernel.
            let command = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            let mut seen = seen.lock().unwrap();
            seen.insert(String::from_utf8_lossy(&command).replace('\0', " "));
            for variable in environment.split(|byte| *byte == 0) {
                // `lab run` hands its LAB_ variables to what it runs, and the inventory names one
                // of them as the place of the password: there, and only there, it belongs.
                if !variable.starts_with(b"LAB_") {
                    seen.insert(String::from_utf8_lossy(variable).into_owned());
                }
            }
        }
        tokio::time::sleep(SAMPLES_EVERY).await;
    }
}
