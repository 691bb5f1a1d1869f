//! `resume` with files that were edited since: taken by themselves, taken when told to, refused.

use insta::assert_snapshot;

use super::Desk;
use super::WORDS;
use super::timeless;

// No domain: nobody has to log on to a directory first.
const INVENTORY: &str = "
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: stand }
hosts:
  source: { name: fs01, address: 192.0.2.21, os: linux, domainJoined: false, credential: root, newName: fs01-old }
  destination: { name: fs02, address: 192.0.2.22, os: linux, domainJoined: false, credential: root }
networkMapping: {}
credentials:
  root: { username: root, password: { env: LAB_ADMIN_PASSWORD } }
";

/// A run that has ended behind `first`.
pub(super) fn desk() -> Desk {
    let desk = Desk::of(WORDS, INVENTORY);
    let apply = [
        "apply",
        "plan.yaml",
        "-i",
        "inventory.yaml",
        "--yes",
        "--until",
        "first",
    ];
    assert!(desk.run(&apply).starts_with("exit 4\n"));
    desk
}

fn edit(desk: &Desk, file: &str, changes: &[(&str, &str)]) {
    let mut text = std::fs::read_to_string(desk.path(file)).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    desk.write(file, text);
}

/// What `resume` says, without the run's name and times.
fn resume(desk: &Desk, more: &[&str]) -> String {
    let told = desk.all(&[&["resume", "-i", "inventory.yaml"], more].concat());
    timeless(&told.replace(&desk.first_run(), "[run]"))
}

fn events(desk: &Desk) -> Vec<serde_json::Value> {
    desk.json(&["events", "-i", "inventory.yaml", "--format", "json"])
}

fn edits(desk: &Desk) -> Vec<serde_json::Value> {
    let mut events = events(desk);
    events.retain(|event| event["event"] == "PlanEdited");
    events
}

#[test]
fn how_the_run_works_is_taken_by_itself() {
    let desk = desk();
    edit(
        &desk,
        "inventory.yaml",
        &[("{ env: LAB_ADMIN_PASSWORD }", "{ file: secret.txt }")],
    );
    edit(
        &desk,
        "plan.yaml",
        &[("stages:", "defaults: { timeout: 9m }\nstages:")],
    );
    desk.write("secret.txt", "hush-hush\n");
    assert_snapshot!(resume(&desk, &[]));
    let [edit] = edits(&desk).try_into().unwrap();
    assert_eq!(
        edit["changes"],
        serde_json::json!([
            "defaults/timeout: 15m -> 9m",
            "credentials/root/password: {\"env\":\"LAB_ADMIN_PASSWORD\"} -> {\"file\":\"secret.txt\"}"
        ])
    );
    assert!(edit["by"].as_str().unwrap().contains('@'));
    assert!(
        !edit.to_string().contains("hush-hush"),
        "a secret is in the journal"
    );
    let verified = desk.run(&["events", "-i", "inventory.yaml", "--verify"]);
    assert!(verified.starts_with("exit 0\n"), "{verified}");
}

