//! `book`: the steps that remain of a run, for a person; with `--all`, all steps.

use std::path::Path;

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Book;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::Stored;
use crate::cli::files::read_pair;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::report::book::BookOf;
use crate::report::book::book;
use crate::run::Run;

pub(super) async fn execute(arguments: &Book, given: Option<&Path>) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let folder = state::folder(given, arguments.inventory.as_deref());
    let (pair, run) = if let Some((plan, inventory)) = plan_file(arguments) {
        (
            read_pair(plan, inventory, &registry, &arguments.accept)?,
            None,
        )
    } else {
        let (pair, run) = read_run(arguments, &folder, &registry).await?;
        (pair, Some(run))
    };
    let book = book(&BookOf {
        plan: &pair.plan,
        inventory: &pair.inventory,
        registry: &registry,
        run: run.as_ref(),
        state: run.as_ref().map(|_| folder.as_path()),
        all: arguments.all,
    });
    output::write(&book, &arguments.written)?;
    Ok(Exit::Done)
}

/// Before a run: `--all PLAN -i INVENTORY`. A run is never named like a file that is there.
fn plan_file(arguments: &Book) -> Option<(&Path, &Path)> {
    let plan = Path::new(arguments.run.as_deref()?);
    let inventory = arguments.inventory.as_deref()?;
    (arguments.all && plan.is_file()).then_some((plan, inventory))
}

async fn read_run(
    arguments: &Book,
    folder: &Path,
    registry: &Registry,
) -> Result<(Pair, Run), CliError> {
    let store = state::existing(folder)
        .map_err(|error| error.hint("before a run: sms-plan book --all PLAN -i INVENTORY"))?;
    let id = state::to_show(store.as_ref(), arguments.run.as_deref()).await?;
    let record = store.read(&id).await?;
    let Stored { pair, run } = stored(&record, registry)?;
    Ok((pair, run))
}
