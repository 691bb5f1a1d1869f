//! One file a command.

mod adopt;
mod apply;
mod approve;
mod book;
mod check;
mod completions;
mod confirm;
mod diff;
mod drive;
mod earlier;
mod edited;
mod events;
mod explain;
mod graph;
mod overdue;
mod preview;
mod ready;
mod rehearse;
mod report;
mod resume;
mod rollback;
mod runs;
mod schema;
mod status;
mod stop;
mod upgrade;
mod validate;

use super::Exit;
use super::arguments::Arguments;
use super::arguments::Command;
use super::error::CliError;
use super::logging;

/// Does what the command line says.
pub(super) async fn execute(arguments: Arguments) -> Result<Exit, CliError> {
    let Arguments {
        state,
        verbose,
        command,
    } = arguments;
    let state = state.as_deref();
    // Commands that drive a run start logging themselves, into the run's own file.
    if !matches!(
        command,
        Command::Apply(_) | Command::Resume(_) | Command::Rollback(_)
    ) {
        logging::start(verbose, None)?;
    }
    match command {
        Command::Validate(arguments) => validate::execute(&arguments),
        Command::Preview(arguments) => preview::execute(&arguments),
        Command::Check(arguments) => check::execute(&arguments, state).await,
        Command::Apply(arguments) => apply::execute(&arguments, state, verbose).await,
        Command::Rehearse(arguments) => rehearse::execute(arguments, state).await,
        Command::Resume(arguments) => resume::execute(&arguments, state, verbose).await,
        Command::Rollback(arguments) => rollback::execute(&arguments, state, verbose).await,
        Command::Status(arguments) => status::execute(&arguments, state).await,
        Command::Runs(arguments) => runs::execute(&arguments, state).await,
        Command::Events(arguments) => events::execute(&arguments, state).await,
        Command::Stop(arguments) => stop::execute(&arguments, state).await,
        Command::Approve(arguments) => approve::execute(&arguments, state).await,
        Command::Graph(arguments) => graph::execute(&arguments, state).await,
        Command::Diff(arguments) => diff::execute(&arguments),
        Command::Upgrade(arguments) => upgrade::execute(&arguments),
        Command::Book(arguments) => book::execute(&arguments, state).await,
        Command::Adopt(arguments) => adopt::execute(&arguments, state).await,
        Command::Report(arguments) => report::execute(&arguments, state).await,
        Command::Explain(arguments) => explain::execute(&arguments),
        Command::Schema(arguments) => schema::execute(&arguments),
        Command::Completions(arguments) => completions::execute(&arguments),
    }
}
