//! The shipped plan against the document that it follows.

use std::collections::BTreeMap;

use serde_json::json;
use sms_plan::plan::Basis;
use sms_plan::plan::Runs;
use sms_plan::plan::kinds;
use sms_plan::plan::path;
use sms_plan::run::StageId;

use super::cutover;
use super::pairs::Pair;
use super::project;

/// The document's table: percent, text, note.
fn table() -> Vec<(f64, String, String)> {
    let text = std::fs::read_to_string(project("tests/fixtures/plan/rows.tsv")).unwrap();
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        let percent = cells.next().unwrap().trim_end_matches('%').parse().unwrap();
        (percent, cells.next().unwrap(), cells.next().unwrap())
    };
    text.lines().map(row).collect()
}

/// The rows that each kind shows: percent and text.
fn paths() -> BTreeMap<String, Vec<(f64, String)>> {
    let text = std::fs::read_to_string(project("tests/fixtures/plan/paths.tsv")).unwrap();
    let mut paths = BTreeMap::<String, Vec<(f64, String)>>::new();
    let mut kind = String::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            title.split(' ').next().unwrap().clone_into(&mut kind);
        } else {
            let (percent, text) = line.split_once("%\t").unwrap();
            let row = (percent.parse().unwrap(), text.to_owned());
            paths.entry(kind.clone()).or_default().push(row);
        }
    }
    paths
}

/// Compares percents as people see them.
fn shown(rows: impl IntoIterator<Item = (f64, String)>) -> Vec<String> {
    rows.into_iter()
        .map(|(percent, text)| format!("{percent:.6}% {text}"))
        .collect()
}

#[test]
fn all_49_rows_start_at_their_percent_with_their_text() {
    let plan = cutover();
    let rows = path(&plan, &Pair::p1().roots());
    assert_eq!(rows.len(), 49);
    let ours = shown(rows.into_iter().map(|row| (row.percent, row.description)));
    let theirs = shown(
        table()
            .into_iter()
            .map(|(percent, text, _)| (percent, text)),
    );
    assert_eq!(ours, theirs);
}

#[test]
fn notes_are_the_documents() {
    let plan = cutover();
    for (stage, (_, text, note)) in plan.stages.iter().zip(&table()[1..]) {
        assert_eq!(stage.description.source_text(), text);
        let ours = stage.note.as_ref().map_or("", |note| note.source_text());
        assert_eq!(ours, note, "{}", stage.id);
    }
}

#[test]
fn ids_are_the_designs() {
    let ids: Vec<String> = cutover()
        .stages
        .iter()
        .map(|stage| stage.id.to_string())
        .collect();
    insta::assert_snapshot!(ids.join("\n"));
}

#[test]
fn each_kind_takes_its_rows() {
    let plan = cutover();
    let paths = paths();
    let kinds = [
        ("P1", Pair::p1()),
        ("P2", Pair::p2()),
        ("P3", Pair::p3()),
        ("P4a", Pair::p4a()),
        ("P4b", Pair::p4b()),
        ("P5", Pair::p5()),
        ("P6", Pair::p6()),
    ];
    assert_eq!(paths.len(), kinds.len());
    for (kind, pair) in kinds {
        assert_eq!(taken(&plan, &pair), shown(paths[kind].clone()), "{kind}");
    }
}

fn taken(plan: &sms_plan::plan::Plan, pair: &Pair) -> Vec<String> {
    let rows = path(plan, &pair.roots());
    assert!(
        rows.iter().all(|row| row.runs != Runs::Unknown),
        "{rows:#?}"
    );
    shown(
        rows.into_iter()
            .filter(|row| row.runs == Runs::Yes)
            .map(|r| (r.percent, r.description)),
    )
}

/// The ids of the stages that a pair takes.
fn ids(pair: &Pair) -> Vec<String> {
    let rows = path(&cutover(), &pair.roots()).into_iter();
    rows.filter(|row| row.runs == Runs::Yes)
        .map(|row| row.id)
        .collect()
}

