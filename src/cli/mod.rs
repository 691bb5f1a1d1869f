//! The terminal: arguments, one file a command, errors with hints, exit codes.

mod accept;
mod arguments;
mod command;
mod error;
mod exit;
mod files;
mod logging;
mod output;
mod real;
mod replace;
mod state;
mod subjects;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;
pub use exit::Exit;

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no mistakes; clap prints them to standard output by itself.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return match error.print() {
                Ok(()) => exit.into(),
                Err(_) => Exit::Usage.into(),
            };
        }
    };
    let runtime = match crate::engine::runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            return error::print(&error::CliError::usage(format!("cannot start: {error}")));
        }
    };
    let result = runtime.block_on(command::execute(arguments));
    // A look that nobody waits for any more must not hold the program back.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.into(),
        Err(error) => error::print(&error),
    }
}
