//! What single events tell of a run and its stages, one by one; what any of them do in any order is
//! asked in `fold.rs`.

use std::sync::Arc;

use serde_json::Value;
use sms_plan::run::{
    Account, Event, EventKind, FoldError, LEAVE, Place, RETRY, ROLL_BACK_ON_FAILURE, Reach, Run,
    RunState, Sealed, Shape, ShapeStage, StageState, StageStatus, WaitingFor,
};

use super::events::{Happening, next_event, run_id, stage_id};

/// Two stages on the source, of which the second needs the first.
fn run() -> Run {
    let stage = |n: usize, needs| ShapeStage {
        id: stage_id(n),
        weight: 1.0,
        needs,
        on: Place::Source,
    };
    let shape = Shape {
        begins: 0.0,
        stages: vec![stage(0, Vec::new()), stage(1, vec![0])],
    };
    Run::new(run_id(), Arc::new(shape))
}

fn event(run: &Run, stage: Option<usize>, kind: EventKind) -> Event {
    let spoilt = None;
    next_event(
        run,
        &Happening {
            stage,
            kind,
            spoilt,
        },
    )
}

fn tell(run: &mut Run, stage: Option<usize>, kind: EventKind) {
    let event = event(run, stage, kind);
    run.fold(&event).expect("it fits");
}

fn started(attempt: u32, reach: Option<Reach>) -> EventKind {
    EventKind::Started {
        attempt,
        token: Value::Null,
        reach,
        standing: None,
        saw: None,
    }
}

fn succeeded(reach: Option<Reach>) -> EventKind {
    EventKind::Succeeded {
        attempt: 1,
        output: Value::Null,
        reach,
        duration_ms: 0,
        settled: None,
    }
}

fn failed() -> EventKind {
    EventKind::Failed {
        attempt: 1,
        in_doubt: false,
        error: vec!["no".to_owned()],
    }
}

fn turned_round() -> EventKind {
    EventKind::RollBackBegun {
        by: "me".to_owned(),
        reason: "why".to_owned(),
    }
}

fn undo_started(attempt: u32) -> EventKind {
    EventKind::UndoStarted {
        attempt,
        standing: None,
        saw: None,
    }
}

fn undo_failed(in_doubt: bool, waiting: Option<WaitingFor>) -> EventKind {
    EventKind::UndoFailed {
        attempt: 1,
        delay_ms: None,
        in_doubt,
        waiting,
        error: vec!["stuck".to_owned()],
    }
}

fn accepted(what: &str) -> EventKind {
    EventKind::OverrideAccepted {
        what: what.to_owned(),
        by: "me".to_owned(),
        reason: "because".to_owned(),
    }
}

fn ended(state: RunState) -> EventKind {
    EventKind::RunEnded { state }
}

fn address(address: &str) -> Reach {
    Reach {
        address: address.to_owned(),
        name: "fs01".to_owned(),
        account: Account::Given,
    }
}

fn created() -> EventKind {
    let word = String::new;
    EventKind::RunCreated {
        plan: word(),
        plan_version: word(),
        plan_digest: word(),
        inventory: word(),
        inventory_digest: word(),
        source: address("192.0.2.1"),
        destination: address("192.0.2.9"),
        program: word(),
    }
}

/// A run whose first stage has succeeded and that has turned round.
fn on_its_way_back() -> Run {
    let mut run = run();
    tell(&mut run, Some(0), started(1, None));
    tell(&mut run, Some(0), succeeded(None));
    tell(&mut run, None, turned_round());
    run
}

fn first(run: &Run) -> &StageState {
    run.stage(0)
}

