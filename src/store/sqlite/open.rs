//! Opening the state database: made at first use, recognised ever after, never overwritten.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use rusqlite::Connection;
use rusqlite::OpenFlags;

use super::super::Record;
use super::super::StoreError;
use super::traces::begun;
use super::traces::note_of;
use crate::run::RunId;

/// Marks a database file as ours (`SMSp` in ASCII), in SQLite's `application_id`.
const APPLICATION_ID: i64 = 0x534d_5370;
/// The version of the tables, in SQLite's `user_version`.
const FORMAT: i64 = 2;
/// How long to wait for other processes that use the database.
const PATIENCE: Duration = Duration::from_secs(10);

/// The file that was opened, and the state folder around it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) folder: PathBuf,
    path: PathBuf,
    /// What tells the opened file from another one of that name.
    identity: Option<Identity>,
}

impl Place {
    /// Refuses to go on where the file was removed or replaced: SQLite would write on, into a file
    /// that nobody can open any more.
    pub(super) fn refuse_replaced(&self) -> Result<(), StoreError> {
        if identity(&self.path) == self.identity {
            return Ok(());
        }
        Err(StoreError::Gone {
            path: self.path.display().to_string(),
        })
    }

    /// Refuses a journal that lacks an event which was noted.
    pub(super) fn refuse_shortened(
        &self,
        record: Record,
        seq: u64,
        hash: &str,
    ) -> Result<Record, StoreError> {
        if record.events.iter().any(|event| event.hash == hash) {
            return Ok(record);
        }
        Err(StoreError::Shortened {
            seq,
            last: record.events.last().map_or(0, |event| event.seq),
            note: note_of(&self.folder, &record.new.id).display().to_string(),
            run: record.new.id,
        })
    }

    /// Puts SQLite's own words for a file that it cannot use any more into ours.
    pub(super) fn unusable(&self, error: rusqlite::Error) -> StoreError {
        in_our_words(&self.path.display().to_string(), error)
    }
}

#[cfg(unix)]
type Identity = (u64, u64);

/// The device and the number of a file.
#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    path.exists().then_some(())
}

/// Opens the database of a state folder, and makes both at first use.
pub(super) fn open(folder: &Path, create: bool) -> Result<(Connection, Place), StoreError> {
    let path = folder.join("state.db");
    let shown = path.display().to_string();
    // Looked for before the database is: a run leaves its trace only when its events are durable.
    let begun = begun(folder);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            refuse_lost(&shown, begun.first())?;
            if !create {
                return Err(StoreError::Missing { path: shown });
            }
            make_folder(folder)?;
        }
        Err(source) => {
            return Err(StoreError::Io {
                what: "look for",
                path: shown,
                source,
            });
        }
        Ok(found) if found.is_dir() => {
            return Err(StoreError::Foreign {
                path: shown,
                why: "it is a folder".to_owned(),
            });
        }
        Ok(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let flags = if create {
        flags | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        flags
    };
    let until = Instant::now() + PATIENCE;
    let connection = loop {
        let opened = Connection::open_with_flags(&path, flags)
            .map_err(|error| unusable(&shown, error))
            .and_then(|connection| prepare(connection, &shown, &begun));
        match opened {
            // SQLite does not wait by itself while another process makes the same database.
            Err(StoreError::Busy { .. }) if Instant::now() < until => pause(),
            opened => break opened?,
        }
    };
    let place = Place {
        folder: folder.to_owned(),
        identity: identity(&path),
        path,
    };
    Ok((connection, place))
}

fn refuse_lost(path: &str, run: Option<&RunId>) -> Result<(), StoreError> {
    match run {
        Some(run) => Err(StoreError::Lost {
            path: path.to_owned(),
            run: run.clone(),
        }),
        None => Ok(()),
    }
}

/// A run that has begun, and of which the database knows no event.
fn unknown_run<'a>(
    connection: &Connection,
    begun: &'a BTreeSet<RunId>,
) -> Result<Option<&'a RunId>, rusqlite::Error> {
    let mut known = connection.prepare("SELECT 1 FROM runs WHERE id = ?1 AND seq > 0")?;
    for run in begun {
        if !known.exists([run.as_str()])? {
            return Ok(Some(run));
        }
    }
    Ok(None)
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
    prepare(Connection::open_in_memory()?, ":memory:", &BTreeSet::new())
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

fn prepare(
    mut connection: Connection,
    path: &str,
    begun: &BTreeSet<RunId>,
) -> Result<Connection, StoreError> {
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
            .map_err(|error| unusable(path, error))
    };

    // Looked at before anything is written: a file of somebody else stays as it is.
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(|error| unusable(path, error))?;
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
    if tables == 0 {
        refuse_lost(path, begun.first())?;
    }
    set_up(&mut connection).map_err(|error| unusable(path, error))?;
    if tables == 0 {
        create_tables(&mut connection).map_err(|error| unusable(path, error))?;
    } else if found < FORMAT {
        upgrade_tables(&mut connection).map_err(|error| unusable(path, error))?;
    }
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(|error| unusable(path, error))?;
    if verdict != "ok" {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
            why: verdict.split_whitespace().collect::<Vec<_>>().join(" "),
        });
    }
    let lost = unknown_run(&connection, begun).map_err(|error| unusable(path, error))?;
    refuse_lost(path, lost)?;
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

/// Puts SQLite's own words for a file that cannot be opened into ours.
fn unusable(path: &str, error: rusqlite::Error) -> StoreError {
    match in_our_words(path, error) {
        StoreError::Sqlite(error) => StoreError::Damaged {
            path: path.to_owned(),
            why: error.to_string(),
        },
        told => told,
    }
}

/// Puts SQLite's own words for a file that it cannot use into ours; what is no matter of the file
/// stays as it is.
fn in_our_words(path: &str, error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;

    let path = path.to_owned();
    let cannot = |what, path| StoreError::Io {
        what,
        path,
        source: std::io::Error::other(error.to_string()),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        Some(ErrorCode::NotADatabase) => StoreError::Foreign {
            path,
            why: "it is no SQLite database".to_owned(),
        },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => cannot("open", path),
        Some(ErrorCode::ReadOnly) => cannot("write to", path),
        Some(ErrorCode::SystemIoFailure) => cannot("read or write", path),
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
            path,
            why: error.to_string(),
        },
        _ => StoreError::Sqlite(error),
    }
}
