//! `rollback` as a person meets it: the preview, the way back, its end, and what only a person can
//! decide. Each stage leaves a file and takes it away again.

use std::path::Path;

use insta::assert_snapshot;

use super::Desk;
use super::errands::INVENTORY;
use super::timeless;

/// Three files, one after the other; `second` may be given another line for its undo, or none.
fn plan(undo: &str) -> String {
    let stage = |id: &str, needs: &str, undo: &str| {
        format!(
            "  - id: {id}
    description: Leaves {id}
    on: orchestrator
    uses: host.run
    needs: [{needs}]
    with:
      script: touch \"$FOLDER/{id}\"
      probe: test -e \"$FOLDER/{id}\"
      env: {{ FOLDER: HERE }}
{undo}"
        )
    };
    let undo_of = |id: &str| format!("      undo: rm \"$FOLDER/{id}\"\n");
    format!(
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: files, version: 1.0.0 }}\nstages:\n{}{}{}",
        stage("first", "", &undo_of("first")),
        stage("second", "first", undo),
        stage("third", "second", &undo_of("third")),
    )
}

fn desk(undo: &str) -> Desk {
    let desk = Desk::new();
    let plan = plan(undo).replace("HERE", &desk.folder.path().display().to_string());
    desk.write("plan.yaml", plan);
    desk.write("inventory.yaml", INVENTORY);
    desk
}

const UNDO: &str = "      undo: rm \"$FOLDER/second\"\n";

fn apply(desk: &Desk, more: &[&str]) -> String {
    let apply = ["apply", "plan.yaml", "-i", "inventory.yaml", "--yes"];
    told(desk, &[&apply[..], more].concat())
}

fn rollback(desk: &Desk, more: &[&str]) -> String {
    let rollback = ["rollback", "-i", "inventory.yaml"];
    told(desk, &[&rollback[..], more].concat())
}

/// What the program says, without the run's name and times.
fn told(desk: &Desk, arguments: &[&str]) -> String {
    let told = desk.all(arguments).replace(&desk.first_run(), "[run]");
    timeless(&told)
}

/// Which of the three files are there.
fn files(desk: &Desk) -> Vec<&'static str> {
    let there = |name: &&str| Path::new(&desk.path(name)).exists();
    ["first", "second", "third"]
        .into_iter()
        .filter(there)
        .collect()
}

#[test]
fn a_finished_run_is_shown_its_way_back_and_takes_it() {
    let desk = desk(UNDO);
    assert!(apply(&desk, &[]).ends_with("exit 0"));
    assert_snapshot!("preview", rollback(&desk, &["--preview"]));
    assert_eq!(files(&desk), ["first", "second", "third"]);
    assert_snapshot!(
        "back",
        rollback(&desk, &["--yes", "--reason", "not tonight"])
    );
    assert_eq!(files(&desk), [""; 0]);
    // Twice is once.
    assert_snapshot!("again", rollback(&desk, &["--yes", "--reason", "twice"]));
    let verify = desk.run(&["events", "-i", "inventory.yaml", "--verify"]);
    assert!(verify.starts_with("exit 0\n"), "{verify}");
    let locks = desk.printed(&["runs", "-i", "inventory.yaml", "--locks"]);
    assert_eq!(locks, "exit 0\nnothing is locked\n");
}

#[test]
fn only_what_began_is_taken_back() {
    let desk = desk(UNDO);
    assert!(apply(&desk, &["--until", "first"]).ends_with("exit 4"));
    assert_snapshot!(
        "until_first",
        rollback(&desk, &["--yes", "--reason", "why"])
    );
    assert_eq!(files(&desk), [""; 0]);
}

#[test]
fn nothing_is_taken_back_unasked() {
    let desk = desk(UNDO);
    apply(&desk, &[]);
    assert_snapshot!("unasked", rollback(&desk, &["--reason", "why"]));
    assert_snapshot!(
        "no_such_stage",
        rollback(&desk, &["--yes", "--reason", "why", "--leave", "fourth"])
    );
    assert_eq!(files(&desk), ["first", "second", "third"]);
    let status = desk.json(&["status", "-i", "inventory.yaml", "--format", "json"]);
    assert_eq!(status[0]["state"], "succeeded");
}

