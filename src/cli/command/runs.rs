//! `runs`: the runs of a state folder, and what they keep locked.

use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Listing;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::state;
use crate::report;
use crate::store::locks;

pub(super) async fn execute(
    arguments: &Listing,
    given: Option<&std::path::Path>,
) -> Result<Exit, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    if arguments.locks {
        let locks = locks(store.as_ref()).await?;
        match arguments.format {
            Format::Text => output::print(&report::locks(&locks))?,
            Format::Json => output::print_json(&report::locks_document(&locks))?,
        }
        return Ok(Exit::Done);
    }
    let runs = store.runs().await?;
    match arguments.format {
        Format::Text => output::print(&report::runs(&runs))?,
        Format::Json => {
            let runs: Vec<_> = runs
                .iter()
                .map(|run| {
                    json!({
                        "run": run.id,
                        "state": run.state,
                        "percent": run.percent,
                        "created": run.created_at,
                        "changed": run.changed_at,
                        "inventory": run.inventory_path,
                        "driven": run.holder.as_ref().is_some_and(|holder| holder.alive),
                    })
                })
                .collect();
            output::print_json(&json!({ "runs": runs }))?;
        }
    }
    Ok(Exit::Done)
}
