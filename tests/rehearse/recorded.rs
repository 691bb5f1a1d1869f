//! Runs that were made in the lab, and the rehearsals on their twins: no lab is needed to compare.
//!
//! `tests/lab/twin.rs` compares fresh ones, and writes these with `UPDATE_LAB_RUNS=1`.

use super::likeness::{Recorded, Standing, differences, fixture, standing};

#[test]
fn a_twin_does_what_its_original_did() {
    // "domain" ran up to four stages at a time, so it is like a twin that runs them in any order.
    for (name, parallel) in [("local", 1), ("domain", 4), ("domain", 1)] {
        let recorded = Recorded::fixture(name);
        let rehearsal = recorded.rehearsed(parallel);
        let in_order = name == "local";
        let (lab, twin) = (
            recorded.told(&recorded.events, in_order),
            recorded.told(&rehearsal.events, in_order),
        );
        assert!(lab.values().map(Vec::len).sum::<usize>() > 60, "{name}");
        let compared = differences(&lab, &twin);
        assert!(compared.is_empty(), "{name}:\n{compared}");

        let end = std::fs::read_to_string(fixture(name, "end.json")).unwrap();
        let lab: Standing = serde_json::from_str(&end).unwrap();
        let before = recorded.objects();
        let twin = standing(&rehearsal.end, &before);
        let compared = differences(&lab, &twin);
        assert!(compared.is_empty(), "{name}:\n{compared}");
    }
}
