//! Loading the two files, with all their faults at once.

use std::path::Path;
use std::sync::Arc;

use super::error::CliError;
use super::error::print_diagnostics;
use crate::action::Registry;
use crate::plan::Diagnostics;
use crate::plan::Inventory;
use crate::plan::Loaded;
use crate::plan::Plan;
use crate::plan::Source;
use crate::plan::check_pair;
use crate::plan::load_inventory;
use crate::plan::load_plan;
use crate::store::NewRun;

/// A plan and an inventory that fit together.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) plan: Arc<Plan>,
    pub(super) inventory: Arc<Inventory>,
}

/// Reads and checks a plan file.
pub(super) fn read_plan(path: &Path, registry: &Registry) -> Result<Loaded<Plan>, Diagnostics> {
    load_plan(&Source::read(path)?, &registry.catalogue())
}

/// Reads and checks an inventory file.
pub(super) fn read_inventory(path: &Path) -> Result<Loaded<Inventory>, Diagnostics> {
    load_inventory(&Source::read(path)?)
}

/// Reads both files, so that the faults of neither hide those of the other.
pub(super) fn read_pair(
    plan: &Path,
    inventory: &Path,
    registry: &Registry,
) -> Result<Pair, CliError> {
    pair(read_plan(plan, registry), read_inventory(inventory))
}

/// Loads both files as a run keeps them.
pub(super) fn stored_pair(run: &NewRun, registry: &Registry) -> Result<Pair, CliError> {
    let plan = Source::from_text(&run.plan_path, run.plan_text.as_str());
    let inventory = Source::from_text(&run.inventory_path, run.inventory_text.as_str());
    pair(
        load_plan(&plan, &registry.catalogue()),
        load_inventory(&inventory),
    )
}

fn pair(
    plan: Result<Loaded<Plan>, Diagnostics>,
    inventory: Result<Loaded<Inventory>, Diagnostics>,
) -> Result<Pair, CliError> {
    let (plan, inventory) = match (plan, inventory) {
        (Ok(plan), Ok(inventory)) => (plan, inventory),
        (plan, inventory) => {
            for diagnostics in [plan.err(), inventory.err()].into_iter().flatten() {
                print_diagnostics(&diagnostics);
            }
            return Err(CliError::faulty());
        }
    };
    for warnings in [&plan.warnings, &inventory.warnings] {
        print_diagnostics(warnings);
    }
    let misfits = check_pair(&plan.value, &inventory.value);
    print_diagnostics(&misfits);
    if misfits.has_errors() {
        return Err(CliError::faulty());
    }
    Ok(Pair {
        plan: Arc::new(plan.value),
        inventory: Arc::new(inventory.value),
    })
}
