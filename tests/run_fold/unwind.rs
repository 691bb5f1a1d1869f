//! The way back against the rule itself: what needs a stage is gone before it, and so is what began
//! later on the same place.

use proptest::prelude::*;
use sms_plan::run::{Run, StageStatus, Unwind};

use super::events::{config, happening, next_event, run_id, shape};

/// Whether a stage has something that is not taken back.
fn stands(run: &Run, position: usize) -> bool {
    let stage = run.stage(position);
    let nothing = matches!(
        stage.status,
        StageStatus::Skipped | StageStatus::Undone | StageStatus::Left
    );
    stage.begun.is_some() && !nothing
}

/// Whether one stage needs the other, at first or at second hand.
fn needs(run: &Run, one: usize, other: usize) -> bool {
    let own = &run.shape().stages[one].needs;
    own.iter()
        .any(|&need| need == other || needs(run, need, other))
}

/// Whether a stage may not be undone while another one stands.
fn after(run: &Run, stage: usize, other: usize) -> bool {
    let (own, others) = (run.stage(stage).begun, run.stage(other).begun);
    let same_place = run.shape().stages[stage].on == run.shape().stages[other].on;
    needs(run, other, stage) || (same_place && own < others)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn everything_that_stands_is_undone_once_and_in_its_turn(
        shape in shape(),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut run = Run::new(run_id(), shape);
        for happening in &happenings {
            let event = next_event(&run, happening);
            // What does not fit is refused; see `fold.rs`.
            drop(run.fold(&event));
        }
        let mut left: Vec<usize> = (0..run.shape().stages.len())
            .filter(|&position| stands(&run, position))
            .collect();
        let mut unwind = Unwind::new(&run);
        // Where a need was looked at again, both rules may point at each other; then nothing is next.
        while let Some(position) = unwind.next() {
            let at = left.iter().position(|&other| other == position);
            prop_assert!(at.is_some(), "{position} is not to be undone, or not again");
            left.remove(at.expect("it is there"));
            let too_early = left.iter().find(|&&other| after(&run, position, other));
            prop_assert_eq!(too_early, None, "before {}", position);
            prop_assert!(!unwind.is_done());
            unwind.end(position);
        }
        prop_assert_eq!(unwind.is_done(), left.is_empty());
        for &position in &left {
            prop_assert!(left.iter().any(|&other| after(&run, position, other)), "{position} could go");
        }
    }
}
