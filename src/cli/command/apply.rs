//! `apply`: shows the path, asks, and runs the plan; or says that it is done already.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use super::drive::Bounds;
use super::drive::person;
use super::drive::to_the_end;
use super::earlier::after_earlier;
use super::ready::Ready;
use crate::action::Credentials;
use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Apply;
use crate::cli::arguments::Format;
use crate::cli::arguments::OnFailure;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::read_pair;
use crate::cli::logging;
use crate::cli::output;
use crate::cli::real;
use crate::cli::state;
use crate::cli::subjects::subjects;
use crate::cli::world;
use crate::engine::SystemClock;
use crate::engine::begin;
use crate::plan::DurationText;
use crate::plan::PathRow;
use crate::plan::path;
use crate::report::Preview;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::ROLL_BACK_ON_FAILURE;
use crate::store::KeySource;
use crate::store::Sealer;

pub(super) async fn execute(
    arguments: &Apply,
    given: Option<&Path>,
    verbose: u8,
) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let pair = read_pair(
        &arguments.plan,
        &arguments.inventory,
        &registry,
        &arguments.accept,
    )?;
    let rows = path(&pair.plan, &roots(&pair.plan, &pair.inventory, None));
    let refusals = real::why_not(&pair.plan, &pair.inventory, &rows);
    if !refusals.is_empty() {
        return Err(CliError::usage(refusals.join("; ")).hint(
            "nothing was changed; `sms-plan preview` shows the path that the pair would take",
        ));
    }
    let bounds = Bounds::new(&arguments.bounded, &pair.plan, None)?;
    let credentials = Credentials::fetch(&pair.inventory)?;
    let folder = state::folder(given, Some(&arguments.inventory));
    if let Some(store) = state::earlier(&folder)?
        && let Some(exit) =
            after_earlier(arguments, &folder, &store, &pair, &registry, &credentials).await?
    {
        return Ok(exit);
    }
    if !confirmed(arguments, &pair, &rows)? {
        return Err(CliError::usage("not confirmed: nothing was changed"));
    }
    let store = state::open(&folder)?;
    let sealer = Sealer::new(KeySource::from_environment()?);
    let mut reach = crate::action::first_reach(&pair.inventory);
    let reach = (
        reach.remove(&Place::Source),
        reach.remove(&Place::Destination),
    );
    let (Some(source), Some(destination)) = reach else {
        return Err(CliError::usage("the inventory does not name two servers"));
    };
    let subjects = subjects(&pair.inventory);
    let accepted = pair.accepted.iter().map(|one| one.event(person()));
    let on_failure =
        (arguments.on_failure == OnFailure::Rollback).then(|| EventKind::OverrideAccepted {
            what: ROLL_BACK_ON_FAILURE.to_owned(),
            by: person(),
            reason: "--on-failure rollback".to_owned(),
        });
    let confirmed = arguments.confirm_within.map(wanted);
    let decisions = accepted.chain(on_failure).chain(confirmed).collect();
    let reach = (source, destination);
    let (lease, run) = begin(
        store.as_ref(),
        &SystemClock,
        &pair.plan,
        &pair.inventory,
        reach,
        subjects,
        decisions,
    )
    .await?;
    logging::start(
        verbose,
        Some(&world::run_folder(&folder, run.id()).join("log")),
    )?;
    let world = world::real(
        &folder,
        run.id(),
        &pair.inventory,
        &credentials,
        &store,
        &sealer,
    )?;
    let world = Arc::new(world);
    let ready = Ready {
        pair,
        registry,
        world,
        store,
        sealer,
        lease,
        run,
        state: &folder,
    };
    to_the_end(ready, &arguments.driving, bounds).await
}

fn wanted(within: DurationText) -> EventKind {
    EventKind::ConfirmationWanted {
        by: person(),
        within_ms: u64::try_from(within.0.as_millis()).unwrap_or(u64::MAX),
    }
}

fn confirmed(arguments: &Apply, pair: &Pair, rows: &[PathRow]) -> Result<bool, CliError> {
    if arguments.driving.format == Format::Text {
        let preview = Preview::new(&pair.plan, &pair.inventory, rows).accepted(pair.decisions());
        output::print(&preview.text(std::io::stdout().is_terminal()))?;
    }
    if arguments.yes {
        if arguments.driving.format == Format::Text {
            output::print("\n")?;
        }
        return Ok(true);
    }
    output::asked("\nRun this now?", "sms-plan preview")
}
