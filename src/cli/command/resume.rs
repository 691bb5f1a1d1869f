//! `resume`: goes on with an unfinished run, from its own copy of plan and inventory or from
//! edited ones.

use std::path::Path;
use std::sync::Arc;

use super::drive::Bounds;
use super::drive::Ready;
use super::drive::known_stage;
use super::drive::person;
use super::drive::prove_key;
use super::drive::to_the_end;
use super::edited::GoesOnWith;
use super::edited::Wish;
use super::edited::edited_since;
use super::overdue::refuse_overdue;
use crate::action::Credentials;
use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Resume;
use crate::cli::error::CliError;
use crate::cli::files::stored;
use crate::cli::logging;
use crate::cli::output;
use crate::cli::state;
use crate::cli::world;
use crate::engine::EngineError;
use crate::engine::SystemClock;
use crate::engine::take_over;
use crate::engine::to_look_at_again;
use crate::engine::write_and_lock;
use crate::run::EventKind;
use crate::run::LOOK_AGAIN;
use crate::run::RETRY;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::store::KeySource;
use crate::store::Sealer;
use crate::store::StoreError;

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
    let stored = stored(&record, &registry)?;
    if !state::unfinished(stored.run.state()) {
        if arguments.driving.format == Format::Text {
            let state = stored.run.state();
            output::print(&format!("run {id} has ended: {state}\n"))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(exit) = refuse_overdue(store.as_ref(), &stored.run, &folder).await? {
        return Ok(exit);
    }
    let GoesOnWith { pair, event, lock } =
        edited_since(&record.new, &stored, &registry, &wish(arguments)?)?;
    // Everything that is asked for is about the run as it will be.
    let before = match &event {
        Some(event) => stored.run.edited(event).map_err(EngineError::from)?,
        None => stored.run.clone(),
    };
    let retry = arguments
        .retry
        .as_deref()
        .map(|stage| known_stage(stage, &pair.plan))
        .transpose()?;
    let credentials = Credentials::fetch(&pair.inventory)?;
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
    let sealer = Sealer::new(KeySource::from_environment()?);
    prove_key(store.as_ref(), &sealer, &id).await?;
    let world = world::real(&folder, &id, &pair.inventory, &credentials, &store, &sealer)?;
    let world = Arc::new(world);
    world.prove_directory().await?;
    let (lease, mut run) = take_over(store.as_ref(), &SystemClock, &stored.run).await?;
    let mut kinds: Vec<_> = event.map(|event| (None, event)).into_iter().collect();
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
    let began = write_and_lock(store.as_ref(), &SystemClock, &lease, &mut run, kinds, lock);
    if let Err(error) = began.await {
        if let EngineError::Store(StoreError::Locked { .. }) = &error {
            // Another run keeps what the edited files ask for; nobody must wait for this process.
            store.release(&lease, false).await?;
        }
        return Err(error.into());
    }
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

fn wish(arguments: &Resume) -> Result<Wish, CliError> {
    let stage = |text: &String| {
        StageId::new(&**text).map_err(|error| CliError::usage(format!("`{text}`: {error}")))
    };
    Ok(Wish {
        take: arguments.use_edited,
        accept: arguments
            .accept_edit
            .iter()
            .map(stage)
            .collect::<Result<_, _>>()?,
        reason: arguments.reason.clone().unwrap_or_default(),
        aloud: arguments.driving.format == Format::Text,
    })
}
