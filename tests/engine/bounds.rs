//! How far a person lets a run go: up to a stage, not into a stage, or over some stages again.

use insta::assert_snapshot;
use sms_plan::run::{EventKind, RunState, StageId, StageStatus, WaitingFor};

use super::bench::Bench;
use super::bench::statuses;
use super::cut::Cut;
use super::stand::Fault;

const FOUR: &str = "
    id: a, on: source
    id: b, on: source, needs: [a]
    id: beside, on: destination
    id: c, on: source, needs: [b]
";

fn id(text: &str) -> StageId {
    StageId::new(text).expect("a stage id")
}

fn held_back() -> EventKind {
    EventKind::HeldBack {
        by: "admin@desk".to_owned(),
    }
}

fn approved() -> EventKind {
    EventKind::Approved {
        by: "admin@desk".to_owned(),
        reason: "now".to_owned(),
        begins: true,
    }
}

#[tokio::test(start_paused = true)]
async fn until_a_stage_nothing_behind_it_is_started() {
    for parallel in [1, 4] {
        let mut bench = Bench::new(FOUR).parallel(parallel);
        bench.until = Some(id("b"));
        let run = bench.apply().await.expect("no cut");
        assert_eq!(run.state(), RunState::Stopped);
        assert_eq!(bench.stand.attempts(), ["a", "b"]);
        let lines = bench.lines();
        let last: Vec<&str> = lines[lines.len() - 2..]
            .iter()
            .map(String::as_str)
            .collect();
        assert_eq!(
            last,
            [
                "51% - Stopped: every stage up to `b` has ended, as --until asked",
                "51% - RunEnded stopped",
            ]
        );
        // Once more, and there is nothing to do.
        let run = bench.resume().await.expect("no cut");
        assert_eq!(run.state(), RunState::Stopped);
        assert_eq!(bench.stand.attempts(), ["a", "b"]);

        bench.until = None;
        let run = bench.resume().await.expect("no cut");
        assert_eq!(run.state(), RunState::Succeeded);
        bench.check("resumed");
    }
}

#[tokio::test(start_paused = true)]
async fn until_the_last_stage_the_run_is_done() {
    let mut bench = Bench::new(FOUR);
    bench.until = Some(id("c"));
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_held_back_begins_when_somebody_approves() {
    let mut bench = Bench::new(FOUR);
    bench.begin().await;
    bench.write(Some("b"), held_back()).await;
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::Paused);
    assert_eq!(run.stage(1).waiting, Some(WaitingFor::Begin));
    assert_eq!(run.stage(1).attempts, 0);
    assert_eq!(
        run.stage(2).status,
        StageStatus::Succeeded,
        "what may run beside it does"
    );

    let run = bench.resume().await.expect("no cut");
    assert_eq!(
        run.state(),
        RunState::Paused,
        "a resume alone does not let it begin"
    );

    bench.take_over().await;
    bench.write(Some("b"), approved()).await;
    assert_eq!(
        bench.read().stage(1).status,
        StageStatus::Pending,
        "it is not done by that"
    );
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(run.stage(1).attempts, 1);
    bench.check("approved");
}

#[tokio::test(start_paused = true)]
async fn a_stage_off_the_path_is_skipped_and_nobody_is_asked() {
    let mut bench = Bench::new("id: a\nid: never, when: 'false'");
    bench.begin().await;
    bench.write(Some("never"), held_back()).await;
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded, "{:?}", bench.lines());
}

/// A run that has failed at `c`, and of which somebody has taken the effect of `a` away.
async fn half_lost() -> Bench {
    let mut bench = Bench::new(FOUR);
    bench.stand.order("c", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    bench.stand.put("a", 0);
    bench.stand.put("beside", 1);
    bench
}

#[tokio::test(start_paused = true)]
async fn from_a_stage_on_everything_is_looked_at_again_and_what_is_gone_is_done_again() {
    let mut bench = half_lost().await;
    let run = bench.resume_from("a").await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("looked at again");
    let told = ["a", "b", "beside", "c"].map(|stage| bench.lines_of(stage).join("\n"));
    assert_snapshot!(told.join("\n"), @"
    2% a Started 1
    26.5% a Succeeded 1
    51% a OverrideAccepted look-again
    2% a Started 2 seen Before
    51% a Succeeded 2
    51% b Started 1
    75.5% b Succeeded 1
    26.5% b OverrideAccepted look-again
    75.5% b Succeeded 1 settled
    2% beside Started 1
    51% beside Succeeded 1
    2% beside OverrideAccepted look-again
    2% beside Started 2 seen Between
    26.5% beside Succeeded 2
    75.5% c Started 1
    75.5% c Failed 1: never
    75.5% c Started 2 seen Before
    100% c Succeeded 2
    ");
}

#[tokio::test(start_paused = true)]
async fn what_stands_before_that_stage_stays_as_it_is() {
    let mut bench = half_lost().await;
    let run = bench.resume_from("b").await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(bench.stand.probes("a"), 0);
    assert_eq!(bench.stand.probes("b"), 1);
    assert_eq!(bench.stand.effects().get("a"), None);
    assert_eq!(bench.stand.effects()["beside"], 2);
}

#[tokio::test(start_paused = true)]
async fn what_no_look_can_tell_counts_as_done_as_before() {
    let mut bench = half_lost().await;
    bench.stand.blind("b");
    let run = bench.resume_from("b").await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(run.stage(1).attempts, 1);
    assert_eq!(run.stage(1).output["by"], "b", "what it handed back stays");
}

#[tokio::test(start_paused = true)]
async fn a_second_look_survives_a_cut_at_every_event() {
    for n in 0..14 {
        for cut in [Cut::Before(n), Cut::After(n)] {
            let mut bench = half_lost().await;
            bench.take_over().await;
            for stage in ["a", "b", "beside"] {
                let accepted = EventKind::OverrideAccepted {
                    what: "look-again".to_owned(),
                    by: "admin@desk".to_owned(),
                    reason: "restored".to_owned(),
                };
                bench.write(Some(stage), accepted).await;
            }
            bench.store.cut(cut);
            let by = "admin@desk".to_owned();
            let _cut = bench.try_write(None, EventKind::RunResumed { by }).await;
            if bench.store.alive_still() {
                let _cut = bench.drive().await;
            }
            let run = bench.resume().await.expect("no cut");
            assert_eq!(
                run.state(),
                RunState::Succeeded,
                "{cut:?}: {:#?}",
                bench.lines()
            );
            assert!(
                statuses(&run)
                    .iter()
                    .all(|(_, status)| *status == StageStatus::Succeeded),
                "{cut:?}"
            );
            assert_eq!(bench.stand.effects().values().sum::<u8>(), 8, "{cut:?}");
            bench.check(&format!("{cut:?}"));
        }
    }
}
