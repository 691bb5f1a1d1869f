//! `preview`: the exact path for one pair of servers.

use std::io::IsTerminal as _;

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Preview as Arguments;
use crate::cli::arguments::PreviewFormat;
use crate::cli::error::CliError;
use crate::cli::files::read_pair;
use crate::cli::output;
use crate::cli::real;
use crate::plan::path;
use crate::report::Preview;

pub(super) fn execute(arguments: &Arguments) -> Result<Exit, CliError> {
    let pair = read_pair(
        &arguments.plan,
        &arguments.inventory,
        &Registry::standard(),
        &arguments.accept,
    )?;
    let rows = path(&pair.plan, &roots(&pair.plan, &pair.inventory, None));
    let preview = Preview::new(&pair.plan, &pair.inventory, &rows)
        .refused(real::why_not(&pair.plan, &pair.inventory, &rows))
        .accepted(pair.decisions());
    match arguments.format {
        PreviewFormat::Json => output::print_json(&preview.json())?,
        PreviewFormat::Text => {
            output::print(&preview.text(std::io::stdout().is_terminal()))?;
        }
        PreviewFormat::Markdown => output::print(&preview.markdown())?,
    }
    Ok(Exit::Done)
}
