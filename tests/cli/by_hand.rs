//! What helps a person who goes on by hand: `explain`, `book` and `adopt` at the terminal.

use std::io::Write as _;
use std::process::Command;
use std::process::Stdio;

use insta::assert_snapshot;

use super::Desk;

/// The exit code and standard output.
fn printed(program: &mut Command) -> (Option<i32>, String) {
    let out = program.output().unwrap();
    (out.status.code(), String::from_utf8(out.stdout).unwrap())
}

#[test]
fn a_code_is_explained() {
    let (code, told) = printed(&mut Desk::new().program(&["explain", "0xAAC"]));
    assert_eq!(code, Some(0));
    assert_snapshot!(told);
}

#[test]
fn words_without_quotes_are_one_text() {
    let desk = Desk::new();
    let (_, quoted) = printed(&mut desk.program(&["explain", "LDAP 49 data 532"]));
    let (_, plain) = printed(&mut desk.program(&["explain", "LDAP", "49", "data", "532"]));
    assert_eq!(plain, quoted);
    assert!(
        plain.starts_with("known issue W1330: The password has expired\n"),
        "{plain}"
    );
}

#[test]
fn what_nobody_knows_is_said_so() {
    let (code, told) = printed(&mut Desk::new().program(&["explain", "the moon is full"]));
    assert_eq!(code, Some(0));
    assert_snapshot!(told);
}

#[test]
fn a_log_on_standard_input_is_explained_for_machines() {
    let desk = Desk::new();
    let mut program = desk.program(&["explain", "-", "--format", "json"]);
    let mut child = program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let log = format!(
        "{}join: NT_STATUS_LOGON_FAILURE \u{fffd}\n",
        "nothing of note\n".repeat(30)
    );
    let mut bytes = log.into_bytes();
    bytes.push(0xff);
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let out = child.wait_with_output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(told["known"][0]["id"], "W1326");
    assert_eq!(told["known"][0]["line"], 31);
}

#[test]
fn the_whole_book_needs_no_run_no_server_and_no_secret() {
    let desk = Desk::new();
    std::fs::remove_file(desk.path("id_ed25519")).unwrap();
    let arguments = ["book", "--all", "plan.yaml", "-i", "inventory.yaml"];
    let (code, told) = printed(desk.program(&arguments).env_remove("LAB_ADMIN_PASSWORD"));
    assert_eq!(code, Some(0));
    assert!(
        told.starts_with("Cutover by hand: fs01 to fs02\n"),
        "{told}"
    );
    desk.is_untouched();

    let file = ["--format", "html", "-o", "book.html"];
    let (code, told) = printed(&mut desk.program(&[&arguments[..], &file].concat()));
    assert_eq!((code, told.as_str()), (Some(0), ""));
    let page = std::fs::read_to_string(desk.path("book.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
}

#[test]
fn a_book_of_no_run() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["book", "-i", "inventory.yaml"]));
    desk.is_untouched();
}

#[test]
fn a_report_is_printed_and_stands_in_the_runs_folder() {
    let desk = Desk::new();
    let run = desk.failed_run();
    let (code, told) = printed(&mut desk.program(&["report", "-i", "inventory.yaml"]));
    assert_eq!(code, Some(0));
    assert!(told.starts_with(&format!("Run {run}: ")), "{told}");
    assert!(told.contains("State: failed, at "), "{told}");
    let kept = desk.path(&format!(".sms-plan/runs/{run}/report"));
    assert_eq!(std::fs::read_to_string(kept).unwrap(), told);
}

#[test]
fn a_run_and_a_stage_that_are_not_there() {
    let desk = Desk::new();
    let run = desk.failed_run();
    let adopt = |run: &str, stage: &str| {
        desk.run(&[
            "adopt",
            run,
            stage,
            "--by",
            "me",
            "--reason",
            "done",
            "-i",
            "inventory.yaml",
        ])
    };
    assert!(adopt("20260101-000000-abcd", "connect-source").starts_with("exit 2\n"));
    let told = adopt(&run, "nobody");
    assert!(
        told.starts_with("exit 2\nerror: the run's plan has no stage `nobody`"),
        "{told}"
    );
}
