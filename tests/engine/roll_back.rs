//! A run that is rolled back: in reverse order, one stage at a time, looked at before it is undone; cut
//! off at every event it goes on backwards to the same end.

use sms_plan::engine::Stop;
use sms_plan::run::{
    EventKind, LEAVE, RETRY, ROLL_BACK_ON_FAILURE, Run, RunState, StageStatus, Standing,
};

use super::bench::Bench;
use super::bench::statuses;
use super::cut::Cut;
use super::stand::Fault;

const MIXED: &str = "
    id: connect, uses: test.look, on: source
    id: a, on: source, needs: [connect], weight: 3
    id: never, needs: [connect], when: \"inventory.metadata.name == 'other'\"
    id: b, on: destination, weight: 2, timeout: 4s
    id: c, needs: [a, never], weight: 1
    id: note, uses: control.note, with: { text: hello }, needs: [c]
    id: last, needs: [b, note]
";

async fn applied(stages: &str) -> Bench {
    let mut bench = Bench::new(stages).parallel(1);
    let run = bench.apply().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Succeeded);
    bench
}

fn status(run: &Run, stage: &str) -> StageStatus {
    let found = statuses(run).into_iter().find(|(id, _)| id == stage);
    found.expect("a stage of the plan").1
}

async fn decide(bench: &mut Bench, stage: &str, what: &str) {
    let accepted = EventKind::OverrideAccepted {
        what: what.to_owned(),
        by: "admin@desk".to_owned(),
        reason: "seen to".to_owned(),
    };
    bench.write(Some(stage), accepted).await;
}

#[tokio::test(start_paused = true)]
async fn a_finished_run_is_undone_in_reverse_order() {
    let mut bench = applied(MIXED).await;
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), ["last", "c", "b", "a"]);
    assert!(bench.stand.effects().is_empty());
    assert_eq!(status(&run, "never"), StageStatus::Skipped);
    assert_eq!(status(&run, "connect"), StageStatus::Undone);
    bench.check("rolled back");
}

