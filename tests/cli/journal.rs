//! `events --verify` and `runs --locks`, on journals that were written before.

use insta::assert_snapshot;
use sms_plan::run::{Account, Draft, EventKind, Reach, RunId, RunState, StageId};
use sms_plan::store::{Batch, Holder, NewRun, SqliteStore, Store as _};

use super::Desk;

pub(super) const RUN: &str = "20270115-080000-0001";

/// A run that has failed at its first stage, written by a process that is gone unless it gave the
/// run back.
pub(super) fn a_run(desk: &Desk, given_back: bool) {
    let reach = |address: &str, name: &str| Reach {
        address: address.to_owned(),
        name: name.to_owned(),
        account: Account::Given,
    };
    let text = |name: &str| std::fs::read_to_string(desk.path(name)).unwrap();
    let path = |name: &str| desk.path(name).display().to_string();
    let holder = Holder {
        machine: "desk".to_owned(),
        pid: 4711,
        started: "long ago".to_owned(),
        machine_id: "desk".to_owned(),
        boot: "b1".to_owned(),
    };
    let kinds = [
        (
            None,
            EventKind::RunCreated {
                plan: "cutover".to_owned(),
                plan_version: "1.0.0".to_owned(),
                plan_digest: "0".repeat(64),
                inventory: "fs01".to_owned(),
                inventory_digest: "0".repeat(64),
                source: reach("10.98.0.21", "fs01"),
                destination: reach("10.98.0.22", "fs02"),
                program: "0.1.0".to_owned(),
            },
        ),
        (
            None,
            EventKind::LeaseTaken {
                epoch: 1,
                machine: "desk".to_owned(),
                pid: 4711,
                took_over: None,
            },
        ),
        (
            Some("connect-source"),
            EventKind::Failed {
                attempt: 0,
                in_doubt: false,
                error: vec!["precondition `tcp` is not met".to_owned()],
            },
        ),
        (
            None,
            EventKind::RunEnded {
                state: RunState::Failed,
            },
        ),
    ];
    let drafts = kinds.into_iter().map(|(stage, kind)| Draft {
        at: "2027-01-15T08:00:00.000Z".to_owned(),
        stage: stage.map(|id| StageId::new(id).unwrap()),
        percent: 2.0,
        kind,
    });
    let batch = Batch {
        drafts: drafts.collect(),
        ..Batch::default()
    };
    let new = NewRun {
        id: RunId::new(RUN).unwrap(),
        plan_path: path("plan.yaml"),
        plan_text: text("plan.yaml"),
        inventory_path: path("inventory.yaml"),
        inventory_text: text("inventory.yaml"),
        subjects: [
            "address 10.98.0.21",
            "directory object lab.test/fs01",
            "server fs01",
        ]
        .map(str::to_owned)
        .to_vec(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = SqliteStore::open(&desk.path(".sms-plan")).unwrap();
        let lease = store.create(new, &holder).await.unwrap();
        store.append(&lease, batch).await.unwrap();
        if given_back {
            store.release(&lease, false).await.unwrap();
        }
    });
}

fn past_the_store(desk: &Desk, sql: &str) {
    let database = rusqlite::Connection::open(desk.path(".sms-plan/state.db")).unwrap();
    database.execute_batch(sql).unwrap();
}

#[test]
fn a_whole_journal() {
    let desk = Desk::new();
    a_run(&desk, true);
    assert_snapshot!(desk.all(&["events", "-i", "inventory.yaml", "--verify"]));
}

#[test]
fn a_hash_that_somebody_noted() {
    let desk = Desk::new();
    a_run(&desk, true);
    let lines = desk.json(&["events", "-i", "inventory.yaml", "--format", "json"]);
    let noted = lines[2]["hash"].as_str().unwrap();
    let verify = ["events", "-i", "inventory.yaml", "--verify", "--expect"];
    let nowhere = "0".repeat(64);
    let expecting = |hash| [&verify[..], &[hash]].concat();
    assert_snapshot!("found", desk.all(&expecting(noted)));
    assert_snapshot!("not_found", desk.all(&expecting(&nowhere)));
    assert_snapshot!("no_hash", desk.all(&expecting("0123")));
    let json = [&expecting(noted)[..], &["--format", "json"]].concat();
    assert_eq!(desk.json(&json)[0]["expected"]["event"], 3);
}

#[test]
fn a_journal_that_was_changed() {
    let desk = Desk::new();
    a_run(&desk, true);
    past_the_store(
        &desk,
        "UPDATE events SET body = replace(body, 'tcp', 'udp') WHERE seq = 3",
    );
    let verify = ["events", "-i", "inventory.yaml", "--verify"];
    assert_snapshot!(desk.all(&verify));
    let json = [&verify[..], &["--format", "json"]].concat();
    assert_eq!(
        desk.json(&json)[0],
        serde_json::json!({ "run": RUN, "whole": false, "brokenAt": 3 })
    );
    assert!(desk.run(&json).starts_with("exit 1"));
}

#[test]
fn locks_of_a_run_that_was_given_back() {
    let desk = Desk::new();
    a_run(&desk, true);
    assert_snapshot!(desk.all(&["runs", "-i", "inventory.yaml", "--locks"]));
}

#[test]
fn locks_of_a_process_on_another_machine() {
    let desk = Desk::new();
    a_run(&desk, false);
    let fixed = "UPDATE leases SET taken_at = '2027-01-15T08:00:00.000Z', expires_at = ";
    past_the_store(&desk, &format!("{fixed} unixepoch() + 20"));
    let locks = ["runs", "-i", "inventory.yaml", "--locks"];
    let until = regex::Regex::new("(until +).*").unwrap();
    let alive = desk.all(&locks);
    assert_snapshot!("alive", until.replace(&alive, "${1}[in 20 s]"));
    past_the_store(&desk, &format!("{fixed} 1000000000"));
    assert_snapshot!("stale", desk.all(&locks));
    let json = [&locks[..], &["--format", "json"]].concat();
    assert_snapshot!("json", format!("{:#}", desk.json(&json)[0]["locks"][0]));
}
