//! A store that keeps its journals in this process: nothing waits, and nothing is left behind.
//!
//! For rehearsals, whose virtual clock leaps whenever the runtime waits for another thread.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use async_trait::async_trait;
use jiff::SignedDuration;
use jiff::Timestamp;

use super::Batch;
use super::HeldBy;
use super::Holder;
use super::Lease;
use super::NewRun;
use super::Record;
use super::RunLine;
use super::SealedSecret;
use super::Store;
use super::StoreError;
use super::Wish;
use super::entry::state_after;
use super::entry::written;
use super::lease::LEASE_SECONDS;
use crate::run::Event;
use crate::run::RunId;
use crate::run::RunState;

const LEASE_SPAN: SignedDuration = SignedDuration::from_secs(LEASE_SECONDS);

/// A store that lasts as long as it is held.
#[derive(Debug, Default)]
pub struct MemoryStore {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    runs: BTreeMap<RunId, Entry>,
    /// The order in which runs were created.
    order: Vec<RunId>,
    /// Subject and the run that it belongs to.
    locks: BTreeMap<String, RunId>,
}

#[derive(Debug)]
struct Entry {
    new: NewRun,
    created_at: String,
    changed_at: String,
    state: RunState,
    events: Vec<Event>,
    secrets: BTreeMap<String, Vec<u8>>,
    lease: Held,
    wish: Option<Wish>,
}

#[derive(Debug)]
struct Held {
    holder: Holder,
    epoch: u64,
    given: bool,
    since: String,
    renewed: Instant,
    /// The same instant, for people.
    renewed_at: Timestamp,
}

impl Held {
    fn new(holder: &Holder, epoch: u64) -> Self {
        Self {
            holder: holder.clone(),
            epoch,
            given: true,
            since: now(),
            renewed: Instant::now(),
            renewed_at: Timestamp::now(),
        }
    }

    /// When it ends unless it is renewed.
    fn until(&self) -> String {
        format!("{:.3}", self.renewed_at + LEASE_SPAN)
    }

    /// Says why the lease no longer counts, if it does not.
    fn lost(&self, observer: &Holder) -> Option<String> {
        let limit = Duration::from_secs(LEASE_SECONDS.unsigned_abs());
        self.holder.gone(observer).or_else(|| {
            (self.renewed.elapsed() > limit).then(|| {
                format!(
                    "process {} on {} has been silent",
                    self.holder.pid, self.holder.machine
                )
            })
        })
    }
}

impl MemoryStore {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Every change below is complete before anything in it can panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn entry(&mut self, run: &RunId) -> Result<&mut Entry, StoreError> {
        self.runs
            .get_mut(run)
            .ok_or_else(|| StoreError::NoSuchRun(run.to_string()))
    }

    /// The run of a lease that still counts.
    fn held(&mut self, lease: &Lease) -> Result<&mut Entry, StoreError> {
        match self.runs.get_mut(&lease.run) {
            Some(entry) if entry.lease.given && entry.lease.epoch == lease.epoch => Ok(entry),
            _ => Err(StoreError::LeaseLost {
                run: lease.run.clone(),
            }),
        }
    }

    /// Locks subjects for a run, all or none.
    fn lock(&mut self, run: &RunId, subjects: &[String]) -> Result<(), StoreError> {
        for subject in subjects {
            if let Some(owner) = self.locks.get(subject).filter(|owner| *owner != run) {
                return Err(StoreError::Locked {
                    subject: subject.clone(),
                    run: owner.clone(),
                });
            }
        }
        let locks = subjects.iter().map(|one| (one.clone(), run.clone()));
        self.locks.extend(locks);
        Ok(())
    }

    /// Takes the locks of ended runs away, which a process that was cut at its end left.
    fn unlock_ended(&mut self) {
        let runs = &self.runs;
        let ended = |run: &RunId| runs.get(run).is_some_and(|entry| entry.state.is_over());
        self.locks.retain(|_, run| !ended(run));
    }

