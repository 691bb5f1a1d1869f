//! `status`: where a run stands.

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::OneRun;
use crate::cli::error::CliError;
use crate::cli::files::Stored;
use crate::cli::files::stored;
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
    let Stored { pair, run } = stored(&record, &Registry::standard())?;
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
