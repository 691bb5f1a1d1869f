//! What `preview` shows, and going on where the document is silent.

use insta::assert_snapshot;
use sms_plan::plan::kinds;

use super::Desk;

impl Desk {
    /// Puts the inventory of a kind of pair on the desk.
    fn of_kind(code: &str) -> Self {
        let desk = Self::new();
        let kind = kinds().iter().find(|kind| kind.code == code).unwrap();
        desk.write("inventory.yaml", kind.inventory().file().text());
        desk
    }

    /// Makes the source of the inventory a workgroup computer: of that pair the document is silent.
    fn of_a_silent_pair() -> Self {
        let desk = Self::new();
        let text = std::fs::read_to_string(desk.path("inventory.yaml")).unwrap();
        let text = text.replacen("domainJoined: true", "domainJoined: false", 1);
        desk.write("inventory.yaml", text);
        desk
    }

    /// What the program printed, and how it ended.
    fn shown(&self, arguments: &[&str]) -> (i32, String) {
        let out = self.program(arguments).output().unwrap();
        let printed = String::from_utf8(out.stdout).unwrap();
        (out.status.code().unwrap(), printed)
    }
}

fn preview(desk: &Desk, more: &[&str]) -> String {
    let mut arguments = vec!["preview", "plan.yaml", "-i", "inventory.yaml"];
    arguments.extend(more);
    let (exit, shown) = desk.shown(&arguments);
    assert_eq!(exit, 0);
    desk.is_untouched();
    shown
}

#[test]
fn two_linux_members() {
    let shown = preview(&Desk::new(), &[]);
    assert!(shown.lines().all(|line| line.chars().count() <= 96));
    assert!(!shown.contains('\u{1b}'), "colour outside of a terminal");
    assert_snapshot!(shown);
}

#[test]
fn windows_server_2003() {
    assert_snapshot!(preview(&Desk::of_kind("P2"), &[]));
}

#[test]
fn a_workgroup() {
    assert_snapshot!(preview(&Desk::of_kind("L2"), &[]));
}

#[test]
fn a_pair_of_which_little_is_known() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("inventory.yaml")).unwrap();
    let left_out = ["os:", "osVersion:", "domainJoined:", "clustered:"];
    let text: Vec<&str> = text
        .lines()
        .filter(|line| !left_out.iter().any(|key| line.trim().starts_with(key)))
        .collect();
    desk.write("inventory.yaml", text.join("\n"));
    assert_snapshot!(preview(&desk, &[]));
}

#[test]
fn for_a_change_board() {
    let shown = preview(&Desk::of_kind("P6"), &["--format", "markdown"]);
    for line in shown.lines().filter(|line| line.starts_with('|')) {
        let strokes = line.replace("\\|", "").matches('|').count();
        assert!([5, 8].contains(&strokes), "{line}");
    }
    assert_snapshot!(shown);
}

#[test]
fn a_refused_pair_is_a_fault_of_its_inventory() {
    let desk = Desk::of_a_silent_pair();
    let said = desk.run(&["preview", "plan.yaml", "-i", "inventory.yaml"]);
    assert_snapshot!(said);
    for command in ["validate", "apply"] {
        let also = desk.run(&[command, "plan.yaml", "-i", "inventory.yaml"]);
        assert_eq!(also, said, "{command}");
    }
    desk.is_untouched();
}

#[test]
fn what_is_silent_may_be_accepted_by_a_person_with_a_reason() {
    let desk = Desk::of_a_silent_pair();
    let accept = [
        "--accept",
        "P083",
        "--reason",
        "the clients are moved by hand",
    ];
    let validate = [
        &["validate", "plan.yaml", "-i", "inventory.yaml"][..],
        &accept,
    ]
    .concat();
    assert_snapshot!("accepted_validate", desk.run(&validate));
    let shown = preview(&desk, &accept);
    let top: Vec<&str> = shown
        .lines()
        .take_while(|line| !line.contains("0% "))
        .collect();
    assert_snapshot!("accepted_preview", top.join("\n"));
    // The shipped plan takes over an account that is not there, and this version cannot do without.
    let apply = [&["apply", "plan.yaml", "-i", "inventory.yaml"][..], &accept].concat();
    assert_snapshot!("accepted_apply", desk.run(&apply));
    desk.is_untouched();
}

#[test]
fn accepting_what_cannot_be_accepted_is_a_wrong_use() {
    let desk = Desk::of_a_silent_pair();
    let mut said = String::new();
    for more in [
        &["--accept", "P999", "--reason", "x"][..],
        &["--accept", "P08", "--reason", "x"],
        &["--accept", "P080", "--reason", "x"],
        &["--accept", "P087", "--reason", "x"],
        &["--accept", "P083"],
        &["--accept", "P083", "--reason", ""],
        &["--reason", "x"],
    ] {
        let arguments = [&["preview", "plan.yaml", "-i", "inventory.yaml"][..], more].concat();
        let told = desk.run(&arguments);
        assert!(told.starts_with("exit 2\n"), "{more:?}: {told}");
        said.extend([more.join(" ").as_str(), "\n", &told, "\n"]);
    }
    assert_snapshot!(said);
    desk.is_untouched();
}

/// A plan that asks nobody but a person, and so nothing of the two servers.
const ASKS: &str = "apiVersion: sms-plan/v1
kind: Plan
metadata: { name: ask, version: 1.0.0 }
stages:
  - id: ask
    description: Asking a person...
    on: orchestrator
    uses: control.approve
    with: { message: May it go on? }
";

#[test]
fn what_was_accepted_is_in_the_journal_and_holds_for_a_resume() {
    let desk = Desk::of_a_silent_pair();
    desk.write("plan.yaml", ASKS);
    let apply = ["apply", "plan.yaml", "-i", "inventory.yaml"];
    let accept = ["--accept", "P083", "--reason", "agreed with the owner"];
    // As far as the question, and no further.
    let (exit, shown) = desk.shown(&[&apply[..], &accept].concat());
    assert_eq!(exit, 2);
    assert!(shown.contains("reason: agreed with the owner"), "{shown}");
    desk.is_untouched();

    let (exit, told) = desk.shown(&[&apply[..], &accept, &["--yes"]].concat());
    assert_eq!(exit, 5, "{told}");
    let said = "P083: a workgroup source has no computer account for a destination in a domain";
    let here = ["-i", "inventory.yaml"];
    let (_, events) = desk.shown(&[&["events"][..], &here].concat());
    let accepted = events.lines().nth(2).unwrap();
    assert!(accepted.contains("OverrideAccepted"), "{events}");
    assert!(accepted.contains(&format!("{said}, by ")), "{accepted}");
    assert!(accepted.ends_with(": agreed with the owner"), "{accepted}");
    let (_, status) = desk.shown(&[&["status"][..], &here].concat());
    assert!(status.contains(said), "{status}");
    let (_, status) = desk.shown(&[&["status", "--format", "json"][..], &here].concat());
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status["accepted"][0]["what"], said);
    assert_eq!(status["accepted"][0]["reason"], "agreed with the owner");

    let run = status["run"].as_str().unwrap();
    let approve = ["approve", run, "ask", "--by", "somebody"];
    assert_eq!(desk.shown(&[&approve[..], &here].concat()).0, 0);
    // It is not refused again; the directory of this desk cannot be asked, as its certificate is none.
    let told = desk.run(&[&["resume", run][..], &here].concat());
    assert!(!told.contains("P083"), "{told}");
    assert!(told.contains("log on to the directory"), "{told}");
}
