//! `report`: what became of a run, for whoever keeps it.

use std::path::Path;

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Report;
use crate::cli::error::CliError;
use crate::cli::files::Stored;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::report::Closing;
use crate::report::closing;

pub(super) async fn execute(arguments: &Report, given: Option<&Path>) -> Result<Exit, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_show(store.as_ref(), arguments.run.as_deref()).await?;
    let record = store.read(&id).await?;
    let Stored { pair, run } = stored(&record, &Registry::standard())?;
    let document = closing(&Closing {
        plan: &pair.plan,
        roots: &roots(&pair.plan, &pair.inventory, Some(&run)),
        run: &run,
        events: &record.events,
    });
    output::write(&document, &arguments.written)?;
    Ok(Exit::Done)
}
