//! The program itself, killed at every commit of its journal: a resume comes to the same end, with
//! each effect once, nothing without its `Started`, and nobody told what the journal does not hold.

use std::os::unix::process::ExitStatusExt as _;
use std::process::Output;

use serde_json::Value;

use super::errands::{APPLY, Errands, RESUME, lines};

/// More than any of these runs makes.
const MOST_COMMITS: usize = 60;
/// A test cut at every commit only where somebody has the time.
const SPREAD: usize = 3;

/// Whether the program was killed, rather than come to an end of its own.
fn was_killed(output: &Output) -> bool {
    match output.status.signal() {
        Some(signal) => {
            assert_eq!(signal, 9, "{output:?}");
            true
        }
        None => false,
    }
}

/// What was printed is a part of the journal without a gap, and every effect has its `Started`.
#[track_caller]
fn nobody_was_told_more(errands: &Errands, told: &Output, when: &str) {
    // First the effects: one that is at work yet may come in between, with its start in the journal.
    let effects = errands.effects();
    let journal = errands.journal();
    let told = lines(told);
    if let Some(first) = told.first() {
        let from = journal.iter().position(|event| event == first);
        let from = from.unwrap_or_else(|| panic!("{when}: told of {first}, not in {journal:#?}"));
        assert!(
            journal[from..].starts_with(&told),
            "{when}: told {told:#?}, and the journal holds {journal:#?}"
        );
    }
    for stage in effects.keys() {
        let started = |event: &&Value| event["stage"] == **stage && event["event"] == "Started";
        assert!(
            journal.iter().any(|event| started(&event)),
            "{when}: `{stage}` has run without its start in {journal:#?}"
        );
    }
}

fn has_succeeded(errands: &Errands) -> bool {
    let journal = errands.journal();
    journal
        .last()
        .is_some_and(|event| event["state"] == "succeeded")
}

/// Goes on as a person would: where nothing had begun there is nothing to resume, and where all was
/// done there is nothing left to do.
fn go_on(errands: &Errands, when: &str) {
    if has_succeeded(errands) {
        errands.ended_well(when);
        let applied = errands.all(&APPLY);
        assert_eq!(applied.status.code(), Some(0), "{when}: {applied:?}");
        return errands.ended_well(when);
    }
    let command: &[&str] = if errands.journal().is_empty() {
        assert!(
            errands.effects().is_empty(),
            "{when}: {:?}",
            errands.effects()
        );
        &APPLY
    } else {
        &RESUME
    };
    let output = errands.all(command);
    assert_eq!(output.status.code(), Some(0), "{when}: {output:?}");
    nobody_was_told_more(errands, &output, when);
    errands.ended_well(when);
}

/// Whether the program can be told to end itself; a release cannot, see `src/store/sqlite/cut.rs`.
const CAN_BE_CUT: bool = cfg!(debug_assertions);

/// Cuts `apply` at each commit until there are no more of them.
fn cut_at_every_commit(moment: &str, step: usize, then: impl Fn(&Errands, usize, &str)) {
    for commit in (1..MOST_COMMITS).step_by(step) {
        let when = format!("cut {moment} commit {commit}");
        let errands = Errands::new();
        let cut = format!("{moment}:{commit}");
        let output = errands.cut(&APPLY, &cut).output().unwrap();
        if !was_killed(&output) {
            assert!(commit > 15 || !CAN_BE_CUT, "{commit} commits are too few");
            assert_eq!(output.status.code(), Some(0), "{when}: {output:?}");
            return;
        }
        nobody_was_told_more(&errands, &output, &when);
        then(&errands, commit, &when);
        go_on(&errands, &when);
    }
    panic!("{MOST_COMMITS} commits are not the end");
}

fn step() -> usize {
    if std::env::var_os("SMS_PLAN_LONG").is_some() {
        1
    } else {
        SPREAD
    }
}

#[test]
fn killed_before_each_commit() {
    cut_at_every_commit("before", 1, |_, _, _| {});
}

#[test]
fn killed_after_each_commit() {
    cut_at_every_commit("after", 1, |_, _, _| {});
}

#[test]
fn killed_again_in_the_resume() {
    for moment in ["before", "after"] {
        cut_at_every_commit(moment, step(), |errands, commit, when| {
            if errands.journal().is_empty() || has_succeeded(errands) {
                return;
            }
            // Different places of the resume for different places of the first cut.
            let cut = format!("{moment}:{}", commit % 5 + 1);
            let output = errands.cut(&RESUME, &cut).output().unwrap();
            let when = format!("{when}, resumed and cut {cut}");
            assert!(was_killed(&output), "{when}: {output:?}");
            nobody_was_told_more(errands, &output, &when);
        });
    }
}
