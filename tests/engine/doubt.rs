//! What is in doubt is settled by looking: each answer of a probe, and each way out for a person.

use std::time::Duration;

use sms_plan::action::ActionErrorKind;
use sms_plan::engine::Stop;
use sms_plan::run::{EventKind, Run, RunState, StageStatus, Standing};

use super::bench::Bench;
use super::cut::Cut;
use super::stand::HALF;

const STAGE: &str = "id: a, on: source, timeout: 30s";

/// Leaves stage `a` in doubt, with a number of halves of its effect there.
async fn in_doubt(halves: u8) -> Bench {
    let mut bench = Bench::new(STAGE);
    bench.begin().await;
    // Of the run's events only `Started` gets through.
    bench.store.cut(Cut::Before(1));
    bench.drive().await.expect_err("the store is cut off");
    bench.stand.put("a", halves);
    bench
}

fn status(run: &Run) -> StageStatus {
    run.stage(0).status
}

#[tokio::test(start_paused = true)]
async fn after_is_recorded_as_done() {
    let mut bench = in_doubt(2).await;
    let run = bench.resume().await.expect("a resume");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(
        run.stage(0).output["by"],
        "a",
        "the probe hands over the output"
    );
    assert_eq!(bench.stand.attempts(), ["a"], "it is not done again");
    assert_eq!(
        bench.lines_of("a"),
        ["2% a Started 1", "100% a Succeeded 1 settled"]
    );
}

