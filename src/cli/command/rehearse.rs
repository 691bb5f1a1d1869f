//! `rehearse`: the same plan, engine and actions on a simulated twin of both servers.

use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Format;
use crate::cli::arguments::Rehearse;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::files::Stored;
use crate::cli::files::read_pair;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::engine::EngineError;
use crate::engine::shape_of;
use crate::plan::Plan;
use crate::rehearse::Measured;
use crate::rehearse::Rehearsal;
use crate::rehearse::RehearseError;
use crate::rehearse::Setting;
use crate::rehearse::done;
use crate::rehearse::every_fault;
use crate::rehearse::fitted;
use crate::rehearse::random_faults;
use crate::rehearse::rehearse;
use crate::report;
use crate::report::Live;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::RunState;
use crate::simulated::Assumptions;
use crate::simulated::Fault;
use crate::simulated::Observed;
use crate::simulated::Tempo;

/// How many finished runs say how long things take: the latest.
const MOST_RUNS: usize = 20;

/// What makes a fault a drawn one.
const RANDOM: &str = "random:";

pub(super) async fn execute(arguments: Rehearse, given: Option<&Path>) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let subject = match &arguments.from_run {
        Some(run) => Subject::of_run(run, &arguments, given, &registry).await?,
        None => Subject::of_files(&arguments, &registry)?,
    };
    let earlier = earlier(&arguments, given, &subject.pair.plan).await?;
    // Virtual time is a property of a whole runtime, so a rehearsal has one of its own.
    tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(held(&arguments, subject, earlier, registry))
    })
    .await
    .map_err(|error| CliError::usage(format!("the rehearsal broke off: {error}")))?
}

/// What is rehearsed.
struct Subject {
    pair: Pair,
    observed: Option<Observed>,
    decisions: Vec<EventKind>,
}

impl Subject {
    fn of_files(arguments: &Rehearse, registry: &Registry) -> Result<Self, CliError> {
        let (Some(plan), Some(inventory)) = (&arguments.plan, &arguments.inventory) else {
            return Err(CliError::usage(
                "a plan and an inventory, or a run, are needed",
            ));
        };
        let pair = read_pair(plan, inventory, registry, &arguments.accept)?;
        // The same words wherever it is rehearsed, as the seed promises.
        let accepted = pair.accepted.iter();
        let decisions = accepted.map(|one| one.event("rehearsal".to_owned()));
        Ok(Self {
            decisions: decisions.collect(),
            pair,
            observed: None,
        })
    }

    /// The texts that a run has, what it saw of its servers, and what a person had accepted.
    async fn of_run(
        run: &str,
        arguments: &Rehearse,
        given: Option<&Path>,
        registry: &Registry,
    ) -> Result<Self, CliError> {
        let folder = state::folder(given, arguments.inventory.as_deref());
        let store = state::existing(&folder)?;
        let id = state::run_id(run)?;
        let record = store.read(&id).await?;
        let Stored { pair, run } = stored(&record, registry)?;
        let observed = Observed::of(&pair.plan, &run).map_err(|error| {
            CliError::usage(error.to_string())
                .hint("a twin is made of what a run saw when it connected to both servers; choose another run: `sms-plan runs`")
        })?;
        let accepted = run
            .accepted()
            .iter()
            .map(|one| EventKind::OverrideAccepted {
                what: one.what.clone(),
                by: one.by.clone(),
                reason: one.reason.clone(),
            });
        Ok(Self {
            decisions: accepted.collect(),
            pair,
            observed: Some(observed),
        })
    }
}

/// The runs whose times may be taken, each with its journal: those that are named, else every finished
/// one of the state folder that the plan can read.
async fn earlier(
    arguments: &Rehearse,
    given: Option<&Path>,
    plan: &Plan,
) -> Result<Vec<(Run, Vec<Event>)>, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let named = !arguments.timing_from.is_empty();
    if !named && !folder.join("state.db").exists() {
        return Ok(Vec::new());
    }
    let store = state::existing(&folder)?;
    let ids = if named {
        let ids = arguments.timing_from.iter();
        ids.map(|text| state::run_id(text))
            .collect::<Result<_, _>>()?
    } else {
        let mut runs = store.runs().await?;
        runs.retain(|run| run.state == RunState::Succeeded);
        let latest = runs.len().saturating_sub(MOST_RUNS);
        runs.drain(latest..).map(|run| run.id).collect::<Vec<_>>()
    };
    let mut earlier = Vec::new();
    for id in ids {
        let events = store.read(&id).await?.events;
        match Run::read(id.clone(), shape_of(plan), &events) {
            Ok(run) => earlier.push((run, events)),
            Err(error) if named => {
                let error = CliError::from(EngineError::from(error));
                return Err(error.hint(format!("run {id} is of another plan")));
            }
            // A run of another plan says nothing of this one.
            Err(_) => {}
        }
    }
    Ok(earlier)
}

/// How fast things go by the runs that are named, else by those of the same kind: with the same stages.
async fn tempo(
    setting: &Setting,
    earlier: Vec<(Run, Vec<Event>)>,
    named: bool,
) -> Result<Tempo, CliError> {
    if earlier.is_empty() {
        return Ok(Tempo::default());
    }
    let calm = rehearse(setting, &mut |_, _| {}).await?;
    let mut measured = Measured::default();
    for (run, events) in &earlier {
        if named || done(run) == done(&calm.run) {
            measured.add(run, events);
        }
    }
    if !measured.is_empty() {
        return Ok(fitted(setting, &measured).await?);
    }
    if named {
        return Err(CliError::usage(
            "none of these runs has a stage that went through at its first attempt",
        ));
    }
    Ok(Tempo::default())
}

async fn held(
    arguments: &Rehearse,
    subject: Subject,
    earlier: Vec<(Run, Vec<Event>)>,
    registry: Registry,
) -> Result<Exit, CliError> {
    let Subject {
        pair,
        observed,
        decisions,
    } = subject;
    let assumptions =
        Assumptions::read(&arguments.assume).map_err(|error| CliError::usage(error.to_string()))?;
    let mut setting = Setting {
        plan: pair.plan,
        inventory: pair.inventory,
        registry: Arc::new(registry),
        observed: observed.map(Arc::new),
        assumptions,
        tempo: Tempo::default(),
        seed: arguments.seed,
        faults: Vec::new(),
        interruptions: Vec::new(),
        decisions,
        parallel: usize::from(arguments.driving.parallel),
        resumes: 0,
    };
    setting.tempo = tempo(&setting, earlier, !arguments.timing_from.is_empty()).await?;
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
            &setting.tempo,
            alone.as_ref(),
        ))?,
        Format::Json => {
            let value = report::rehearsed_json(&setting.plan, &rehearsal, alone.as_ref());
            output::print(&format!("{value}\n"))?;
        }
    }
    Ok(match rehearsal.run.state() {
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
        && rows.iter().all(|row| {
            row.rehearsal.run.state() == RunState::Succeeded && row.rehearsal.end.wrongs.is_empty()
        });
    Ok(if good { Exit::Done } else { Exit::Failed })
}

impl From<RehearseError> for CliError {
    fn from(error: RehearseError) -> Self {
        let chain = crate::action::chain_of(&error);
        Self::usage(chain.join(": "))
    }
}
