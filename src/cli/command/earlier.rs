//! What an earlier run for the same two servers means for an `apply`: it goes on, it is given up, or
//! it has done everything already.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::action::Credentials;
use crate::action::Registry;
use crate::action::View;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Apply;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::Stored;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::cli::world;
use crate::engine::SystemClock;
use crate::engine::has_changed;
use crate::engine::take_over;
use crate::engine::verify;
use crate::engine::write;
use crate::plan::Edit;
use crate::plan::HostSpec;
use crate::plan::compare;
use crate::plan::compare_inventories;
use crate::plan::inventory_edits;
use crate::plan::plan_edits;
use crate::report;
use crate::run::EventKind;
use crate::run::RunId;
use crate::run::RunState;
use crate::run::Verdict;
use crate::store::KeySource;
use crate::store::Sealer;
use crate::store::Store;

/// How long the removal of a fence may take on one server.
const FENCE_LIMIT: Duration = Duration::from_mins(1);

/// How many edits of a finished run's files are named.
const NAMED: usize = 3;

/// Looks for an earlier run for the same servers. Returns how the program ends because of it, or
/// `None` where a new run may begin.
///
/// # Errors
///
/// When that run has to end first, or was another one than the files now say.
pub(super) async fn after_earlier(
    arguments: &Apply,
    folder: &Path,
    store: &Arc<dyn Store>,
    pair: &Pair,
    registry: &Registry,
    credentials: &Credentials,
) -> Result<Option<Exit>, CliError> {
    let state = folder.display();
    match earlier_run(store.as_ref(), pair, registry).await? {
        Some(Earlier::Unfinished(id)) => Err(CliError::usage(format!(
            "run {id} for these servers has not ended"
        ))
        .hint(format!(
            "go on with it: sms-plan resume {id} --state {state}; or take it back: \
             sms-plan rollback {id} --state {state}"
        ))),
        Some(Earlier::RollingBack(id)) => Err(CliError::usage(format!(
            "run {id} for these servers is being rolled back, and that has not ended"
        ))
        .hint(format!(
            "go on with that first: sms-plan rollback {id} --state {state}"
        ))),
        Some(Earlier::Untouched(earlier)) => {
            give_up(folder, store, &earlier).await?;
            Ok(None)
        }
        Some(Earlier::Finished(earlier)) => {
            refuse_edited(&earlier, pair, arguments, folder)?;
            already_done(arguments, folder, store, &earlier, registry, credentials)
                .await
                .map(Some)
        }
        None => Ok(None),
    }
}

/// What an earlier run for the same servers means for an `apply`, in words for a person.
#[derive(Default)]
pub(super) struct Meaning {
    /// Why it would refuse.
    pub(super) refused: Option<String>,
    /// What else is to be known.
    pub(super) note: Option<String>,
    /// The run that it would give up.
    pub(super) gives_up: Option<RunId>,
}

/// Says what an `apply` would make of an earlier run.
pub(super) async fn meaning(
    store: &dyn Store,
    pair: &Pair,
    registry: &Registry,
) -> Result<Meaning, CliError> {
    let refused = |words| Meaning {
        refused: Some(words),
        ..Meaning::default()
    };
    Ok(match earlier_run(store, pair, registry).await? {
        Some(Earlier::Unfinished(id)) => refused(format!(
            "run {id} for these servers has not ended: go on with it (resume), or take it back \
             (rollback)"
        )),
        Some(Earlier::RollingBack(id)) => refused(format!(
            "run {id} for these servers is being rolled back, and that has not ended: go on with it \
             (rollback)"
        )),
        Some(Earlier::Untouched(earlier)) => Meaning {
            note: Some(format!(
                "run {} for these servers has changed nothing; the next apply gives it up",
                earlier.run.id()
            )),
            gives_up: Some(earlier.run.id().clone()),
            ..Meaning::default()
        },
        Some(Earlier::Finished(earlier)) => Meaning {
            note: Some(format!(
                "run {} for these servers has finished; an apply would only look whether all stands",
                earlier.run.id()
            )),
            ..Meaning::default()
        },
        None => Meaning::default(),
    })
}

/// A finished run is looked at by its own plan: what was written into the file since was never done.
fn refuse_edited(
    Stored { pair, run }: &Stored,
    now: &Pair,
    arguments: &Apply,
    folder: &Path,
) -> Result<(), CliError> {
    let plan = compare(&pair.plan, &now.plan);
    let inventory = compare_inventories(&pair.inventory, &now.inventory);
    let inventory = inventory_edits(&inventory, &pair.inventory, &now.inventory, &now.plan);
    let edits = plan_edits(&plan).into_iter().chain(inventory);
    let edits: Vec<Edit> = edits.filter(|edit| !edit.is_taken_by_itself()).collect();
    if edits.is_empty() {
        return Ok(());
    }
    let mut words: Vec<&str> = edits.iter().map(|edit| edit.words.as_str()).collect();
    let more = words.len().saturating_sub(NAMED);
    words.truncate(NAMED);
    let mut words = words.join("; ");
    if more > 0 {
        words = format!("{words}; and {more} more");
    }
    let id = run.id();
    let plan = arguments.plan.display();
    Err(CliError::usage(format!(
        "run {id} for these servers has finished, and the files say something else by now: {words}"
    ))
    .hint(format!(
        "take it back first: sms-plan rollback {id} --state {}; or, where `{plan}` is for something \
         else than that run, give it another `metadata.name`",
        folder.display()
    )))
}

/// A run for the same two servers.
enum Earlier {
    Unfinished(RunId),
    /// Unfinished, and on its way back.
    RollingBack(RunId),
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
        // The state before a run that was rolled back is that of an earlier one, and a plan of
        // another name is for something else.
        let same = pair.plan.metadata.name == wanted.plan.metadata.name;
        if line.state == RunState::Succeeded && same && finished.is_none() {
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
    registry: &Registry,
    credentials: &Credentials,
) -> Result<Exit, CliError> {
    let id = run.id().clone();
    let sealer = Sealer::new(KeySource::from_environment()?);
    let world = world::real(folder, &id, &pair.inventory, credentials, store, &sealer)?;
    let world = Arc::new(world);
    let verdicts = verify(&pair.plan, &pair.inventory, registry, &world, run).await;
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
