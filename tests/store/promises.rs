//! What every store promises. Each test asks all of them.

use sms_plan::run::RunState;
use sms_plan::store::{Batch, NewRun, StoreError, Wish};

use super::bench::{
    Bench, batch, dead, elsewhere, ended, id, me, new_run, rolled_back, secret, started, succeeded,
};

#[tokio::test]
async fn what_was_appended_is_read_back_as_it_was_returned() {
    for Bench { store, folder } in Bench::all() {
        let lease = store.create(new_run("r"), &me()).await.expect("a new run");
        let drafts = vec![started("a", 1), succeeded("a")];
        let mut written = store
            .append(&lease, batch(drafts))
            .await
            .expect("an append");
        written.extend(
            store
                .append(&lease, batch(vec![ended()]))
                .await
                .expect("an append"),
        );

        let record = store.read(&id("r")).await.expect("the run");
        assert_eq!(record.events, written);
        let numbers: Vec<u64> = written.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!(record.new.plan_text, "a: plan");
        assert_eq!(record.new.subjects, ["10.0.0.1", "fs01"]);
        assert!(
            record
                .holder
                .is_some_and(|holder| holder.alive && holder.epoch == 1)
        );
        drop(folder);
    }
}

#[tokio::test]
async fn the_list_of_runs_follows_the_journal() {
    for Bench { store, folder } in Bench::all() {
        let lease = store.create(new_run("r"), &me()).await.expect("a new run");
        let lines = store.runs().await.expect("a list");
        assert!(lines.is_empty(), "nothing has happened in it yet");
        store
            .append(&lease, batch(vec![succeeded("a"), ended()]))
            .await
            .expect("an append");
        let lines = store.runs().await.expect("a list");
        assert_eq!(
            (lines[0].state, lines[0].percent),
            (RunState::Failed, 33.333)
        );
        drop(folder);
    }
}

#[tokio::test]
async fn a_run_is_created_once_and_an_unknown_one_is_named() {
    for Bench { store, folder } in Bench::all() {
        store.create(new_run("r"), &me()).await.expect("a new run");
        let again = store.create(new_run("r"), &me()).await;
        assert!(matches!(again, Err(StoreError::RunExists(run)) if run == id("r")));
        let unknown = id("other");
        let missing = |error| matches!(error, Some(StoreError::NoSuchRun(run)) if run == "other");
        assert!(missing(store.read(&unknown).await.err()));
        assert!(missing(store.take_lease(&unknown, &me()).await.err()));
        assert!(missing(store.request_stop(&unknown, "x").await.err()));
        drop(folder);
    }
}

#[tokio::test]
async fn who_was_taken_over_writes_nothing_more() {
    for Bench { store, folder } in Bench::all() {
        let old = store
            .create(new_run("r"), &dead())
            .await
            .expect("a new run");
        store
            .append(&old, batch(vec![started("a", 1)]))
            .await
            .expect("an append");
        let (new, why) = store
            .take_lease(&id("r"), &me())
            .await
            .expect("the holder is gone");
        assert_eq!(new.epoch, old.epoch + 1);
        assert!(why.is_some_and(|why| why.contains("is gone")));

        let late = Batch {
            secrets: vec![secret("s")],
            ..batch(vec![succeeded("a")])
        };
        let lost = |error| matches!(error, Some(StoreError::LeaseLost { .. }));
        assert!(lost(store.append(&old, late).await.err()));
        assert!(lost(store.renew(&old).await.err()));
        assert!(lost(store.release(&old, true).await.err()));
        let record = store.read(&id("r")).await.expect("the run");
        assert_eq!(record.events.len(), 1);
        assert_eq!(record.new.subjects.len(), 2, "nothing was unlocked");
        assert_eq!(store.secret(&id("r"), "s").await.expect("an answer"), None);

        store
            .append(&new, batch(vec![succeeded("a")]))
            .await
            .expect("the new holder writes");
        drop(folder);
    }
}

#[tokio::test]
async fn a_living_holder_is_not_taken_over_and_a_returned_lease_is_free() {
    for Bench { store, folder } in Bench::all() {
        let lease = store.create(new_run("r"), &me()).await.expect("a new run");
        let held = store.take_lease(&id("r"), &me()).await;
        assert!(matches!(held, Err(StoreError::Held { pid, .. }) if pid == std::process::id()));
        assert!(store.append(&lease, batch(vec![ended()])).await.is_ok());

        store.release(&lease, false).await.expect("it was held");
        let after = store.append(&lease, batch(vec![ended()])).await;
        assert!(matches!(after, Err(StoreError::LeaseLost { .. })));
        let (next, why) = store.take_lease(&id("r"), &me()).await.expect("it is free");
        assert_eq!((next.epoch, why), (2, None));
        drop(folder);
    }
}

#[tokio::test]
async fn a_process_of_another_machine_counts_as_alive_until_it_is_silent() {
    for Bench { store, folder } in Bench::all() {
        store
            .create(new_run("r"), &elsewhere())
            .await
            .expect("a new run");
        let held = store.take_lease(&id("r"), &me()).await;
        assert!(matches!(held, Err(StoreError::Held { machine, .. }) if machine == "other"));
        drop(folder);
    }
}

