//! `rehearse`: the same plan, engine and actions on a simulated twin of both servers.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::drive::known_stage;
use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Follow;
use crate::cli::arguments::Format;
use crate::cli::arguments::Rehearse;
use crate::cli::error::CliError;
use crate::cli::files::read_pair;
use crate::cli::output;
use crate::rehearse::Rehearsal;
use crate::rehearse::RehearseError;
use crate::rehearse::Setting;
use crate::rehearse::Then;
use crate::rehearse::every_fault;
use crate::rehearse::random_faults;
use crate::rehearse::rehearse;
use crate::report;
use crate::report::Live;
use crate::run::Event;
use crate::run::Run;
use crate::run::RunState;
use crate::simulated::Assumptions;
use crate::simulated::Fault;

/// What makes a fault a drawn one.
const RANDOM: &str = "random:";

/// How often a roll back that stands still is mended and gone on with.
const MENDED: u32 = 3;

pub(super) async fn execute(arguments: Rehearse) -> Result<Exit, CliError> {
    // Virtual time is a property of a whole runtime, so a rehearsal has one of its own.
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(held(&arguments))
    })
    .await
    .map_err(|error| CliError::usage(format!("the rehearsal broke off: {error}")))?
}

async fn held(arguments: &Rehearse) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let pair = read_pair(
        &arguments.plan,
        &arguments.inventory,
        &registry,
        &arguments.accept,
    )?;
    let assumptions =
        Assumptions::read(&arguments.assume).map_err(|error| CliError::usage(error.to_string()))?;
    let until = arguments.until.as_deref();
    let until = until
        .map(|stage| known_stage(stage, &pair.plan))
        .transpose()?;
    let mut setting = Setting {
        until,
        then: match arguments.then {
            None => Then::Nothing,
            Some(Follow::Rollback) => Then::RollBack,
        },
        cut_back: None,
        plan: pair.plan,
        inventory: pair.inventory,
        registry: Arc::new(registry),
        assumptions,
        seed: arguments.seed,
        faults: Vec::new(),
        // The same words wherever it is rehearsed, as the seed promises.
        decisions: pair
            .accepted
            .iter()
            .map(|one| one.event("rehearsal".to_owned()))
            .collect(),
        parallel: usize::from(arguments.driving.parallel),
        // Whatever disturbs a roll back is mended, as a person would.
        resumes: match arguments.then {
            None => 0,
            Some(Follow::Rollback) => MENDED,
        },
    };
    if arguments.every_fault {
        return table(&setting, arguments.driving.format).await;
    }
    setting.faults = faults(arguments, &setting).await?;
    let format = arguments.driving.format;
    let rehearsal = told(&setting, format).await?;
    // What a run costs that did not end says nothing of one that did.
    let comparable = setting.parallel > 1 && rehearsal.run.state() == RunState::Succeeded;
    let alone = if comparable {
        let one_by_one = Setting {
            parallel: 1,
            ..setting.clone()
        };
        Some(rehearse(&one_by_one, &mut |_, _| {}).await?)
    } else {
        None
    };
    match format {
        Format::Text => output::print(&report::rehearsed(
            &setting.plan,
            setting.parallel,
            &rehearsal,
            alone.as_ref(),
        ))?,
        Format::Json => {
            let value = report::rehearsed_json(&setting.plan, &rehearsal, alone.as_ref());
            output::print(&format!("{value}\n"))?;
        }
    }
    let returned = rehearsal.back.as_ref();
    Ok(match rehearsal.run.state() {
        RunState::RolledBack if returned.is_some_and(|back| !back.differences.is_empty()) => {
            Exit::DIFFERENT
        }
        RunState::RolledBack => Exit::RolledBack,
        RunState::Succeeded => Exit::Done,
        RunState::Paused => Exit::Paused,
        RunState::Stopped => Exit::Stopped,
        _ => Exit::Failed,
    })
}

/// Rehearses, and tells every event as `apply` does.
async fn told(setting: &Setting, format: Format) -> Result<Rehearsal, CliError> {
    let live: Mutex<Option<Live>> = Mutex::new(None);
    let mut report = |event: &Event, run: &Run| {
        if format == Format::Json {
            if output::print(&report::event_json(event)).is_err() {
                tracing::warn!(seq = event.seq, "the event could not be printed");
            }
            return;
        }
        let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
        let live = live.get_or_insert_with(|| Live::new(&setting.plan, run));
        live.hear(event, run, &|| {
            roots(&setting.plan, &setting.inventory, Some(run))
        });
    };
    Ok(rehearse(setting, &mut report).await?)
}

/// The faults of the command line, each at a stage that the plan has.
async fn faults(arguments: &Rehearse, setting: &Setting) -> Result<Vec<Fault>, CliError> {
    let mut faults = Vec::new();
    for text in &arguments.fault {
        if let Some(seed) = text.strip_prefix(RANDOM) {
            let seed = seed
                .parse()
                .map_err(|_| CliError::usage(format!("`{seed}` is no seed: a whole number is")))?;
            faults.extend(random_faults(setting, seed).await?);
            continue;
        }
        let fault: Fault = text
            .parse()
            .map_err(|error| CliError::usage(format!("--fault {text}: {error}")))?;
        if setting.plan.index_of(&fault.stage).is_none() {
            return Err(CliError::usage(format!(
                "--fault {text}: the plan has no stage `{}`",
                fault.stage
            ))
            .hint("`sms-plan preview` lists the stages"));
        }
        faults.push(fault);
    }
    Ok(faults)
}

async fn table(setting: &Setting, format: Format) -> Result<Exit, CliError> {
    let (undisturbed, rows) = every_fault(setting, |_| true).await?;
    match format {
        Format::Text => output::print(&report::fault_table(&setting.plan, &undisturbed, &rows))?,
        Format::Json => output::print_json(&report::fault_table_json(&undisturbed, &rows))?,
    }
    let good = undisturbed.run.state() == RunState::Succeeded
        && rows
            .iter()
            .all(|row| row.rehearsal.ended_well() && row.rehearsal.end.wrongs.is_empty());
    Ok(if good { Exit::Done } else { Exit::Failed })
}

impl From<RehearseError> for CliError {
    fn from(error: RehearseError) -> Self {
        let chain = crate::action::chain_of(&error);
        Self::usage(chain.join(": "))
    }
}
