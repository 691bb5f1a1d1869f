//! What only shows when the plan and the inventory are both known.

use super::diagnostic::At;
use super::diagnostic::Diagnostics;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::expression::Reference;
use super::inventory::Inventory;
use super::model::Plan;
use super::model::Question;
use super::model::Stage;
use super::vocabulary::written;

/// Checks a plan against an inventory: pairs that cannot be cut over, and values of the inventory
/// that the plan reads but the inventory does not give.
pub fn check_pair(plan: &Plan, inventory: &Inventory) -> Diagnostics {
    let mut faults = Faults::default();
    check_hosts(inventory, &mut faults);
    let mut diagnostics = faults.settle(inventory.file());
    let mut faults = Faults::default();
    check_reads(plan, inventory, &mut faults);
    diagnostics.extend(faults.settle(plan.file()));
    diagnostics
}

fn check_hosts(inventory: &Inventory, faults: &mut Faults) {
    let (source, destination) = (&inventory.source, &inventory.destination);
    for (name, host) in [("source", source), ("destination", destination)] {
        if host.clustered == Some(true) {
            faults.push(
                Fault::error(
                    "P080",
                    At::value(format!("/hosts/{name}/clustered")),
                    "clustered file servers cannot be cut over yet",
                )
                .help("cut this one over by hand, along Microsoft's cutover document"),
            );
        }
    }
    match (source.domain_joined, destination.domain_joined) {
        (Some(true), Some(false)) => faults.push(
            Fault::error(
                "P080",
                At::value("/hosts/destination/domainJoined"),
                "a source in a domain cannot hand its identity to a workgroup computer",
            )
            .and(
                At::value("/hosts/source/domainJoined"),
                "the source is in a domain",
            )
            .help("join the destination to the same domain first"),
        ),
        (Some(false), Some(true)) => faults.push(
            Fault::error(
                "P080",
                At::value("/hosts/destination/domainJoined"),
                "a workgroup source has no computer account for a destination in a domain",
            )
            .and(
                At::value("/hosts/source/domainJoined"),
                "the source is in a workgroup",
            )
            .help("take the destination out of the domain, or join the source, first"),
        ),
        _ => {}
    }
}

fn check_reads(plan: &Plan, inventory: &Inventory, faults: &mut Faults) {
    let roots = inventory.roots();
    for (index, stage) in plan.stages.iter().enumerate() {
        for (pointer, reference) in reads(stage) {
            let of_file = matches!(
                reference.path.first().map(String::as_str),
                Some("inventory" | "directory")
            );
            if !of_file || reference.tested || roots.get(&reference.path).is_some() {
                continue;
            }
            let path = written(&reference.path);
            let message = format!(
                "`{path}` is not given by `{}`",
                inventory.file().path().display()
            );
            let place = At::value(format!("/stages/{index}/{pointer}")).words(path);
            // A guard may keep a stage from ever asking for other values; a credential that is
            // named in the plan is meant.
            let credential = reference
                .path
                .get(1)
                .is_some_and(|key| key == "credentials");
            let fault = if credential {
                Fault::error("P082", place, message)
            } else {
                Fault::warning("P082", place, message)
            };
            faults.push(fault.help("add it to the inventory"));
        }
    }
}

/// Everything a stage reads, with the field that reads it.
fn reads(stage: &Stage) -> impl Iterator<Item = (String, &Reference)> {
    let expressions = stage.when.iter().map(|when| ("when".to_owned(), when));
    let inside = stage
        .with_expressions
        .iter()
        .map(|(at, e)| (format!("with{at}"), e));
    let asked = stage
        .preconditions
        .iter()
        .enumerate()
        .flat_map(|(n, precondition)| {
            let question = match &precondition.question {
                Question::Expr(expression) => Some((format!("preconditions/{n}/expr"), expression)),
                _ => None,
            };
            let when = precondition
                .when
                .iter()
                .map(move |e| (format!("preconditions/{n}/when"), e));
            question.into_iter().chain(when)
        });
    let templates = stage
        .with_templates
        .iter()
        .map(|(at, t)| (format!("with{at}"), t));
    let words = std::iter::once(("description".to_owned(), &stage.description));
    let of_expressions = expressions
        .chain(inside)
        .chain(asked)
        .flat_map(|(at, e)| e.reads().iter().map(move |read| (at.clone(), read)));
    let of_templates = templates
        .chain(words)
        .flat_map(|(at, t)| t.reads().iter().map(move |read| (at.clone(), read)));
    of_expressions.chain(of_templates)
}
