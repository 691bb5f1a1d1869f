//! The journal of a rehearsal: the orchestrator can lose its power, or be stopped, at any event of it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::yield_now;

use crate::engine::Stop;
use crate::run::Event;
use crate::run::RunId;
use crate::simulated::Simulation;
use crate::store::Batch;
use crate::store::Holder;
use crate::store::Lease;
use crate::store::MemoryStore;
use crate::store::NewRun;
use crate::store::Record;
use crate::store::RunLine;
use crate::store::SealedSecret;
use crate::store::Store;
use crate::store::StoreError;
use crate::store::Wish;

/// Something that befalls the orchestrator at an event. It happens once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// The event's position in the journal, from 1.
    pub event: u64,
    /// What happens there.
    pub kind: InterruptionKind,
}

/// What befalls the orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InterruptionKind {
    /// Power is lost before the event is durable: with it go those of the same append.
    PowerBefore,
    /// Power is lost when the event is durable, before anything follows from it or anybody is told.
    PowerAfter,
    /// A person asks it to end when what is under way has ended.
    Finish,
    /// A person asks it to end at once.
    Abort,
}

impl InterruptionKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [
        Self::PowerBefore,
        Self::PowerAfter,
        Self::Finish,
        Self::Abort,
    ];
}

/// A store in memory that tells the twin what is durable, and interrupts whoever writes.
pub(super) struct Journal {
    inner: MemoryStore,
    simulation: Simulation,
    /// How many events are durable.
    length: AtomicU64,
    waiting: Mutex<Vec<Interruption>>,
    stop: watch::Sender<Stop>,
}

impl Journal {
    pub(super) fn new(simulation: Simulation, interruptions: &[Interruption]) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::default(),
            simulation,
            length: AtomicU64::new(0),
            waiting: Mutex::new(interruptions.to_vec()),
            stop: watch::Sender::new(Stop::No),
        })
    }

    /// What a person asks of the next process; nothing yet.
    pub(super) fn wish(&self) -> watch::Receiver<Stop> {
        self.stop.send_replace(Stop::No);
        self.stop.subscribe()
    }

    /// The interruptions whose event has not come yet.
    pub(super) fn waiting(&self) -> Vec<Interruption> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Interruption>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the interruption that is due when the journal has come to an event.
    fn due(&self, last: u64) -> Option<InterruptionKind> {
        let mut waiting = self.lock();
        let due = waiting.iter().position(|one| one.event <= last)?;
        Some(waiting.remove(due).kind)
    }

    async fn write(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        let events = self.inner.append(lease, batch).await?;
        let written = events.len() as u64;
        self.length.fetch_add(written, Ordering::Relaxed);
        self.simulation.durable(&events);
        Ok(events)
    }

    /// The process ends here: nothing that waits for this goes on.
    async fn lose_power(&self) -> ! {
        self.simulation.cut_power();
        std::future::pending().await
    }
}

#[async_trait]
impl Store for Journal {
    async fn create(&self, run: NewRun, holder: &Holder) -> Result<Lease, StoreError> {
        self.inner.create(run, holder).await
    }

    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        // Becoming durable takes a while, in which whatever was begun too early gets its turn.
        for _ in 0..3 {
            yield_now().await;
        }
        let last = self.length.load(Ordering::Relaxed) + batch.drafts.len() as u64;
        match self.due(last) {
            None => self.write(lease, batch).await,
            Some(InterruptionKind::PowerBefore) => self.lose_power().await,
            Some(InterruptionKind::PowerAfter) => {
                self.write(lease, batch).await?;
                self.lose_power().await
            }
            Some(InterruptionKind::Finish) => {
                let events = self.write(lease, batch).await;
                self.stop.send_replace(Stop::Finish);
                events
            }
            Some(InterruptionKind::Abort) => {
                let events = self.write(lease, batch).await;
                self.stop.send_replace(Stop::Abort);
                events
            }
        }
    }

    async fn read(&self, run: &RunId) -> Result<Record, StoreError> {
        self.inner.read(run).await
    }

    async fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        self.inner.runs().await
    }

    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError> {
        self.inner.take_lease(run, holder).await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Wish>, StoreError> {
        self.inner.renew(lease).await
    }

    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError> {
        self.inner.release(lease, unlock).await
    }

    async fn request(&self, run: &RunId, wish: &Wish) -> Result<(), StoreError> {
        self.inner.request(run, wish).await
    }

    async fn any_secret(&self, run: &RunId) -> Result<Option<SealedSecret>, StoreError> {
        self.inner.any_secret(run).await
    }

    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.secret(run, name).await
    }
}
