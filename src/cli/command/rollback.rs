//! `rollback`: takes a run back, stage by stage, and compares with what was there before it.

use std::path::Path;

use super::drive::Bounds;
use super::drive::known_stage;
use super::drive::person;
use super::drive::to_the_end;
use super::ready::Ready;
use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Driving;
use crate::cli::arguments::Format;
use crate::cli::arguments::Rollback;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::Stored;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::cli::subjects::subjects;
use crate::engine::SystemClock;
use crate::engine::turn_round;
use crate::engine::write;
use crate::plan::Plan;
use crate::report;
use crate::run::EventKind;
use crate::run::LEAVE;
use crate::run::RETRY;
use crate::run::Run;
use crate::run::RunId;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::store::Store;

pub(super) async fn execute(
    arguments: &Rollback,
    given: Option<&Path>,
    verbose: u8,
) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_roll_back(store.as_ref(), arguments.run.as_deref()).await?;
    let record = store.read(&id).await?;
    let Stored { pair, run: before } = stored(&record, &registry)?;
    let roots = roots(&pair.plan, &pair.inventory, Some(&before));
    if before.state() == RunState::RolledBack {
        if arguments.format == Format::Text {
            output::print(&report::ending(&pair.plan, &roots, &before, &folder))?;
        }
        return Ok(Exit::RolledBack);
    }
    if before.state() == RunState::Succeeded {
        refuse_superseded(store.as_ref(), &id, &pair, &folder).await?;
    }
    let way_back = report::WayBack::of(&pair.plan, &roots, &before);
    if arguments.preview {
        match arguments.format {
            Format::Text => output::print(&way_back.text())?,
            Format::Json => output::print_json(&way_back)?,
        }
        return Ok(Exit::Done);
    }
    let decisions = decisions(arguments, &pair.plan, &before)?;
    if !confirmed(arguments, &way_back)? {
        return Err(CliError::usage("not confirmed: nothing was changed"));
    }
    let mut ready = Ready::taken_over(pair, registry, store, &before, &folder, verbose).await?;
    let Ready {
        pair,
        store,
        lease,
        run,
        ..
    } = &mut ready;
    let mut kinds = decisions;
    if run.back().is_some() {
        kinds.push((None, run.resumed(person())));
    } else {
        let reason = arguments.reason.clone().unwrap_or_default();
        let subjects = subjects(&pair.inventory);
        let turned = turn_round(
            store.as_ref(),
            &SystemClock,
            lease,
            run,
            subjects,
            person(),
            reason,
        );
        if let Err(error) = turned.await {
            store.release(lease, false).await?;
            return Err(error.into());
        }
    }
    write(store.as_ref(), &SystemClock, lease, run, kinds).await?;
    let driving = Driving {
        parallel: 1,
        format: arguments.format,
    };
    to_the_end(ready, &driving, Bounds::default()).await
}

/// A run that had succeeded is taken back only while nothing newer stands upon it.
async fn refuse_superseded(
    store: &dyn Store,
    id: &RunId,
    pair: &Pair,
    folder: &Path,
) -> Result<(), CliError> {
    let runs = store.runs().await?;
    let newer = runs.iter().skip_while(|line| line.id != *id).skip(1);
    let own = subjects(&pair.inventory);
    for line in newer.filter(|line| line.state != RunState::RolledBack) {
        let record = store.read(&line.id).await?;
        let other = stored(&record, &Registry::standard())?.pair;
        let others = subjects(&other.inventory);
        if let Some(shared) = own.iter().find(|subject| others.contains(subject)) {
            return Err(CliError::usage(format!(
                "run {id} cannot be rolled back: the newer run {} is about `{shared}` as well, and \
                 stands upon what this one left",
                line.id
            ))
            .hint(format!(
                "take that one back first: sms-plan rollback {} --state {}",
                line.id,
                folder.display()
            )));
        }
    }
    Ok(())
}

/// What the command line decides about single stages, for the journal.
fn decisions(
    arguments: &Rollback,
    plan: &Plan,
    run: &Run,
) -> Result<Vec<(Option<StageId>, EventKind)>, CliError> {
    let retry = arguments.retry.iter().map(|stage| (stage, RETRY));
    let leave = arguments.leave.iter().map(|stage| (stage, LEAVE));
    let mut kinds = Vec::new();
    for (stage, what) in retry.chain(leave) {
        let stage = known_stage(stage, plan)?;
        let state = plan.index_of(&stage).map(|position| run.stage(position));
        let nothing = state.is_none_or(|state| {
            state.begun.is_none()
                || matches!(
                    state.status,
                    StageStatus::Skipped | StageStatus::Undone | StageStatus::Left
                )
        });
        if nothing {
            return Err(CliError::usage(format!(
                "stage `{stage}` has nothing that is to be undone"
            )));
        }
        let kind = EventKind::OverrideAccepted {
            what: what.to_owned(),
            by: person(),
            reason: arguments.reason.clone().unwrap_or_default(),
        };
        kinds.push((Some(stage), kind));
    }
    Ok(kinds)
}

fn confirmed(arguments: &Rollback, way_back: &report::WayBack) -> Result<bool, CliError> {
    if arguments.format == Format::Text {
        output::print(&way_back.text())?;
        output::print("\n")?;
    }
    if arguments.yes {
        return Ok(true);
    }
    output::asked("Take it back now?", "sms-plan rollback --preview")
}
