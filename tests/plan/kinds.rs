//! The kinds of pairs: what they promise to whoever goes through them.

use std::collections::BTreeSet;

use sms_plan::plan::Pair;
use sms_plan::plan::Plan;
use sms_plan::plan::Roots;
use sms_plan::plan::Runs;
use sms_plan::plan::kinds;
use sms_plan::plan::path;

use super::cutover;
use super::inventory;

/// Which rows of the shipped plan are run.
fn taken(plan: &Plan, roots: &Roots) -> Vec<(String, Runs)> {
    let rows = path(plan, roots).into_iter();
    rows.map(|row| (row.id, row.runs)).collect()
}

#[test]
fn kinds_have_codes_and_titles() {
    let list = kinds()
        .iter()
        .map(|kind| format!("{:4} {}", kind.code, kind.title));
    insta::assert_snapshot!(list.collect::<Vec<_>>().join("\n"));
    let codes: BTreeSet<&str> = kinds().iter().map(|kind| kind.code).collect();
    assert_eq!(codes.len(), kinds().len());
}

#[test]
fn the_inventory_of_a_kind_is_one_that_loads() {
    for kind in kinds() {
        let read = inventory(kind.inventory().file().text());
        assert_eq!(
            format!("{:?}", read.roots()),
            format!("{:?}", kind.roots()),
            "{}",
            kind.code
        );
    }
}

#[test]
fn a_kind_leaves_no_row_open() {
    let plan = cutover();
    for kind in kinds() {
        let rows = taken(&plan, &kind.roots());
        assert!(
            rows.iter().all(|(_, runs)| *runs != Runs::Unknown),
            "{}: {rows:?}",
            kind.code
        );
    }
}

#[test]
fn pairs_of_a_kind_take_the_same_rows() {
    let plan = cutover();
    for kind in kinds() {
        let rows = taken(&plan, &kind.roots());
        let variants = kind.variants();
        assert!(variants.contains(&kind.pair), "{}", kind.code);
        // Each server's own in turn: conditions of rows ask one or the other.
        let either = |pair: &&Pair| {
            pair.source == kind.pair.source || pair.destination == kind.pair.destination
        };
        for pair in variants.iter().filter(either) {
            assert_eq!(
                taken(&plan, &pair.inventory("pair").roots()),
                rows,
                "{pair:?}"
            );
        }
    }
}
