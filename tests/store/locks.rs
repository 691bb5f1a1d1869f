//! Locks: who keeps what, and how long that counts.

use sms_plan::run::{EventKind, RunState};
use sms_plan::store::{Batch, HeldBy, Lock, locks};

use super::bench::{Bench, batch, dead, elsewhere, ended, id, me, new_run, succeeded};

async fn holder_of_the_first(bench: &Bench) -> (Vec<Lock>, HeldBy) {
    let locks = locks(bench.store.as_ref()).await.expect("a list");
    let holder = locks[0].holder.clone().expect("a holder");
    (locks, holder)
}

#[tokio::test]
async fn a_lock_names_the_run_and_the_living_process_that_drives_it() {
    for bench in Bench::all() {
        let store = &bench.store;
        let lease = store.create(new_run("r"), &me()).await.expect("a new run");
        store
            .append(&lease, batch(vec![succeeded("a")]))
            .await
            .expect("an append");
        let (locks, held) = holder_of_the_first(&bench).await;
        let subjects: Vec<&str> = locks.iter().map(|lock| lock.subject.as_str()).collect();
        assert_eq!(subjects, ["10.0.0.1", "fs01"]);
        assert!(locks.iter().all(|lock| lock.run == id("r")));
        assert!(held.alive && held.lost.is_none());
        assert_eq!(held.holder.pid, std::process::id());
        assert!(held.since < held.until, "{held:?}");

        store.release(&lease, false).await.expect("it was held");
        let (_, held) = holder_of_the_first(&bench).await;
        assert!(!held.alive && held.lost.is_none(), "{held:?}");
    }
}

#[tokio::test]
async fn a_stale_lock_says_why() {
    for bench in Bench::all() {
        let store = &bench.store;
        let lease = store
            .create(new_run("r"), &dead())
            .await
            .expect("a new run");
        store
            .append(&lease, batch(vec![succeeded("a")]))
            .await
            .expect("an append");
        let (_, held) = holder_of_the_first(&bench).await;
        assert!(!held.alive);
        assert!(held.lost.is_some_and(|why| why.contains("is gone")));
    }
}

#[tokio::test]
async fn a_silent_machine_is_alive_until_its_lease_ends() {
    let bench = Bench::in_a_file();
    let lease = bench
        .store
        .create(new_run("r"), &elsewhere())
        .await
        .expect("a new run");
    bench
        .store
        .append(&lease, batch(vec![succeeded("a")]))
        .await
        .expect("an append");
    assert!(holder_of_the_first(&bench).await.1.alive);
    let long_ago = "UPDATE leases SET expires_at = unixepoch() - 1";
    bench.past_the_store().execute_batch(long_ago).expect("SQL");
    let (_, held) = holder_of_the_first(&bench).await;
    assert!(!held.alive);
    assert!(held.lost.is_some_and(|why| why.contains("has been silent")));
}

#[tokio::test]
async fn a_run_that_ended_but_was_cut_before_it_freed_its_servers_keeps_nobody_off() {
    for Bench { store, folder } in Bench::all() {
        let state = RunState::Succeeded;
        let last = EventKind::RunEnded { state };
        let lease = store
            .create(new_run("first"), &dead())
            .await
            .expect("a new run");
        let mut draft = ended();
        draft.kind = last;
        store
            .append(
                &lease,
                Batch {
                    drafts: vec![draft],
                    ..Batch::default()
                },
            )
            .await
            .expect("an append");
        let kept = locks(store.as_ref()).await.expect("a list");
        assert!(kept.is_empty(), "{kept:?}");
        store
            .create(new_run("second"), &me())
            .await
            .expect("the servers are free");
        drop(folder);
    }
}
