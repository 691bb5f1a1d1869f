//! `preview`: the exact path for one pair of servers.

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Preview;
use crate::cli::error::CliError;
use crate::cli::files::read_pair;
use crate::cli::output;
use crate::plan::path;
use crate::report;
use crate::report::PathDocument;

pub(super) fn execute(arguments: &Preview) -> Result<Exit, CliError> {
    let pair = read_pair(&arguments.plan, &arguments.inventory, &Registry::standard())?;
    let rows = path(&pair.plan, &roots(&pair.plan, &pair.inventory, None));
    match arguments.format {
        Format::Json => output::print_json(&PathDocument { stages: rows })?,
        Format::Text => output::print(&report::preview(&pair.plan, &pair.inventory, &rows))?,
    }
    Ok(Exit::Done)
}
