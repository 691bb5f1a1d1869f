//! The state folder: where it is, and which run is meant.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::CliError;
use crate::run::RunId;
use crate::run::RunState;
use crate::store::RunLine;
use crate::store::SqliteStore;
use crate::store::Store;
use crate::store::StoreError;

const FOLDER: &str = ".sms-plan";

/// The folder named with `--state`, else the one beside the inventory, else the one here.
pub(super) fn folder(given: Option<&Path>, inventory: Option<&Path>) -> PathBuf {
    let folder = match (given, inventory) {
        (Some(given), _) => given.to_owned(),
        (None, Some(inventory)) => inventory.parent().unwrap_or(Path::new("")).join(FOLDER),
        (None, None) => PathBuf::from(FOLDER),
    };
    // Printed in commands that somebody may type in another folder.
    std::path::absolute(&folder).unwrap_or(folder)
}

/// Opens the store of a state folder that must exist.
pub(super) fn existing(folder: &Path) -> Result<Arc<dyn Store>, CliError> {
    earlier(folder)?.ok_or_else(|| {
        CliError::usage(format!("there are no runs in `{}`", folder.display()))
            .hint("name the folder with --state DIR, or the inventory beside it with -i FILE")
    })
}

/// Opens the store of a state folder, if there is one.
pub(super) fn earlier(folder: &Path) -> Result<Option<Arc<dyn Store>>, CliError> {
    match SqliteStore::open_existing(folder) {
        Ok(store) => Ok(Some(Arc::new(store))),
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Opens the store of a state folder, and makes it at first use.
pub(super) fn open(folder: &Path) -> Result<Arc<dyn Store>, CliError> {
    Ok(Arc::new(SqliteStore::open(folder)?))
}

/// Whether a run may still be gone on with.
pub(super) fn unfinished(state: RunState) -> bool {
    !state.is_over()
}

/// The named run, or the only unfinished one.
pub(super) async fn to_resume(store: &dyn Store, named: Option<&str>) -> Result<RunId, CliError> {
    if let Some(named) = named {
        return run_id(named);
    }
    let open: Vec<RunLine> = store
        .runs()
        .await?
        .into_iter()
        .filter(|run| unfinished(run.state))
        .collect();
    match open.as_slice() {
        [only] => Ok(only.id.clone()),
        [] => Err(CliError::usage("there is no unfinished run here")
            .hint("`sms-plan runs` lists all runs")),
        several => {
            let list: Vec<String> = several
                .iter()
                .map(|run| {
                    format!(
                        "  {}  {:<8} {:>3.0}%  {}",
                        run.id, run.state, run.percent, run.inventory_path
                    )
                })
                .collect();
            Err(
                CliError::usage(format!("several runs are unfinished:\n{}", list.join("\n")))
                    .hint("name one: sms-plan resume RUN"),
            )
        }
    }
}

/// The named run, the only unfinished one, or where none is, the last.
pub(super) async fn to_roll_back(
    store: &dyn Store,
    named: Option<&str>,
) -> Result<RunId, CliError> {
    if named.is_none() && !store.runs().await?.iter().any(|run| unfinished(run.state)) {
        return to_show(store, None).await;
    }
    to_resume(store, named).await
}

/// The named run, the only unfinished one, or the last.
pub(super) async fn to_show(store: &dyn Store, named: Option<&str>) -> Result<RunId, CliError> {
    if let Some(named) = named {
        return run_id(named);
    }
    let runs = store.runs().await?;
    let mut open = runs.iter().filter(|run| unfinished(run.state));
    match (open.next(), open.next()) {
        (Some(only), None) => Ok(only.id.clone()),
        _ => match runs.last() {
            Some(last) => Ok(last.id.clone()),
            None => Err(CliError::usage("there is no run here yet")),
        },
    }
}

pub(super) fn run_id(text: &str) -> Result<RunId, CliError> {
    RunId::new(text)
        .map_err(|error| CliError::usage(error.to_string()).hint("`sms-plan runs` lists the runs"))
}
