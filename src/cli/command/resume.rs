//! `resume`: goes on with an unfinished run, from its own copy of plan and inventory.

use std::path::Path;

use super::drive::Bounds;
use super::drive::Ready;
use super::drive::known_stage;
use super::drive::person;
use super::drive::prove_key;
use super::drive::to_the_end;
use crate::action::Credentials;
use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Resume;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::read_inventory;
use crate::cli::files::read_plan;
use crate::cli::files::stored_pair;
use crate::cli::logging;
use crate::cli::output;
use crate::cli::state;
use crate::cli::world;
use crate::engine::SystemClock;
use crate::engine::take_over;
use crate::engine::to_look_at_again;
use crate::engine::write;
use crate::plan::Diagnostics;
use crate::plan::compare;
use crate::plan::compare_inventories;
use crate::report;
use crate::run::EventKind;
use crate::run::LOOK_AGAIN;
use crate::run::RETRY;
use crate::run::Run;
use crate::run::StageStatus;
use crate::store::KeySource;
use crate::store::NewRun;
use crate::store::Sealer;

pub(super) async fn execute(
    arguments: &Resume,
    given: Option<&Path>,
    verbose: u8,
) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_resume(store.as_ref(), arguments.run.as_deref()).await?;
    let record = store.read(&id).await?;
    let new = &record.new;
    let pair = stored_pair(&record.new, &registry)?;
    let retry = arguments
        .retry
        .as_deref()
        .map(|stage| known_stage(stage, &pair.plan))
        .transpose()?;
    let credentials = Credentials::fetch(&pair.inventory)?;
    let shape = crate::engine::shape_of(&pair.plan);
    let before =
        Run::read(id.clone(), shape, &record.events).map_err(crate::engine::EngineError::from)?;
    if let Some(stage) = &retry {
        let status = before
            .position(stage)
            .map(|position| before.stage(position).status);
        if status.is_some_and(|status| status.has_ended() || status == StageStatus::Undone) {
            return Err(CliError::usage(format!(
                "stage `{stage}` has ended already: there is nothing to retry"
            )));
        }
    }
    if !state::unfinished(before.state()) {
        if arguments.driving.format == Format::Text {
            output::print(&format!("run {id} has ended: {}\n", before.state()))?;
        }
        return Ok(Exit::Done);
    }
    if before.back().is_some() && (retry.is_some() || arguments.from.is_some()) {
        return Err(CliError::usage(format!(
            "run {id} is being rolled back: no stage of it runs again"
        ))
        .hint("sms-plan rollback --retry STAGE undoes one whatever a look shows"));
    }
    let bounds = Bounds::new(&arguments.bounded, &pair.plan, Some(&before))?;
    let again = match &arguments.from {
        Some(from) => {
            let from = known_stage(from, &pair.plan)?;
            let from = pair.plan.index_of(&from).unwrap_or_default();
            to_look_at_again(&pair.plan, &registry, &before, from)
        }
        None => Vec::new(),
    };
    if let Some(from) = &arguments.from
        && again.is_empty()
    {
        output::note(&format!(
            "no stage from `{from}` on has ended and left anything to look at"
        ));
    }
    say_edited(new, &pair, &registry, arguments.driving.format)?;
    let sealer = Sealer::new(KeySource::from_environment()?);
    prove_key(store.as_ref(), &sealer, &id).await?;
    let world = world::real(&folder, &id, &pair.inventory, &credentials, &store, &sealer)?;
    world.prove_directory().await?;
    let (lease, mut run) = take_over(store.as_ref(), &SystemClock, &record, &pair.plan).await?;
    let mut kinds = Vec::new();
    let asked = retry
        .map(|stage| (stage, RETRY))
        .into_iter()
        .chain(again.into_iter().map(|stage| (stage, LOOK_AGAIN)));
    for (stage, what) in asked {
        kinds.push((
            Some(stage),
            EventKind::OverrideAccepted {
                what: what.to_owned(),
                by: person(),
                reason: arguments.reason.clone().unwrap_or_default(),
            },
        ));
    }
    kinds.push((None, run.resumed(person())));
    write(store.as_ref(), &SystemClock, &lease, &mut run, kinds).await?;
    logging::start(verbose, Some(&world::run_folder(&folder, &id).join("log")))?;
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

/// A run goes on with the texts that it began with; whoever has edited the files must know that, and
/// what the edits mean.
fn say_edited(
    new: &NewRun,
    pair: &Pair,
    registry: &Registry,
    format: Format,
) -> Result<(), CliError> {
    if format == Format::Json {
        return Ok(());
    }
    let plan = || {
        let edited = read_plan(Path::new(&new.plan_path), registry)?.value;
        let difference = compare(&pair.plan, &edited);
        let told = report::plan_difference(&difference, &pair.plan, &edited);
        Ok((!difference.is_empty()).then_some(told))
    };
    let inventory = || {
        let edited = read_inventory(Path::new(&new.inventory_path))?.value;
        let difference = compare_inventories(&pair.inventory, &edited);
        let told = report::inventory_difference(&difference);
        Ok((!difference.is_empty()).then_some(told))
    };
    say_edited_file(&new.plan_path, &new.plan_text, plan)?;
    say_edited_file(&new.inventory_path, &new.inventory_text, inventory)
}

fn say_edited_file(
    path: &str,
    text: &str,
    difference: impl FnOnce() -> Result<Option<String>, Diagnostics>,
) -> Result<(), CliError> {
    let (edited, told) = match std::fs::read_to_string(path) {
        Ok(now) if now == text => return Ok(()),
        Err(_) => ("cannot be read any more", None),
        Ok(_) => match difference() {
            Ok(None) => ("was edited since, and means the same", None),
            Ok(told) => ("was edited since", told),
            Err(_) => ("was edited since, and is faulty now", None),
        },
    };
    output::print(&format!(
        "note: `{path}` {edited}; this run goes on with the text that it began with\n"
    ))?;
    if let Some(told) = told {
        output::print(&format!("\n{told}\n"))?;
    }
    Ok(())
}
