//! Journals that earlier versions wrote, and what every later version must make of them.
//!
//! `WRITE_JOURNALS=1` writes those that are not there yet; those that are there never change.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jsonschema::Validator;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sms_plan::engine::shape_of;
use sms_plan::report::{event_json, schema_of_event};
use sms_plan::run::{Account, Event, EventKind, Place, Reach, Run, RunState};
use sms_plan::store::{Store as _, Wish};

use super::bench::{Bench, plan_of};
use super::cut::Cut;
use super::stand::Fault;

const STAGES: &str = "
    id: connect, uses: test.look, on: source, weight: 3
    id: leave, on: source, needs: [connect], weight: 30
    id: never, needs: [connect], when: \"inventory.metadata.name == 'other'\", weight: 2
    id: rename, on: destination, needs: [leave, never], weight: 40, timeout: 4s
    id: ask, uses: control.approve, needs: [rename], weight: 5, with: { message: Shall it go on? }
    id: last, needs: [ask], weight: 18
";

/// Every journal, by name.
const NAMES: [&str; 8] = [
    "finished",
    "killed-and-resumed",
    "failed",
    "paused",
    "stopped",
    "by-hand",
    "rolled-back",
    "confirmed",
];

fn file(name: &str, ending: &str) -> PathBuf {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/journals"
    ));
    folder.join(format!("{name}.{ending}"))
}

fn read(name: &str, ending: &str) -> String {
    let path = file(name, ending);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn approved() -> EventKind {
    EventKind::Approved {
        by: "admin@desk".to_owned(),
        reason: "checked".to_owned(),
        begins: false,
    }
}

async fn go_on_approved(bench: &mut Bench) {
    assert_eq!(
        bench.read().state(),
        RunState::Paused,
        "{:#?}",
        bench.lines()
    );
    bench.take_over().await;
    bench.write(Some("ask"), approved()).await;
    bench.go_on().await.expect("no cut");
}

/// Writes what a stage that changes a host's reach leaves in a journal.
async fn connect(bench: &mut Bench) {
    let reach = Reach {
        address: "192.0.2.41".to_owned(),
        name: "fs01-old".to_owned(),
        account: Account::Given,
    };
    let started = EventKind::Started {
        attempt: 1,
        token: json!({ "boot": "b1" }),
        reach: Some(reach.clone()),
        standing: None,
        saw: None,
    };
    bench.write(Some("connect"), started).await;
    let data = json!({ "name": "fs01", "addresses": ["192.0.2.21/24"] });
    bench
        .write(Some("connect"), EventKind::Snapshot { data })
        .await;
    let succeeded = EventKind::Succeeded {
        attempt: 1,
        output: json!({ "name": "fs01" }),
        reach: Some(reach),
        duration_ms: 12,
        settled: None,
    };
    bench.write(Some("connect"), succeeded).await;
}

async fn written(name: &str) -> Bench {
    let mut bench = Bench::new(STAGES);
    bench.begin().await;
    connect(&mut bench).await;
    match name {
        "finished" => {
            bench.stand.order("leave", &[Fault::PassingBetween]);
            bench.drive().await.expect("no cut");
            go_on_approved(&mut bench).await;
        }
        "killed-and-resumed" => {
            bench.store.cut(Cut::After(1));
            bench.drive().await.expect_err("it is cut off");
            bench.stand.order("rename", &[Fault::HangsAfter]);
            bench.resume().await.expect("no cut");
            go_on_approved(&mut bench).await;
        }
        "failed" => {
            bench.stand.order("rename", &[Fault::FinalBetween]);
            bench.drive().await.expect("no cut");
        }
        "paused" => {
            bench.drive().await.expect("no cut");
        }
        "stopped" => {
            bench.stand.order("leave", &[Fault::Slow]);
            let stop = bench.stop.clone();
            Bench::later(Duration::from_secs(1), move || {
                stop.send_replace(sms_plan::engine::Stop::Finish);
            });
            bench.drive().await.expect("no cut");
        }
        "by-hand" => {
            bench.stand.order("leave", &[Fault::Final]);
            bench.drive().await.expect("no cut");
            bench.take_over().await;
            let adopted = EventKind::Adopted {
                by: "admin@desk".to_owned(),
                reason: "done at the console".to_owned(),
                verified: true,
                output: json!({ "by": "hand" }),
                reach: None,
            };
            bench.write(Some("leave"), adopted).await;
            let accepted = EventKind::OverrideAccepted {
                what: "retry".to_owned(),
                by: "admin@desk".to_owned(),
                reason: "looked at it".to_owned(),
            };
            bench.write(Some("rename"), accepted).await;
            let by = "admin@desk".to_owned();
            bench.write(Some("last"), EventKind::HeldBack { by }).await;
            let changes = vec!["/defaults/timeout 15m -> 30m".to_owned()];
            let edited = EventKind::PlanEdited {
                changes,
                by: String::new(),
                reason: String::new(),
                accepted: Vec::new(),
                touched: Vec::new(),
                plan: None,
                inventory: None,
                shape: None,
            };
            bench.write(None, edited).await;
            bench.go_on().await.expect("no cut");
            bench.take_over().await;
            let rejected = EventKind::Rejected {
                by: "admin@desk".to_owned(),
                reason: "not tonight".to_owned(),
            };
            bench.write(Some("ask"), rejected).await;
        }
        "rolled-back" => {
            bench.drive().await.expect("no cut");
            bench.stand.order("undo leave", &[Fault::Passing]);
            bench.cut_the_next(Cut::After(3));
            bench.roll_back().await.expect_err("it is cut off");
            bench.resume().await.expect("no cut");
        }
        "confirmed" => {
            let wanted = EventKind::ConfirmationWanted {
                by: "admin@desk".to_owned(),
                within_ms: 1_800_000,
            };
            bench.write(None, wanted).await;
            bench.drive().await.expect("no cut");
            let (store, run) = (Arc::clone(&bench.store), bench.run.clone());
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(3)).await;
                let wish = Wish::Confirm {
                    by: "ann".to_owned(),
                    reason: "the shares work".to_owned(),
                };
                store.request(&run, &wish).await.expect("a request");
            });
            go_on_approved(&mut bench).await;
        }
        other => panic!("{other}"),
    }
    bench
}

