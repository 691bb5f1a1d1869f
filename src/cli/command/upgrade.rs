//! `upgrade`: a file of an older version, rewritten for this one.

use std::path::Path;

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Upgrade;
use crate::cli::error::CliError;
use crate::cli::error::print_diagnostics;
use crate::cli::output;
use crate::cli::replace::replace;
use crate::plan::API_VERSION;
use crate::plan::Diagnostics;
use crate::plan::FileKind;
use crate::plan::Opening;
use crate::plan::Source;
use crate::plan::load_inventory;
use crate::plan::load_plan;
use crate::plan::upgrade;

pub(super) fn execute(arguments: &Upgrade) -> Result<Exit, CliError> {
    let old = Source::read(&arguments.file)?;
    let rewritten = upgrade(&old)?;
    let new = rewritten.as_ref().unwrap_or(&old);
    // Nothing is written that this program would not take.
    print_diagnostics(&load(new)?);
    let to_standard_output = arguments.output.as_deref() == Some(Path::new("-"));
    let shown = arguments.file.display();
    let said = if rewritten.is_some() {
        let lines = changed_lines(&old, new);
        let plural = if lines == 1 { "line" } else { "lines" };
        let verb = if arguments.check {
            "would be rewritten"
        } else {
            "was rewritten"
        };
        let from = Opening::read(&old)?.version.unwrap_or_default();
        format!("{shown}: {verb} from {from} to {API_VERSION}, {lines} {plural}\n")
    } else {
        format!("{shown}: of {API_VERSION} already, nothing to do\n")
    };
    match arguments.output.as_deref() {
        _ if arguments.check => output::print(&said)?,
        // The text alone belongs there.
        Some(_) if to_standard_output => output::print(new.text())?,
        Some(file) => {
            std::fs::write(file, new.bytes()).map_err(|error| {
                CliError::usage(format!("cannot write `{}`: {error}", file.display()))
            })?;
            output::print(&said)?;
        }
        None => {
            if rewritten.is_some() {
                replace(&arguments.file, &old.bytes(), &new.bytes())?;
            }
            output::print(&said)?;
        }
    }
    Ok(if arguments.check && rewritten.is_some() {
        Exit::DIFFERENT
    } else {
        Exit::Done
    })
}

/// Checks a file, and returns what a person should know about it.
fn load(file: &Source) -> Result<Diagnostics, Diagnostics> {
    match Opening::read(file)?.kind {
        Some(FileKind::Inventory) => load_inventory(file).map(|loaded| loaded.warnings),
        // A file that does not say what it is gets the faults of a plan, the missing kind among them.
        Some(FileKind::Plan) | None => {
            load_plan(file, &Registry::standard().catalogue()).map(|loaded| loaded.warnings)
        }
    }
}

/// Edits never add a line or take one away.
fn changed_lines(old: &Source, new: &Source) -> usize {
    let pairs = old.text().lines().zip(new.text().lines());
    pairs.filter(|(old, new)| old != new).count()
}
