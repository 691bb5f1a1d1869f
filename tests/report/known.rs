//! What is known of failures: every entry is found by what it was made for, and nothing else.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sms_plan::report::known::{Place, in_log, issues, known};

/// The entries that a text shows, best first.
fn ids(text: &str) -> Vec<&'static str> {
    let found = known(text, Place::default());
    found.iter().map(|known| known.issue.id.as_str()).collect()
}

#[test]
fn each_real_text_is_matched_by_its_entry_first() {
    let mut wrong = Vec::new();
    for issue in issues() {
        for seen in &issue.seen {
            let found = ids(&seen.text);
            if found.first() != Some(&issue.id.as_str()) {
                wrong.push(format!("{}: `{}` is {found:?}", issue.id, seen.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_entry_has_a_real_text_and_a_source() {
    let mut names = BTreeSet::new();
    for issue in issues() {
        assert!(names.insert(&issue.id), "{} is there twice", issue.id);
        assert!(
            !issue.seen.is_empty() && !issue.sources.is_empty(),
            "{}",
            issue.id
        );
        assert!(
            issue.seen.iter().all(|seen| !seen.source.is_empty()),
            "{}",
            issue.id
        );
    }
}

#[test]
fn every_row_of_the_catalogue_has_an_entry() {
    let there: BTreeSet<&str> = issues().iter().map(|issue| issue.id.as_str()).collect();
    for number in 1..=40 {
        assert!(
            there.contains(format!("K{number:02}").as_str()),
            "K{number:02}"
        );
    }
}

#[test]
fn every_code_of_the_dictionary_is_known() {
    let codes = [
        5, 53, 67, 64, 1722, 1727, 1753, 87, 1115, 1190, 1219, 1311, 1355, 1326, 1327, 1385, 1331,
        1396, 1397, 1398, 1787, 1789, 1909, 2102, 2202, 2221, 2224, 2245, 2691, 2692, 2693, 2695,
        2697, 2732, 8206, 8240, 8456, 8457, 8524, 8557, 8647, 9003, 1168,
    ];
    for code in codes {
        let decimal = ids(&code.to_string());
        assert!(!decimal.is_empty(), "{code}");
        assert_eq!(decimal, ids(&format!("0x{code:X}")), "{code}");
        assert_eq!(
            decimal.first(),
            ids(&format!("error {code}")).first(),
            "{code}"
        );
    }
    for code in [
        "0x80090322",
        "0x80338012",
        "0x80338029",
        "0x80338126",
        "0x803381A1",
        "0x803381A2",
        "0x8009030e",
        "0x80090311",
        "0xAAC",
        "0x216D",
    ] {
        assert!(!ids(code).is_empty(), "{code}");
    }
}

#[test]
fn what_people_ask_for_is_found() {
    assert_eq!(ids("0xAAC"), ["K14"]);
    assert_eq!(ids("1326"), ["W1326"]);
    assert_eq!(ids("NT_STATUS_LOGON_FAILURE"), ["W1326"]);
    assert_eq!(ids("LDAP 49 data 532")[..2], ["W1330", "L49"]);
    assert_eq!(ids("HRESULT 0x8007052E"), ["W1326"]);
    assert_eq!(ids("5"), ["W5"]);
    assert_eq!(ids("k14"), ["K14"]);
    assert!(ids("38%").contains(&"K02") && ids("38%").contains(&"K04"));
    assert!(ids("map-source-network").contains(&"K03"));
    let told = "Cutover hangs at 38% Mapping network interfaces on the source computer...";
    assert_eq!(ids(told), ids("38%"));
    assert_eq!(
        ids("join fails on 77 %: error 0xaac")[0],
        "K14",
        "a sign counts for more"
    );
}

#[test]
fn what_nobody_knows_matches_nothing() {
    for text in [
        "",
        "Succeeded",
        "the quick brown fox jumps over the lazy dog",
        "TCP port 5 of 10.98.0.21 answered",
        "the script ended with exit code 5",
        "stage 38 of 47",
        "123456",
        "0x7fffabcd",
        "NT_STATUS_OK",
        "LDAP result 0: success",
        "run 20261123-162117-6c9f has succeeded, 23 s after it began",
        "copied 1326 files in 53 s",
        "100%",
        "the disk is 38% full",
    ] {
        assert_eq!(ids(text), [""; 0], "{text}");
    }
}

#[test]
fn the_place_decides_between_entries_with_the_same_sign() {
    let text = "waiting for the server: it did not come back in time";
    assert_eq!(ids(text), [""; 0], "without a place it says nothing");
    let at = |stage| {
        let place = Place {
            stage: Some(stage),
            percent: None,
        };
        known(text, place)
            .first()
            .map(|known| known.issue.id.as_str())
    };
    assert_eq!(at("wait-source-after-leave"), Some("K07"));
    assert_eq!(at("wait-destination-new-name"), Some("K17"));
}

#[test]
fn places_are_stages_of_the_shipped_plan_with_the_documents_percents() {
    let plan = include_str!("../../plans/cutover.yaml");
    let ids = plan
        .lines()
        .filter_map(|line| line.strip_prefix("  - id: "));
    let rows = include_str!("../fixtures/plan/rows.tsv");
    let percents = rows
        .lines()
        .skip(1)
        .map(|row| row.split_once('%').unwrap().0);
    let document: BTreeMap<&str, u32> = ids
        .zip(percents.map(|percent| percent.parse().unwrap()))
        .collect();
    for issue in issues() {
        let of_stages: BTreeSet<u32> = issue
            .at
            .stages
            .iter()
            .map(|stage| document[stage.as_str()])
            .collect();
        let told: BTreeSet<u32> = issue.at.percents.iter().copied().collect();
        assert_eq!(of_stages, told, "{}", issue.id);
    }
}

#[test]
fn a_log_is_read_line_by_line() {
    let quiet = "2026-11-23 16:21:17 INFO connected to port 445\n".repeat(20);
    let log = format!(
        "{quiet}joining fs01: error 1326\n{quiet}again: NT_STATUS_LOGON_FAILURE\n\
         samldb: spn[HOST/FSALT] would cause a conflict\n"
    );
    let found: Vec<_> = in_log(&log)
        .into_iter()
        .map(|found| (found.known.issue.id.as_str(), found.line, found.lines))
        .collect();
    assert_eq!(found, [("S07", Some(43), 1), ("W1326", Some(42), 2)]);
    assert!(in_log(&quiet).is_empty());
}
