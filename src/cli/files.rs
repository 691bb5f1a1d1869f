//! Loading the two files, with all their faults at once.

use std::path::Path;
use std::sync::Arc;

use super::accept::Accept;
use super::accept::Accepted;
use super::error::CliError;
use super::error::print_diagnostics;
use crate::action::Registry;
use crate::engine::EngineError;
use crate::engine::shape_of;
use crate::plan::Diagnostics;
use crate::plan::Inventory;
use crate::plan::Loaded;
use crate::plan::Plan;
use crate::plan::Source;
use crate::plan::check_pair;
use crate::plan::load_inventory;
use crate::plan::load_plan;
use crate::run::Run;
use crate::store::Record;

/// A plan and an inventory that fit together.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) plan: Arc<Plan>,
    pub(super) inventory: Arc<Inventory>,
    /// What a person has accepted of it just now.
    pub(super) accepted: Vec<Accepted>,
}

impl Pair {
    /// What a person has accepted just now, and why.
    pub(super) fn decisions(&self) -> Vec<(String, String)> {
        self.accepted
            .iter()
            .map(|one| (one.what.clone(), one.reason.clone()))
            .collect()
    }
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
    accept: &Accept,
) -> Result<Pair, CliError> {
    let mut pair = both(read_plan(plan, registry), read_inventory(inventory))?;
    let mut misfits = check_pair(&pair.plan, &pair.inventory);
    pair.accepted = accept.lift(&mut misfits)?;
    print_diagnostics(&misfits);
    if misfits.has_errors() {
        return Err(CliError::faulty());
    }
    Ok(pair)
}

/// A run of this state folder, with the files that it has now.
pub(super) struct Stored {
    pub(super) pair: Pair,
    pub(super) run: Run,
}

/// Reads a run and loads both files as it keeps them: those that it began with, or what replaced
/// them. The pair was judged before: what this version would refuse, or a person had accepted, must
/// not leave a run half way.
pub(super) fn stored(record: &Record, registry: &Registry) -> Result<Stored, CliError> {
    let new = &record.new;
    let catalogue = registry.catalogue();
    let plan = |text: &str| load_plan(&Source::from_text(&new.plan_path, text), &catalogue);
    let begun = plan(&new.plan_text)?;
    let run = Run::read(new.id.clone(), shape_of(&begun.value), &record.events)
        .map_err(EngineError::from)?;
    let plan = match run.edited_plan() {
        Some(edited) => plan(&edited.text),
        None => Ok(begun),
    };
    let inventory = run.edited_inventory();
    let inventory = inventory.map_or(&new.inventory_text, |edited| &edited.text);
    let inventory = load_inventory(&Source::from_text(&new.inventory_path, inventory.as_str()));
    let pair = both(plan, inventory)?;
    Ok(Stored { pair, run })
}

fn both(
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
    Ok(Pair {
        plan: Arc::new(plan.value),
        inventory: Arc::new(inventory.value),
        accepted: Vec::new(),
    })
}
