//! `stop`: asks the process that drives a run to end once what is under way has ended.

use crate::cli::Exit;
use crate::cli::arguments::OneRun;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::state;

pub(super) async fn execute(
    arguments: &OneRun,
    given: Option<&std::path::Path>,
) -> Result<Exit, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_show(store.as_ref(), arguments.run.as_deref()).await?;
    let driven = store
        .read(&id)
        .await?
        .holder
        .is_some_and(|holder| holder.alive);
    if !driven {
        return Err(CliError::usage(format!(
            "no process drives run {id}: there is nothing to stop"
        )));
    }
    store
        .request_stop(&id, &format!("stopped by {}", super::drive::person()))
        .await?;
    output::print(&format!(
        "asked the driver of {id} to stop; it ends when the stages under way have ended\n"
    ))?;
    Ok(Exit::Done)
}
