//! State databases that are missing, foreign or damaged: they are left as they are.

use insta::assert_snapshot;

use super::Desk;

const APPLY: [&str; 5] = ["apply", "plan.yaml", "-i", "inventory.yaml", "--yes"];
const DATABASE: &str = ".sms-plan/state.db";

/// Whatever command meets this database, it refuses it and leaves every byte.
fn refused(desk: &Desk, content: &[u8]) -> String {
    std::fs::create_dir(desk.path(".sms-plan")).unwrap();
    desk.write(DATABASE, content);
    let told = desk.run(&APPLY);
    for command in ["resume", "runs", "status", "events", "stop"] {
        let also = desk.run(&[command, "-i", "inventory.yaml"]);
        assert_eq!(also, told, "{command}");
    }
    let now = std::fs::read(desk.path(DATABASE)).unwrap();
    assert!(now == content, "the file was changed");
    told
}

#[test]
fn no_runs_yet() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["resume", "-i", "inventory.yaml"]));
    desk.is_untouched();
}

#[test]
fn a_database_of_another_program() {
    let desk = Desk::new();
    let other = rusqlite::Connection::open(desk.path("other.db")).unwrap();
    other
        .execute_batch("CREATE TABLE songs (title TEXT); INSERT INTO songs VALUES ('x');")
        .unwrap();
    drop(other);
    let content = std::fs::read(desk.path("other.db")).unwrap();
    assert_snapshot!(refused(&desk, &content));
}

#[test]
fn a_file_that_is_no_database() {
    let desk = Desk::new();
    assert_snapshot!(refused(&desk, b"these are not the bytes of a database"));
}

#[test]
fn a_database_that_was_cut_off() {
    let desk = Desk::new();
    desk.failed_run();
    let whole = std::fs::read(desk.path(DATABASE)).unwrap();
    std::fs::remove_dir_all(desk.path(".sms-plan")).unwrap();
    let mut damaged = whole[..whole.len() / 2].to_vec();
    // The first page stays, so that it is a database still; which pages are read is left to SQLite.
    damaged[4096..].fill(0xa5);
    assert_snapshot!(refused(&desk, &damaged));
}

#[test]
fn a_run_that_nobody_knows() {
    let desk = Desk::new();
    assert_snapshot!(desk.run(&["status", "20260101-000000-abcd", "-i", "inventory.yaml"]));
    desk.is_untouched();
}
