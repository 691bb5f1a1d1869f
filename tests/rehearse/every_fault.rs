//! Each kind of fault at each stage, for each kind of pair: the end is the finished cutover, or a stop
//! that says where and why.
//!
//! All of them take minutes in a debug build, so a plain run takes a spread of them and
//! `SMS_PLAN_LONG=1` all.

use std::cell::Cell;
use std::collections::BTreeSet;

use sms_plan::rehearse::{FaultRow, Setting, every_fault};
use sms_plan::run::RunState;
use sms_plan::simulated::FaultKind;

use super::any_run::PAIRS;
use super::example;

/// Of how many faults a plain run takes one.
const SPREAD: usize = 40;

#[tokio::test(start_paused = true)]
async fn each_ends_with_the_cutover_or_says_why() {
    let long = std::env::var_os("SMS_PLAN_LONG").is_some();
    let mut kinds = BTreeSet::new();
    for (offset, pair) in PAIRS.into_iter().enumerate() {
        let setting = Setting {
            parallel: 4,
            ..example(pair)
        };
        // Others for each kind of pair.
        let seen = Cell::new(offset * 7);
        let chosen = || long || seen.replace(seen.get() + 1).is_multiple_of(SPREAD);
        let (undisturbed, rows) = every_fault(&setting, |_| chosen()).await.unwrap();
        assert_eq!(undisturbed.run.state(), RunState::Succeeded, "{pair}");
        for row in &rows {
            check(pair, row);
            kinds.insert(row.fault.kind);
        }
    }
    if long {
        assert_eq!(kinds, BTreeSet::from(FaultKind::ALL));
    } else {
        assert!(kinds.len() > 3, "the spread is too thin: {kinds:?}");
    }
}

fn check(pair: &str, row: &FaultRow) {
    let FaultRow { fault, rehearsal } = row;
    let what = format!("{pair}, {fault}");
    let end = &rehearsal.end;
    assert_eq!(end.wrongs, [""; 0], "{what}");
    if rehearsal.run.state() == RunState::Succeeded {
        assert_eq!(end.temporary_accounts, [], "{what}");
        assert_eq!(end.fences, [], "{what}");
        assert!(end.token_filters.values().all(Option::is_none), "{what}");
    }
    for stop in &rehearsal.stops {
        let words = stop.why.as_ref().map(|(_, words)| words.join(": "));
        // A power cut says nothing; a new process takes over.
        let says = stop.state == RunState::Running || words.is_some_and(|words| words.len() > 10);
        assert!(says, "{what}: {stop:?}");
    }
}