#[test]
fn an_event_of_a_stage_names_one_and_one_of_the_run_does_not() {
    let run = run();
    let stray = event(&run, None, started(1, None));
    let fits = |stray: &Event| {
        let foreseen = run.foresee(&[(stray.stage.clone(), stray.kind.clone())]);
        let folded = run.clone().fold(stray);
        (foreseen.expect_err("foreseen"), folded.expect_err("folded"))
    };
    for error in <[_; 2]>::from(fits(&stray)) {
        assert!(matches!(error, FoldError::NoStage { seq: 1 }), "{error:?}");
    }
    let stray = event(&run, Some(0), ended(RunState::Failed));
    for error in <[_; 2]>::from(fits(&stray)) {
        let named =
            matches!(&error, FoldError::OneStage { seq: 1, stage } if *stage == stage_id(0));
        assert!(named, "{error:?}");
    }
}

#[test]
fn what_is_foreseen_is_said_of_the_place_where_it_would_stand() {
    let mut run = run();
    tell(&mut run, Some(0), started(1, None));
    tell(&mut run, Some(0), succeeded(None));
    let unknown = [(Some(stage_id(9)), started(1, None))];
    let error = run.foresee(&unknown).expect_err("there is no such stage");
    assert!(
        matches!(error, FoldError::UnknownStage { seq: 3, .. }),
        "{error:?}"
    );
}

#[test]
fn an_undo_that_fails_says_why_what_it_waits_for_and_whether_it_is_still_at_work() {
    let mut run = on_its_way_back();
    // A look failed before the undo could begin: that is a try as well.
    tell(&mut run, Some(0), undo_failed(false, None));
    assert_eq!(first(&run).tries, 1);
    tell(&mut run, Some(0), undo_started(1));
    assert_eq!((first(&run).tries, first(&run).answered), (2, false));
    tell(
        &mut run,
        Some(0),
        undo_failed(false, Some(WaitingFor::Judgement)),
    );
    let stage = first(&run);
    assert_eq!(stage.status, StageStatus::Undoing);
    assert_eq!((stage.tries, stage.answered), (2, true));
    assert_eq!(stage.waiting, Some(WaitingFor::Judgement));
    assert_eq!(stage.error, ["stuck"]);
    tell(&mut run, Some(0), undo_started(2));
    assert_eq!((first(&run).tries, first(&run).undo_attempts), (3, 2));
    assert_eq!(first(&run).waiting, None);
    // Cut off, it may still be at work.
    tell(&mut run, Some(0), undo_failed(true, None));
    assert!(!first(&run).answered);
}

#[test]
fn a_stage_that_is_left_says_why_and_is_not_tried_again() {
    let mut run = on_its_way_back();
    tell(
        &mut run,
        Some(0),
        undo_failed(false, Some(WaitingFor::Judgement)),
    );
    tell(&mut run, Some(0), accepted(LEAVE));
    let stage = first(&run);
    assert_eq!(stage.status, StageStatus::Left);
    assert_eq!(stage.remark.as_deref(), Some("because"));
    assert_eq!((stage.waiting, stage.overridden), (None, false));
}

#[test]
fn a_retry_overrides_what_a_look_says_and_other_words_do_nothing() {
    let mut run = run();
    tell(&mut run, Some(0), failed());
    tell(&mut run, Some(0), accepted("a word of a later version"));
    assert!(!first(&run).overridden);
    assert_eq!(first(&run).remark, None);
    tell(&mut run, Some(0), accepted(RETRY));
    assert!(first(&run).overridden);
    assert_eq!(first(&run).remark, None);
}

#[test]
fn nothing_is_left_that_never_began() {
    let mut run = run();
    let left = event(&run, Some(0), accepted(LEAVE));
    let error = run.fold(&left).expect_err("it never began");
    assert!(matches!(error, FoldError::Illegal { .. }), "{error:?}");
}

