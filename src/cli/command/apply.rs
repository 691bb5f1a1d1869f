//! `apply`: shows the path, asks, and runs the plan; or says that it is done already.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::drive::Bounds;
use super::drive::Ready;
use super::drive::person;
use super::drive::to_the_end;
use crate::action::Credentials;
use crate::action::Registry;
use crate::action::View;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Apply;
use crate::cli::arguments::Format;
use crate::cli::arguments::OnFailure;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::Stored;
use crate::cli::files::read_pair;
use crate::cli::files::stored;
use crate::cli::logging;
use crate::cli::output;
use crate::cli::real;
use crate::cli::state;
use crate::cli::subjects::subjects;
use crate::cli::world;
use crate::engine::SystemClock;
use crate::engine::begin;
use crate::engine::has_changed;
use crate::engine::take_over;
use crate::engine::verify;
use crate::engine::write;
use crate::plan::DurationText;
use crate::plan::HostSpec;
use crate::plan::PathRow;
use crate::plan::path;
use crate::report;
use crate::report::Preview;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::ROLL_BACK_ON_FAILURE;
use crate::run::RunState;
use crate::run::Verdict;
use crate::store::KeySource;
use crate::store::Sealer;
use crate::store::Store;

/// How long the removal of a fence may take on one server.
const FENCE_LIMIT: Duration = Duration::from_mins(1);

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
    if let Some(store) = state::earlier(&folder)? {
        match earlier_run(store.as_ref(), &pair, &registry).await? {
            Some(Earlier::Unfinished(id)) => {
                let state = folder.display();
                return Err(
                    CliError::usage(format!("run {id} for these servers has not ended")).hint(
                        format!(
                            "go on with it: sms-plan resume {id} --state {state}; or take it back: \
                             sms-plan rollback {id} --state {state}"
                        ),
                    ),
                );
            }
            Some(Earlier::RollingBack(id)) => {
                return Err(CliError::usage(format!(
                    "run {id} for these servers is being rolled back, and that has not ended"
                ))
                .hint(format!(
                    "go on with that first: sms-plan rollback {id} --state {}",
                    folder.display()
                )));
            }
            Some(Earlier::Untouched(earlier)) => give_up(&folder, &store, &earlier).await?,
            Some(Earlier::Finished(earlier)) => {
                return already_done(arguments, &folder, &store, &earlier, &credentials).await;
            }
            None => {}
        }
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

/// A run for the same two servers.
enum Earlier {
    Unfinished(crate::run::RunId),
    /// Unfinished, and on its way back.
    RollingBack(crate::run::RunId),
    /// Unfinished, but it has changed nothing yet, and the files were mended since.
    Untouched(Box<Stored>),
    Finished(Box<Stored>),
}

/// The last run of this store for the same two servers; an unfinished one goes before others.
async fn earlier_run(
    store: &dyn Store,
    wanted: &Pair,
    registry: &Registry,
) -> Result<Option<Earlier>, CliError> {
    let inventory = &wanted.inventory;
    let mut finished = None;
    for line in store.runs().await?.into_iter().rev() {
        let record = store.read(&line.id).await?;
        let earlier = stored(&record, registry)?;
        let pair = &earlier.pair;
        let address = |host: &HostSpec| host.address.to_canonical();
        let same = address(&pair.inventory.source) == address(&inventory.source)
            && address(&pair.inventory.destination) == address(&inventory.destination);
        if !same {
            continue;
        }
        if state::unfinished(line.state) {
            if earlier.run.back().is_some() {
                return Ok(Some(Earlier::RollingBack(line.id)));
            }
            let touched = has_changed(&pair.plan, registry, &earlier.run);
            let driven = record.holder.as_ref().is_some_and(|holder| holder.alive);
            // A resume of the same files does the same; only mended ones need a run of their own.
            let mended = pair.plan.file().text() != wanted.plan.file().text()
                || pair.inventory.file().text() != inventory.file().text();
            return Ok(Some(if touched || driven || !mended {
                Earlier::Unfinished(line.id)
            } else {
                Earlier::Untouched(Box::new(earlier))
            }));
        }
        // The state before a run that was rolled back is that of an earlier one.
        if line.state == RunState::Succeeded && finished.is_none() {
            finished = Some(Earlier::Finished(Box::new(earlier)));
        }
    }
    Ok(finished)
}

/// Ends a run that has changed nothing, so that mended files can be applied: takes its fences off the
/// servers and frees its locks.
async fn give_up(
    folder: &Path,
    store: &Arc<dyn Store>,
    Stored { pair, run }: &Stored,
) -> Result<(), CliError> {
    let id = run.id().clone();
    let credentials = Credentials::fetch(&pair.inventory)?;
    let sealer = Sealer::new(KeySource::from_environment()?);
    let (lease, mut run) = take_over(store.as_ref(), &SystemClock, run).await?;
    let world = world::real(folder, &id, &pair.inventory, &credentials, store, &sealer)?;
    let view = View::of(&pair.plan, &pair.inventory, &run);
    let cleared = world
        .clear_fences(&view, &pair.plan, &run, FENCE_LIMIT)
        .await;
    world.close().await;
    match cleared {
        Ok(unseen) => unseen
            .iter()
            .for_each(|line| output::note(&world.clean(line))),
        Err(error) => {
            store.release(&lease, false).await?;
            return Err(CliError::from(error).hint(format!(
                "run {id} has changed nothing, but its record is still on a server"
            )));
        }
    }
    let ended = EventKind::RunEnded {
        state: RunState::RolledBack,
    };
    write(
        store.as_ref(),
        &SystemClock,
        &lease,
        &mut run,
        vec![(None, ended)],
    )
    .await?;
    store.release(&lease, true).await?;
    output::note(&format!(
        "run {id} had changed nothing; it is given up for this one"
    ));
    Ok(())
}

/// Looks at every stage of the finished run and changes nothing.
async fn already_done(
    arguments: &Apply,
    folder: &Path,
    store: &Arc<dyn Store>,
    Stored { pair, run }: &Stored,
    credentials: &Credentials,
) -> Result<Exit, CliError> {
    let id = run.id().clone();
    let sealer = Sealer::new(KeySource::from_environment()?);
    let world = world::real(folder, &id, &pair.inventory, credentials, store, &sealer)?;
    let registry = Registry::standard();
    let verdicts = verify(&pair.plan, &pair.inventory, &registry, &world, run).await;
    let differs = verdicts
        .iter()
        .any(|verdict| matches!(verdict, Verdict::Differs(_)));
    match arguments.driving.format {
        Format::Text => {
            let roots = roots(&pair.plan, &pair.inventory, Some(run));
            output::print(&report::already_done(&pair.plan, &roots, run, &verdicts))?;
        }
        Format::Json => {
            output::print_json(&report::already_done_json(&pair.plan, run, &verdicts))?;
        }
    }
    Ok(if differs { Exit::Failed } else { Exit::Done })
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
