//! Faults: the end is the finished cutover, after what a person would do where that is needed.

use sms_plan::rehearse::{Setting, random_faults};
use sms_plan::run::{EventKind, RunState};
use sms_plan::simulated::{Fault, FaultKind};

use super::{example, fault, held, why};

async fn struck(name: &str, text: &str) -> sms_plan::rehearse::Rehearsal {
    let setting = Setting {
        faults: vec![fault(text)],
        resumes: 2,
        parallel: 4,
        ..example(name)
    };
    let rehearsal = held(&setting).await;
    assert_eq!(rehearsal.struck, setting.faults, "{text} did not strike");
    assert_eq!(rehearsal.end.wrongs, [""; 0], "{text}");
    assert_eq!(
        rehearsal.run.state(),
        RunState::Succeeded,
        "{text}: {}",
        why(&rehearsal.run)
    );
    assert_eq!(rehearsal.end.temporary_accounts, [], "{text}");
    assert!(
        rehearsal.end.token_filters.values().all(Option::is_none),
        "{text}"
    );
    rehearsal
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_settled_by_looking() {
    for text in [
        "leave-source=connection-lost",
        "join-destination=connection-lost",
    ] {
        for name in ["windows-2019-domain", "linux-to-linux-domain"] {
            let rehearsal = struck(name, text).await;
            assert!(rehearsal.stops.is_empty(), "{text}: nobody is needed");
        }
    }
    let rehearsal = struck("linux-to-linux-domain", "rename-source=connection-lost").await;
    let seen = rehearsal.events.iter().any(|event| {
        matches!(&event.kind, EventKind::Started { standing: Some(standing), .. }
            if *standing == sms_plan::run::Standing::Between)
    });
    assert!(seen, "a rename that was cut is half done, and finished");
}

#[tokio::test(start_paused = true)]
async fn an_effect_without_an_answer_is_not_repeated() {
    let rehearsal = struck(
        "windows-2019-domain",
        "restart-source-after-leave=connection-lost-after",
    )
    .await;
    assert_eq!(
        rehearsal.end.restarts.values().sum::<u32>(),
        4,
        "no restart twice"
    );
    struck(
        "windows-2019-domain",
        "join-destination=connection-lost-after",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_stays_off_is_waited_for_and_then_a_person_is_asked() {
    let rehearsal = struck(
        "windows-2019-domain",
        "restart-source-after-join=restart-never-returns",
    )
    .await;
    assert_eq!(rehearsal.stops.len(), 1);
    let (stage, words) = rehearsal.stops[0].why.clone().unwrap();
    assert_eq!(stage.as_str(), "wait-source-after-join");
    assert!(words.join(": ").contains("does not answer"), "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn success_that_is_none_is_noticed() {
    for stage in [
        "create-source-account",
        "relax-destination-token-filter",
        "leave-source",
        "rename-destination",
        "join-source",
        "restart-source-after-leave",
        "remove-destination-account",
        "restore-source-token-filter",
    ] {
        struck("windows-2019-domain", &format!("{stage}=wrong-result")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_power_cut_is_survived_by_the_same_way_as_a_kill() {
    for stage in [
        "leave-source",
        "map-destination-network",
        "join-destination",
    ] {
        let rehearsal = struck("linux-to-linux-domain", &format!("{stage}=power-cut")).await;
        let epochs = rehearsal
            .events
            .iter()
            .filter_map(|event| match &event.kind {
                EventKind::LeaseTaken { epoch, .. } => Some(*epoch),
                _ => None,
            });
        assert_eq!(epochs.collect::<Vec<_>>(), [1, 2], "{stage}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_domain_and_the_network_may_fail_as_well() {
    struck("windows-2019-domain", "join-source=directory-read-only").await;
    struck("linux-to-linux-domain", "join-destination=dns-late").await;
    struck("windows-2019-domain", "map-source-network=address-conflict").await;
    struck(
        "windows-2019-domain",
        "map-destination-network=address-conflict",
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_events_to_the_byte() {
    let lines = async |seed| {
        let mut setting = Setting {
            seed,
            parallel: 4,
            resumes: 2,
            ..example("windows-2019-domain")
        };
        setting.faults = random_faults(&setting, seed).await.unwrap();
        let rehearsal = held(&setting).await;
        let lines = rehearsal.events.iter().map(sms_plan::report::event_json);
        lines.collect::<String>()
    };
    let first = lines(3).await;
    assert_eq!(first, lines(3).await);
    assert_ne!(first, lines(4).await);
}

#[test]
fn kinds_are_spelled_as_they_are_read() {
    for kind in FaultKind::ALL {
        let text = format!("join-source={kind}");
        assert_eq!(text.parse::<Fault>().unwrap().to_string(), text);
    }
    let error = "join-source=typo".parse::<Fault>().unwrap_err().to_string();
    assert!(error.contains("connection-lost-after"), "{error}");
}
