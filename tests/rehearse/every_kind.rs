//! Every kind of pair reaches 100%, by the document's rows and no others.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sms_plan::run::{EventKind, Place, RunState};
use sms_plan::simulated::Release;

use super::{example, example_with, held, setting, why};
use sms_plan::rehearse::{Rehearsal, Setting};

/// Each kind of the document, with the example that is one.
const KINDS: [(&str, &str); 7] = [
    ("P1", "windows-2019-domain"),
    ("P2", "windows-2003-domain"),
    ("P3", "windows-workgroup"),
    ("P4a", "linux-domain"),
    ("P4b", "linux-domain-one-restart"),
    ("P5", "linux-workgroup"),
    ("P6", "windows-cluster"),
];

/// What a finished cutover must have come to.
fn check_end(setting: &Setting, rehearsal: &Rehearsal, what: &str) {
    let Rehearsal { run, end, .. } = rehearsal;
    assert_eq!(run.state(), RunState::Succeeded, "{what}: {}", why(run));
    assert!((run.percent() - 100.0).abs() < f64::EPSILON, "{what}");
    assert_eq!(end.served_by, Some(Place::Destination), "{what}: {end:#?}");
    assert_eq!(end.wrongs, [""; 0], "{what}");
    assert_eq!(end.temporary_accounts, [], "{what}");
    assert_eq!(end.fences, [], "{what}");
    assert_eq!(end.names[&Place::Destination], "fs01", "{what}");
    assert_eq!(end.names[&Place::Source], "fs01-old", "{what}");
    assert!(
        end.token_filters.values().all(Option::is_none),
        "{what}: {end:#?}"
    );
    if setting.inventory.directory.is_some() {
        let (guid, _) = end.identity.as_ref().unwrap();
        assert_eq!(&end.members[&Place::Destination].guid, guid, "{what}");
        assert!(
            end.members.values().all(|member| member.trusted),
            "{what}: {end:#?}"
        );
        assert_eq!(end.members.len(), 2, "{what}");
    }
}

/// The rows that a rehearsal shows one after the other: percent and text.
fn shown(setting: &Setting, rehearsal: &Rehearsal) -> Vec<String> {
    let mut rows = vec!["0% The cutover is idle.".to_owned()];
    for event in &rehearsal.events {
        if let (Some(stage), EventKind::Started { .. }) = (&event.stage, &event.kind) {
            let text = setting.plan.stage(stage).unwrap().description.source_text();
            rows.push(format!("{:.0}% {text}", event.percent));
        }
    }
    rows.push(format!("{:.0}% Succeeded", rehearsal.run.percent()));
    rows
}

/// The document's rows of each kind.
fn documented() -> BTreeMap<String, Vec<String>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/plan/paths.tsv");
    let mut rows = BTreeMap::<String, Vec<String>>::new();
    let mut kind = String::new();
    for line in std::fs::read_to_string(path).unwrap().lines() {
        if let Some(title) = line.strip_prefix("# ") {
            title.split(' ').next().unwrap().clone_into(&mut kind);
        } else {
            rows.entry(kind.clone())
                .or_default()
                .push(line.replace('\t', " "));
        }
    }
    rows
}

#[tokio::test(start_paused = true)]
async fn each_kind_reaches_100_percent_by_the_documents_rows() {
    let documented = documented();
    for (kind, name) in KINDS {
        let setting = example(name);
        let rehearsal = held(&setting).await;
        check_end(&setting, &rehearsal, kind);
        assert_eq!(shown(&setting, &rehearsal), documented[kind], "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_kind_reaches_100_percent_side_by_side() {
    for (kind, name) in KINDS {
        let setting = Setting {
            parallel: 4,
            ..example(name)
        };
        let rehearsal = held(&setting).await;
        check_end(&setting, &rehearsal, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn linux_is_replaced_by_linux() {
    for name in ["linux-to-linux-domain", "linux-to-linux-workgroup"] {
        for parallel in [1, 4] {
            let setting = Setting {
                parallel,
                ..example(name)
            };
            let rehearsal = held(&setting).await;
            check_end(&setting, &rehearsal, name);
            let tickets = setting.inventory.directory.is_some().then_some(true);
            assert_eq!(
                rehearsal.end.old_tickets, tickets,
                "{name}: the keys are carried over"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_release_of_windows_can_be_either_server() {
    for kind in ["windows-2019-domain", "windows-workgroup"] {
        let text = std::fs::read_to_string(format!(
            "{}/examples/{kind}.yaml",
            env!("CARGO_MANIFEST_DIR")
        ))
        .unwrap();
        let (source, destination) = match kind {
            "windows-workgroup" => ("2012 R2", "2022"),
            _ => ("2019", "2025"),
        };
        for release in Release::ALL {
            let version = format!("\"{}\"", release.as_str());
            let old = text.replace(&format!("\"{source}\""), &version);
            let setting = setting(kind, &old);
            check_end(
                &setting,
                &held(&setting).await,
                &format!("{kind}, from {version}"),
            );
            if release > Release::W2003R2 {
                let new = text.replace(&format!("\"{destination}\""), &version);
                let setting = super::setting(kind, &new);
                check_end(
                    &setting,
                    &held(&setting).await,
                    &format!("{kind}, to {version}"),
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_random_name_is_a_computer_name_and_drawn_anew_each_time() {
    let random = example_with(
        "windows-2019-domain",
        "newName: fs01-old ",
        "newName: random ",
    );
    let mut names = BTreeSet::new();
    for seed in 1..4 {
        let setting = Setting {
            seed,
            ..random.clone()
        };
        let rehearsal = held(&setting).await;
        assert_eq!(rehearsal.run.state(), RunState::Succeeded);
        let name = rehearsal.end.names[&Place::Source].clone();
        let letters = name.strip_prefix("sms-").unwrap_or_default();
        // The document has "random"; NetBIOS has 15 characters (MS-NBTE 2.2.1).
        assert!(
            letters.len() == 8 && letters.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{name}"
        );
        names.insert(name);
    }
    assert_eq!(names.len(), 3, "{names:?}");
}
