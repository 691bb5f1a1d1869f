//! Journals in one SQLite file: write-ahead log, one sync for each commit, one writing thread.

#[cfg(debug_assertions)]
mod cut;
mod open;
mod rows;
mod traces;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use open::Place;
pub use traces::run_folder;

use super::Batch;
use super::Holder;
use super::Lease;
use super::NewRun;
use super::Record;
use super::RunLine;
use super::SealedSecret;
use super::Store;
use super::StoreError;
use super::Wish;
use crate::run::Event;
use crate::run::RunId;

type Request = Box<dyn FnOnce(&mut Connection) + Send>;

/// A store in one SQLite file, or in memory.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Arc<Writer>,
    // None in memory.
    place: Option<Arc<Place>>,
}

/// The thread that has the connection. Whoever lets go of it last waits until the file is closed:
/// then everything is in the one file that people copy, and not in its write-ahead log.
#[derive(Debug)]
struct Writer {
    // Unbounded: every caller waits for its answer, so there are never more requests than callers.
    requests: Option<mpsc::UnboundedSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.requests.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if ended.is_some_and(|ended| ended.is_err()) {
            tracing::error!("the thread that writes the state database has panicked");
        }
    }
}

impl SqliteStore {
    /// Opens `state.db` of a state folder; makes both where they are missing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let (connection, place) = open::open(folder, true)?;
        Ok(Self::serve(connection, Some(place)))
    }

    /// Opens `state.db` of a state folder that must be there.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        let (connection, place) = open::open(folder, false)?;
        Ok(Self::serve(connection, Some(place)))
    }

    /// A store that lasts as long as it is held.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::serve(open::open_in_memory()?, None))
    }

    fn serve(mut connection: Connection, place: Option<Place>) -> Self {
        let (requests, mut received) = mpsc::unbounded_channel::<Request>();
        let thread = std::thread::spawn(move || {
            while let Some(request) = received.blocking_recv() {
                request(&mut connection);
            }
        });
        let writer = Writer {
            requests: Some(requests),
            thread: Some(thread),
        };
        Self {
            writer: Arc::new(writer),
            place: place.map(Arc::new),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection, Option<&Place>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let place = self.place.clone();
        let request: Request = Box::new(move |connection| {
            let place = place.as_deref();
            let answer = place
                .map_or(Ok(()), Place::refuse_replaced)
                .and_then(|()| question(connection, place))
                .map_err(|error| match (error, place) {
                    (StoreError::Sqlite(error), Some(place)) => place.unusable(error),
                    (error, _) => error,
                });
            // Nobody waits any more when the caller was cancelled; the answer is then not needed.
            drop(reply.send(answer));
        });
        let requests = self.writer.requests.as_ref().ok_or(StoreError::Closed)?;
        requests.send(request).map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, run: NewRun, holder: &Holder) -> Result<Lease, StoreError> {
        let holder = holder.clone();
        self.ask(move |connection, _| rows::create(connection, &run, &holder))
            .await
    }

    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        let lease = lease.clone();
        self.ask(move |connection, place| {
            let events = rows::append(connection, &lease, batch)?;
            if let (Some(place), Some(last)) = (place, events.last()) {
                traces::note(&place.folder, last);
            }
            Ok(events)
        })
        .await
    }

    async fn read(&self, run: &RunId) -> Result<Record, StoreError> {
        let run = run.clone();
        self.ask(move |connection, place| {
            // Before the journal, which may grow in between.
            let noted = place.and_then(|place| traces::noted(&place.folder, &run));
            let record = rows::read(connection, &run)?;
            match (place, noted) {
                (Some(place), Some((seq, hash))) => place.refuse_shortened(record, seq, &hash),
                _ => Ok(record),
            }
        })
        .await
    }

    async fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        self.ask(|connection, _| rows::runs(connection)).await
    }

    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError> {
        let (run, holder) = (run.clone(), holder.clone());
        self.ask(move |connection, _| rows::take_lease(connection, &run, &holder))
            .await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Wish>, StoreError> {
        let lease = lease.clone();
        self.ask(move |connection, _| rows::renew(connection, &lease))
            .await
    }

    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.ask(move |connection, _| rows::release(connection, &lease, unlock))
            .await
    }

    async fn request(&self, run: &RunId, wish: &Wish) -> Result<(), StoreError> {
        let (run, wish) = (run.clone(), wish.clone());
        self.ask(move |connection, _| rows::request(connection, &run, &wish))
            .await
    }

    async fn any_secret(&self, run: &RunId) -> Result<Option<SealedSecret>, StoreError> {
        let run = run.clone();
        self.ask(move |connection, _| rows::any_secret(connection, &run))
            .await
    }

    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (run, name) = (run.clone(), name.to_owned());
        self.ask(move |connection, _| rows::secret(connection, &run, &name))
            .await
    }
}