/// What a journal comes to, as far as anybody builds upon it.
fn told(run: &Run) -> Value {
    let stages: Vec<Value> = run
        .stages()
        .map(|(shape, stage)| {
            json!({
                "id": shape.id,
                "status": stage.status,
                "attempts": stage.attempts,
                "token": stage.token,
                "output": stage.output,
                "error": stage.error,
                "remark": stage.remark,
            })
        })
        .collect();
    json!({
        "state": run.state(),
        "percent": run.percent(),
        "epoch": run.epoch(),
        "source": run.reach(Place::Source),
        "destination": run.reach(Place::Destination),
        "snapshots": run.snapshots(),
        "stages": stages,
    })
}

fn fold(name: &str) -> Run {
    let plan = plan_of(&read(name, "plan.yaml"));
    let journal = read(name, "jsonl");
    let events: Vec<Event> = journal
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{name}: {error}")))
        .collect();
    Run::read(events[0].run.clone(), shape_of(&plan), &events)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[tokio::test(start_paused = true)]
async fn journals_of_this_version_are_kept() {
    for name in NAMES {
        if std::env::var_os("WRITE_JOURNALS").is_none() || file(name, "jsonl").exists() {
            continue;
        }
        let bench = written(name).await;
        let lines: String = bench.journal().iter().map(event_json).collect();
        fs::create_dir_all(file(name, "jsonl").parent().expect("a folder")).expect("a folder");
        fs::write(file(name, "plan.yaml"), bench.plan_text()).expect("a file");
        fs::write(file(name, "jsonl"), lines).expect("a file");
        let told = format!("{:#}\n", told(&bench.read()));
        fs::write(file(name, "json"), told).expect("a file");
    }
}

#[test]
fn every_kept_journal_still_folds_to_the_same_run() {
    for name in NAMES {
        let expected: Value = serde_json::from_str(&read(name, "json")).expect("a document");
        assert_eq!(told(&fold(name)), expected, "{name}");
    }
}

#[test]
fn every_kept_line_is_written_as_it_was_read() {
    for name in NAMES {
        for line in read(name, "jsonl").lines() {
            let event: Event = serde_json::from_str(line).expect("an event");
            assert_eq!(event_json(&event).trim_end(), line, "{name}");
        }
    }
}

#[test]
fn the_chain_can_be_checked_from_the_lines_alone() {
    for name in NAMES {
        let mut previous = String::new();
        for line in read(name, "jsonl").lines() {
            let (text, hash) = line.split_once(",\"hash\":\"").expect("a hash at the end");
            let hash = hash.strip_suffix("\"}").expect("nothing follows");
            let digest = Sha256::digest(format!("{previous}\n{text}}}"));
            let hex: String = digest.iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").expect("a string takes everything");
                hex
            });
            assert_eq!(hex, hash, "{name}: {line}");
            hash.clone_into(&mut previous);
        }
    }
}

#[test]
fn every_kept_line_fits_the_schema_and_every_event_is_in_one() {
    let schema = schema_of_event();
    let validator: Validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut seen = std::collections::BTreeSet::new();
    for name in NAMES {
        for line in read(name, "jsonl").lines() {
            let event: Value = serde_json::from_str(line).expect("an event");
            if let Err(error) = validator.validate(&event) {
                panic!("{name}: {error}: {line}");
            }
            seen.insert(event["event"].as_str().expect("a name").to_owned());
        }
    }
    let all = schema["properties"]["event"]["enum"]
        .as_array()
        .expect("a list");
    let unseen: Vec<&str> = all
        .iter()
        .filter_map(Value::as_str)
        .filter(|name| !seen.contains(*name))
        .collect();
    assert_eq!(unseen, [""; 0], "an event that no kept journal has");
}

#[test]
fn what_is_wrong_does_not_fit_the_schema() {
    let validator = jsonschema::validator_for(&schema_of_event()).expect("a schema");
    let line = read("finished", "jsonl");
    let good: Value = serde_json::from_str(line.lines().next().expect("a line")).expect("JSON");
    assert!(validator.is_valid(&good));
    for (field, wrong) in [
        ("event", json!("RunInvented")),
        ("v", json!(2)),
        ("seq", json!(0)),
        ("hash", Value::Null),
        ("planDigest", json!(7)),
    ] {
        let mut bad = good.clone();
        bad[field] = wrong;
        assert!(!validator.is_valid(&bad), "{field}");
    }
    let mut grown = good;
    grown["addedLater"] = json!(true);
    assert!(validator.is_valid(&grown), "later versions may add fields");
}
