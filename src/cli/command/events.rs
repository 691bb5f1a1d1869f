//! `events`: the journal of a run, its hash chain checked.

use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::OneRun;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::state;
use crate::report;

pub(super) async fn execute(
    arguments: &OneRun,
    given: Option<&std::path::Path>,
) -> Result<Exit, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_show(store.as_ref(), arguments.run.as_deref()).await?;
    let record = store.read(&id).await?;
    let lines: String = match arguments.format {
        Format::Text => record.events.iter().map(report::event_line).collect(),
        Format::Json => record.events.iter().map(report::event_json).collect(),
    };
    output::print(&lines)?;
    Ok(Exit::Done)
}