#[test]
fn what_has_begun_is_never_skipped() {
    let mut run = run();
    tell(&mut run, Some(0), started(1, None));
    tell(&mut run, Some(0), failed());
    tell(&mut run, None, ended(RunState::Failed));
    let resumed = run.resumed("me".to_owned());
    tell(&mut run, None, resumed);
    assert_eq!(first(&run).status, StageStatus::Pending);
    let reason = "its `when` is false now".to_owned();
    let skipped = event(&run, Some(0), EventKind::Skipped { reason });
    let error = run.fold(&skipped).expect_err("it was on the path");
    assert!(matches!(error, FoldError::Illegal { .. }), "{error:?}");
}

#[test]
fn a_roll_back_knows_whether_the_run_had_succeeded_and_what_was_compared() {
    for state in [RunState::Succeeded, RunState::Failed] {
        let mut run = run();
        tell(&mut run, None, ended(state));
        tell(&mut run, None, turned_round());
        let compared = EventKind::Compared {
            differences: vec!["a name".to_owned()],
            allowed: vec!["a boot".to_owned()],
        };
        tell(&mut run, None, compared);
        let back = run.back().expect("it has turned round");
        assert_eq!(back.had_succeeded, state == RunState::Succeeded);
        assert_eq!(back.differences, ["a name"]);
        assert_eq!(back.allowed, ["a boot"]);
        assert_eq!(run.state(), RunState::RollingBack);
    }
}

#[test]
fn a_failure_that_is_to_be_rolled_back_is_named() {
    let mut run = run();
    tell(&mut run, None, accepted(ROLL_BACK_ON_FAILURE));
    tell(&mut run, Some(0), started(1, None));
    tell(&mut run, Some(0), succeeded(None));
    assert_eq!(run.rolls_back_now("me"), None);
    tell(&mut run, Some(1), failed());
    let named = format!(
        "stage `{}` failed, and --on-failure says rollback",
        stage_id(1)
    );
    let begun = EventKind::RollBackBegun {
        by: "me".to_owned(),
        reason: named,
    };
    assert_eq!(run.rolls_back_now("me"), Some(begun));
}

#[test]
fn a_host_may_answer_where_the_undo_that_is_under_way_leads() {
    let mut run = run();
    tell(&mut run, None, created());
    assert_eq!(run.planned_reach(Place::Source), None);
    for (stage, led) in [(0, "192.0.2.2"), (1, "192.0.2.3")] {
        tell(&mut run, Some(stage), started(1, Some(address(led))));
        assert_eq!(run.planned_reach(Place::Source), Some(&address(led)));
        assert_eq!(run.planned_reach(Place::Destination), None);
        tell(&mut run, Some(stage), succeeded(Some(address(led))));
        assert_eq!(run.planned_reach(Place::Source), None);
    }
    tell(&mut run, None, turned_round());
    tell(&mut run, Some(1), undo_started(1));
    assert_eq!(
        run.planned_reach(Place::Source),
        Some(&address("192.0.2.2"))
    );
    tell(&mut run, Some(1), EventKind::Undone { settled: None });
    assert_eq!(run.reach(Place::Source), Some(&address("192.0.2.2")));
    assert_eq!(run.planned_reach(Place::Source), None);
}

#[test]
fn a_host_may_answer_where_it_was_before_the_run_while_that_goes_back() {
    let mut run = run();
    tell(&mut run, None, created());
    let began = run.reach(Place::Source).cloned();
    for (stage, led) in [(0, "192.0.2.2"), (1, "192.0.2.3")] {
        tell(&mut run, Some(stage), started(1, Some(address(led))));
        tell(&mut run, Some(stage), succeeded(Some(address(led))));
    }
    assert_eq!(run.planned_reach(Place::Source), None);
    assert_eq!(run.origin(Place::Source), None);
    tell(&mut run, None, turned_round());
    // A person may have taken all back.
    assert_eq!(run.origin(Place::Source), began.as_ref());
    assert_eq!(run.origin(Place::Destination), None);
    assert_eq!(run.planned_reach(Place::Source), None);
    tell(&mut run, Some(1), undo_started(1));
    tell(&mut run, Some(1), undo_failed(false, None));
    assert_eq!(run.origin(Place::Source), began.as_ref());
    // What is left as it is keeps nobody looking where its undo would have led.
    tell(&mut run, Some(1), accepted(LEAVE));
    assert_eq!(run.planned_reach(Place::Source), None);
    assert_eq!(run.origin(Place::Source), began.as_ref());
    assert_eq!(
        run.reach_back(0, &address("192.0.2.2")),
        address("192.0.2.1")
    );
}

