//! A person's wish to stop: by signal, or from another terminal through the store.

use std::sync::Arc;
use std::time::Duration;

use sms_plan::engine::Stop;
use sms_plan::run::{RunState, StageStatus};
use sms_plan::store::Store as _;

use super::bench::Bench;
use super::bench::statuses;
use super::stand::Fault;
use super::stand::HALF;

const TWO: &str = "
    id: a, on: source
    id: b, on: source, needs: [a]
";

#[tokio::test(start_paused = true)]
async fn finish_lets_what_runs_end_and_starts_nothing_more() {
    let mut bench = Bench::new(TWO);
    let stop = bench.stop.clone();
    Bench::later(HALF / 2, move || {
        stop.send_replace(Stop::Finish);
    });
    let run = bench.apply().await.expect("a stop is no error");
    assert_eq!(run.state(), RunState::Stopped);
    assert_eq!(run.stage(0).status, StageStatus::Succeeded);
    assert_eq!(run.stage(1).status, StageStatus::Pending);
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("resumed");
}

#[tokio::test(start_paused = true)]
async fn abort_ends_at_once_and_leaves_doubt() {
    let mut bench = Bench::new(TWO);
    bench.stand.order("a", &[Fault::HangsBetween]);
    let stop = bench.stop.clone();
    Bench::later(HALF * 3, move || {
        stop.send_replace(Stop::Finish);
    });
    let stop = bench.stop.clone();
    Bench::later(HALF * 5, move || {
        stop.send_replace(Stop::Abort);
    });
    let began = tokio::time::Instant::now();
    let run = bench.apply().await.expect("a stop is no error");
    assert!(began.elapsed() < HALF * 6, "{:?}", began.elapsed());
    assert_eq!(run.state(), RunState::Stopped);
    assert_eq!(bench.stand.at_work(), 0);
    bench.take_over().await;
    assert_eq!(bench.read().stage(0).status, StageStatus::InDoubt);
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("resumed");
}

#[tokio::test(start_paused = true)]
async fn a_request_from_another_terminal_does_the_same_as_the_signal() {
    let mut bench = Bench::new(
        "
        id: a, on: source
        id: b, on: source, needs: [a]
        ",
    );
    bench.stand.order("a", &[Fault::Slow]);
    let (store, id) = (Arc::clone(&bench.store), bench.run.clone());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        store
            .request_stop(&id, "stopped by admin@other")
            .await
            .expect("a request");
    });
    let run = bench.apply().await.expect("a stop is no error");
    assert_eq!(run.state(), RunState::Stopped);
    let journal = bench.lines();
    assert!(
        journal
            .iter()
            .any(|line| line.ends_with("Stopped: stopped by admin@other")),
        "{journal:?}"
    );

    // The wish was granted; it does not stop the resume too.
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded, "{:?}", bench.lines());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_nobody_saw_does_not_stop_a_later_resume() {
    let mut bench = Bench::new("id: a");
    bench.begin().await;
    bench
        .store
        .request_stop(&bench.run, "too late")
        .await
        .expect("a request");
    bench.stand.order("a", &[Fault::Slow]);
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_comes_in_the_last_stage_finds_a_finished_run() {
    let mut bench = Bench::new("id: a");
    let stop = bench.stop.clone();
    Bench::later(HALF / 2, move || {
        stop.send_replace(Stop::Finish);
    });
    let run = bench.apply().await.expect("no cut");
    assert_eq!(statuses(&run), [("a".to_owned(), StageStatus::Succeeded)]);
    assert_eq!(
        run.state(),
        RunState::Succeeded,
        "only a finished run reports 100"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_wait_for_the_time_of_the_next_attempt() {
    let mut bench = Bench::new("id: a, retry: { delay: 4m }");
    bench.stand.order("a", &[Fault::Passing]);
    let stop = bench.stop.clone();
    Bench::later(Duration::from_secs(10), move || {
        stop.send_replace(Stop::Finish);
    });
    let began = tokio::time::Instant::now();
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Stopped);
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
}
