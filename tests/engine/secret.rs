//! Secrets of stages: sealed before the attempt that needs them, destroyed by whoever says so, and
//! never in a journal.

use sms_plan::store::Store as _;

use super::bench::Bench;
use super::cut::Cut;

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