#[test]
fn what_stages_do_is_taken_when_told_to_and_used_from_then_on() {
    let desk = desk();
    edit(
        &desk,
        "plan.yaml",
        &[("text: two", "text: zwei"), ("id: third", "id: last")],
    );
    assert_snapshot!("left", resume(&desk, &["--until", "first"]));
    assert_eq!(edits(&desk).len(), 0);
    assert_snapshot!(
        "taken",
        resume(&desk, &["--use-edited", "--until", "second"])
    );
    // Every reader goes by the edited plan.
    let status = desk.json(&["status", "-i", "inventory.yaml", "--format", "json"]);
    let stages = status[0]["stages"].as_array().unwrap().iter();
    let ids: Vec<&str> = stages.map(|stage| stage["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["first", "second", "last"]);
    assert!(
        desk.printed(&["book", "-i", "inventory.yaml"])
            .contains("last")
    );
    assert!(
        desk.printed(&["graph", "--run", &desk.first_run(), "-i", "inventory.yaml"])
            .contains("last")
    );
    // A second resume has nothing to take.
    assert_snapshot!("done", resume(&desk, &[]));
    assert_eq!(edits(&desk).len(), 1);
    let texts: Vec<_> = events(&desk)
        .into_iter()
        .filter_map(|event| event["output"]["text"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(texts, ["one", "zwei", "three"]);
    // And so does a second apply.
    assert!(
        desk.run(&["apply", "plan.yaml", "-i", "inventory.yaml", "--yes"])
            .starts_with("exit 0\n")
    );
}

#[test]
fn what_has_ended_is_refused_and_may_be_accepted() {
    let desk = desk();
    edit(
        &desk,
        "plan.yaml",
        &[("text: one", "text: eins"), ("text: two", "text: zwei")],
    );
    assert_snapshot!("refused", resume(&desk, &["--use-edited"]));
    assert_eq!(edits(&desk).len(), 0);
    let accept = [
        "--use-edited",
        "--accept-edit",
        "first",
        "--reason",
        "said by hand",
    ];
    assert_snapshot!("accepted", resume(&desk, &accept));
    let [edit] = edits(&desk).try_into().unwrap();
    assert_eq!(
        edit["accepted"],
        serde_json::json!(["first: with/text: one -> eins"])
    );
    assert_eq!(edit["reason"], "said by hand");
}

#[test]
fn what_is_never_accepted() {
    let desk = desk();
    let of_first = (
        "{ id: first, description: First, on: orchestrator, uses: control.note, with: { text: one } }",
        "{ id: first, description: First, on: source, uses: host.connect }",
    );
    edit(&desk, "plan.yaml", &[of_first]);
    edit(
        &desk,
        "inventory.yaml",
        &[("192.0.2.22", "192.0.2.23"), ("name: fs02", "name: fs03")],
    );
    let accept = ["--use-edited", "--accept-edit", "first", "--reason", "x"];
    assert_snapshot!(resume(&desk, &accept));
}

#[test]
fn needless_words() {
    let desk = desk();
    let accept = ["--use-edited", "--accept-edit", "second", "--reason", "x"];
    assert_snapshot!("needless", resume(&desk, &accept));
    assert_snapshot!(
        "without_a_reason",
        resume(&desk, &["--accept-edit", "second"])
    );
}

#[test]
fn faulty_files_are_told_whole_and_nothing_is_changed() {
    let desk = desk();
    let before = events(&desk).len();
    edit(&desk, "plan.yaml", &[("needs: [first]", "needs: [third]")]);
    edit(
        &desk,
        "inventory.yaml",
        &[("fs01-old", "a-name-that-is-too-long")],
    );
    assert_snapshot!("faulty", resume(&desk, &["--use-edited"]));
    assert_eq!(events(&desk).len(), before);
    std::fs::remove_file(desk.path("plan.yaml")).unwrap();
    desk.write("inventory.yaml", INVENTORY);
    assert_snapshot!("gone", resume(&desk, &["--use-edited"]));
    assert_eq!(events(&desk).len(), before);
    assert_snapshot!("left_as_it_is_gone", resume(&desk, &["--until", "first"]));
}

#[test]
fn a_new_name_is_locked_for_the_run_or_refused() {
    let desk = desk();
    let other = INVENTORY
        .replace("192.0.2.2", "192.0.2.3")
        .replace("fs0", "fx0");
    desk.write("other.yaml", &other);
    let apply = [
        "apply",
        "plan.yaml",
        "-i",
        "other.yaml",
        "--yes",
        "--until",
        "first",
    ];
    assert!(desk.run(&apply).starts_with("exit 4\n"));
    let run = desk.first_run();
    let resume = |desk: &Desk| {
        let told = desk.run(&[
            "resume",
            &run,
            "-i",
            "inventory.yaml",
            "--use-edited",
            "--until",
            "second",
            "--format",
            "json",
        ]);
        let second = desk.json(&["runs", "-i", "inventory.yaml", "--format", "json"])[0]["runs"][1]
            ["run"]
            .as_str()
            .unwrap()
            .to_owned();
        told.replace(&second, "[other run]")
    };
    edit(&desk, "inventory.yaml", &[("fs01-old", "fx01-old")]);
    assert_snapshot!("locked", resume(&desk));
    edit(&desk, "inventory.yaml", &[("fx01-old", "fs01-past")]);
    assert_eq!(resume(&desk), "exit 4\n");
    let locks = desk.printed(&["runs", "--locks", "-i", "inventory.yaml"]);
    assert!(locks.contains("fs01-past"), "{locks}");
}
