//! Stores, processes and events for the tests of this room.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use sms_plan::run::{Draft, EventKind, RunId, RunState, StageId};
use sms_plan::store::{
    Batch, Holder, Lease, MemoryStore, NewRun, SealedSecret, SqliteStore, Store,
};
use tempfile::TempDir;

/// A store, and the folder of the one that lies in a file.
pub(super) struct Bench {
    pub(super) store: Arc<dyn Store>,
    pub(super) folder: Option<TempDir>,
}

impl Bench {
    pub(super) fn in_a_file() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self {
            store: Arc::new(SqliteStore::open(folder.path()).expect("a new store")),
            folder: Some(folder),
        }
    }

    /// One store of each kind.
    pub(super) fn all() -> Vec<Self> {
        let in_memory = |store| Self {
            store,
            folder: None,
        };
        vec![
            in_memory(Arc::new(SqliteStore::in_memory().expect("a new store"))),
            in_memory(Arc::new(MemoryStore::default())),
            Self::in_a_file(),
        ]
    }

    pub(super) fn path(&self) -> PathBuf {
        let folder = self.folder.as_ref().expect("a store in a file");
        folder.path().join("state.db")
    }

    /// A way into the file past the store.
    pub(super) fn past_the_store(&self) -> Connection {
        Connection::open(self.path()).expect("the database")
    }

    /// Creates a run with three events.
    pub(super) async fn run_with_events(&self, id: &str) -> Lease {
        let lease = self
            .store
            .create(new_run(id), &me())
            .await
            .expect("a new run");
        let drafts = vec![started("a", 1), succeeded("a"), ended()];
        self.store
            .append(&lease, batch(drafts))
            .await
            .expect("an append");
        lease
    }
}

pub(super) fn me() -> Holder {
    Holder::this_process()
}

/// A process of this machine that is gone.
pub(super) fn dead() -> Holder {
    Holder {
        started: "long ago".to_owned(),
        ..me()
    }
}

/// A process of another machine, of which nobody here can say whether it lives.
pub(super) fn elsewhere() -> Holder {
    Holder {
        machine: "other".to_owned(),
        machine_id: "other".to_owned(),
        ..me()
    }
}

pub(super) fn id(text: &str) -> RunId {
    RunId::new(text).expect("a run id")
}

pub(super) fn new_run(id: &str) -> NewRun {
    NewRun {
        id: self::id(id),
        plan_path: "plan.yaml".to_owned(),
        plan_text: "a: plan".to_owned(),
        inventory_path: "inventory.yaml".to_owned(),
        inventory_text: "an: inventory".to_owned(),
        subjects: vec!["fs01".to_owned(), "10.0.0.1".to_owned()],
    }
}

pub(super) fn batch(drafts: Vec<Draft>) -> Batch {
    Batch {
        drafts,
        ..Batch::default()
    }
}

pub(super) fn secret(name: &str) -> SealedSecret {
    SealedSecret {
        name: name.to_owned(),
        sealed: vec![1, 2, 3],
    }
}

fn draft(stage: Option<&str>, percent: f64, kind: EventKind) -> Draft {
    Draft {
        at: "2027-01-15T08:00:00.000Z".to_owned(),
        stage: stage.map(|id| StageId::new(id).expect("a stage id")),
        percent,
        kind,
    }
}

pub(super) fn started(stage: &str, attempt: u32) -> Draft {
    let kind = EventKind::Started {
        attempt,
        token: json!({ "boot": "x", "umlaut": "ä\u{0}" }),
        reach: None,
        standing: None,
        saw: None,
    };
    draft(Some(stage), 0.1, kind)
}

pub(super) fn succeeded(stage: &str) -> Draft {
    let kind = EventKind::Succeeded {
        attempt: 1,
        output: json!({ "z": 1, "a": [1.5, null] }),
        reach: None,
        duration_ms: 7,
        settled: None,
    };
    draft(Some(stage), 33.333, kind)
}

pub(super) fn rolled_back() -> Draft {
    let state = RunState::RolledBack;
    draft(None, 33.333, EventKind::RunEnded { state })
}

pub(super) fn ended() -> Draft {
    let state = RunState::Failed;
    draft(None, 33.333, EventKind::RunEnded { state })
}
