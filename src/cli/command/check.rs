//! `check`: asks both servers and the directory whether a run could begin, and changes nothing.

use std::path::Path;
use std::sync::Arc;

use super::earlier::Meaning;
use super::earlier::meaning;
use crate::action::Credentials;
use crate::action::Registry;
use crate::action::first_reach;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Check;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::read_pair;
use crate::cli::output;
use crate::cli::real;
use crate::cli::state;
use crate::cli::world;
use crate::engine::Drive;
use crate::engine::SystemClock;
use crate::engine::begin;
use crate::engine::check;
use crate::plan::path;
use crate::report;
use crate::run::Asked;
use crate::run::Place;
use crate::run::Run;
use crate::run::RunId;
use crate::store::KeySource;
use crate::store::MemoryStore;
use crate::store::Sealer;
use crate::store::Store;

pub(super) async fn execute(arguments: &Check, given: Option<&Path>) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let pair = read_pair(
        &arguments.plan,
        &arguments.inventory,
        &registry,
        &arguments.accept,
    )?;
    let folder = state::folder(given, Some(&arguments.inventory));
    let earlier = match state::earlier(&folder)? {
        Some(store) => meaning(store.as_ref(), &pair, &registry).await?,
        None => Meaning::default(),
    };
    let rows = path(&pair.plan, &roots(&pair.plan, &pair.inventory, None));
    let cannot = real::why_not(&pair.plan, &pair.inventory, &rows);
    // Servers that `apply` cannot change are not connected either.
    let (asked, run) = if cannot.is_empty() {
        let Some((asked, run)) = ask(&pair, registry, earlier.gives_up).await? else {
            output::note("stopped; nothing was changed");
            return Ok(Exit::Stopped);
        };
        (asked, Some(run))
    } else {
        (Vec::new(), None)
    };
    let roots = roots(&pair.plan, &pair.inventory, run.as_ref());
    let refused = cannot.into_iter().chain(earlier.refused).collect();
    let document = report::checked(&pair.plan, &roots, &asked, refused);
    if let Some(note) = earlier.note {
        output::note(&note);
    }
    match arguments.format {
        Format::Text => output::print(&document.text(&pair.plan))?,
        Format::Json => output::print_json(&document)?,
    }
    Ok(if document.ready {
        Exit::Done
    } else {
        Exit::NOT_READY
    })
}

/// Asks in a run that nobody keeps; `None` where a person stops it.
async fn ask(
    pair: &Pair,
    registry: Registry,
    gives_up: Option<RunId>,
) -> Result<Option<(Vec<Asked>, Run)>, CliError> {
    let credentials = Credentials::fetch(&pair.inventory)?;
    let mut reach = first_reach(&pair.inventory);
    let source = reach.remove(&Place::Source);
    let Some(reach) = source.zip(reach.remove(&Place::Destination)) else {
        return Err(CliError::usage("the inventory does not name two servers"));
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let (lease, mut run) = begin(
        store.as_ref(),
        &SystemClock,
        &pair.plan,
        &pair.inventory,
        reach,
        Vec::new(),
        Vec::new(),
    )
    .await?;
    let folder = tempfile::Builder::new()
        .prefix("sms-plan-check-")
        .tempdir()
        .map_err(|error| CliError::usage(format!("no folder for the connections: {error}")))?;
    let sealer = Sealer::new(KeySource::from_environment()?);
    let world = world::real(
        folder.path(),
        run.id(),
        &pair.inventory,
        &credentials,
        &store,
        &sealer,
    )?;
    let world = Arc::new(world.with_given_up(gives_up));
    let drive = Drive {
        plan: Arc::clone(&pair.plan),
        inventory: Arc::clone(&pair.inventory),
        registry: Arc::new(registry),
        world: Arc::clone(&world),
        store,
        sealer,
        lease,
        clock: Arc::new(SystemClock),
        parallel: 1,
        until: None,
    };
    let asked = tokio::select! {
        asked = check(&drive, &mut run) => Some(asked),
        _ = tokio::signal::ctrl_c() => None,
    };
    world.close().await;
    Ok(asked.transpose()?.map(|asked| (asked, run)))
}
