//! Only one driver: who loses the lease writes nothing more and leaves nothing at work.

use std::sync::Arc;
use std::time::Duration;

use sms_plan::engine::EngineError;
use sms_plan::run::{EventKind, RunState};
use sms_plan::store::{Holder, Store as _, StoreError};

use tokio::time::Instant;

use super::bench::Bench;
use super::stand::Fault;

#[tokio::test(start_paused = true)]
async fn who_loses_the_lease_writes_nothing_more() {
    let mut bench = Bench::new("id: a, on: source, timeout: 50s\nid: b, on: destination");
    bench.stand.order("a", &[Fault::HangsBetween]);
    let (store, id) = (Arc::clone(&bench.store), bench.run.clone());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(3)).await;
        let rival = Holder {
            started: "long ago".to_owned(),
            ..Holder::this_process()
        };
        store
            .take_lease(&id, &rival)
            .await
            .expect("the first process counts as gone");
    });
    let began = Instant::now();
    let error = bench
        .apply()
        .await
        .expect_err("it is somebody else's run now");
    assert!(
        matches!(error, EngineError::Store(StoreError::LeaseLost { .. })),
        "{error:?}"
    );
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "noticed by the next heartbeat, not by the next event: {:?}",
        began.elapsed()
    );
    assert_eq!(bench.stand.at_work(), 0, "the worker was ended");
    let journal = bench.lines();
    assert_eq!(
        journal.last().map(String::as_str),
        Some("51% b Succeeded 1"),
        "{journal:?}"
    );

    let run = bench.resume().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("resumed");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_is_given_back_and_a_finished_one_frees_its_servers() {
    let mut bench = Bench::new("id: a");
    bench.stand.order("a", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    let record = bench.store.read(&bench.run).await.expect("a run");
    assert_eq!(
        record.new.subjects,
        ["fs01", "fs02"],
        "a failed run keeps its servers"
    );
    assert!(record.holder.is_some_and(|holder| !holder.alive));

    bench.resume().await.expect("no cut");
    let record = bench.store.read(&bench.run).await.expect("a run");
    assert_eq!(record.new.subjects, [""; 0]);
    assert_eq!(bench.lease().epoch, 2);
}

#[tokio::test(start_paused = true)]
async fn what_the_last_holder_wrote_until_the_end_is_known_to_the_next_one() {
    let mut bench = Bench::new("id: a");
    bench.begin().await;
    let before = bench.store.read(&bench.run).await.expect("a run");
    // Read by the next one, and then the last one goes on, fails and gives the run back.
    bench.stand.order("a", &[Fault::Final]);
    bench.drive().await.expect("no cut");
    let run = bench.engines_take_over(&before).await.expect("it is free");
    assert_eq!(run.stage(0).attempts, 1);
    assert_eq!(run.seq(), bench.read().seq());
}

#[tokio::test(start_paused = true)]
async fn a_stale_lease_is_taken_over_by_itself_and_the_journal_says_why() {
    let mut bench = Bench::new("id: a");
    bench.begin().await;
    let record = bench.store.read(&bench.run).await.expect("a run");
    bench
        .engines_take_over(&record)
        .await
        .expect("nobody holds it");
    let journal = bench.journal();
    let Some(EventKind::LeaseTaken {
        epoch, took_over, ..
    }) = journal.last().map(|event| &event.kind)
    else {
        panic!("{:?}", bench.lines());
    };
    assert_eq!(
        (*epoch, took_over.as_deref()),
        (2, Some("process 1 is gone"))
    );
}
