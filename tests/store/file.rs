//! What the store in a file promises besides: it notices what others did to the file, and never
//! touches a file that is not its own.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use sms_plan::store::{Batch, SqliteStore, Store as _, StoreError};

use super::bench::{Bench, batch, elsewhere, ended, id, me, new_run, secret, started};

async fn read_after(harm: &str) -> Option<StoreError> {
    let bench = Bench::in_a_file();
    bench.run_with_events("r").await;
    bench.store.read(&id("r")).await.expect("a sound journal");
    bench.past_the_store().execute_batch(harm).expect("SQL");
    bench.store.read(&id("r")).await.err()
}

#[tokio::test]
async fn a_changed_journal_is_noticed_at_the_event_that_was_changed() {
    for (harm, expected) in [
        (
            "UPDATE events SET body = replace(body, '\"attempt\":1', '\"attempt\":2') WHERE seq = 2",
            2,
        ),
        ("UPDATE events SET hash = 'x' WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq = 2", 3),
        ("DELETE FROM events WHERE seq = 1", 2),
        // The end of a chain has no successor that would tell.
        ("DELETE FROM events WHERE seq = 3", 3),
        ("DELETE FROM events", 3),
        (
            "INSERT INTO events SELECT run, 4, body, hash FROM events WHERE seq = 3",
            4,
        ),
    ] {
        let error = read_after(harm).await;
        assert!(
            matches!(&error, Some(StoreError::Chain { seq, .. }) if *seq == expected),
            "{harm}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_silent_holder_of_another_machine_is_taken_over() {
    let bench = Bench::in_a_file();
    bench
        .store
        .create(new_run("r"), &elsewhere())
        .await
        .expect("a new run");
    let long_ago = "UPDATE leases SET expires_at = unixepoch() - 1";
    bench.past_the_store().execute_batch(long_ago).expect("SQL");
    let (lease, why) = bench
        .store
        .take_lease(&id("r"), &me())
        .await
        .expect("it is silent");
    assert_eq!(lease.epoch, 2);
    assert!(why.is_some_and(|why| why.contains("has been silent")));
}

#[tokio::test]
async fn secrets_and_events_become_durable_together_or_not_at_all() {
    let bench = Bench::in_a_file();
    let lease = bench
        .store
        .create(new_run("r"), &me())
        .await
        .expect("a new run");
    // The secret comes after the events in the same batch; it cannot be kept.
    let refuse = "CREATE TRIGGER no BEFORE INSERT ON secrets BEGIN SELECT raise(ABORT, 'no'); END";
    bench.past_the_store().execute_batch(refuse).expect("SQL");
    let brings = Batch {
        secrets: vec![secret("s")],
        ..batch(vec![started("a", 1)])
    };
    bench
        .store
        .append(&lease, brings)
        .await
        .expect_err("the secret is refused");
    assert_eq!(
        bench.store.read(&id("r")).await.expect("the run").events,
        []
    );
    bench
        .store
        .append(&lease, batch(vec![started("a", 1)]))
        .await
        .expect("nothing is left of the refused one");
}

#[tokio::test]
async fn a_journal_outlives_its_process() {
    let bench = Bench::in_a_file();
    bench.run_with_events("r").await;
    let first = bench.store.read(&id("r")).await.expect("the run");
    let Bench { store, folder } = bench;
    drop(store);
    let folder = folder.expect("a store in a file");
    let store = SqliteStore::open_existing(folder.path()).expect("it is there");
    assert_eq!(
        store.read(&id("r")).await.expect("the run").events,
        first.events
    );
}

#[tokio::test]
async fn a_store_of_an_older_format_is_taken_over_with_everything_in_it() {
    let bench = Bench::in_a_file();
    let lease = bench.run_with_events("r").await;
    let first = bench.store.read(&id("r")).await.expect("the run");
    let older = tempfile::tempdir().expect("a folder");
    let older_path = older.path().join("state.db");
    let connection = Connection::open(&older_path).expect("a database");
    let tables = include_str!("../fixtures/state/format_1.sql");
    connection.execute_batch(tables).expect("SQL");
    let new = bench.path();
    let new = new.to_str().expect("a path in UTF-8");
    connection
        .execute("ATTACH ?1 AS new", [new])
        .expect("the database");
    connection
        .execute_batch(
            "INSERT INTO runs SELECT id, created_at, changed_at, plan_path, plan, inventory_path,
                                     inventory, state, percent, seq, hash
             FROM new.runs JOIN new.texts ON texts.run = id;
             INSERT INTO events SELECT * FROM new.events;
             INSERT INTO leases SELECT * FROM new.leases;
             INSERT INTO locks SELECT * FROM new.locks;",
        )
        .expect("SQL");
    drop(connection);

    // Twice: the second time nothing is left to be done.
    for _ in 0..2 {
        let store = SqliteStore::open_existing(older.path()).expect("it is ours");
        let record = store.read(&id("r")).await.expect("the run");
        assert_eq!(record.events, first.events);
        assert_eq!(record.new.plan_text, first.new.plan_text);
        assert_eq!(record.new.inventory_text, first.new.inventory_text);
        assert_eq!(record.new.subjects, first.new.subjects);
    }
    let store = SqliteStore::open_existing(older.path()).expect("it is ours");
    let more = store.append(&lease, batch(vec![ended()])).await;
    assert_eq!(more.expect("the run goes on")[0].seq, 4);
}

/// Opens a folder whose `state.db` holds these bytes; the file must stay as it is.
fn refusal(bytes: &[u8]) -> StoreError {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state.db");
    fs::write(&path, bytes).expect("a file");
    let Err(error) = SqliteStore::open(folder.path()) else {
        panic!("{} bytes that are no store of ours were taken", bytes.len());
    };
    assert!(
        fs::read(&path).expect("the file") == bytes,
        "the file was changed: {error}"
    );
    error
}

/// The bytes of a database made by some SQL.
fn database(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.db");
    let connection = Connection::open(&path).expect("a database");
    connection.execute_batch(sql).expect("SQL");
    drop(connection);
    fs::read(path).expect("the file")
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    for sql in [
        "CREATE TABLE bookmarks (url TEXT)",
        "PRAGMA journal_mode = WAL; CREATE TABLE bookmarks (url TEXT)",
        "CREATE TABLE runs (id TEXT); PRAGMA application_id = 7",
    ] {
        let error = refusal(&database(sql));
        assert!(
            matches!(error, StoreError::Foreign { .. }),
            "{sql}: {error:?}"
        );
    }
}

#[test]
fn what_is_no_database_is_left_alone() {
    let error = refusal(&b"I am a letter, and longer than the header of a database. ".repeat(40));
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
}

#[test]
fn a_newer_format_is_left_to_newer_programs() {
    let newer = "CREATE TABLE t (x); PRAGMA application_id = 0x534d5370; PRAGMA user_version = 3";
    let error = refusal(&database(newer));
    assert!(
        matches!(
            error,
            StoreError::Newer {
                found: 3,
                known: 2,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_truncated_database_is_called_damaged() {
    let bench = Bench::in_a_file();
    bench.run_with_events("r").await;
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let path = bench.path();
    // The pragma answers with a row, which a batch would refuse.
    bench
        .past_the_store()
        .query_row(checkpoint, [], |_| Ok(()))
        .expect("SQL");
    let whole = fs::read(path).expect("the file");
    for length in [60, 1000, 4096, whole.len() / 2, whole.len() - 4096] {
        let error = refusal(&whole[..length]);
        assert!(
            matches!(
                error,
                StoreError::Damaged { .. } | StoreError::Foreign { .. }
            ),
            "{length} of {} bytes: {error:?}",
            whole.len()
        );
    }
}

#[tokio::test]
async fn one_file_holds_everything_once_the_store_is_let_go_of() {
    for round in 0..20 {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(folder.path()).expect("a new store");
        let run = new_run("r");
        store.create(run, &me()).await.expect("a new run");
        drop(store);
        let names = fs::read_dir(folder.path()).expect("the folder");
        let names: Vec<_> = names
            .map(|entry| entry.expect("a file").file_name())
            .collect();
        assert_eq!(names, ["state.db"], "round {round}");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("state.db"), b"").expect("a file");
    SqliteStore::open(folder.path()).expect("an interrupted first start leaves such a file");
}

#[test]
fn a_store_that_must_be_there_is_not_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("state");
    let error = SqliteStore::open_existing(&path).expect_err("there is none");
    assert!(matches!(error, StoreError::Missing { .. }), "{error:?}");
    assert!(!path.exists());
}

#[cfg(unix)]
#[test]
fn a_new_state_folder_is_for_its_user_only() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("deep").join("state");
    SqliteStore::open(&path).expect("a new store");
    let mode = fs::metadata(path).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a file");
    fs::write(&file, b"").expect("a file");
    let error = SqliteStore::open(&file.join("state")).expect_err("a file is no folder");
    assert!(error.to_string().contains("a file/state"), "{error}");
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let read_only = fs::Permissions::from_mode(0o500);
    fs::set_permissions(folder.path(), read_only).expect("our own folder");
    if fs::write(folder.path().join("probe"), b"").is_ok() {
        // Nothing is read-only for root; the test says nothing then.
        return;
    }
    let error = SqliteStore::open(folder.path()).expect_err("nothing can be written there");
    assert!(
        matches!(error, StoreError::Io { what: "open", .. }),
        "{error:?}"
    );
}

#[test]
fn many_may_open_a_new_store_at_once() {
    for _ in 0..8 {
        let folder = tempfile::tempdir().expect("a folder");
        let open = |n: usize, path: &Path| {
            let store = SqliteStore::open(path)?;
            let mut run = new_run(&format!("r{n}"));
            run.subjects = vec![format!("fs{n}")];
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime");
            runtime.block_on(store.create(run, &me()))
        };
        std::thread::scope(|scope| {
            let path = folder.path();
            let openers: Vec<_> = (0..6).map(|n| scope.spawn(move || open(n, path))).collect();
            for opener in openers {
                opener.join().expect("no panic").expect("each gets its run");
            }
        });
        let connection = Connection::open(folder.path().join("state.db")).expect("the database");
        let runs: i64 = connection
            .query_row("SELECT count(*) FROM runs", [], |row| row.get(0))
            .expect("a count");
        assert_eq!(runs, 6);
    }
}
