//! What a store promises, as SQL. Each function is one transaction.

use rusqlite::Connection;
use rusqlite::OptionalExtension as _;
use rusqlite::Row;
use rusqlite::Transaction;
use rusqlite::TransactionBehavior;
use rusqlite::params;

use super::super::Batch;
use super::super::HeldBy;
use super::super::Holder;
use super::super::Lease;
use super::super::NewRun;
use super::super::Record;
use super::super::RunLine;
use super::super::SealedSecret;
use super::super::StoreError;
use super::super::Wish;
use super::super::entry::chain;
use super::super::entry::state_after;
use super::super::entry::written;
use super::super::lease::LEASE_SECONDS;
use crate::run::EVENT_VERSION;
use crate::run::Event;
use crate::run::RunId;
use crate::run::RunState;

const NOW: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

pub(super) fn create(
    connection: &mut Connection,
    run: &NewRun,
    holder: &Holder,
) -> Result<Lease, StoreError> {
    let transaction = write(connection)?;
    forget_unborn(&transaction, holder)?;
    unlock_ended(&transaction)?;
    let known: i64 = transaction.query_row(
        "SELECT count(*) FROM runs WHERE id = ?1",
        [run.id.as_str()],
        |row| row.get(0),
    )?;
    if known > 0 {
        return Err(StoreError::RunExists(run.id.clone()));
    }
    transaction.execute(
        &format!(
            "INSERT INTO runs (id, created_at, changed_at, plan_path, inventory_path, state,
                               percent, seq, hash)
             VALUES (?1, {NOW}, {NOW}, ?2, ?3, ?4, 0, 0, '')"
        ),
        params![
            run.id.as_str(),
            run.plan_path,
            run.inventory_path,
            RunState::Running.to_string(),
        ],
    )?;
    transaction.execute(
        "INSERT INTO texts (run, plan, inventory) VALUES (?1, ?2, ?3)",
        params![run.id.as_str(), run.plan_text, run.inventory_text],
    )?;
    lock(&transaction, &run.id, &run.subjects)?;
    let lease = Lease {
        run: run.id.clone(),
        epoch: 1,
    };
    hold(&transaction, &lease, holder)?;
    commit(transaction)?;
    Ok(lease)
}

/// Locks subjects for a run; one that another run keeps is an error.
fn lock(transaction: &Transaction<'_>, run: &RunId, subjects: &[String]) -> Result<(), StoreError> {
    for subject in subjects {
        let owner: Option<String> = transaction
            .query_row(
                "SELECT run FROM locks WHERE subject = ?1",
                [subject],
                |row| row.get(0),
            )
            .optional()?;
        match owner {
            None => transaction.execute(
                "INSERT INTO locks (subject, run) VALUES (?1, ?2)",
                params![subject, run.as_str()],
            )?,
            Some(owner) if owner == run.as_str() => continue,
            Some(owner) => {
                return Err(StoreError::Locked {
                    subject: subject.clone(),
                    run: known_id(&owner)?,
                });
            }
        };
    }
    Ok(())
}

/// Removes runs that were cut before their first event: nothing of them ever happened, and nobody
/// can go on with them.
fn forget_unborn(transaction: &Transaction<'_>, observer: &Holder) -> Result<(), StoreError> {
    let unborn = transaction
        .prepare("SELECT id FROM runs WHERE seq = 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    for id in unborn {
        let lease = lease_row(transaction, &known_id(&id)?)?;
        if lease.is_some_and(|lease| lease.held && lease.lost(observer).is_none()) {
            continue;
        }
        for table in ["texts", "locks", "leases", "requests", "secrets"] {
            transaction.execute(&format!("DELETE FROM {table} WHERE run = ?1"), [&id])?;
        }
        transaction.execute("DELETE FROM runs WHERE id = ?1", [&id])?;
    }
    Ok(())
}

/// Frees what runs kept that were cut between their last event and the release of their locks.
fn unlock_ended(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute(
        "DELETE FROM locks WHERE run IN (SELECT id FROM runs WHERE state IN (?1, ?2))",
        params![
            RunState::Succeeded.to_string(),
            RunState::RolledBack.to_string()
        ],
    )?;
    Ok(())
}

