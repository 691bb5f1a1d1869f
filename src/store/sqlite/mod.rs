//! Journals in one SQLite file: write-ahead log, one sync for each commit.

#[cfg(debug_assertions)]
mod cut;
mod open;
mod rows;
mod traces;

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;
use rusqlite::Connection;

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

/// A store in one SQLite file, or in memory.
///
/// Its calls end without ever having waited for another task: a stage waits for its sync and for
/// nothing else, and to hand it over to another thread takes as long as the sync itself. When the last
/// holder lets go, the file is closed, and everything is in the one file that people copy, and not in
/// its write-ahead log.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    connection: Arc<Mutex<Connection>>,
    // None in memory.
    place: Option<Arc<Place>>,
}

impl SqliteStore {
    /// Opens `state.db` of a state folder; makes both where they are missing.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let (connection, place) = open::open(folder, true)?;
        Ok(Self::of(connection, Some(place)))
    }

    /// Opens `state.db` of a state folder that must be there.
    pub fn open_existing(folder: &Path) -> Result<Self, StoreError> {
        let (connection, place) = open::open(folder, false)?;
        Ok(Self::of(connection, Some(place)))
    }

    /// A store that lasts as long as it is held.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self::of(open::open_in_memory()?, None))
    }

    fn of(connection: Connection, place: Option<Place>) -> Self {
        Self {
            connection: Arc::new(Mutex::new(connection)),
            place: place.map(Arc::new),
        }
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&mut Connection, Option<&Place>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let place = self.place.as_deref();
        // A panic rolls its transaction back; what is in the database is whole.
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        place
            .map_or(Ok(()), Place::refuse_replaced)
            .and_then(|()| question(&mut connection, place))
            .map_err(|error| match (error, place) {
                (StoreError::Sqlite(error), Some(place)) => place.unusable(error),
                (error, _) => error,
            })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, run: NewRun, holder: &Holder) -> Result<Lease, StoreError> {
        self.ask(|connection, _| rows::create(connection, &run, holder))
    }

    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError> {
        self.ask(|connection, place| {
            let events = rows::append(connection, lease, batch)?;
            if let (Some(place), Some(last)) = (place, events.last()) {
                traces::note(&place.folder, last);
            }
            Ok(events)
        })
    }

    async fn read(&self, run: &RunId) -> Result<Record, StoreError> {
        self.ask(|connection, place| {
            // Before the journal, which may grow in between.
            let noted = place.and_then(|place| traces::noted(&place.folder, run));
            let record = rows::read(connection, run)?;
            match (place, noted) {
                (Some(place), Some((seq, hash))) => place.refuse_shortened(record, seq, &hash),
                _ => Ok(record),
            }
        })
    }

    async fn runs(&self) -> Result<Vec<RunLine>, StoreError> {
        self.ask(|connection, _| rows::runs(connection))
    }

    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError> {
        self.ask(|connection, _| rows::take_lease(connection, run, holder))
    }

    async fn renew(&self, lease: &Lease) -> Result<Option<Wish>, StoreError> {
        self.ask(|connection, _| rows::renew(connection, lease))
    }

    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError> {
        self.ask(|connection, _| rows::release(connection, lease, unlock))
    }

    async fn request(&self, run: &RunId, wish: &Wish) -> Result<(), StoreError> {
        self.ask(|connection, _| rows::request(connection, run, wish))
    }

    async fn any_secret(&self, run: &RunId) -> Result<Option<SealedSecret>, StoreError> {
        self.ask(|connection, _| rows::any_secret(connection, run))
    }

    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|connection, _| rows::secret(connection, run, name))
    }
}
