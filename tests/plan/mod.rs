//! Plans and inventories as files: the shipped ones, faulty ones and hostile ones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod catalogue;
mod damaged;
mod diff;
mod edit;
mod faulty;
mod hostile;
mod kinds;
mod pairs;
mod places;
mod preview;
mod refused;
mod rules;
pub(crate) mod schemas;
mod shipped;
mod types;
mod upgrade;

use std::path::PathBuf;

use sms_plan::plan::Inventory;
use sms_plan::plan::Plan;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;

/// A path inside the project.
fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A source whose path is shown as it stands in the project, wherever that is.
fn source(path: &str) -> Source {
    let read = Source::read(project(path)).unwrap_or_else(|error| panic!("{error}"));
    Source::from_text(path, read.text())
}

fn cutover() -> Plan {
    let loaded = load_plan(&source("plans/cutover.yaml"), &catalogue::all())
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.value
}

fn plan(text: &str) -> Result<Plan, String> {
    load_plan(&Source::from_text("plan.yaml", text), &catalogue::all())
        .map(|loaded| loaded.value)
        .map_err(|error| error.render(false))
}

fn inventory(text: &str) -> Inventory {
    load_inventory(&Source::from_text("inventory.yaml", text))
        .unwrap_or_else(|error| panic!("{error}"))
        .value
}
