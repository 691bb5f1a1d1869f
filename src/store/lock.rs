//! What no second run may touch, and who keeps it from doing so.

use super::HeldBy;
use super::Store;
use super::StoreError;
use crate::run::RunId;
use crate::run::RunState;

/// A server, an address or a directory object that belongs to one run until that has ended.
#[derive(Clone, Debug)]
pub struct Lock {
    /// What is locked, as in `address 10.0.0.21`.
    pub subject: String,
    /// The run that it belongs to.
    pub run: RunId,
    /// Where that run's journal leaves it.
    pub state: RunState,
    /// Who may write that journal, or last could.
    pub holder: Option<HeldBy>,
}

/// Lists all locks of a store, by run, oldest first.
pub async fn locks(store: &dyn Store) -> Result<Vec<Lock>, StoreError> {
    let mut locks = Vec::new();
    for line in store.runs().await? {
        // What a process left that was cut at its end: the next new run takes it away.
        if line.state.is_over() {
            continue;
        }
        let record = store.read(&line.id).await?;
        locks.extend(record.new.subjects.into_iter().map(|subject| Lock {
            subject,
            run: line.id.clone(),
            state: line.state,
            holder: record.holder.clone(),
        }));
    }
    Ok(locks)
}
