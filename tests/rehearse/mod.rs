//! Rehearsals: the shipped plan, the real engine and the real actions on a simulated world.

mod any_run;
mod check;
mod every_cut;
mod every_fault;
mod every_kind;
mod faults;
mod from_run;
mod in_doubt;
pub(crate) mod likeness;
mod recorded;
mod roll_back;
mod shown;
mod wrong_plans;

use std::sync::Arc;
use std::sync::OnceLock;

use sms_plan::action::Registry;
use sms_plan::plan::{Inventory, Plan, Source, load_inventory, load_plan};
use sms_plan::rehearse::{Rehearsal, Setting, Then, rehearse};
use sms_plan::run::Run;
use sms_plan::simulated::{Assumptions, Fault, Tempo};

/// The pair of an example, rehearsed as it is.
pub(crate) fn example(name: &str) -> Setting {
    let path = format!("{}/examples/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    setting(&path, &text)
}

/// The pair of an example whose inventory says something else at one place.
fn example_with(name: &str, old: &str, new: &str) -> Setting {
    let path = format!("{}/examples/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap();
    let edited = text.replacen(old, new, 1);
    assert_ne!(edited, text, "the edit changes nothing");
    setting(&path, &edited)
}

/// The pair of an inventory's text.
fn setting(path: &str, text: &str) -> Setting {
    let registry = Registry::standard();
    Setting {
        plan: shipped(),
        inventory: Arc::new(inventory(path, text)),
        registry: Arc::new(registry),
        observed: None,
        assumptions: Assumptions::default(),
        tempo: Tempo::default(),
        seed: 7,
        faults: Vec::new(),
        interruptions: Vec::new(),
        parallel: 1,
        decisions: Vec::new(),
        resumes: 0,
        until: None,
        then: Then::Nothing,
    }
}

/// The shipped plan; loading it takes longer than rehearsing it.
fn shipped() -> Arc<Plan> {
    static SHIPPED: OnceLock<Arc<Plan>> = OnceLock::new();
    let load = || Arc::new(plan(&cutover(), &Registry::standard()));
    Arc::clone(SHIPPED.get_or_init(load))
}

fn cutover() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/plans/cutover.yaml");
    std::fs::read_to_string(path).unwrap()
}

/// A pair with an edit of the shipped plan.
fn edited(name: &str, edit: impl Fn(&str) -> String) -> Setting {
    let setting = example(name);
    let text = edit(&cutover());
    assert_ne!(text, cutover(), "the edit changes nothing");
    Setting {
        plan: Arc::new(plan(&text, &setting.registry)),
        ..setting
    }
}

fn plan(text: &str, registry: &Registry) -> Plan {
    let source = Source::from_text("plans/cutover.yaml", text);
    load_plan(&source, &registry.catalogue())
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
        .value
}

fn inventory(path: &str, text: &str) -> Inventory {
    load_inventory(&Source::from_text(path, text))
        .unwrap_or_else(|faults| panic!("{path}: {faults:#?}"))
        .value
}

fn with(mut setting: Setting, assumptions: &[&str]) -> Setting {
    let texts: Vec<String> = assumptions.iter().map(|text| (*text).to_owned()).collect();
    setting.assumptions = Assumptions::read(&texts).unwrap();
    setting
}

pub(crate) fn fault(text: &str) -> Fault {
    text.parse().unwrap()
}

pub(crate) async fn held(setting: &Setting) -> Rehearsal {
    rehearse(setting, &mut |_, _| {})
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
}

/// The words of the first stage that stands in the way.
fn why(run: &Run) -> String {
    let mut stages = run.stages();
    stages
        .find(|(_, stage)| !stage.status.has_ended() && !stage.error.is_empty())
        .map(|(shape, stage)| format!("{}: {}", shape.id, stage.error.join(": ")))
        .unwrap_or_default()
}