#[tokio::test(start_paused = true)]
async fn before_is_run_again_and_asks_its_preconditions() {
    let guarded =
        format!("{STAGE}, preconditions: [{{ expr: \"inventory.metadata.name == 'other'\" }}]");
    // The precondition lets nothing begin, so the first `Started` is written by hand.
    let mut bench = Bench::new(&guarded);
    bench.begin().await;
    let started = EventKind::Started {
        attempt: 1,
        token: serde_json::Value::Null,
        reach: None,
        standing: None,
        saw: None,
    };
    bench.write(Some("a"), started).await;
    let run = bench.resume().await.expect("a resume");
    assert_eq!(status(&run), StageStatus::Failed);
    assert!(
        run.stage(0).error[0].contains("precondition"),
        "{:?}",
        run.stage(0).error
    );
    assert_eq!(bench.stand.attempts(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn before_is_run_again() {
    let mut bench = in_doubt(0).await;
    let run = bench.resume().await.expect("a resume");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(
        bench.lines_of("a"),
        [
            "2% a Started 1",
            "2% a Started 2 seen Before",
            "100% a Succeeded 2"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn between_is_finished_without_asking_preconditions() {
    // Nobody knows the effect of half a change on a precondition: it is not asked.
    let guarded =
        format!("{STAGE}, preconditions: [{{ expr: \"inventory.metadata.name == 'other'\" }}]");
    let mut bench = Bench::new(&guarded);
    bench.begin().await;
    let started = EventKind::Started {
        attempt: 1,
        token: serde_json::Value::Null,
        reach: None,
        standing: None,
        saw: None,
    };
    bench.write(Some("a"), started).await;
    bench.stand.put("a", 1);
    let run = bench.resume().await.expect("a resume");
    assert_eq!(run.state(), RunState::Succeeded, "{:?}", bench.lines());
    assert_eq!(bench.stand.effects()["a"], 2);
    assert_eq!(
        bench.lines_of("a"),
        [
            "2% a Started 1",
            "2% a Started 2 seen Between",
            "100% a Succeeded 2"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_condition_of_a_stage_that_has_begun_is_not_asked_again() {
    let stage = format!("{STAGE}, when: \"inventory.metadata.name == 'stand'\"");
    let mut bench = Bench::new(&stage);
    bench.begin().await;
    bench.store.cut(Cut::Before(1));
    bench.drive().await.expect_err("the store is cut off");
    bench.stand.put("a", 1);
    bench.rename_inventory("other");
    let run = bench.resume().await.expect("a resume");
    assert_eq!(status(&run), StageStatus::Succeeded, "half of it is there");
    assert_eq!(bench.stand.effects()["a"], 2);
}

#[tokio::test(start_paused = true)]
async fn foreign_pauses_for_a_person() {
    let mut bench = in_doubt(0).await;
    bench.stand.say("a", Standing::Foreign);
    let run = bench.resume().await.expect("a resume");
    assert_eq!(run.state(), RunState::Paused);
    assert_eq!(status(&run), StageStatus::Waiting);
    assert_eq!(
        bench.lines_of("a"),
        ["2% a Started 1", "2% a Waiting Judgement"]
    );
    assert_eq!(bench.stand.attempts(), ["a"]);

    // Nothing has changed, so another resume says the same.
    let run = bench.resume().await.expect("a resume");
    assert_eq!(run.state(), RunState::Paused);
}

#[tokio::test(start_paused = true)]
async fn a_person_may_have_it_tried_again_whatever_a_look_says() {
    let mut bench = in_doubt(0).await;
    bench.stand.say("a", Standing::Foreign);
    bench.resume().await.expect("a resume");
    let probes = bench.stand.probes("a");

    bench.take_over().await;
    let accepted = EventKind::OverrideAccepted {
        what: "retry".to_owned(),
        by: "admin@desk".to_owned(),
        reason: "it was me".to_owned(),
    };
    bench.write(Some("a"), accepted).await;
    let run = bench.go_on().await.expect("a resume");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(bench.stand.probes("a"), probes, "it is not even asked");
    assert_eq!(bench.stand.attempts(), ["a", "a"]);
}

#[tokio::test(start_paused = true)]
async fn unreachable_is_waited_out_up_to_the_timeout() {
    let mut bench = in_doubt(0).await;
    bench.stand.say("a", Standing::Unreachable);
    let began = tokio::time::Instant::now();
    let run = bench.resume().await.expect("a resume");
    let waited = began.elapsed();
    assert_eq!(run.state(), RunState::Paused);
    assert_eq!(
        bench.lines_of("a"),
        ["2% a Started 1", "2% a Waiting Machine"]
    );
    assert!(
        waited > Duration::from_secs(25) && waited <= Duration::from_secs(30),
        "{waited:?}"
    );
}

/// The same where the look itself fails for that reason; for another one it is not waited.
#[tokio::test(start_paused = true)]
async fn a_look_that_fails_is_waited_out_only_where_nobody_answers() {
    for (kind, ends, waits) in [
        (ActionErrorKind::Unreachable, RunState::Paused, true),
        (ActionErrorKind::Final, RunState::Failed, false),
    ] {
        let mut bench = in_doubt(0).await;
        bench.stand.fail_looks("a", kind);
        let began = tokio::time::Instant::now();
        let run = bench.resume().await.expect("a resume");
        assert_eq!(run.state(), ends, "{:#?}", bench.lines());
        let waited = began.elapsed() > Duration::from_secs(25);
        assert_eq!(waited, waits, "{kind:?}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_answers_in_time_is_not_a_reason_to_pause() {
    let mut bench = in_doubt(2).await;
    bench.stand.say("a", Standing::Unreachable);
    let stand = std::sync::Arc::clone(&bench.stand);
    Bench::later(Duration::from_secs(20), move || stand.say_the_truth("a"));
    let run = bench.resume().await.expect("a resume");
    assert_eq!(run.state(), RunState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn an_abort_leaves_doubt_that_the_next_resume_settles() {
    for halves in 0..3 {
        let mut bench = Bench::new(STAGE);
        let stop = bench.stop.clone();
        Bench::later(HALF * halves + HALF / 2, move || {
            stop.send_replace(Stop::Abort);
        });
        let run = bench.apply().await.expect("an abort is no error");
        assert_eq!(run.state(), RunState::Stopped);
        assert_eq!(bench.stand.at_work(), 0);
        let run = bench.resume().await.expect("a resume");
        assert_eq!(run.state(), RunState::Succeeded);
        bench.check("after the abort");
        assert_eq!(bench.stand.effects()["a"], 2);
    }
}