/// What stands on the way back is refused where nothing stands there any more, or an attempt forward
/// is at work.
#[test]
fn only_what_stands_can_go_back() {
    let back = [
        undo_started(1),
        undo_failed(false, None),
        EventKind::Undone { settled: None },
        accepted(LEAVE),
    ];
    let mut running = run();
    tell(&mut running, Some(0), started(1, None));
    let mut undone = on_its_way_back();
    tell(&mut undone, Some(0), EventKind::Undone { settled: None });
    let mut left = on_its_way_back();
    tell(&mut left, Some(0), accepted(LEAVE));
    for run in [&running, &undone, &left] {
        for kind in back.iter().chain([&accepted(RETRY)]) {
            let event = event(run, Some(0), kind.clone());
            let refused = run.clone().fold(&event);
            let status = first(run).status;
            let Err(FoldError::Illegal { source, .. }) = refused else {
                panic!("{status}: {kind:?}: {refused:?}");
            };
            let written = serde_json::to_value(kind).expect("an event is JSON");
            assert_eq!(written["event"], source.event);
        }
    }
    // What has ended, failed or waits can.
    let mut succeeded_run = run();
    tell(&mut succeeded_run, Some(0), started(1, None));
    let mut failed_run = succeeded_run.clone();
    tell(&mut succeeded_run, Some(0), succeeded(None));
    tell(&mut failed_run, Some(0), failed());
    for run in [&succeeded_run, &failed_run] {
        for kind in &back {
            let event = event(run, Some(0), kind.clone());
            run.clone().fold(&event).expect("it stands");
        }
    }
}

/// Where one stage was left in doubt, the undo of another on the same host goes first.
#[test]
fn the_undo_under_way_says_before_a_doubt_where_a_host_may_answer() {
    let mut shape = run().shape().clone();
    shape.stages[1].needs.clear();
    let mut run = Run::new(run_id(), Arc::new(shape));
    tell(&mut run, None, created());
    tell(&mut run, Some(1), started(1, Some(address("192.0.2.3"))));
    tell(&mut run, Some(1), succeeded(Some(address("192.0.2.3"))));
    tell(&mut run, Some(0), started(1, Some(address("192.0.2.2"))));
    let taken = EventKind::LeaseTaken {
        epoch: 2,
        machine: String::new(),
        pid: 1,
        took_over: None,
    };
    tell(&mut run, None, taken);
    tell(&mut run, None, turned_round());
    assert_eq!(
        run.planned_reach(Place::Source),
        Some(&address("192.0.2.2"))
    );
    tell(&mut run, Some(1), undo_started(1));
    assert_eq!(
        run.planned_reach(Place::Source),
        Some(&address("192.0.2.1"))
    );
}

#[test]
fn what_says_nothing_is_not_written() {
    let failed = EventKind::UndoFailed {
        attempt: 0,
        delay_ms: None,
        in_doubt: false,
        waiting: None,
        error: Vec::new(),
    };
    let written = serde_json::to_value(&failed).expect("an event is JSON");
    assert_eq!(written.get("attempt"), None, "{written}");
}

#[test]
fn a_sealed_secret_is_shown_by_its_name_only() {
    let sealed = Sealed {
        name: "key".to_owned(),
        bytes: b"hush".to_vec().into(),
    };
    let shown = format!("{sealed:?}");
    assert!(shown.contains("key"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("104"), "{shown}");
}
