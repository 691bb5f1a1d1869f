//! Where journals live: runs, their events, who may write them, and their sealed secrets.
//!
//! [`Store`] is written so that a database server can stand behind it as well: rights to write are
//! leases with epochs, times come from the store, and nothing depends on a file.

mod entry;
mod lease;
mod lock;
mod memory;
mod seal;
mod sqlite;
mod wish;

use async_trait::async_trait;
pub use lease::{Holder, Lease};
pub use lock::{Lock, locks};
pub use memory::MemoryStore;
pub use seal::{KeySource, SealError, Sealer};
pub use sqlite::SqliteStore;
pub use sqlite::run_folder;
pub use wish::Wish;

use crate::run::Draft;
use crate::run::Event;
use crate::run::RunId;
use crate::run::RunState;

/// A run about to be created.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its name, new in the store.
    pub id: RunId,
    /// The file the plan was read from.
    pub plan_path: String,
    /// The plan as it was read.
    pub plan_text: String,
    /// The file the inventory was read from.
    pub inventory_path: String,
    /// The inventory as it was read.
    pub inventory_text: String,
    /// The servers, addresses and directory objects that no other unfinished run may touch.
    pub subjects: Vec<String>,
}

/// A run as it is kept.
#[derive(Clone, Debug)]
pub struct Record {
    /// What it was created with; `subjects` are those still locked.
    pub new: NewRun,
    /// Its journal, whose hash chain was checked.
    pub events: Vec<Event>,
    /// Who may write it, or last could.
    pub holder: Option<HeldBy>,
}

/// One line of the list of runs.
#[derive(Clone, Debug)]
pub struct RunLine {
    /// The run.
    pub id: RunId,
    /// When it was created, UTC.
    pub created_at: String,
    /// When its last event was written, UTC.
    pub changed_at: String,
    /// Where the journal leaves it.
    pub state: RunState,
    /// Its progress.
    pub percent: f64,
    /// The file its inventory was read from.
    pub inventory_path: String,
    /// Who may write it, or last could.
    pub holder: Option<HeldBy>,
}

/// Who holds a lease, and whether that still counts.
#[derive(Clone, Debug)]
pub struct HeldBy {
    /// The process.
    pub holder: Holder,
    /// Its epoch.
    pub epoch: u64,
    /// Whether it is alive as far as the store can tell.
    pub alive: bool,
    /// Whether it is alive and does nothing until somebody lets it go on (Ctrl-Z, SIGSTOP).
    pub stopped: bool,
    /// When it took the lease, UTC.
    pub since: String,
    /// When the lease ends unless it is renewed, UTC.
    pub until: String,
    /// Why it does not count any more although it was never given back; the next process that
    /// wants the run takes it over.
    pub lost: Option<String>,
}

/// A sealed secret, ready to be kept.
#[derive(Clone, Debug)]
pub struct SealedSecret {
    /// Its name inside the run.
    pub name: String,
    /// Nonce and ciphertext.
    pub sealed: Vec<u8>,
}

/// What one append brings.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The events, in order.
    pub drafts: Vec<Draft>,
    /// Secrets that become durable together with them.
    pub secrets: Vec<SealedSecret>,
    /// Names of secrets to destroy together with them.
    pub forget: Vec<String>,
    /// Subjects to lock together with them, as a run does whose files were edited, or that had ended
    /// and goes on; if one is another run's, nothing of the batch is written.
    pub lock: Vec<String>,
}