#[test]
fn a_linux_destination_in_a_domain_takes_no_windows_rows() {
    let local = ids(&Pair::of("L1a"));
    let windows = ids(&Pair::p4a());
    let gone: Vec<&String> = windows.iter().filter(|id| !local.contains(id)).collect();
    assert_eq!(
        gone,
        [
            "clear-destination-account",
            "create-destination-account",
            "relax-destination-token-filter",
            "logon-destination-account",
            "remove-destination-account",
            "restore-destination-token-filter",
        ]
    );
    let domain = ids(&Pair::of("L1b"));
    let gone: Vec<&String> = windows.iter().filter(|id| !domain.contains(id)).collect();
    assert_eq!(
        gone,
        [
            "relax-destination-token-filter",
            "restore-destination-token-filter"
        ]
    );
}

#[test]
fn a_linux_source_with_a_domain_credential_needs_the_temporary_account() {
    let local = ids(&Pair::of("P4a"));
    let domain = ids(&Pair::of("P4c"));
    let more: Vec<&String> = domain.iter().filter(|id| !local.contains(id)).collect();
    assert_eq!(
        more,
        [
            "clear-source-account",
            "create-source-account",
            "logon-source-account",
            "remove-source-account"
        ]
    );
}

#[test]
fn a_linux_workgroup_destination_restarts_once() {
    let taken = ids(&Pair::of("L2"));
    let ours: Vec<&String> = taken
        .iter()
        .filter(|id| id.contains("destination"))
        .collect();
    assert_eq!(
        ours,
        [
            "connect-destination",
            "map-destination-network",
            "rename-destination",
            "restart-destination-in-workgroup",
            "wait-destination-in-workgroup",
            "wait-destination-new-name",
            "set-destination-alternates",
        ]
    );
}

#[test]
fn restarts_count_up_on_every_path() {
    let plan = cutover();
    for pair in kinds().iter().map(|kind| Pair::of(kind.code)) {
        let taken = ids(&pair);
        for place in ["source", "destination"] {
            let ordinals: Vec<u64> = plan
                .stages
                .iter()
                .filter(|stage| stage.uses == "host.restart" && stage.on.as_str() == place)
                .filter(|stage| taken.contains(&stage.id.to_string()))
                .map(|stage| stage.with["ordinal"].as_u64().unwrap())
                .collect();
            let expected: Vec<u64> = (1..=ordinals.len() as u64).collect();
            assert_eq!(ordinals, expected, "{place} of {pair:?}");
        }
    }
}

#[test]
fn a_wait_repeats_the_condition_of_its_restart() {
    let plan = cutover();
    let mut waits = 0;
    for stage in plan
        .stages
        .iter()
        .filter(|stage| stage.with.get("after").is_some())
    {
        let id = StageId::new(stage.with["after"].as_str().unwrap()).unwrap();
        let restart = plan.stage(&id).unwrap();
        assert_eq!(stage.when, restart.when, "{}", stage.id);
        assert_eq!(stage.needs, [plan.index_of(&id).unwrap()], "{}", stage.id);
        waits += 1;
    }
    assert_eq!(waits, 9);
}

/// Whether a stage needs another one, directly or not.
fn needs(plan: &sms_plan::plan::Plan, stage: &str, other: &str) -> bool {
    let at = |id: &str| plan.index_of(&StageId::new(id).unwrap()).unwrap();
    let (mut open, target) = (vec![at(stage)], at(other));
    while let Some(index) = open.pop() {
        if plan.stages[index].needs.contains(&target) {
            return true;
        }
        open.extend(&plan.stages[index].needs);
    }
    false
}

#[test]
fn nothing_leaves_before_the_way_back_is_known() {
    let plan = cutover();
    for leave in ["leave-source", "leave-destination"] {
        for proof in [
            "logon-source-account",
            "logon-destination-account",
            "copy-permissions",
        ] {
            assert!(needs(&plan, leave, proof), "{leave} {proof}");
        }
    }
    assert!(needs(
        &plan,
        "map-destination-network",
        "wait-source-after-rename"
    ));
    // Where the source has its new name only after its join, `domain.join` waits until it is seen.
    for seen in ["wait-source-after-rename", "wait-source-after-rename-2003"] {
        assert!(needs(&plan, "join-destination", seen), "{seen}");
    }
    assert!(needs(
        &plan,
        "restart-destination-in-workgroup",
        "wait-source-in-workgroup"
    ));
}

