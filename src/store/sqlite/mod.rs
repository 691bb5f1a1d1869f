//! Journals in one SQLite file: write-ahead log, one sync for each commit, one writing thread.

#[cfg(debug_assertions)]
mod cut;
mod open;
mod rows;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::mpsc;
use tokio::sync::oneshot;

use super::Batch;
use super::Holder;
use super::Lease;
use super::NewRun;
use super::Record;
use super::RunLine;
use super::Store;
use super::StoreError;
use crate::run::Event;
use crate::run::RunId;

type Request = Box<dyn FnOnce(&mut Connection) + Send>;

/// A store in one SQLite file, or in memory.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Arc<Writer>,
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
        Ok(Self::serve(open::open(folder, true)?))
    }

    /// Opens `state.db` of a state folder that must be there.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self::serve(open::open(folder, false)?))
    }

    /// A store that lasts as long as it is held.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::serve(open::open_in_memory()?))
    }

    fn serve(mut connection: Connection) -> Self {
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
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let request: Request = Box::new(move |connection| {
            // Nobody waits any more when the caller was cancelled; the answer is then not needed.
            drop(reply.send(question(connection)));
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
        self.ask(move |connection| rows::create(connection, &run, &holder))
            .await
    }

    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        let lease = lease.clone();
        self.ask(move |connection| rows::append(connection, &lease, batch))
            .await
    }

    async fn read(&self, run: &RunId) -> Result<Record, StoreError> {
        let run = run.clone();
        self.ask(move |connection| rows::read(connection, &run))
            .await
    }

    async fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        self.ask(rows::runs).await
    }

    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError> {
        let (run, holder) = (run.clone(), holder.clone());
        self.ask(move |connection| rows::take_lease(connection, &run, &holder))
            .await
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<String>, StoreError> {
        let lease = lease.clone();
        self.ask(move |connection| rows::renew(connection, &lease))
            .await
    }

    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.ask(move |connection| rows::release(connection, &lease, unlock))
            .await
    }

    async fn request_stop(&self, run: &RunId, reason: &str) -> Result<(), StoreError> {
        let (run, reason) = (run.clone(), reason.to_owned());
        self.ask(move |connection| rows::request_stop(connection, &run, &reason))
            .await
    }

    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (run, name) = (run.clone(), name.to_owned());
        self.ask(move |connection| rows::secret(connection, &run, &name))
            .await
    }
}
