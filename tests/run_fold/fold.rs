//! A run is the fold of its events, whatever they are.

use std::sync::Arc;

use proptest::prelude::*;
use sms_plan::run::{
    EVENT_VERSION, Event, EventKind, LEAVE, LOOK_AGAIN, Run, RunId, Shape, StageStatus,
};

use super::events::{config, happening, next_event, run_id, shape};

/// Everything that can be seen of a run.
fn everything(run: &Run) -> String {
    format!("{run:?}")
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn an_event_that_does_not_fit_leaves_the_run_as_it_was(
        shape in shape(),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut run = Run::new(run_id(), shape);
        for happening in &happenings {
            let event = next_event(&run, happening);
            let before = everything(&run);
            let accepted = run.foresee(&[(event.stage.clone(), event.kind.clone())]).is_ok();
            if run.fold(&event).is_err() {
                let foreseen = !accepted || happening.spoilt.is_some();
                prop_assert!(foreseen, "{:?} would have become durable", event);
                prop_assert_eq!(everything(&run), before, "{:?}", event);
            } else {
                prop_assert!(accepted, "{:?} was refused for nothing", event);
                prop_assert!(happening.spoilt.is_none(), "{:?}", event);
            }
        }
    }

    #[test]
    fn percent_only_grows_while_nothing_is_undone_or_doubted_and_100_means_all(
        shape in shape(),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut run = Run::new(run_id(), shape);
        for happening in &happenings {
            let event = next_event(&run, happening);
            let before = run.percent();
            let foreseen = run.foresee(&[(event.stage.clone(), event.kind.clone())]);
            if run.fold(&event).is_err() {
                continue;
            }
            let now = run.percent();
            prop_assert!((0.0..=100.0).contains(&now), "{now}");
            prop_assert_eq!(now >= 100.0, run.is_complete(), "{}", now);
            let looked_at_again =
                matches!(&event.kind, EventKind::OverrideAccepted { what, .. } if what == LOOK_AGAIN);
            let goes_back = matches!(
                event.kind,
                EventKind::UndoStarted { .. } | EventKind::UndoFailed { .. } | EventKind::Undone { .. }
            ) || matches!(&event.kind, EventKind::OverrideAccepted { what, .. } if what == LEAVE);
            if matches!(event.kind, EventKind::PlanEdited { .. }) {
                // Another plan has other weights.
            } else if looked_at_again || goes_back {
                prop_assert!(now <= before, "{before} -> {now}");
            } else {
                prop_assert!(now >= before, "{before} -> {now}");
            }
            let foreseen = foreseen.expect("it was folded");
            prop_assert!((foreseen[0] - now).abs() < 1e-9, "{:?}: {foreseen:?} {now}", event.kind);
        }
    }

    #[test]
    fn nothing_is_undone_that_never_began(
        shape in shape(),
        happenings in prop::collection::vec(happening(), 0..80),
    ) {
        let mut run = Run::new(run_id(), shape);
        let mut begun = Vec::new();
        for happening in &happenings {
            let event = next_event(&run, happening);
            if run.fold(&event).is_err() {
                continue;
            }
            // A look may find done what this run has not begun; a skip has nothing to undo.
            let begins = matches!(
                event.kind,
                EventKind::Started { .. } | EventKind::Succeeded { .. } | EventKind::Adopted { .. }
            );
            begun.extend(event.stage.filter(|_| begins));
            for (stage, state) in run.stages() {
                if matches!(
                    state.status,
                    StageStatus::Undoing | StageStatus::Undone | StageStatus::Left
                ) {
                    prop_assert!(begun.contains(&stage.id), "{}", stage.id);
                }
            }
        }
    }

    #[test]
    fn a_journal_that_is_read_again_is_the_same_run(
        shape in shape(),
        happenings in prop::collection::vec(happening(), 0..60),
    ) {
        let mut run = Run::new(run_id(), Arc::<Shape>::clone(&shape));
        let mut journal = Vec::new();
        for happening in &happenings {
            let event = next_event(&run, happening);
            if run.fold(&event).is_ok() {
                let text = serde_json::to_string(&event).expect("an event is JSON");
                journal.push(serde_json::from_str(&text).expect("an event"));
            }
        }
        let read = Run::read(run_id(), shape, &journal).expect("the same events");
        prop_assert_eq!(everything(&read), everything(&run));
    }
}

#[test]
fn a_resume_gives_failed_stages_all_their_tries_again() {
    use super::events::Happening;

    let shape = Arc::new(Shape {
        begins: 0.0,
        stages: vec![sms_plan::run::ShapeStage {
            id: super::events::stage_id(0),
            weight: 1.0,
            needs: Vec::new(),
            on: sms_plan::run::Place::Source,
        }],
    });
    let mut run = Run::new(RunId::new("r").expect("a run id"), shape);
    let mut tell = |stage, kind: EventKind| {
        let happening = Happening {
            stage,
            kind,
            spoilt: None,
        };
        let event = next_event(&run, &happening);
        run.fold(&event).expect("it fits");
        (run.stage(0).tries, run.stage(0).status)
    };
    let started = || EventKind::Started {
        attempt: 1,
        token: serde_json::Value::Null,
        reach: None,
        standing: None,
        saw: None,
    };
    let retrying = || EventKind::Retrying {
        in_doubt: false,
        attempt: 1,
        delay_ms: 1,
        error: Vec::new(),
    };
    assert_eq!(tell(Some(0), started()), (1, StageStatus::Running));
    assert_eq!(tell(Some(0), retrying()), (1, StageStatus::Running));
    // A look that failed before the second attempt could begin is a try too.
    assert_eq!(tell(Some(0), retrying()), (2, StageStatus::Running));
    assert_eq!(tell(Some(0), started()), (3, StageStatus::Running));
    let taken = EventKind::LeaseTaken {
        epoch: 2,
        machine: String::new(),
        pid: 1,
        took_over: None,
    };
    assert_eq!(tell(None, taken), (3, StageStatus::InDoubt));
    let by = String::new();
    assert_eq!(
        tell(
            None,
            EventKind::RunResumed {
                by,
                rolling_back: false
            }
        ),
        (0, StageStatus::InDoubt)
    );
    assert_eq!(tell(Some(0), retrying()), (1, StageStatus::InDoubt));
}

#[test]
fn a_clock_that_was_set_back_does_not_lead_the_journal_back() {
    let mut run = Run::new(run_id(), Arc::new(Shape::default()));
    let mut dated = |at: &str| {
        let by = String::new();
        let kinds = vec![(
            None,
            EventKind::RunResumed {
                by,
                rolling_back: false,
            },
        )];
        let draft = run.drafts(at, kinds).expect("it fits").remove(0);
        let event = Event {
            v: EVENT_VERSION,
            seq: run.seq() + 1,
            at: draft.at.clone(),
            run: run_id(),
            percent: draft.percent,
            stage: draft.stage,
            kind: draft.kind,
            hash: String::new(),
        };
        run.fold(&event).expect("it fits");
        draft.at
    };
    assert_eq!(
        dated("2027-01-15T08:00:00.000Z"),
        "2027-01-15T08:00:00.000Z"
    );
    assert_eq!(
        dated("2026-12-31T23:59:59.999Z"),
        "2027-01-15T08:00:00.000Z"
    );
    assert_eq!(
        dated("2027-01-15T08:00:00.001Z"),
        "2027-01-15T08:00:00.001Z"
    );
}
