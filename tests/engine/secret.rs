//! Secrets of stages: sealed before the attempt that needs them, destroyed by whoever says so, and
//! never in a journal.

use sms_plan::engine::Word;
use sms_plan::store::Store as _;

use super::bench::Bench;
use super::cut::Cut;
use super::stand::Fault;

#[tokio::test(start_paused = true)]
async fn a_secret_is_durable_with_the_start_and_gone_when_nobody_needs_it() {
    let stages = "
        id: make, with: { secret: key }
        id: use, needs: [make], with: { forget: key }
    ";
    let mut bench = Bench::new(stages);
    bench.begin().await;
    bench.store.cut(Cut::Before(1));
    bench
        .drive()
        .await
        .expect_err("cut off after the first start");
    let sealed = bench
        .store
        .secret(&bench.run, "key")
        .await
        .expect("an answer");
    let sealed = sealed.expect("it was sealed with `Started`");
    assert!(!sealed.windows(4).any(|bytes| bytes == b"hush"));

    bench.resume().await.expect("no cut");
    let gone = bench
        .store
        .secret(&bench.run, "key")
        .await
        .expect("an answer");
    assert_eq!(gone, None);
    let journal = format!("{:?}", bench.store.journal(&bench.run));
    assert!(!journal.contains("hush"));
}

#[tokio::test(start_paused = true)]
async fn secrets_are_kept_and_destroyed_as_well_where_a_person_did_the_stage() {
    let stages = "
        id: make, with: { secret: key }
        id: use, uses: test.look, needs: [make], with: { forget: key, found: other }
    ";
    let mut bench = Bench::new(stages);
    bench.stand.order("use", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    let sealed = bench.store.secret(&bench.run, "key").await;
    assert!(sealed.expect("an answer").is_some());
    bench.take_over().await;
    let word = Word {
        by: "admin@desk".to_owned(),
        reason: "done by hand".to_owned(),
        unverified: false,
    };
    bench.adopt("use", &word).await.expect("it looks");
    let gone = bench.store.secret(&bench.run, "key").await;
    assert_eq!(gone.expect("an answer"), None);
    let found = bench.store.secret(&bench.run, "other").await;
    let found = found
        .expect("an answer")
        .expect("what the look found is kept");
    assert!(!found.windows(4).any(|bytes| bytes == b"hush"));
}
