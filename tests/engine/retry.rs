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
    assert_snapshot!(bench.lines_of("a").join("\n"), @"
    2% a Started 1
    2% a Retrying 1 in 5000 ms
    2% a Started 2 seen Before
    2% a Retrying 2 in 15000 ms
    2% a Started 3 seen Before
    2% a Retrying 3 in 45000 ms
    2% a Started 4 seen Before
    100% a Succeeded 4
    ");
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
    assert_snapshot!(bench.lines_of("a").join("\n"), @"
    2% a Started 1
    2% a Retrying 1 in 5000 ms
    100% a Succeeded 1 settled
    ");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_in_the_middle_is_finished_by_the_next_attempt() {
    let mut bench = Bench::new("id: a, timeout: 20s");
    bench.stand.order("a", &[Fault::HangsBetween]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_snapshot!(bench.lines_of("a").join("\n"), @"
    2% a Started 1
    2% a Retrying 1 in 5000 ms
    2% a Started 2 seen Between
    100% a Succeeded 2
    ");
}

#[tokio::test(start_paused = true)]
async fn a_resume_whose_first_look_fails_is_tried_again_and_stays_readable() {
    // A precondition that may heal; nobody listens there.
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
    assert!(began.elapsed() < Duration::from_mins(1), "it ends");
    let lines = bench.lines_of("a");
    let (last, before) = lines.split_last().expect("events");
    assert!(
        last.contains("Failed 1: precondition `tcp` is not met"),
        "{last}"
    );
    assert_snapshot!(before.join("\n"), @"
    2% a Started 1
    2% a Retrying 1 in 5000 ms
    2% a Retrying 1 in 10000 ms
    ");
}

#[tokio::test(start_paused = true)]
async fn a_question_without_an_answer_is_asked_again_before_the_first_attempt() {
    // Nobody listens there; in the middle of a cutover that may be a server in its restart.
    let mut bench = Bench::new("id: a, on: source, preconditions: [{ tcp: { ports: [9] } }]");
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    assert_eq!(run.stage(0).attempts, 0, "nothing was begun");
    let lines = bench.lines_of("a");
    let (last, before) = lines.split_last().expect("events");
    assert!(
        last.contains("Failed 0: precondition `tcp` is not met"),
        "{last}"
    );
    assert_snapshot!(before.join("\n"), @"
    2% a Retrying 0 in 5000 ms
    2% a Retrying 0 in 10000 ms
    ");
}

#[tokio::test(start_paused = true)]
async fn jitter_makes_each_wait_longer_by_a_part_of_itself() {
    let mut bench = Bench::new("id: a, retry: { attempts: 4, delay: 10s, factor: 1, jitter: 0.5 }");
    bench.stand.order("a", &[Fault::Passing; 3]);
    let began = Instant::now();
    bench.apply().await.expect("no cut");
    let waits: Vec<u64> = bench
        .heard
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Retrying { delay_ms, .. } => Some(delay_ms),
            _ => None,
        })
        .collect();
    assert!(
        waits.iter().all(|wait| (10_000..=15_000).contains(wait)),
        "{waits:?}"
    );
    assert!(waits[0] != waits[1] && waits[1] != waits[2], "{waits:?}");
    assert_eq!(began.elapsed().as_secs(), waits.iter().sum::<u64>() / 1000);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_never_ends_is_cut_off_at_the_stages_timeout() {
    let mut bench = Bench::new("id: a, timeout: 20s");
    bench.stand.order("a", &[Fault::Passing]);
    bench.stand.mute("a");
    let began = Instant::now();
    let run = bench.apply().await.expect("no cut");
    assert_eq!(
        run.state(),
        RunState::Paused,
        "a person looks: {:?}",
        bench.lines()
    );
    assert_eq!(began.elapsed().as_secs(), 5 + 20);
    assert_eq!(run.stage(0).error, ["nobody answered within 20s"]);
}

#[tokio::test(start_paused = true)]
async fn the_whole_run_has_a_limit_that_lets_what_runs_end() {
    let stages = "id: a, on: source, timeout: 2m\nid: b, on: source, needs: [a]";
    let mut bench = Bench::limited("3s", stages);
    bench.stand.order("a", &[Fault::Slow]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Stopped);
    assert_eq!(bench.stand.attempts(), ["a"]);
    let lines = bench.lines();
    assert_snapshot!(lines[lines.len() - 3..].join("\n"), @"
    51% a Succeeded 1
    51% - Stopped: the plan's runTimeout of 3s is over
    51% - RunEnded stopped
    ");
}
