//! `status`: where a run stands.

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::OneRun;
use crate::cli::error::CliError;
use crate::cli::files::stored_pair;
use crate::cli::output;
use crate::cli::state;
use crate::engine::shape_of;
use crate::report;
use crate::run::Run;

pub(super) async fn execute(
    arguments: &OneRun,
    given: Option<&std::path::Path>,
) -> Result<Exit, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_show(store.as_ref(), arguments.run.as_deref()).await?;
    let record = store.read(&id).await?;
    let pair = stored_pair(&record.new, &Registry::standard())?;
    let run = Run::read(id, shape_of(&pair.plan), &record.events)
        .map_err(crate::engine::EngineError::from)?;
    let roots = roots(&pair.plan, &pair.inventory, Some(&run));
    match arguments.format {
        Format::Text => {
            output::print(&report::status(
                &pair.plan,
                &roots,
                &run,
                record.holder.as_ref(),
                &folder,
            ))?;
        }
        Format::Json => output::print_json(&report::status_document(&pair.plan, &roots, &run))?,
    }
    Ok(Exit::Done)
}
