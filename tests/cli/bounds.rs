//! `--until`, `--pause-before`, `--from` and `approve`, on a run that writes three lines of text.

use insta::assert_snapshot;

use super::Desk;
use super::WORDS;
use super::errands::INVENTORY;

fn desk() -> Desk {
    Desk::of(WORDS, INVENTORY)
}

fn apply(desk: &Desk, more: &[&str]) -> String {
    let apply = [
        "apply",
        "plan.yaml",
        "-i",
        "inventory.yaml",
        "--yes",
        "--format",
        "json",
    ];
    desk.run(&[&apply[..], more].concat())
}

fn resume(desk: &Desk, more: &[&str]) -> String {
    let resume = ["resume", "-i", "inventory.yaml", "--format", "json"];
    desk.run(&[&resume[..], more].concat())
}

/// The journal: what happened, to which stage, and what was said.
fn journal(desk: &Desk) -> String {
    let events = desk.json(&["events", "-i", "inventory.yaml", "--format", "json"]);
    let word = |event: &serde_json::Value, field: &str| {
        event[field].as_str().unwrap_or_default().to_owned()
    };
    let lines = events.iter().map(|event| {
        let words = ["event", "stage", "why", "what", "state"].map(|field| word(event, field));
        words
            .join(" ")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_pauses_before_a_stage_and_goes_on_when_somebody_approves() {
    let desk = desk();
    assert_eq!(apply(&desk, &["--pause-before", "second"]), "exit 5\n");
    assert_eq!(
        resume(&desk, &[]),
        "exit 5\n",
        "a resume alone does not let it begin"
    );
    let run = desk.first_run();
    let approve = [
        "approve",
        &run,
        "second",
        "--by",
        "me",
        "-i",
        "inventory.yaml",
    ];
    assert_eq!(desk.run(&approve), "exit 0\n");
    assert_eq!(resume(&desk, &[]), "exit 0\n");
    assert_snapshot!(journal(&desk));
}

#[test]
fn a_run_stops_behind_a_stage_and_goes_on_from_there() {
    let desk = desk();
    assert_eq!(apply(&desk, &["--until", "second"]), "exit 4\n");
    let again = ["--from", "first", "--reason", "why", "--until", "second"];
    assert_eq!(
        resume(&desk, &again),
        "exit 4\nnote: no stage from `first` on has ended and left anything to look at\n"
    );
    let late = resume(&desk, &["--pause-before", "first"]);
    assert_eq!(resume(&desk, &[]), "exit 0\n");
    assert_snapshot!("too_late", late);
    assert_snapshot!(journal(&desk));
}

#[test]
fn a_stage_that_the_plan_does_not_have() {
    let desk = desk();
    for bound in ["--until", "--pause-before"] {
        assert_eq!(
            apply(&desk, &[bound, "nowhere"]),
            "exit 2\nerror: the plan has no stage `nowhere`\n"
        );
    }
    desk.is_untouched();
}

#[test]
fn looking_again_without_a_reason() {
    let desk = desk();
    assert_snapshot!(resume(&desk, &["--from", "first"]));
}

#[test]
fn a_resume_tells_what_was_edited_since() {
    let desk = desk();
    apply(&desk, &["--until", "first"]);
    desk.write("plan.yaml", WORDS.replace("text: two", "text: zwei"));
    desk.write("inventory.yaml", format!("# a comment\n{INVENTORY}"));
    let told = desk.all(&["resume", "-i", "inventory.yaml", "--until", "first"]);
    let (told, _) = told.split_once("\nrun ").unwrap();
    assert_snapshot!(told);
}