pub(super) fn append(
    connection: &mut Connection,
    lease: &Lease,
    batch: Batch,
) -> Result<Vec<Event>, StoreError> {
    let transaction = write(connection)?;
    refuse_lost_lease(&transaction, lease)?;
    if !batch.lock.is_empty() {
        unlock_ended(&transaction)?;
        lock(&transaction, &lease.run, &batch.lock)?;
    }
    let run = lease.run.as_str();
    let (mut seq, mut hash, mut percent): (i64, String, f64) = transaction
        .prepare_cached("SELECT seq, hash, percent FROM runs WHERE id = ?1")?
        .query_row([run], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut state = None;
    let mut events = Vec::with_capacity(batch.drafts.len());
    {
        let mut insert = transaction
            .prepare_cached("INSERT INTO events (run, seq, body, hash) VALUES (?1, ?2, ?3, ?4)")?;
        for draft in batch.drafts {
            seq += 1;
            percent = draft.percent;
            state = state_after(&draft.kind).or(state);
            let (event, body) = written(lease, seq.unsigned_abs(), draft, &hash)?;
            hash.clone_from(&event.hash);
            insert.execute(params![run, seq, body, hash])?;
            events.push(event);
        }
    }
    for secret in batch.secrets {
        transaction.execute(
            "INSERT INTO secrets (run, name, sealed) VALUES (?1, ?2, ?3)
             ON CONFLICT (run, name) DO UPDATE SET sealed = excluded.sealed",
            params![run, secret.name, secret.sealed],
        )?;
    }
    for name in batch.forget {
        transaction.execute(
            "DELETE FROM secrets WHERE run = ?1 AND name = ?2",
            params![run, name],
        )?;
    }
    transaction
        .prepare_cached(&format!(
            "UPDATE runs SET seq = ?2, hash = ?3, percent = ?4, state = coalesce(?5, state),
                             changed_at = {NOW} WHERE id = ?1"
        ))?
        .execute(params![
            run,
            seq,
            hash,
            percent,
            state.map(|state| state.to_string())
        ])?;
    commit(transaction)?;
    Ok(events)
}

pub(super) fn read(connection: &mut Connection, run: &RunId) -> Result<Record, StoreError> {
    // One transaction, so that a living writer cannot slip in between the two questions.
    let transaction = connection.transaction()?;
    let (new, last, last_hash): (NewRun, i64, String) = transaction
        .query_row(
            "SELECT plan_path, plan, inventory_path, inventory, seq, hash FROM runs
             JOIN texts ON texts.run = runs.id WHERE id = ?1",
            [run.as_str()],
            |row| {
                let new = NewRun {
                    id: run.clone(),
                    plan_path: row.get(0)?,
                    plan_text: row.get(1)?,
                    inventory_path: row.get(2)?,
                    inventory_text: row.get(3)?,
                    subjects: Vec::new(),
                };
                Ok((new, row.get(4)?, row.get(5)?))
            },
        )
        .optional()?
        .ok_or_else(|| StoreError::NoSuchRun(run.to_string()))?;
    let subjects = transaction
        .prepare("SELECT subject FROM locks WHERE run = ?1 ORDER BY subject")?
        .query_map([run.as_str()], |row| row.get(0))?
        .collect::<Result<Vec<String>, _>>()?;
    let stored = transaction
        .prepare("SELECT seq, body, hash FROM events WHERE run = ?1 ORDER BY seq")?
        .query_map([run.as_str()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<Vec<(i64, String, String)>, _>>()?;
    let mut events = Vec::with_capacity(stored.len());
    let mut previous = String::new();
    for (seq, body, hash) in stored {
        let seq = seq.unsigned_abs();
        if chain(&previous, &body) != hash {
            return Err(StoreError::Chain {
                run: run.clone(),
                seq,
            });
        }
        let mut event: Event =
            serde_json::from_str(&body).map_err(|source| unreadable(run, seq, &body, source))?;
        event.hash.clone_from(&hash);
        events.push(event);
        previous = hash;
    }
    // The chain alone does not tell that its end was cut off.
    if previous != last_hash {
        return Err(StoreError::Chain {
            run: run.clone(),
            seq: last.unsigned_abs(),
        });
    }
    let holder = holder_of(&transaction, run)?;
    Ok(Record {
        new: NewRun { subjects, ..new },
        events,
        holder,
    })
}

/// Why a stored event, whose hash fits, is none that this program knows.
fn unreadable(run: &RunId, seq: u64, body: &str, source: serde_json::Error) -> StoreError {
    let run = run.clone();
    let event: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    match event["v"].as_u64() {
        Some(found) if found > u64::from(EVENT_VERSION) => StoreError::NewerEvent {
            run,
            seq,
            found,
            known: EVENT_VERSION,
        },
        _ => StoreError::Unreadable { run, seq, source },
    }
}

pub(super) fn runs(connection: &mut Connection) -> Result<Vec<RunLine>, StoreError> {
    let transaction = connection.transaction()?;
    let rows = transaction
        .prepare(
            "SELECT id, created_at, changed_at, state, percent, inventory_path FROM runs
             WHERE seq > 0 ORDER BY created_at, id",
        )?
        .query_map([], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get::<_, String>(3)?,
                row.get(4)?,
                row.get(5)?,
            ))
        })?
        .collect::<Result<Vec<_>, _>>()?;
    rows.into_iter()
        .map(
            |(id, created_at, changed_at, state, percent, inventory_path)| {
                let id = known_id(&id)?;
                let state =
                    serde_json::from_value(serde_json::Value::String(state)).map_err(|source| {
                        StoreError::Unreadable {
                            run: id.clone(),
                            seq: 0,
                            source,
                        }
                    })?;
                let holder = holder_of(&transaction, &id)?;
                Ok(RunLine {
                    id,
                    created_at,
                    changed_at,
                    state,
                    percent,
                    inventory_path,
                    holder,
                })
            },
        )
        .collect()
}

