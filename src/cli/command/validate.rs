//! `validate`: every fault of a plan, and of an inventory with it.

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Validate;
use crate::cli::error::CliError;
use crate::cli::error::print_diagnostics;
use crate::cli::files::read_inventory;
use crate::cli::files::read_plan;
use crate::cli::output;
use crate::plan::Diagnostics;
use crate::plan::check_pair;

pub(super) fn execute(arguments: &Validate) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let mut found = Diagnostics::default();
    let plan = keep(read_plan(&arguments.plan, &registry), &mut found);
    let inventory = arguments
        .inventory
        .as_ref()
        .and_then(|path| keep(read_inventory(path), &mut found));
    if let (Some(plan), Some(inventory)) = (&plan, &inventory) {
        let mut misfits = check_pair(plan, inventory);
        arguments.accept.lift(&mut misfits)?;
        found.extend(misfits);
    } else if !found.has_errors() {
        // Without a pair nothing can be accepted of it; faults of the files come first.
        arguments.accept.lift(&mut found)?;
    }
    let valid = !found.has_errors();
    match arguments.format {
        Format::Json => output::print_json(&found.to_json())?,
        Format::Text => {
            print_diagnostics(&found);
            if valid {
                output::print(&summary(arguments, plan.as_ref(), found.len()))?;
            }
        }
    }
    Ok(if valid { Exit::Done } else { Exit::Faulty })
}

fn keep<T>(
    loaded: Result<crate::plan::Loaded<T>, Diagnostics>,
    found: &mut Diagnostics,
) -> Option<T> {
    match loaded {
        Ok(loaded) => {
            found.extend(loaded.warnings);
            Some(loaded.value)
        }
        Err(faults) => {
            found.extend(faults);
            None
        }
    }
}

fn summary(arguments: &Validate, plan: Option<&crate::plan::Plan>, warnings: usize) -> String {
    let mut lines = Vec::new();
    if let Some(plan) = plan {
        lines.push(format!(
            "{}: plan {} {}, {} stages, valid\n",
            arguments.plan.display(),
            plan.metadata.name,
            plan.metadata.version,
            plan.stages.len()
        ));
    }
    if let Some(inventory) = &arguments.inventory {
        lines.push(format!("{}: valid\n", inventory.display()));
    }
    match warnings {
        0 => {}
        1 => lines.push("1 warning\n".to_owned()),
        many => lines.push(format!("{many} warnings\n")),
    }
    lines.concat()
}