#[test]
fn an_undo_that_fails_is_tried_again_when_it_can_succeed() {
    let desk = desk("      undo: test -e \"$FOLDER/mended\" && rm \"$FOLDER/second\"\n");
    apply(&desk, &[]);
    assert_snapshot!("undo_fails", rollback(&desk, &["--yes", "--reason", "why"]));
    assert_eq!(files(&desk), ["first", "second"]);
    desk.write("mended", "");
    assert!(rollback(&desk, &["--yes", "--reason", "mended"]).ends_with("exit 7"));
    assert_eq!(files(&desk), [""; 0]);
}

#[test]
fn a_secret_that_an_undo_prints_is_not_written_down() {
    let desk = desk("      undo: echo its password is hush-hush >&2; exit 1\n");
    let inventory = INVENTORY.replace("privateKey: id_ed25519", "password: { file: secret.txt }");
    desk.write("inventory.yaml", inventory);
    desk.write("secret.txt", "hush-hush\n");
    apply(&desk, &[]);
    let told = rollback(&desk, &["--yes", "--reason", "why"]);
    assert!(told.ends_with("exit 1"), "{told}");
    assert!(told.contains("its password is"), "{told}");
    let events = desk.printed(&["events", "-i", "inventory.yaml", "--format", "json"]);
    assert!(events.contains("its password is"), "{events}");
    assert!(!(told + &events).contains("hush-hush"));
}

#[test]
fn what_has_no_undo_waits_for_a_person_who_may_leave_it() {
    let desk = desk("");
    apply(&desk, &[]);
    assert_snapshot!("no_undo_preview", rollback(&desk, &["--preview"]));
    assert_snapshot!("no_undo", rollback(&desk, &["--yes", "--reason", "why"]));
    assert_eq!(files(&desk), ["first", "second"]);
    // Until that is decided, no other run may begin there.
    let locks = desk.printed(&["runs", "-i", "inventory.yaml", "--locks"]);
    assert!(locks.contains("192.0.2.21"), "{locks}");
    let leave = ["--yes", "--leave", "second", "--reason", "it does no harm"];
    assert_snapshot!("left", rollback(&desk, &leave));
    assert_eq!(files(&desk), ["second"]);
}

#[test]
fn a_run_that_fails_takes_itself_back_where_that_was_asked_for() {
    let desk = desk(UNDO);
    let text = std::fs::read_to_string(desk.path("plan.yaml")).unwrap();
    desk.write(
        "plan.yaml",
        text.replace("script: touch \"$FOLDER/third\"", "script: exit 3"),
    );
    assert_snapshot!("by_itself", apply(&desk, &["--on-failure", "rollback"]));
    assert_eq!(files(&desk), [""; 0]);
}

#[test]
fn what_a_newer_run_stands_upon_is_not_taken_back() {
    let desk = desk(UNDO);
    apply(&desk, &[]);
    let first = desk.first_run();
    let text = std::fs::read_to_string(desk.path("plan.yaml")).unwrap();
    desk.write(
        "plan.yaml",
        text.replace("name: files", "name: others")
            .replace("third", "fourth"),
    );
    assert!(apply(&desk, &[]).ends_with("exit 0"));
    let told = desk.all(&[
        "rollback",
        &first,
        "-i",
        "inventory.yaml",
        "--yes",
        "--reason",
        "why",
    ]);
    let runs = desk.json(&["runs", "-i", "inventory.yaml", "--format", "json"]);
    let newer = runs[0]["runs"][1]["run"].as_str().unwrap();
    let told = told.replace(&first, "[run]").replace(newer, "[newer]");
    assert_snapshot!("newer", told);
    assert_eq!(files(&desk), ["first", "second", "third"]);
}

/// No look could tell: the undo runs, because the script may have left something before it failed.
#[test]
fn a_script_that_failed_and_has_no_probe_is_undone() {
    let desk = desk(UNDO);
    let text = std::fs::read_to_string(desk.path("plan.yaml")).unwrap();
    let text = text
        .replace(
            "script: touch \"$FOLDER/third\"",
            "script: touch \"$FOLDER/third\"; exit 3",
        )
        .replace("      probe: test -e \"$FOLDER/third\"\n", "");
    desk.write("plan.yaml", text);
    let told = apply(&desk, &["--on-failure", "rollback"]);
    assert!(told.ends_with("exit 7"), "{told}");
    assert_eq!(files(&desk), [""; 0]);
}