#[test]
fn the_destination_leaves_beside_the_sources_work() {
    let plan = cutover();
    for own in [
        "leave-destination",
        "restart-destination-after-leave",
        "wait-destination-after-leave",
    ] {
        assert!(!needs(&plan, own, "leave-source"), "{own}");
    }
    assert!(!needs(&plan, "map-destination-network", "join-source"));
}

#[test]
fn a_reason_names_the_fact() {
    let rows = path(&cutover(), &Pair::p4a().roots());
    let reason = |id: &str| rows.iter().find(|row| row.id == id).unwrap().reason.clone();
    assert_eq!(
        reason("restart-source-after-leave"),
        "source.os is \"linux\"; the row needs source.os == \"windows\""
    );
    insta::assert_snapshot!(reason("clear-source-account"));
    insta::assert_snapshot!(reason("restart-destination-in-workgroup"));
    insta::assert_snapshot!(reason("wait-source"));
}

#[test]
fn what_is_not_known_yet_is_not_a_skip() {
    let mut pair = Pair::p4a();
    pair.source.as_object_mut().unwrap().remove("os");
    let rows = path(&cutover(), &pair.roots());
    let row = rows
        .iter()
        .find(|row| row.id == "collect-source-addresses")
        .unwrap();
    assert_eq!(row.runs, Runs::Unknown);
    assert!(row.reason.contains("source.os"), "{}", row.reason);
    let rows = serde_json::to_value(&rows).unwrap();
    assert_eq!(rows[0]["runs"], json!(true));
    assert_eq!(rows[13]["runs"], json!("unknown"), "{}", rows[13]);
}

/// What changes the identity of a host happens one after the other, on every path: a skipped stage
/// in between must not let two of them come loose.
#[test]
fn the_changes_of_a_host_are_a_chain() {
    let plan = cutover();
    let chained = [
        "domain.leave",
        "host.restart",
        "host.wait",
        "network.map",
        "host.rename",
        "domain.join",
    ];
    for pair in kinds().iter().map(|kind| Pair::of(kind.code)) {
        let taken = ids(&pair);
        for place in ["source", "destination"] {
            let chain: Vec<String> = plan
                .stages
                .iter()
                .filter(|stage| {
                    stage.on.as_str() == place && chained.contains(&stage.uses.as_str())
                })
                .map(|stage| stage.id.to_string())
                .filter(|id| taken.contains(id))
                .collect();
            for two in chain.windows(2) {
                assert!(
                    needs(&plan, &two[1], &two[0]),
                    "{} {} of {pair:?}",
                    two[1],
                    two[0]
                );
            }
        }
    }
}

#[test]
fn every_row_says_how_sure_it_is() {
    let plan = cutover();
    let of = |basis: Basis| -> Vec<&str> {
        let rows = plan
            .stages
            .iter()
            .filter(|stage| stage.basis == Some(basis));
        rows.map(|stage| stage.id.as_str()).collect()
    };
    assert_eq!(
        (
            of(Basis::Stated).len(),
            of(Basis::Inferred).len(),
            of(Basis::Assumed).len()
        ),
        (19, 18, 10)
    );
    // What a note says is stated, whatever else is read into the document.
    for stage in &plan.stages {
        let note = stage.note.as_ref().map_or("", |note| note.source_text());
        if note.starts_with("Applies only to") {
            assert_eq!(stage.basis, Some(Basis::Stated), "{}", stage.id);
        }
    }
    // Rows without a number are read as those of clusters, and of Linux that does not restart.
    assert!(of(Basis::Assumed).contains(&"wait-destination"));
    assert!(of(Basis::Inferred).contains(&"join-destination"));
}
