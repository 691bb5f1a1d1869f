//! Runs that were made in the lab, and the rehearsals on their twins: no lab is needed to compare.
//!
//! `tests/lab/twin.rs` compares fresh ones, and writes these with `UPDATE_LAB_RUNS=1`.

use super::likeness::{Recorded, Standing, differences, fixture, standing};

#[test]
fn a_twin_does_what_its_original_did() {
    for (name, parallel) in [("local", 1), ("domain", 4)] {
        let recorded = Recorded::fixture(name);
        let rehearsal = recorded.rehearsed(parallel);
        let (lab, twin) = (
            recorded.told(&recorded.events, parallel == 1),
            recorded.told(&rehearsal.events, parallel == 1),
        );
        assert!(lab.values().map(Vec::len).sum::<usize>() > 60, "{name}");
        let (lab, twin) = (format!("{lab:#?}"), format!("{twin:#?}"));
        assert_eq!(differences(&lab, &twin), "", "{name}");

        let end = std::fs::read_to_string(fixture(name, "end.json")).unwrap();
        let lab: Standing = serde_json::from_str(&end).unwrap();
        let before = recorded.objects();
        let twin = standing(&rehearsal.end, &before);
        let (lab, twin) = (format!("{lab:#?}"), format!("{twin:#?}"));
        assert_eq!(differences(&lab, &twin), "", "{name}");
    }
}