#[tokio::test(start_paused = true)]
async fn a_roll_back_cut_at_every_event_ends_the_same() {
    let plan = Bench::new(MIXED);
    let faults: [&[(&str, &[Fault])]; 2] = [
        &[],
        &[
            ("undo c", &[Fault::Passing, Fault::PassingBetween]),
            ("undo b", &[Fault::HangsAfter]),
        ],
    ];
    for faults in faults {
        let ordered = || {
            let bench = plan.again().parallel(1);
            for (stage, faults) in faults {
                bench.stand.order(stage, faults);
            }
            bench
        };
        let mut calm = ordered();
        calm.apply().await.expect("nothing cuts it off");
        calm.turn_round().await;
        let before = calm.heard.len();
        let expected = calm.drive().await.expect("nothing cuts it off");
        assert_eq!(
            expected.state(),
            RunState::RolledBack,
            "{:#?}",
            calm.lines()
        );
        calm.check("undisturbed");
        let events = calm.heard.len() - before;
        for cut in (0..events).flat_map(|n| [Cut::Before(n), Cut::After(n)]) {
            let when = format!("{faults:?}, cut {cut:?} of {events}");
            let mut bench = ordered();
            bench.apply().await.expect("nothing cuts it off");
            bench.turn_round().await;
            bench.store.cut(cut);
            assert!(bench.drive().await.is_err(), "{when}: it goes unnoticed");
            assert_eq!(bench.stand.at_work(), 0, "{when}");
            bench.check(&when);
            let run = bench.resume().await.expect("nothing cuts it off");
            assert_eq!(
                run.state(),
                RunState::RolledBack,
                "{when}: {:#?}",
                bench.lines()
            );
            assert_eq!(statuses(&run), statuses(&expected), "{when}");
            assert!((run.percent() - expected.percent()).abs() < 1e-9, "{when}");
            assert!(bench.stand.effects().is_empty(), "{when}");
            bench.check(&when);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_cut_at_every_event_is_settled_forward_and_undone() {
    let plan = Bench::new(MIXED);
    let mut calm = plan.again().parallel(1);
    calm.apply().await.expect("nothing cuts it off");
    for cut in (0..calm.heard.len()).flat_map(|n| [Cut::Before(n), Cut::After(n)]) {
        let when = format!("cut {cut:?}");
        let mut bench = plan.again().parallel(1);
        bench.begin().await;
        bench.store.cut(cut);
        assert!(bench.drive().await.is_err(), "{when}: it goes unnoticed");
        let run = bench.roll_back().await.expect("nothing cuts it off");
        assert_eq!(
            run.state(),
            RunState::RolledBack,
            "{when}: {:#?}",
            bench.lines()
        );
        assert!(bench.stand.effects().is_empty(), "{when}");
        bench.check(&when);
    }
}

#[tokio::test(start_paused = true)]
async fn what_failed_half_way_is_taken_back_and_not_tried_again() {
    let mut bench = Bench::new("id: a\nid: b, needs: [a]");
    bench.stand.order("b", &[Fault::FinalBetween]);
    bench.apply().await.expect("nothing cuts it off");
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack);
    assert_eq!(bench.stand.attempts(), ["a", "b"]);
    assert_eq!(bench.stand.undone(), ["b", "a"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_undo_stops_the_way_back_and_goes_on_later() {
    let mut bench = applied(MIXED).await;
    bench.stand.order("undo c", &[Fault::Final]);
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Failed);
    assert_eq!(status(&run, "c"), StageStatus::Undoing);
    assert_eq!(bench.stand.undone(), ["last", "c"]);
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack);
    assert_eq!(bench.stand.undone(), ["last", "c", "c", "b", "a"]);
    bench.check("gone on");
}

#[tokio::test(start_paused = true)]
async fn what_others_changed_is_shown_and_not_overwritten() {
    for (what, halves, ends) in [
        (RETRY, None, StageStatus::Undone),
        (LEAVE, Some(2), StageStatus::Left),
    ] {
        let mut bench = applied(MIXED).await;
        bench.stand.say("c", Standing::Foreign);
        let run = bench.roll_back().await.expect("nothing cuts it off");
        assert_eq!(run.state(), RunState::Paused);
        assert_eq!(bench.stand.undone(), ["last"]);
        bench.take_over().await;
        decide(&mut bench, "c", what).await;
        let run = bench.go_on().await.expect("nothing cuts it off");
        assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
        assert_eq!(status(&run, "c"), ends);
        assert_eq!(bench.stand.effects().get("c").copied(), halves);
        bench.check(what);
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_does_not_answer_is_waited_for_and_then_a_person() {
    let mut bench = applied(MIXED).await;
    bench.stand.say("b", Standing::Unreachable);
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Paused);
    bench.stand.say_the_truth("b");
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack);
}

#[tokio::test(start_paused = true)]
async fn a_stop_lets_the_undo_under_way_end() {
    let mut bench = applied(MIXED).await;
    bench.turn_round().await;
    let stop = bench.stop.clone();
    Bench::later(std::time::Duration::from_millis(5), move || {
        stop.send_replace(Stop::Finish);
    });
    let run = bench.drive().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Stopped);
    assert_eq!(status(&run, "last"), StageStatus::Undone);
    assert_eq!(bench.stand.undone(), ["last"]);
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack);
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_look_begins_no_undo() {
    let mut bench = applied("id: a").await;
    bench.stand.look_slowly("a");
    bench.turn_round().await;
    let stop = bench.stop.clone();
    Bench::later(std::time::Duration::from_millis(5), move || {
        stop.send_replace(Stop::Finish);
    });
    let run = bench.drive().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Stopped, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_turns_the_run_round_where_somebody_wanted_that() {
    let mut bench = Bench::new(MIXED).parallel(1);
    bench.stand.order("last", &[Fault::Final]);
    bench.begin().await;
    let wish = EventKind::OverrideAccepted {
        what: ROLL_BACK_ON_FAILURE.to_owned(),
        by: "admin@desk".to_owned(),
        reason: "--on-failure rollback".to_owned(),
    };
    bench.write(None, wish).await;
    let run = bench.drive().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), ["c", "b", "a"]);
}

/// Where an event of this kind first stands in what happened since the run turned round.
fn first_of(bench: &Bench, kind: &str) -> usize {
    let lines = bench.lines();
    let turned = lines.iter().position(|line| line.contains("RollBackBegun"));
    let since = &lines[turned.expect("it turned round")..];
    let first = since.iter().position(|line| line.contains(kind));
    first.unwrap_or_else(|| panic!("no {kind}: {lines:#?}"))
}

#[tokio::test(start_paused = true)]
async fn all_that_was_cut_off_is_settled_before_anything_is_undone() {
    let mut bench = Bench::new(
        "
        id: done, on: source
        id: one, on: source, needs: [done]
        id: other, on: destination, needs: [done]
    ",
    );
    bench.stand.order("one", &[Fault::HangsBetween]);
    bench.stand.order("other", &[Fault::HangsBetween]);
    bench.begin().await;
    // Both are under way when the power goes.
    bench.store.cut(Cut::Before(4));
    bench.drive().await.expect_err("cut off");
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    let lines = bench.lines();
    let settled = lines.iter().rposition(|line| line.contains("Succeeded"));
    let undone = lines.iter().position(|line| line.contains("UndoStarted"));
    assert!(settled.is_some() && settled < undone, "{lines:#?}");
    assert_eq!(bench.stand.undone(), ["other", "one", "done"], "{lines:#?}");
    assert!(bench.stand.effects().is_empty());
    bench.check("rolled back");
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_before_it_did_anything_is_not_finished_first() {
    let mut bench = Bench::new("id: a");
    bench.begin().await;
    // Its start is durable, and the power goes.
    bench.store.cut(Cut::After(0));
    bench.drive().await.expect_err("cut off");
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    assert_eq!(bench.stand.attempts(), [""; 0]);
    assert_eq!(bench.stand.undone(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_was_cut_off_and_cannot_be_finished_is_taken_back() {
    let mut bench = Bench::new("id: a\nid: b, needs: [a]");
    bench.stand.order("b", &[Fault::HangsBetween, Fault::Final]);
    bench.begin().await;
    bench.store.cut(Cut::Before(3));
    bench.drive().await.expect_err("cut off");
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), ["b", "a"], "{:#?}", bench.lines());
    assert!(first_of(&bench, "Failed") < first_of(&bench, "UndoStarted"));
    assert!(bench.stand.effects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_undo_is_tried_as_often_as_the_stage_and_no_more() {
    let mut bench = applied("id: a, retry: { attempts: 3 }").await;
    bench.stand.order("undo a", &[Fault::Passing; 5]);
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Failed);
    assert_eq!(bench.stand.undone(), ["a"; 3]);
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), ["a"; 6]);
}

/// Nobody can look at these stages.
#[tokio::test(start_paused = true)]
async fn what_no_look_can_tell_is_undone_unless_an_undo_was_cut_off() {
    let mut bench = applied("id: a").await;
    bench.stand.blind("a");
    bench.stand.order("undo a", &[Fault::Final]);
    let run = bench.roll_back().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Failed, "{:#?}", bench.lines());
    // It answered: what it did is known, and it may be tried again.
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::RolledBack, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), ["a", "a"]);

    let mut bench = applied("id: a").await;
    bench.stand.blind("a");
    bench.turn_round().await;
    bench.store.cut(Cut::Before(1));
    bench.drive().await.expect_err("cut off in the undo");
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Paused, "{:#?}", bench.lines());
    assert_eq!(bench.stand.undone(), ["a"]);
}
