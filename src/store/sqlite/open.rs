//! Opening the state database: made at first use, recognised ever after, never overwritten.

use std::fs;
use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::OpenFlags;

use super::super::StoreError;

/// Marks a database file as ours (`SMSp` in ASCII), in SQLite's `application_id`.
const APPLICATION_ID: i64 = 0x534d_5370;
/// The version of the tables, in SQLite's `user_version`.
const FORMAT: i64 = 2;
/// How long to wait for other processes that use the database.
const PATIENCE: Duration = Duration::from_secs(10);

/// Opens the database of a state folder, and makes both at first use.
pub(super) fn open(folder: &Path, create: bool) -> Result<Connection, StoreError> {
    let path = folder.join("state.db");
    let shown = path.display().to_string();
    if create {
        make_folder(folder)?;
    } else if !path.exists() {
        return Err(StoreError::Io {
            what: "find",
            path: shown,
            source: std::io::Error::from(std::io::ErrorKind::NotFound),
        });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if create {
        flags | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        flags
    };
    let until = Instant::now() + PATIENCE;
    loop {
        let opened = Connection::open_with_flags(&path, flags)
            .map_err(|error| unusable(&shown, &error))
            .and_then(|connection| prepare(connection, &shown));
        match opened {
            // SQLite does not wait by itself while another process makes the same database.
            Err(StoreError::Busy { .. }) if Instant::now() < until => pause(),
            opened => return opened,
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a database is opened before anything else is under way"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(10));
}

/// Opens a database that exists only in memory.
pub(super) fn open_in_memory() -> Result<Connection, StoreError> {
    prepare(Connection::open_in_memory()?, ":memory:")
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Io {
        what: "create the state folder",
        path: folder.display().to_string(),
        source,
    };
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(folder).map_err(failed)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(())
}

fn prepare(mut connection: Connection, path: &str) -> Result<Connection, StoreError> {
    let set_up = |connection: &mut Connection| -> Result<(), rusqlite::Error> {
        connection.busy_timeout(PATIENCE)?;
        // One sync for each commit; without FULL the last commits may be lost with the power.
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)
    };
    let number = |connection: &Connection, name: &str| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| unusable(path, &error))
    };

    // Looked at before anything is written: a file of somebody else stays as it is.
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(|error| unusable(path, &error))?;
    let application = number(&connection, "application_id")?;
    if tables > 0 && application != APPLICATION_ID {
        let why = "it is a database of another program".to_owned();
        return Err(StoreError::Foreign {
            path: path.to_owned(),
            why,
        });
    }
    let found = number(&connection, "user_version")?;
    if found > FORMAT {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found,
            known: FORMAT,
        });
    }
    set_up(&mut connection).map_err(|error| unusable(path, &error))?;
    if tables == 0 {
        create_tables(&mut connection).map_err(|error| unusable(path, &error))?;
    } else if found < FORMAT {
        upgrade_tables(&mut connection).map_err(|error| unusable(path, &error))?;
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| unusable(path, &error))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            why: verdict,
        });
    }
    Ok(connection)
}

/// Makes the tables, unless another process was quicker.
fn create_tables(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 {
        transaction.execute_batch(include_str!("schema.sql"))?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}

/// Brings the tables of an older program up to this one's, unless another process was quicker.
fn upgrade_tables(connection: &mut Connection) -> Result<(), rusqlite::Error> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found == 1 {
        transaction.execute_batch(include_str!("from_1_to_2.sql"))?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}

/// Puts SQLite's own words for a file that it cannot use into ours.
fn unusable(path: &str, error: &rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;

    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        Some(ErrorCode::NotADatabase) => StoreError::Foreign {
            path,
            why: "it is no SQLite database".to_owned(),
        },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => {
            StoreError::Io {
                what: "open",
                path,
                source: std::io::Error::other(error.to_string()),
            }
        }
        _ => StoreError::Damaged {
            path,
            why: error.to_string(),
        },
    }
}