/// Keeps journals.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates a run, locks its subjects and gives its first lease.
    async fn create(&self, run: NewRun, holder: &Holder) -> Result<Lease, StoreError>;

    /// Makes events durable, all or none, and returns them as they were written.
    async fn append(&self, lease: &Lease, batch: Batch) -> Result<Vec<Event>, StoreError>;

    /// Reads a run and checks its hash chain.
    async fn read(&self, run: &RunId) -> Result<Record, StoreError>;

    /// Lists the runs, oldest first.
    async fn runs(&self) -> Result<Vec<RunLine>, StoreError>;

    /// Takes the right to write a run; says why the previous holder no longer counts.
    async fn take_lease(
        &self,
        run: &RunId,
        holder: &Holder,
    ) -> Result<(Lease, Option<String>), StoreError>;

    /// Keeps a lease alive; returns what somebody last wanted of its holder.
    async fn renew(&self, lease: &Lease) -> Result<Option<Wish>, StoreError>;

    /// Gives a lease back, and with `unlock` the locks on the run's subjects.
    async fn release(&self, lease: &Lease, unlock: bool) -> Result<(), StoreError>;

    /// Tells whoever drives the run what somebody wants of it.
    async fn request(&self, run: &RunId, wish: &Wish) -> Result<(), StoreError>;

    /// Asks whoever drives the run to stop.
    async fn request_stop(&self, run: &RunId, reason: &str) -> Result<(), StoreError> {
        let reason = reason.to_owned();
        self.request(run, &Wish::Stop { reason }).await
    }

    /// Returns one of the sealed secrets of a run, if there are any: a key can be proved by it.
    async fn any_secret(&self, run: &RunId) -> Result<Option<SealedSecret>, StoreError>;

    /// Returns a sealed secret of a run.
    async fn secret(&self, run: &RunId, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
}

/// Why a store refused.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StoreError {
    #[error("there is no run `{0}` here")]
    NoSuchRun(String),
    #[error("run `{0}` exists already")]
    RunExists(RunId),
    #[error("`{subject}` belongs to run `{run}`, which has not ended")]
    Locked { subject: String, run: RunId },
    #[error(
        "run `{run}` is driven by process {pid} on {machine} since {since}{}",
        if *.stopped { ", which is stopped (Ctrl-Z or SIGSTOP)" } else { "" }
    )]
    Held {
        run: RunId,
        machine: String,
        pid: u32,
        since: String,
        until: String,
        stopped: bool,
    },
    #[error("this process has lost the right to write run `{run}`: another one took it over")]
    LeaseLost { run: RunId },
    #[error("`{path}` is not a state database of sms-plan: {why}")]
    Foreign { path: String, why: String },
    #[error(
        "`{path}` was written by a newer sms-plan (state format {found}, this program knows {known})"
    )]
    Newer {
        path: String,
        found: i64,
        known: i64,
    },
    #[error("`{path}` is held by another process that does not let go of it")]
    Busy { path: String },
    #[error("there is no state database at `{path}`")]
    Missing { path: String },
    #[error(
        "`{path}` does not know run `{run}`, whose folder is beside it: the database was emptied, cut short, replaced or removed"
    )]
    Lost { path: String, run: RunId },
    #[error(
        "the journal of run `{run}` ends with event {last}, and event {seq} was written to it once: the database was cut short, or is an older copy"
    )]
    Shortened {
        run: RunId,
        seq: u64,
        last: u64,
        note: String,
    },
    #[error("`{path}` was removed or replaced while this process was at work with it")]
    Gone { path: String },
    #[error("there is no room left on the disk of `{path}`")]
    Full { path: String },
    #[error("`{path}` is damaged: {why}")]
    Damaged { path: String, why: String },
    #[error(
        "event {seq} of run `{run}` was changed or removed after it was written: its hash does not fit"
    )]
    Chain { run: RunId, seq: u64 },
    #[error(
        "event {seq} of run `{run}` was written by a newer sms-plan (event format {found}, this program knows {known})"
    )]
    NewerEvent {
        run: RunId,
        seq: u64,
        found: u64,
        known: u32,
    },
    #[error("event {seq} of run `{run}` cannot be read")]
    Unreadable {
        run: RunId,
        seq: u64,
        #[source]
        source: serde_json::Error,
    },
    #[error("cannot {what} `{path}`")]
    Io {
        what: &'static str,
        path: String,
        #[source]
        source: std::io::Error,
    },
    #[error("cannot write to the state database")]
    Sqlite(#[from] rusqlite::Error),
}
