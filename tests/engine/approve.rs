//! A pause for a person.

use std::time::Duration;

use sms_plan::engine::overdue;
use sms_plan::run::{EventKind, RunState, StageId, StageStatus};

use super::bench::Bench;
use super::stand::Fault;

const ASKS: &str = "
    id: before
    id: ask, uses: control.approve, needs: [before], with: { message: Shall it go on? }
    id: beside, on: source
    id: after, needs: [ask]
";

#[tokio::test(start_paused = true)]
async fn the_run_pauses_and_goes_on_when_somebody_approves() {
    let mut bench = Bench::new(ASKS);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
    assert_eq!(run.stage(1).status, StageStatus::Waiting);
    assert_eq!(run.stage(1).error, ["Shall it go on?"]);
    assert_eq!(run.stage(2).status, StageStatus::Succeeded);
    assert_eq!(run.stage(3).status, StageStatus::Pending);

    bench.take_over().await;
    let approved = EventKind::Approved {
        by: "admin@desk".to_owned(),
        reason: "checked".to_owned(),
        begins: false,
    };
    bench.write(Some("ask"), approved).await;
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("approved");
}

#[tokio::test(start_paused = true)]
async fn a_resume_without_an_approval_asks_again() {
    let mut bench = Bench::new(ASKS);
    bench.apply().await.expect("no cut");
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
    assert_eq!(run.stage(1).status, StageStatus::Waiting);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_fails_the_stage_until_it_is_asked_again() {
    let mut bench = Bench::new(ASKS);
    bench.apply().await.expect("no cut");
    bench.take_over().await;
    let rejected = EventKind::Rejected {
        by: "admin@desk".to_owned(),
        reason: "not tonight".to_owned(),
    };
    bench.write(Some("ask"), rejected).await;
    assert_eq!(bench.read().stage(1).status, StageStatus::Failed);
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
}

#[tokio::test(start_paused = true)]
async fn a_stage_done_by_hand_before_its_turn_is_not_done_again() {
    let mut bench = Bench::new(
        "
        id: first
        id: second, needs: [first]
        ",
    );
    bench.stand.order("first", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    bench.take_over().await;
    let adopted = EventKind::Adopted {
        by: "admin@desk".to_owned(),
        reason: "done by hand".to_owned(),
        verified: true,
        output: serde_json::Value::Null,
        reach: None,
    };
    bench.write(Some("second"), adopted).await;
    let run = bench
        .go_on()
        .await
        .expect("an adopted stage is not started");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(run.stage(1).status, StageStatus::Adopted);
    assert_eq!(bench.stand.attempts(), ["first", "first"]);
}

const ASKS_FOR_AN_HOUR: &str = "
    id: ask, uses: control.approve, with: { message: Shall it go on?, within: 1h }
    id: after, needs: [ask]
";

#[tokio::test(start_paused = true)]
async fn an_approval_with_a_time_limit_counts_as_refused_when_somebody_comes_too_late() {
    let mut bench = Bench::new(ASKS_FOR_AN_HOUR);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
    let until = run.stage(0).until.clone().expect("a time limit");
    assert_eq!(overdue(&run, &bench.now()), []);

    tokio::time::sleep(Duration::from_mins(61)).await;
    let refusals = overdue(&run, &bench.now());
    let [(Some(stage), EventKind::Rejected { reason, .. })] = &refusals[..] else {
        panic!("{refusals:?}");
    };
    assert_eq!(stage.as_str(), "ask");
    assert_eq!(*reason, format!("nobody had approved it until {until}"));

    // It is in the journal like a person's refusal; a resume asks anew, with as much time.
    bench.take_over().await;
    for (stage, kind) in refusals {
        let stage = stage.as_ref().map(StageId::as_str);
        bench.write(stage, kind).await;
    }
    assert_eq!(bench.read().stage(0).status, StageStatus::Failed);
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
    assert!(run.stage(0).until.as_ref() > Some(&until));
}

#[tokio::test(start_paused = true)]
async fn a_living_driver_refuses_when_the_time_is_over() {
    let mut bench = Bench::new(
        "
        id: ask, uses: control.approve, with: { message: Shall it go on?, within: 1s }
        id: beside, on: source
        ",
    );
    bench.stand.order("beside", &[Fault::Slow]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed, "{:#?}", bench.lines());
    assert_eq!(run.stage(0).status, StageStatus::Failed);
    assert_eq!(run.stage(1).status, StageStatus::Succeeded);
}
