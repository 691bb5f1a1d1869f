//! How far a person lets a run go: up to a stage, not into a stage, or over some stages again.

use std::sync::Arc;

use insta::assert_snapshot;
use sms_plan::action::Registry;
use sms_plan::engine::{shape_of, to_look_at_again};
use sms_plan::plan::{Source, load_plan};
use sms_plan::run::{
    EVENT_VERSION, Event, EventKind, Run, RunId, RunState, StageId, StageStatus, WaitingFor,
};

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
            let _cut = bench
                .try_write(
                    None,
                    EventKind::RunResumed {
                        by,
                        rolling_back: false,
                    },
                )
                .await;
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

#[tokio::test(start_paused = true)]
async fn what_a_person_did_is_looked_at_before_it_is_done_again() {
    let mut bench = Bench::new(FOUR);
    bench.stand.order("a", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    bench.take_over().await;
    bench.stand.put("b", 2);
    let adopted = EventKind::Adopted {
        by: "admin@desk".to_owned(),
        reason: "done by hand".to_owned(),
        verified: true,
        output: serde_json::Value::Null,
        reach: None,
    };
    bench.write(Some("b"), adopted).await;
    let run = bench.resume_from("b").await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(run.stage(1).attempts, 0, "it was found done");
    assert_eq!(bench.stand.probes("b"), 1);
    bench.check("looked at again");
}

/// A server that has joined again must not leave again because it is not outside any more.
#[test]
fn what_a_later_stage_took_away_on_purpose_is_not_looked_at_again() {
    let registry = Registry::standard();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/cutover.yaml");
    let text = std::fs::read_to_string(path).expect("the shipped plan");
    let plan = load_plan(
        &Source::from_text("cutover.yaml", text),
        &registry.catalogue(),
    )
    .unwrap_or_else(|faults| panic!("{faults}"))
    .value;
    let mut run = Run::new(
        RunId::new("r").expect("a run id"),
        Arc::clone(&shape_of(&plan)),
    );
    let ended = [
        "connect-source",
        "leave-source",
        "rename-source",
        "join-source",
    ];
    for (seq, stage) in (1..).zip(ended) {
        let event = Event {
            v: EVENT_VERSION,
            seq,
            at: "2027-01-15T08:00:00.000Z".to_owned(),
            run: RunId::new("r").expect("a run id"),
            percent: 0.0,
            stage: Some(id(stage)),
            kind: EventKind::Succeeded {
                attempt: 1,
                output: serde_json::Value::Null,
                reach: None,
                duration_ms: 0,
                settled: None,
            },
            hash: String::new(),
        };
        run.fold(&event).expect("it fits");
    }
    let again = to_look_at_again(&plan, &registry, &run, 0);
    assert_eq!(again, [id("rename-source"), id("join-source")]);
}
