//! `apply` where a run for the same servers has finished: with its own files, with files that were
//! edited since, and with a plan for something else.

use insta::assert_snapshot;

use super::Desk;
use super::WORDS;
use super::errands::INVENTORY;

/// The first two of the three stages.
fn plan() -> &'static str {
    let (two, _) = WORDS.split_once("  - { id: third").unwrap();
    two
}

fn finished() -> Desk {
    let desk = Desk::of(plan(), INVENTORY);
    assert_eq!(apply(&desk).lines().last(), Some("exit 0"));
    desk
}

fn apply(desk: &Desk) -> String {
    let told = desk.all(&["apply", "plan.yaml", "-i", "inventory.yaml", "--yes"]);
    told.replace(&desk.first_run(), "[run]")
}

fn runs(desk: &Desk) -> usize {
    let runs = desk.json(&["runs", "-i", "inventory.yaml", "--format", "json"]);
    runs[0]["runs"].as_array().unwrap().len()
}

#[test]
fn the_same_files_change_nothing() {
    let desk = finished();
    assert_snapshot!(apply(&desk));
    desk.write(
        "plan.yaml",
        plan()
            .replace("1.0.0", "1.0.1")
            .replace("First", "The first"),
    );
    assert_eq!(apply(&desk).lines().last(), Some("exit 0"));
    assert_eq!(runs(&desk), 1);
}

#[test]
fn what_was_edited_since_is_not_called_done() {
    let desk = finished();
    let edited = plan()
        .replace("text: one", "text: eins")
        .replace("id: second", "id: another")
        .replace("text: two", "text: zwei");
    desk.write("plan.yaml", edited);
    assert_snapshot!("edited", apply(&desk));
    desk.write("plan.yaml", plan());
    desk.write(
        "inventory.yaml",
        INVENTORY.replace("name: fs01,", "name: fs01, newName: fs01-old,"),
    );
    assert_snapshot!("edited_inventory", apply(&desk));
    assert_eq!(runs(&desk), 1);
}

#[test]
fn a_plan_of_another_name_is_another_run() {
    let desk = finished();
    desk.write("plan.yaml", plan().replace("name: words", "name: others"));
    assert_eq!(apply(&desk).lines().last(), Some("exit 0"));
    assert_eq!(runs(&desk), 2);
    // And each of them has happened.
    assert!(apply(&desk).contains("nothing was changed"));
    desk.write("plan.yaml", plan());
    assert!(apply(&desk).contains("already done by run [run]"));
    assert_eq!(runs(&desk), 2);
}

/// A stage that leaves a file, behind a question that is asked before anything changes.
const ASKS: &str = "
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: asks, version: 1.0.0 }
stages:
  - id: leaves
    description: Leaves a file
    on: orchestrator
    uses: host.run
    preconditions: [{ expr: \"inventory.metadata.name == 'other'\", early: true }]
    with: { script: touch \"$FILE.CODE\"; exit CODE, probe: test -e \"$FILE.0\", env: { FILE: HERE } }
";

fn asks(desk: &Desk, name: &str, code: &str) {
    let here = desk.path("left").display().to_string();
    let text = ASKS
        .replace("'other'", &format!("'{name}'"))
        .replace("CODE", code)
        .replace("HERE", &here);
    desk.write("plan.yaml", text);
}

#[test]
fn a_run_that_changed_nothing_makes_way_for_mended_files() {
    let desk = Desk::new();
    desk.write("inventory.yaml", INVENTORY);
    asks(&desk, "other", "0");
    assert_eq!(apply(&desk).lines().last(), Some("exit 1"));
    // The same files are resumed, not begun anew.
    assert_snapshot!("same_files", apply(&desk));
    asks(&desk, "stand", "0");
    let told = apply(&desk);
    assert!(
        told.contains("run [run] had changed nothing; it is given up for this one"),
        "{told}"
    );
    assert!(told.contains("exit 0"), "{told}");
    assert_eq!(runs(&desk), 2);
}

#[test]
fn a_run_that_changed_something_does_not() {
    let desk = Desk::new();
    desk.write("inventory.yaml", INVENTORY);
    asks(&desk, "stand", "3");
    assert_eq!(apply(&desk).lines().last(), Some("exit 1"));
    assert!(desk.path("left.3").exists());
    asks(&desk, "stand", "0");
    let told = apply(&desk);
    assert!(
        told.contains("run [run] for these servers has not ended"),
        "{told}"
    );
    assert_eq!(runs(&desk), 1);
}
