//! Cut off at every event, and resumed from what was kept: the end is the same as undisturbed,
//! nothing that a look shows as done is repeated, nothing runs without its durable `Started`, and
//! nobody hears of what the journal does not hold.

use std::collections::BTreeMap;

use serde_json::Value;
use sms_plan::run::{Run, RunState, StageStatus};

use super::bench::Bench;
use super::bench::statuses;
use super::cut::Cut;
use super::stand::Fault;

const CHAIN: &str = "
    id: a, on: source
    id: b, on: source, needs: [a]
    id: c, on: destination, needs: [b]
";

const DIAMOND: &str = "
    id: top
    id: left, on: source, needs: [top], weight: 1
    id: right, on: destination, needs: [top], weight: 2
    id: bottom, needs: [left, right]
";

const FAN: &str = "
    id: root, uses: test.look
    id: one, needs: [root]
    id: two, on: source, needs: [root]
    id: three, on: source, needs: [root]
    id: four, on: destination, needs: [root]
    id: five, on: orchestrator, needs: [root]
";

const MIXED: &str = "
    id: connect, uses: test.look, on: source
    id: a, on: source, needs: [connect], weight: 3
    id: never, needs: [connect], when: \"inventory.metadata.name == 'other'\"
    id: b, on: destination, weight: 2, timeout: 4s
    id: flaky, needs: [a, never], weight: 1
    id: note, uses: control.note, with: { text: hello }, needs: [flaky]
    id: last, needs: [b, note]
";

type Faults<'a> = &'a [(&'a str, &'a [Fault])];

/// Everything by which two finished runs are compared.
#[derive(Debug, PartialEq)]
struct End {
    state: RunState,
    percent: f64,
    statuses: Vec<(String, StageStatus)>,
    outputs: Vec<Value>,
    effects: BTreeMap<String, u8>,
}

fn end(bench: &Bench, run: &Run) -> End {
    End {
        state: run.state(),
        percent: run.percent(),
        statuses: statuses(run),
        outputs: run
            .stages()
            .map(|(_, stage)| stage.output.clone())
            .collect(),
        effects: bench.stand.effects(),
    }
}

/// Resumes, as a person would, until the run is done.
async fn resume_until_done(bench: &mut Bench, when: &str) -> Run {
    for _ in 0..4 {
        let run = bench
            .resume()
            .await
            .unwrap_or_else(|error| panic!("{when}: {error:?}"));
        bench.check(when);
        if run.state() == RunState::Succeeded {
            return run;
        }
    }
    panic!("{when}: it never ends: {:#?}", bench.lines());
}

async fn crash_at_every_event(stages: &str, faults: Faults<'_>) {
    let plan = Bench::new(stages);
    let ordered = |parallel| {
        let bench = plan.again().parallel(parallel);
        for (stage, faults) in faults {
            bench.stand.order(stage, faults);
        }
        bench
    };
    for parallel in [1, 4] {
        let mut calm = ordered(parallel);
        let mut run = calm.apply().await.expect("nothing cuts it off");
        let events = calm.heard.len();
        if run.state() != RunState::Succeeded {
            run = resume_until_done(&mut calm, "undisturbed").await;
        }
        calm.check("undisturbed");
        let expected = end(&calm, &run);

        for cut in (0..events).flat_map(|n| [Cut::Before(n), Cut::After(n)]) {
            let when = format!("--parallel {parallel}, cut {cut:?} of {events}");
            let mut bench = ordered(parallel);
            bench.begin().await;
            bench.store.cut(cut);
            assert!(
                bench.drive().await.is_err(),
                "{when}: a dead store goes unnoticed"
            );
            assert_eq!(
                bench.stand.at_work(),
                0,
                "{when}: something goes on behind its back"
            );
            bench.check(&when);

            let run = resume_until_done(&mut bench, &when).await;
            assert_eq!(end(&bench, &run), expected, "{when}: {:#?}", bench.lines());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn chain_survives_a_cut_at_every_event() {
    crash_at_every_event(CHAIN, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn diamond_survives_a_cut_at_every_event() {
    crash_at_every_event(DIAMOND, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn fan_survives_a_cut_at_every_event() {
    crash_at_every_event(FAN, &[]).await;
}

#[tokio::test(start_paused = true)]
async fn retries_and_skips_survive_a_cut_at_every_event() {
    let faults: Faults<'_> = &[
        ("flaky", &[Fault::Passing, Fault::PassingBetween]),
        ("b", &[Fault::HangsAfter]),
    ];
    crash_at_every_event(MIXED, faults).await;
}

#[tokio::test(start_paused = true)]
async fn a_failure_survives_a_cut_at_every_event() {
    crash_at_every_event(MIXED, &[("flaky", &[Fault::PassingBetween, Fault::Final])]).await;
}

#[tokio::test(start_paused = true)]
async fn a_second_cut_in_the_resume_is_survived_as_well() {
    let plan = Bench::new(CHAIN);
    for first in 0..8 {
        for second in 0..8 {
            let when = format!("cut at {first}, then at {second}");
            let mut bench = plan.again();
            bench.begin().await;
            bench.store.cut(Cut::Before(first));
            let cut = bench.drive().await;
            if cut.is_ok() {
                continue;
            }
            bench.take_over().await;
            bench.store.cut(Cut::After(second + 1));
            // The resume's own event is the first.
            let _cut_again = bench.go_on().await;
            bench.check(&when);
            let run = match bench.read() {
                run if run.state() == RunState::Succeeded => run,
                _ => resume_until_done(&mut bench, &when).await,
            };
            assert!(run.is_complete(), "{when}");
            assert_eq!(bench.stand.effects().values().sum::<u8>(), 6, "{when}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn resuming_a_finished_run_repeats_nothing() {
    let mut bench = Bench::new(DIAMOND);
    bench.apply().await.expect("nothing cuts it off");
    let attempts = bench.stand.attempts();
    let run = bench.resume().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Succeeded);
    assert_eq!(bench.stand.attempts(), attempts);
    bench.check("resumed");
}