    /// Removes runs that were cut before their first event, as nobody can go on with them.
    fn forget_unborn(&mut self, observer: &Holder) {
        let unborn: BTreeSet<RunId> = self
            .runs
            .iter()
            .filter(|(_, entry)| {
                let lease = &entry.lease;
                entry.events.is_empty() && (!lease.given || lease.lost(observer).is_some())
            })
            .map(|(id, _)| id.clone())
            .collect();
        self.runs.retain(|id, _| !unborn.contains(id));
        self.order.retain(|id| !unborn.contains(id));
        self.locks.retain(|_, run| !unborn.contains(run));
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, run: NewRun, holder: &Holder) -> Result<Lease, StoreError> {
        let mut kept = self.kept();
        kept.forget_unborn(holder);
        kept.unlock_ended();
        if kept.runs.contains_key(&run.id) {
            return Err(StoreError::RunExists(run.id));
        }
        let id = run.id.clone();
        kept.lock(&id, &run.subjects)?;
        kept.order.push(id.clone());
        let entry = Entry {
            new: run,
            created_at: now(),
            changed_at: now(),
            state: RunState::Running,
            events: Vec::new(),
            secrets: BTreeMap::new(),
            lease: Held::new(holder, 1),
            wish: None,
        };
        kept.runs.insert(id.clone(), entry);
        Ok(Lease { run: id, epoch: 1 })
    }

    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        let mut kept = self.kept();
        kept.held(lease)?;
        if !batch.lock.is_empty() {
            kept.unlock_ended();
            kept.lock(&lease.run, &batch.lock)?;
        }
        let entry = kept.held(lease)?;
        let mut events = Vec::with_capacity(batch.drafts.len());
        let mut state = entry.state;
        let last = entry.events.last();
        let (mut seq, mut hash) =
            last.map_or((0, String::new()), |event| (event.seq, event.hash.clone()));
        for draft in batch.drafts {
            seq += 1;
            state = state_after(&draft.kind).unwrap_or(state);
            let (event, _) = written(lease, seq, draft, &hash)?;
            hash.clone_from(&event.hash);
            events.push(event);
        }
        entry.state = state;
        entry.changed_at = now();
        entry.events.extend(events.iter().cloned());
        let secrets = batch.secrets.into_iter();
        entry
            .secrets
            .extend(secrets.map(|one| (one.name, one.sealed)));
        entry.secrets.retain(|name, _| !batch.forget.contains(name));
        Ok(events)
    }

    async fn read(&self, run: &RunId) -> Result<Record, StoreError> {
        let mut kept = self.kept();
        let locks = kept.locks.iter().filter(|(_, owner)| *owner == run);
        let subjects = locks.map(|(subject, _)| subject.clone()).collect();
        let entry = kept.entry(run)?;
        Ok(Record {
            new: NewRun {
                subjects,
                ..entry.new.clone()
            },
            events: entry.events.clone(),
            holder: Some(held_by(&entry.lease)),
        })
    }

    async fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        let kept = self.kept();
        let entries = kept
            .order
            .iter()
            .filter_map(|id| Some((id, kept.runs.get(id)?)));
        let line = |(id, entry): (&RunId, &Entry)| {
            let last = entry.events.last()?;
            Some(RunLine {
                id: id.clone(),
                created_at: entry.created_at.clone(),
                changed_at: entry.changed_at.clone(),
                state: entry.state,
                percent: last.percent,
                inventory_path: entry.new.inventory_path.clone(),
                holder: Some(held_by(&entry.lease)),
            })
        };
        Ok(entries.filter_map(line).collect())
    }

    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError> {
        let mut kept = self.kept();
        let entry = kept.entry(run)?;
        let previous = &entry.lease;
        let took_over = match (previous.given, previous.lost(holder)) {
            (false, _) => None,
            (true, Some(why)) => Some(why),
            (true, None) => {
                return Err(StoreError::Held {
                    run: run.clone(),
                    machine: previous.holder.machine.clone(),
                    pid: previous.holder.pid,
                    since: previous.since.clone(),
                    until: previous.until(),
                    stopped: previous.holder.stopped(holder),
                });
            }
        };
        let epoch = previous.epoch + 1;
        entry.lease = Held::new(holder, epoch);
        // A wish to stop was meant for whoever drove the run until now.
        entry.wish = None;
        let run = run.clone();
        Ok((Lease { run, epoch }, took_over))
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Wish>, StoreError> {
        let mut kept = self.kept();
        let entry = kept.held(lease)?;
        entry.lease.renewed = Instant::now();
        entry.lease.renewed_at = Timestamp::now();
        Ok(entry.wish.clone())
    }

    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError> {
        let mut kept = self.kept();
        let entry = kept.held(lease)?;
        entry.lease.given = false;
        entry.wish = None;
        if unlock {
            kept.locks.retain(|_, run| *run != lease.run);
        }
        Ok(())
    }

    async fn request(&self, run: &RunId, wish: &Wish) -> Result<(), StoreError> {
        self.kept().entry(run)?.wish = Some(wish.clone());
        Ok(())
    }

    async fn any_secret(&self, run: &RunId) -> Result<Option<SealedSecret>, StoreError> {
        let mut kept = self.kept();
        let first = kept.entry(run)?.secrets.first_key_value();
        Ok(first.map(|(name, sealed)| SealedSecret {
            name: name.clone(),
            sealed: sealed.clone(),
        }))
    }

    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut kept = self.kept();
        let entry = kept.entry(run).ok();
        Ok(entry.and_then(|entry| entry.secrets.get(name).cloned()))
    }
}

fn held_by(lease: &Held) -> HeldBy {
    let me = Holder::this_process();
    let lost = if lease.given { lease.lost(&me) } else { None };
    let alive = lease.given && lost.is_none();
    HeldBy {
        holder: lease.holder.clone(),
        epoch: lease.epoch,
        alive,
        stopped: alive && lease.holder.stopped(&me),
        since: lease.since.clone(),
        until: lease.until(),
        lost,
    }
}

fn now() -> String {
    format!("{:.3}", Timestamp::now())
}