pub(super) fn take_lease(
    connection: &mut Connection,
    run: &RunId,
    holder: &Holder,
) -> Result<(Lease, Option<String>), StoreError> {
    let transaction = write(connection)?;
    let previous =
        lease_row(&transaction, run)?.ok_or_else(|| StoreError::NoSuchRun(run.to_string()))?;
    let took_over = if previous.held {
        match previous.lost(holder) {
            Some(why) => Some(why),
            None => return Err(previous.held_error(run, holder)),
        }
    } else {
        None
    };
    let lease = Lease {
        run: run.clone(),
        epoch: previous.epoch + 1,
    };
    hold(&transaction, &lease, holder)?;
    // A wish to stop was meant for whoever drove the run until now.
    transaction.execute("DELETE FROM requests WHERE run = ?1", [run.as_str()])?;
    commit(transaction)?;
    Ok((lease, took_over))
}

pub(super) fn renew(
    connection: &mut Connection,
    lease: &Lease,
) -> Result<Option<Wish>, StoreError> {
    let transaction = write(connection)?;
    refuse_lost_lease(&transaction, lease)?;
    transaction.execute(
        &format!("UPDATE leases SET expires_at = unixepoch() + {LEASE_SECONDS} WHERE run = ?1"),
        [lease.run.as_str()],
    )?;
    let request = transaction
        .query_row(
            "SELECT reason FROM requests WHERE run = ?1",
            [lease.run.as_str()],
            |row| row.get(0),
        )
        .optional()?;
    transaction.commit()?;
    Ok(request.map(Wish::of_text))
}

pub(super) fn release(
    connection: &mut Connection,
    lease: &Lease,
    unlock: bool,
) -> Result<(), StoreError> {
    let transaction = write(connection)?;
    refuse_lost_lease(&transaction, lease)?;
    let run = lease.run.as_str();
    transaction.execute("UPDATE leases SET held = 0 WHERE run = ?1", [run])?;
    transaction.execute("DELETE FROM requests WHERE run = ?1", [run])?;
    if unlock {
        transaction.execute("DELETE FROM locks WHERE run = ?1", [run])?;
    }
    commit(transaction)?;
    Ok(())
}

pub(super) fn request(
    connection: &mut Connection,
    run: &RunId,
    wish: &Wish,
) -> Result<(), StoreError> {
    let transaction = write(connection)?;
    if lease_row(&transaction, run)?.is_none() {
        return Err(StoreError::NoSuchRun(run.to_string()));
    }
    transaction.execute(
        "INSERT INTO requests (run, reason) VALUES (?1, ?2)
         ON CONFLICT (run) DO UPDATE SET reason = excluded.reason",
        params![run.as_str(), wish.to_text()],
    )?;
    transaction.commit()?;
    Ok(())
}

pub(super) fn secret(
    connection: &mut Connection,
    run: &RunId,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT sealed FROM secrets WHERE run = ?1 AND name = ?2",
            params![run.as_str(), name],
            |row| row.get(0),
        )
        .optional()?)
}

pub(super) fn any_secret(
    connection: &mut Connection,
    run: &RunId,
) -> Result<Option<SealedSecret>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT name, sealed FROM secrets WHERE run = ?1 ORDER BY name LIMIT 1",
            [run.as_str()],
            |row| {
                Ok(SealedSecret {
                    name: row.get(0)?,
                    sealed: row.get(1)?,
                })
            },
        )
        .optional()?)
}

fn write(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    Ok(connection.transaction_with_behavior(TransactionBehavior::Immediate)?)
}

/// Makes a change of a run's history durable.
fn commit(transaction: Transaction<'_>) -> Result<(), StoreError> {
    #[cfg(debug_assertions)]
    super::cut::here(super::cut::Moment::Before);
    transaction.commit()?;
    #[cfg(debug_assertions)]
    super::cut::here(super::cut::Moment::After);
    Ok(())
}

