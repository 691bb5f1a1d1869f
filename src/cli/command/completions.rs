//! `completions`: a completion script for a shell.

use clap::CommandFactory as _;

use crate::cli::Exit;
use crate::cli::arguments::Arguments;
use crate::cli::arguments::Completions;
use crate::cli::error::CliError;
use crate::cli::output;

pub(super) fn execute(arguments: &Completions) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(
        arguments.shell,
        &mut Arguments::command(),
        "sms-plan",
        &mut script,
    );
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
