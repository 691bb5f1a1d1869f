//! Retries: how often, after how long, and what comes first.

use std::time::Duration;

use insta::assert_snapshot;
use sms_plan::run::{EventKind, RunState};
use tokio::time::Instant;

use super::bench::Bench;
use super::stand::Fault;

#[tokio::test(start_paused = true)]
async fn attempts_and_delays_are_the_plans() {
    let mut bench = Bench::new("id: a, retry: { attempts: 4, delay: 5s, factor: 3 }");
    bench.stand.order("a", &[Fault::Passing; 3]);
    let began = Instant::now();
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(began.elapsed().as_secs(), 5 + 15 + 45);
    assert_snapshot!(bench.lines_of("a").await.join("\n"), @"");
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_fails_the_stage() {
    let mut bench = Bench::new("id: a, retry: { attempts: 2 }");
    bench.stand.order("a", &[Fault::Passing; 3]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    assert_eq!(bench.stand.attempts().len(), 2);
    // A resume has all attempts again, and the last of the three faults left.
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(run.stage(0).attempts, 4);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_heal_is_not_tried_again() {
    let mut bench = Bench::new("id: a");
    bench.stand.order("a", &[Fault::Final]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    assert_eq!(bench.stand.attempts(), ["a"]);
    assert_eq!(run.stage(0).error, ["never"]);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_in_doubt_and_looks_before_the_next_attempt() {
    let mut bench = Bench::new("id: a, timeout: 20s");
    bench.stand.order("a", &[Fault::HangsAfter]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(bench.stand.attempts(), ["a"], "the look found it done");
    assert_snapshot!(bench.lines_of("a").await.join("\n"), @"");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_in_the_middle_is_finished_by_the_next_attempt() {
    let mut bench = Bench::new("id: a, timeout: 20s");
    bench.stand.order("a", &[Fault::HangsBetween]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_snapshot!(bench.lines_of("a").await.join("\n"), @"");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_counts_as_a_try_and_ends() {
    // A first attempt fails, and from then on a precondition that may heal refuses every other.
    let mut bench = Bench::new(
        "id: a, on: source, preconditions: [{ tcp: { ports: [9] }, when: 'stages[\"b\"].output != null' }]
         id: b",
    );
    drop(bench.apply().await);
    bench.check("a refused look").await;
}

#[tokio::test(start_paused = true)]
async fn a_resume_whose_first_look_fails_is_tried_again_and_stays_readable() {
    let mut bench = Bench::new("id: a, on: source, preconditions: [{ tcp: { ports: [9] } }]");
    bench.begin().await;
    let started = EventKind::Started {
        attempt: 1,
        token: serde_json::Value::Null,
        reach: None,
        standing: None,
        saw: None,
    };
    bench.write(Some("a"), started).await;
    let began = Instant::now();
    let run = bench.resume().await.expect("the journal takes every event");
    assert_eq!(run.state(), RunState::Failed);
    assert!(began.elapsed() < Duration::from_secs(60), "it ends");
    assert_snapshot!(bench.lines_of("a").await.join("\n").replace(char::is_numeric, "#"), @"");
}