fn known_id(text: &str) -> Result<RunId, StoreError> {
    RunId::new(text).map_err(|error| StoreError::Damaged {
        path: "state.db".to_owned(),
        why: error.to_string(),
    })
}

fn hold(transaction: &Transaction<'_>, lease: &Lease, holder: &Holder) -> Result<(), StoreError> {
    let unreadable = |source| StoreError::Unreadable {
        run: lease.run.clone(),
        seq: 0,
        source,
    };
    transaction.execute(
        &format!(
            "INSERT INTO leases (run, epoch, holder, held, taken_at, expires_at)
             VALUES (?1, ?2, ?3, 1, {NOW}, unixepoch() + {LEASE_SECONDS})
             ON CONFLICT (run) DO UPDATE SET epoch = excluded.epoch, holder = excluded.holder,
                 held = 1, taken_at = excluded.taken_at, expires_at = excluded.expires_at"
        ),
        params![
            lease.run.as_str(),
            lease.epoch.cast_signed(),
            serde_json::to_string(holder).map_err(unreadable)?,
        ],
    )?;
    Ok(())
}

/// A lease as it is kept.
///
/// It counts for [`LEASE_SECONDS`] from its last renewal, by the system's clock. A clock that jumps
/// ahead ends it early, until the holder's next renewal; one that was set back is noticed, because
/// no lease ends later than that many seconds from now, and does not keep a dead holder alive.
struct LeaseRow {
    epoch: u64,
    holder: Holder,
    held: bool,
    since: String,
    until: String,
    /// It was not renewed by the clock of now.
    silent: bool,
}

impl LeaseRow {
    /// Says why the lease no longer counts, if it does not.
    fn lost(&self, observer: &Holder) -> Option<String> {
        self.holder.gone(observer).or_else(|| {
            self.silent.then(|| {
                format!(
                    "process {} on {} has been silent",
                    self.holder.pid, self.holder.machine
                )
            })
        })
    }

    fn held_error(&self, run: &RunId, observer: &Holder) -> StoreError {
        StoreError::Held {
            run: run.clone(),
            machine: self.holder.machine.clone(),
            pid: self.holder.pid,
            since: self.since.clone(),
            until: self.until.clone(),
            stopped: self.holder.stopped(observer),
        }
    }
}

fn lease_row(connection: &Connection, run: &RunId) -> Result<Option<LeaseRow>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok((
            row.get::<_, i64>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, bool>(2)?,
            row.get::<_, String>(3)?,
            row.get::<_, bool>(4)?,
            row.get::<_, String>(5)?,
        ))
    };
    let row = connection
        .query_row(
            &format!(
                "SELECT epoch, holder, held, taken_at,
                        expires_at NOT BETWEEN unixepoch() AND unixepoch() + {LEASE_SECONDS},
                        strftime('%Y-%m-%dT%H:%M:%SZ', expires_at, 'unixepoch')
                 FROM leases WHERE run = ?1"
            ),
            [run.as_str()],
            read,
        )
        .optional()?;
    let Some((epoch, holder, held, since, silent, until)) = row else {
        return Ok(None);
    };
    let holder = serde_json::from_str(&holder).map_err(|source| StoreError::Unreadable {
        run: run.clone(),
        seq: 0,
        source,
    })?;
    Ok(Some(LeaseRow {
        epoch: epoch.cast_unsigned(),
        holder,
        held,
        since,
        until,
        silent,
    }))
}

fn holder_of(connection: &Connection, run: &RunId) -> Result<Option<HeldBy>, StoreError> {
    let Some(row) = lease_row(connection, run)? else {
        return Ok(None);
    };
    let me = Holder::this_process();
    let lost = if row.held { row.lost(&me) } else { None };
    let alive = row.held && lost.is_none();
    Ok(Some(HeldBy {
        stopped: alive && row.holder.stopped(&me),
        holder: row.holder,
        epoch: row.epoch,
        alive,
        since: row.since,
        until: row.until,
        lost,
    }))
}

fn refuse_lost_lease(transaction: &Transaction<'_>, lease: &Lease) -> Result<(), StoreError> {
    let holds = transaction
        .prepare_cached("SELECT 1 FROM leases WHERE run = ?1 AND held AND epoch = ?2")?
        .exists(params![lease.run.as_str(), lease.epoch.cast_signed()])?;
    if holds {
        Ok(())
    } else {
        Err(StoreError::LeaseLost {
            run: lease.run.clone(),
        })
    }
}
