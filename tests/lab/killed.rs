//! `kill -9` of the program at random instants; a resume goes on as if nothing had been.
//!
//! A pipeline has the same instants each time, as far as machines go; with `SMS_PLAN_LONG` they are
//! others. Set `SMS_PLAN_SEED` to a printed seed to have them again.

use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use sms_plan::run::Event;
use sms_plan::run::EventKind;
use sms_plan::run::Standing;

use super::say;
use super::scene::Scene;

/// About as many events as a run of the lab's servers prints.
const EVENTS: usize = 72;
/// The longest time from one event to the next that matters.
const LONGEST_WAIT: u64 = 1_500;

#[tokio::test]
async fn a_killed_run_goes_on_to_the_same_end() {
    let test = "a_killed_run_goes_on_to_the_same_end";
    let (kills, seed) = if std::env::var_os("SMS_PLAN_LONG").is_some() {
        (10, rand::rng().random_range(0..1_000_000))
    } else {
        (3, 1)
    };
    let seed = std::env::var("SMS_PLAN_SEED").map_or(seed, |seed| seed.parse::<u64>().unwrap());
    for kill in 0..kills {
        let Some(scene) = Scene::new(test) else {
            return;
        };
        // Every second run is carried by the temporary accounts, whose keys a kill must not leave.
        let accounts = if kill % 2 == 1 { "domain" } else { "local" };
        if accounts == "domain" {
            scene.inventory_from("inventory-domain.yaml", &[]);
        }
        // Each kill has its own stretch of the run, so that no part of it is left out.
        let mut random = StdRng::seed_from_u64(seed + kill as u64);
        let stretch = EVENTS * kill / kills..EVENTS * (kill + 1) / kills;
        let events = random.random_range(stretch).max(1);
        let wait = Duration::from_millis(random.random_range(0..LONGEST_WAIT));

        let mut drive = scene.start();
        let last = drive.until_events(events).await;
        tokio::time::sleep(wait).await;
        drive.kill();
        let killed = drive.end().await;
        let first = if killed.code.is_some() {
            "the run had ended".to_owned()
        } else {
            let ended = scene.resume_until_done(1).await;
            format!("resumed in {:.1} s", ended.took.as_secs_f64())
        };
        let journal = scene.journal().await;
        say(&format!(
            "    seed {seed}, kill {}, {accounts} accounts: {} ms after {last} (event {events}); {first}; restarts {:?}",
            kill + 1,
            wait.as_millis(),
            scene.before.boots_since(),
        ));
        nothing_is_repeated_unseen(&journal);
        scene.before.ended_well([2, 2]);
        for (path, content) in scene.kept() {
            let key = b"PRIVATE KEY";
            let found = content.windows(key.len()).any(|part| part == key);
            assert!(!found, "a private key is in {}", path.display());
        }
    }
}

/// A stage starts again only after a look has found that there is something left to do.
pub(super) fn nothing_is_repeated_unseen(journal: &[Event]) {
    for event in journal {
        if let EventKind::Started {
            attempt, standing, ..
        } = &event.kind
            && *attempt > 1
        {
            let seen = matches!(standing, Some(Standing::Before | Standing::Between));
            let stage = event.stage.as_ref().unwrap();
            assert!(seen, "{stage}, attempt {attempt}: {standing:?}");
        }
    }
}