#[tokio::test]
async fn two_runs_never_share_a_server() {
    for Bench { store, folder } in Bench::all() {
        let first = store
            .create(new_run("first"), &me())
            .await
            .expect("a new run");
        store
            .append(&first, batch(vec![succeeded("a")]))
            .await
            .expect("an append");
        let refused = store.create(new_run("second"), &me()).await;
        assert!(
            matches!(&refused, Err(StoreError::Locked { run, .. }) if *run == id("first")),
            "{refused:?}"
        );
        let known = store.runs().await.expect("a list").len();
        assert_eq!(known, 1, "the refused run leaves nothing behind");

        // A run that may go on keeps its servers; one that is done frees them.
        store.release(&first, false).await.expect("it was held");
        assert!(store.create(new_run("second"), &me()).await.is_err());
        let (first, _) = store
            .take_lease(&id("first"), &me())
            .await
            .expect("it is free");
        store.release(&first, true).await.expect("it was held");
        store
            .create(new_run("second"), &me())
            .await
            .expect("the servers are free");
        drop(folder);
    }
}

#[tokio::test]
async fn locks_are_taken_with_the_events_beside_them_or_nothing_is() {
    for Bench { store, folder } in Bench::all() {
        let lease = store.create(new_run("r"), &me()).await.expect("a new run");
        let other = NewRun {
            subjects: vec!["fs09".to_owned()],
            ..new_run("other")
        };
        let other = store.create(other, &me()).await.expect("other servers");
        store
            .append(&other, batch(vec![started("a", 1)]))
            .await
            .expect("an append");
        let taking = |subjects: &[&str]| Batch {
            lock: subjects.iter().map(|one| (*one).to_owned()).collect(),
            secrets: vec![secret("s")],
            ..batch(vec![started("a", 1)])
        };

        let refused = store.append(&lease, taking(&["fs02", "fs09"])).await;
        let locked = matches!(
            &refused,
            Err(StoreError::Locked { subject, run }) if subject == "fs09" && *run == id("other")
        );
        assert!(locked, "{refused:?}");
        let record = store.read(&id("r")).await.expect("the run");
        assert_eq!(record.events, []);
        assert_eq!(record.new.subjects, ["10.0.0.1", "fs01"]);
        assert_eq!(store.secret(&id("r"), "s").await.expect("an answer"), None);

        store
            .append(&lease, taking(&["fs01", "fs02"]))
            .await
            .expect("one is its own already, the other is free");
        let record = store.read(&id("r")).await.expect("the run");
        assert_eq!(record.events.len(), 1);
        assert_eq!(record.new.subjects, ["10.0.0.1", "fs01", "fs02"]);

        store
            .append(&other, batch(vec![rolled_back()]))
            .await
            .expect("an append");
        store
            .append(&lease, taking(&["fs09"]))
            .await
            .expect("what an ended run left behind is free");
        drop(folder);
    }
}

#[tokio::test]
async fn secrets_come_and_go_with_the_events_beside_them() {
    for Bench { store, folder } in Bench::all() {
        let lease = store.create(new_run("r"), &me()).await.expect("a new run");
        let brings = Batch {
            secrets: vec![secret("one"), secret("two")],
            ..batch(vec![started("a", 1)])
        };
        store.append(&lease, brings).await.expect("an append");
        let kept = store.secret(&id("r"), "one").await.expect("an answer");
        assert_eq!(kept, Some(vec![1, 2, 3]));
        assert_eq!(
            store.secret(&id("other"), "one").await.expect("an answer"),
            None
        );

        let forgets = Batch {
            forget: vec!["one".to_owned(), "never there".to_owned()],
            ..batch(vec![succeeded("a")])
        };
        store.append(&lease, forgets).await.expect("an append");
        assert_eq!(
            store.secret(&id("r"), "one").await.expect("an answer"),
            None
        );
        assert!(
            store
                .secret(&id("r"), "two")
                .await
                .expect("an answer")
                .is_some()
        );
        drop(folder);
    }
}

#[tokio::test]
async fn a_wish_to_stop_reaches_the_driver_and_nobody_after_it() {
    for Bench { store, folder } in Bench::all() {
        let lease = store
            .create(new_run("r"), &dead())
            .await
            .expect("a new run");
        assert_eq!(store.renew(&lease).await.expect("it is held"), None);
        store
            .request_stop(&id("r"), "enough")
            .await
            .expect("a request");
        let wish = store.renew(&lease).await.expect("it is held");
        let reason = "enough".to_owned();
        assert_eq!(wish, Some(Wish::Stop { reason }));

        let confirm = Wish::Confirm {
            by: "ann".to_owned(),
            reason: "\"{it} works\"".to_owned(),
        };
        store.request(&id("r"), &confirm).await.expect("a request");
        let wish = store.renew(&lease).await.expect("it is held");
        assert_eq!(wish, Some(confirm));

        // The driver dies before it could stop; who goes on later was not meant.
        let (lease, _) = store
            .take_lease(&id("r"), &me())
            .await
            .expect("the holder is gone");
        assert_eq!(store.renew(&lease).await.expect("it is held"), None);
        drop(folder);
    }
}

#[tokio::test]
async fn a_run_that_was_cut_before_its_first_event_never_was() {
    for Bench { store, folder } in Bench::all() {
        store
            .create(new_run("unborn"), &dead())
            .await
            .expect("a new run");
        store
            .create(new_run("second"), &me())
            .await
            .expect("the servers are free: nobody can go on with the first");
        assert!(store.read(&id("unborn")).await.is_err());
        drop(folder);
    }
}
