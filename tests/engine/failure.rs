//! A stage that fails ends new starts; what runs is finished.

use sms_plan::run::{RunState, StageStatus};

use super::bench::Bench;
use super::bench::statuses;
use super::stand::Fault;

const TWO_BRANCHES: &str = "
    id: bad, on: source
    id: slow, on: destination
    id: after-bad, on: source, needs: [bad]
    id: after-slow, on: destination, needs: [slow]
";

#[tokio::test(start_paused = true)]
async fn what_runs_is_finished_and_nothing_else_starts() {
    let mut bench = Bench::new(TWO_BRANCHES);
    bench.stand.order("bad", &[Fault::FinalBetween]);
    let run = bench
        .apply()
        .await
        .expect("a failure is no error of the engine");
    assert_eq!(run.state(), RunState::Failed);
    let expected = [
        ("bad", StageStatus::Failed),
        ("slow", StageStatus::Succeeded),
        ("after-bad", StageStatus::Pending),
        ("after-slow", StageStatus::Pending),
    ];
    assert_eq!(
        statuses(&run),
        expected.map(|(id, status)| (id.to_owned(), status))
    );

    let run = bench.resume().await.expect("the fault is gone");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("after mending");
    assert_eq!(
        bench
            .stand
            .attempts()
            .iter()
            .filter(|id| *id == "slow")
            .count(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_does_not_wait_for_a_retry_that_may_never_be_needed() {
    let mut bench = Bench::new(
        "
        id: bad, on: source
        id: flaky, on: destination, retry: { delay: 5m }
        ",
    );
    bench.stand.order("flaky", &[Fault::Passing]);
    // It fails well inside the delay of the other one.
    bench.stand.order("bad", &[Fault::FinalSlow]);
    let began = tokio::time::Instant::now();
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("resumed");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_obeys_another_driver_ends_this_one() {
    let mut bench = Bench::new(TWO_BRANCHES);
    bench.stand.order("bad", &[Fault::Fenced]);
    let error = bench.apply().await.expect_err("this process must stop");
    assert!(
        error.to_string().contains("obeys another driver"),
        "{error}"
    );
    assert_eq!(bench.stand.at_work(), 0);
    let journal = bench.lines();
    assert!(
        journal.last().is_some_and(|line| line.contains("Started")),
        "{journal:?}"
    );
}
