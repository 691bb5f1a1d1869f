//! What only shows when the plan and the inventory are both known.

use super::diagnostic::At;
use super::diagnostic::Diagnostics;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::diagnostic::did_you_mean;
use super::expression::Reference;
use super::inventory::HostSpec;
use super::inventory::Inventory;
use super::inventory::Os;
use super::kinds::Fitness;
use super::kinds::fitness;
use super::kinds::releases;
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
    check_domain_controllers(inventory, faults);
    check_releases(inventory, faults);
    check_clusters(inventory, faults);
    check_memberships(inventory, faults);
}

fn hosts(inventory: &Inventory) -> [(&'static str, &HostSpec); 2] {
    [
        ("source", &inventory.source),
        ("destination", &inventory.destination),
    ]
}

/// Storage Migration Service FAQ, "Is domain controller migration supported?". Whether a server is
/// one is otherwise learned when connecting.
fn check_domain_controllers(inventory: &Inventory, faults: &mut Faults) {
    let Some(directory) = &inventory.directory else {
        return;
    };
    let server = directory.server.split('.').next().unwrap_or_default();
    for (place, host) in hosts(inventory) {
        let named = host.name.as_deref();
        let (field, theirs) = if directory.address == Some(host.address) {
            ("address", "address")
        } else if named.is_some_and(|name| name.eq_ignore_ascii_case(server)) {
            ("name", "server")
        } else {
            continue;
        };
        faults.push(
            Fault::error(
                "P084",
                At::value(format!("/hosts/{place}/{field}")),
                format!("the {place} is a domain controller, which cannot be cut over"),
            )
            .and(
                At::value(format!("/directory/{theirs}")),
                "the domain controller",
            )
            .help(
                "demote it to a member first, cut over, and promote the destination afterwards; Small \
                 Business Server and Essentials are domain controllers as well",
            ),
        );
    }
}

/// What the document has for source and destination computers.
fn check_releases(inventory: &Inventory, faults: &mut Faults) {
    for (place, host) in hosts(inventory) {
        let (Some(Os::Windows), Some(release)) = (host.os, host.os_version.as_deref()) else {
            continue;
        };
        let at = At::value(format!("/hosts/{place}/osVersion"));
        match fitness(release) {
            None => {
                let known: Vec<&str> = releases().collect();
                faults.push(
                    Fault::error(
                        "P087",
                        at,
                        format!("Windows Server `{release}` is no release that the document knows"),
                    )
                    .help(acceptable("P087", &format!("known: {}", known.join(", "))))
                    .maybe_help(did_you_mean(release, known.iter().copied())),
                );
            }
            Some(fit) if place == "destination" && fit < Fitness::Destination => faults.push(
                Fault::error(
                    "P088",
                    at,
                    format!("Windows Server {release} is too old for a destination"),
                )
                .help("take a destination with Windows Server 2012 R2 or later"),
            ),
            Some(_) => {}
        }
    }
}

/// Clusters: FAQ of the Storage Migration Service, and known issue
/// "`CLUSCTL_RESOURCE_NETNAME_REPAIR_VCO` failed against netName resource".
fn check_clusters(inventory: &Inventory, faults: &mut Faults) {
    let clustered = |host: &HostSpec| host.clustered == Some(true);
    for (place, host) in hosts(inventory) {
        if clustered(host) && host.os == Some(Os::Linux) {
            faults.push(
                Fault::error(
                    "P089",
                    At::value(format!("/hosts/{place}/clustered")),
                    format!("the {place} is a cluster of Linux servers, which the document does not have"),
                )
                .help("take the share out of the cluster, onto a server of its own, and cut that over"),
            );
        }
    }
    let (source, destination) = (&inventory.source, &inventory.destination);
    if !clustered(source) || source.os == Some(Os::Linux) {
        return;
    }
    if destination.clustered == Some(false) {
        faults.push(
            Fault::error(
                "P085",
                At::value("/hosts/destination/clustered"),
                "a clustered file server cannot be cut over to a server outside a cluster",
            )
            .and(
                At::value("/hosts/source/clustered"),
                "the source is in a cluster",
            )
            .help(
                "take a clustered file server as the destination; the other way round is possible",
            ),
        );
    }
    let fit = source.os_version.as_deref().and_then(fitness);
    if let (Some(release), Some(fit)) = (&source.os_version, fit)
        && fit < Fitness::ClusteredSource
    {
        faults.push(
            Fault::error(
                "P086",
                At::value("/hosts/source/osVersion"),
                format!(
                    "a cluster of Windows Server {release} cannot be renamed from outside: it needs \
                     Windows Server 2012 or later"
                ),
            )
            .and(At::value("/hosts/source/clustered"), "the source is in a cluster")
            .help(
                "copy the files, then change network name and address of the file server by hand, \
                 on both clusters",
            ),
        );
    }
}

/// The identity is an account in a domain, or a name and addresses in a workgroup.
fn check_memberships(inventory: &Inventory, faults: &mut Faults) {
    let fault =
        |code, words| Fault::error(code, At::value("/hosts/destination/domainJoined"), words);
    let source = |words| (At::value("/hosts/source/domainJoined"), words);
    match (
        inventory.source.domain_joined,
        inventory.destination.domain_joined,
    ) {
        (Some(true), Some(false)) => {
            let (at, words) = source("the source is in a domain");
            faults.push(
                fault(
                    "P080",
                    "a source in a domain cannot hand its identity to a workgroup computer",
                )
                .and(at, words)
                .help("join the destination to the same domain first"),
            );
        }
        (Some(false), Some(true)) => {
            let (at, words) = source("the source is in a workgroup");
            faults.push(
                fault(
                    "P083",
                    "a workgroup source has no computer account for a destination in a domain",
                )
                .and(at, words)
                .help(acceptable(
                    "P083",
                    "take the destination out of the domain, or join the source, first",
                )),
            );
        }
        _ => {}
    }
}

/// The way on where the document is silent.
fn acceptable(code: &str, otherwise: &str) -> String {
    format!("{otherwise}; or go on knowingly with `--accept {code} --reason TEXT`")
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
