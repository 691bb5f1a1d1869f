//! `resume`: goes on with an unfinished run, from its own copy of plan and inventory or from
//! edited ones.

use std::path::Path;

use super::drive::Bounds;
use super::drive::known_stage;
use super::drive::person;
use super::drive::to_the_end;
use super::edited::GoesOnWith;
use super::edited::Wish;
use super::edited::edited_since;
use super::overdue::refuse_overdue;
use super::ready::Ready;
use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Resume;
use crate::cli::error::CliError;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::engine::EngineError;
use crate::engine::SystemClock;
use crate::engine::to_look_at_again;
use crate::engine::write_and_lock;
use crate::plan::Plan;
use crate::run::EventKind;
use crate::run::LOOK_AGAIN;
use crate::run::RETRY;
use crate::run::Run;
use crate::run::StageId;
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
    let decisions = decisions(arguments, &pair.plan, &registry, &before)?;
    let bounds = Bounds::new(&arguments.bounded, &pair.plan, Some(&before))?;
    let mut ready = Ready::taken_over(pair, registry, store, &stored.run, &folder, verbose).await?;
    let mut kinds: Vec<_> = event.map(|event| (None, event)).into_iter().collect();
    kinds.extend(decisions);
    kinds.push((None, ready.run.resumed(person())));
    let Ready {
        store, lease, run, ..
    } = &mut ready;
    let began = write_and_lock(store.as_ref(), &SystemClock, lease, run, kinds, lock);
    if let Err(error) = began.await {
        if let EngineError::Store(StoreError::Locked { .. }) = &error {
            // Another run keeps what the edited files ask for; nobody must wait for this process.
            store.release(lease, false).await?;
        }
        return Err(error.into());
    }
    to_the_end(ready, &arguments.driving, bounds).await
}

/// What the command line decides about single stages, for the journal.
fn decisions(
    arguments: &Resume,
    plan: &Plan,
    registry: &Registry,
    run: &Run,
) -> Result<Vec<(Option<StageId>, EventKind)>, CliError> {
    if run.back().is_some() && (arguments.retry.is_some() || arguments.from.is_some()) {
        return Err(CliError::usage(format!(
            "run {} is being rolled back: no stage of it runs again",
            run.id()
        ))
        .hint("sms-plan rollback --retry STAGE undoes one whatever a look shows"));
    }
    let mut decided = Vec::new();
    if let Some(stage) = &arguments.retry {
        let stage = known_stage(stage, plan)?;
        let position = run.position(&stage);
        if position.is_some_and(|position| run.stage(position).status.has_ended()) {
            return Err(CliError::usage(format!(
                "stage `{stage}` has ended already: there is nothing to retry"
            )));
        }
        decided.push((stage, RETRY));
    }
    if let Some(from) = &arguments.from {
        let first = plan.index_of(&known_stage(from, plan)?).unwrap_or_default();
        let again = to_look_at_again(plan, registry, run, first);
        if again.is_empty() {
            output::note(&format!(
                "no stage from `{from}` on has ended and left anything to look at"
            ));
        }
        decided.extend(again.into_iter().map(|stage| (stage, LOOK_AGAIN)));
    }
    let accepted = |(stage, what): (StageId, &str)| {
        let kind = EventKind::OverrideAccepted {
            what: what.to_owned(),
            by: person(),
            reason: arguments.reason.clone().unwrap_or_default(),
        };
        (Some(stage), kind)
    };
    Ok(decided.into_iter().map(accepted).collect())
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
