//! A finished run that a person must confirm in time.

use std::sync::Arc;
use std::time::Duration;

use sms_plan::engine::Stop;
use sms_plan::run::{EventKind, Run, RunState};
use sms_plan::store::{Store as _, Wish};

use super::bench::Bench;
use super::cut::Cut;
use super::stand::HALF;

const CHAIN: &str = "
    id: a, on: source
    id: b, on: destination, needs: [a]
";

/// A third of the time in which a person may confirm.
const THIRD: Duration = Duration::from_secs(20);

/// A run of two stages that is to be confirmed within a minute.
async fn begun() -> Bench {
    let mut bench = Bench::new(CHAIN);
    want(&mut bench, 3 * THIRD).await;
    bench
}

async fn want(bench: &mut Bench, within: Duration) {
    bench.begin().await;
    let wanted = EventKind::ConfirmationWanted {
        by: "admin@desk".to_owned(),
        within_ms: u64::try_from(within.as_millis()).expect("minutes"),
    };
    bench.write(None, wanted).await;
}

fn confirms_after(bench: &Bench, wait: Duration) {
    let (store, run) = (Arc::clone(&bench.store), bench.run.clone());
    tokio::spawn(async move {
        tokio::time::sleep(wait).await;
        let wish = Wish::Confirm {
            by: "ann".to_owned(),
            reason: "the shares work".to_owned(),
        };
        store.request(&run, &wish).await.expect("a request");
    });
}

fn effects(bench: &Bench) -> u8 {
    bench.stand.effects().values().sum()
}

fn told(bench: &Bench, what: &str) -> bool {
    bench.lines().iter().any(|line| line.contains(what))
}

#[tokio::test(start_paused = true)]
async fn a_person_confirms_in_time() {
    let mut bench = begun().await;
    confirms_after(&bench, 2 * THIRD);
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    assert!(told(&bench, "Confirmed"), "{:#?}", bench.lines());
    assert_eq!(effects(&bench), 4, "two whole effects");
    bench.check("confirmed");
}

#[tokio::test(start_paused = true)]
async fn without_a_word_it_is_rolled_back_when_the_time_is_over() {
    let mut bench = begun().await;
    let began = tokio::time::Instant::now();
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::RolledBack);
    assert!(began.elapsed() >= 3 * THIRD, "{:?}", began.elapsed());
    assert!(began.elapsed() < 4 * THIRD, "{:?}", began.elapsed());
    assert_eq!(effects(&bench), 0);
    let back = run.back().expect("it was rolled back");
    assert!(
        back.reason.starts_with("nobody had confirmed it until 20"),
        "{}",
        back.reason
    );
    bench.check("rolled back");
}

#[tokio::test(start_paused = true)]
async fn a_stop_changes_nothing_and_the_time_goes_on() {
    let mut bench = begun().await;
    let began = tokio::time::Instant::now();
    let stop = bench.stop.clone();
    Bench::later(THIRD, move || {
        stop.send_replace(Stop::Finish);
    });
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::Stopped);
    assert_eq!(effects(&bench), 4);
    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::RolledBack);
    assert!(began.elapsed() < 4 * THIRD, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_last_stage_does_not_wait_for_anybody() {
    let mut bench = begun().await;
    let began = tokio::time::Instant::now();
    let stop = bench.stop.clone();
    // Three halves of the first stage, and a part of the second.
    Bench::later(HALF * 4, move || {
        stop.send_replace(Stop::Finish);
    });
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::Stopped, "{:#?}", bench.lines());
    assert!(run.is_complete());
    assert!(began.elapsed() < THIRD, "{:?}", began.elapsed());
}

/// Leaves a run alone that waits to be confirmed, until long after the time is over.
async fn left_alone(bench: &mut Bench) -> Run {
    let stop = bench.stop.clone();
    Bench::later(THIRD, move || {
        stop.send_replace(Stop::Finish);
    });
    bench.drive().await.expect("no cut");
    tokio::time::sleep(Duration::from_mins(10)).await;
    bench.resume().await.expect("no cut")
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_when_the_time_is_over_is_asked() {
    let mut bench = begun().await;
    let run = left_alone(&mut bench).await;
    assert_eq!(run.state(), RunState::Paused);
    assert_eq!(
        effects(&bench),
        4,
        "nobody is there: nothing is rolled back"
    );

    // One answer.
    bench.take_over().await;
    let confirmed = EventKind::Confirmed {
        by: "ann".to_owned(),
        reason: String::new(),
    };
    bench.write(None, confirmed).await;
    let run = bench.go_on().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("confirmed late");

    // The other one.
    let mut bench = begun().await;
    left_alone(&mut bench).await;
    bench.take_over().await;
    let back = EventKind::RollBackBegun {
        by: "ann".to_owned(),
        reason: "it does not work".to_owned(),
    };
    bench.write(None, back).await;
    let run = bench.drive().await.expect("no cut");
    assert_eq!(run.state(), RunState::RolledBack);
    assert_eq!(effects(&bench), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cut_at_every_event_ends_as_undisturbed() {
    let mut calm = Bench::new(CHAIN);
    want(&mut calm, Duration::from_secs(2)).await;
    calm.drive().await.expect("no cut");
    let events = calm.heard.len();
    for cut in (0..events).flat_map(|n| [Cut::Before(n), Cut::After(n)]) {
        let when = format!("cut {cut:?} of {events}");
        let mut bench = calm.again();
        want(&mut bench, Duration::from_secs(2)).await;
        bench.store.cut(cut);
        assert!(
            bench.drive().await.is_err(),
            "{when}: a dead store goes unnoticed"
        );
        let mut run = bench.resume().await.expect("no second cut");
        if run.state() != RunState::RolledBack {
            run = bench.resume().await.expect("no second cut");
        }
        assert_eq!(
            run.state(),
            RunState::RolledBack,
            "{when}: {:#?}",
            bench.lines()
        );
        assert_eq!(effects(&bench), 0, "{when}");
        bench.check(&when);
    }
}
