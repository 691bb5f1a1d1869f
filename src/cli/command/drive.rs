//! What `apply`, `resume` and `rollback` share: signals, live progress, and how a run's end is told.

use std::cell::OnceCell;
use std::sync::Arc;

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::watch;

use super::ready::Ready;
use crate::action::View;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Bounded;
use crate::cli::arguments::Driving;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::world;
use crate::engine::Drive;
use crate::engine::News;
use crate::engine::Stop;
use crate::engine::SystemClock;
use crate::engine::drive;
use crate::engine::write;
use crate::plan::Plan;
use crate::report;
use crate::report::Closing;
use crate::report::Live;
use crate::report::document::text;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::RunState;
use crate::run::StageId;
use crate::store::Lease;
use crate::store::Store;

/// How far a person lets this process go.
#[derive(Default)]
pub(super) struct Bounds {
    until: Option<StageId>,
    pause_before: Vec<StageId>,
}

impl Bounds {
    /// Reads them from the command line, for a plan, and for a run of it if there is one.
    pub(super) fn new(bounded: &Bounded, plan: &Plan, run: Option<&Run>) -> Result<Self, CliError> {
        let until = bounded.until.as_deref();
        let pause_before = bounded.pause_before.iter();
        let bounds = Self {
            until: until.map(|stage| known_stage(stage, plan)).transpose()?,
            pause_before: pause_before
                .map(|stage| known_stage(stage, plan))
                .collect::<Result<_, _>>()?,
        };
        for stage in &bounds.pause_before {
            let begun = run
                .zip(plan.index_of(stage))
                .map(|(run, position)| run.stage(position))
                .is_some_and(|state| state.attempts > 0 || state.status.has_ended());
            if begun {
                return Err(CliError::usage(format!(
                    "stage `{stage}` has begun already: the run cannot pause before it"
                )));
            }
        }
        Ok(bounds)
    }
}

/// A stage that a plan has.
pub(super) fn known_stage(text: &str, plan: &Plan) -> Result<StageId, CliError> {
    StageId::new(text)
        .ok()
        .filter(|stage| plan.index_of(stage).is_some())
        .ok_or_else(|| CliError::usage(format!("the plan has no stage `{text}`")))
}

/// Writes down before which stages the run pauses, so that a resume knows it as well.
async fn hold_back(
    store: &dyn Store,
    lease: &Lease,
    run: &mut Run,
    stages: Vec<StageId>,
) -> Result<(), CliError> {
    let held = |stage| (Some(stage), EventKind::HeldBack { by: person() });
    let kinds: Vec<_> = stages.into_iter().map(held).collect();
    if !kinds.is_empty() {
        write(store, &SystemClock, lease, run, kinds).await?;
    }
    Ok(())
}

/// Drives a run to its end and tells how it stands then.
pub(super) async fn to_the_end(
    ready: Ready<'_>,
    driving: &Driving,
    bounds: Bounds,
) -> Result<Exit, CliError> {
    let Ready {
        pair,
        registry,
        world,
        store,
        sealer,
        lease,
        mut run,
        state,
    } = ready;
    hold_back(store.as_ref(), &lease, &mut run, bounds.pause_before).await?;
    let id = run.id().clone();
    let mut live = match driving.format {
        Format::Json => None,
        Format::Text => Some(Live::new(&pair.plan, &run)),
    };
    // Made where a text first asks for it, and kept up from then on.
    let mut view = OnceCell::<View>::new();
    let mut report = |news: News<'_>, run: &Run| {
        if let (News::Event(event), Some(known)) = (news, view.get_mut())
            && !known.learn(event, run)
        {
            view.take();
        }
        let known = || {
            let anew = || View::of(&pair.plan, &pair.inventory, run);
            view.get_or_init(anew).roots.clone()
        };
        let told = match (&mut live, news) {
            (Some(live), News::Event(event)) => {
                live.hear(event, run, &known);
                Ok(())
            }
            (Some(live), News::Stall(stall)) => {
                live.hear_stall(stall, &known);
                Ok(())
            }
            (None, News::Event(event)) => output::print(&report::event_json(event)),
            (None, News::Stall(stall)) => output::print(&report::stall_json(stall)),
        };
        if told.is_err() {
            tracing::warn!(?news, "the news could not be printed");
        }
    };
    let plan = Arc::clone(&pair.plan);
    let inventory = Arc::clone(&pair.inventory);
    let journal = Arc::clone(&store);
    let driven = drive(
        Drive {
            plan: Arc::clone(&plan),
            inventory: Arc::clone(&inventory),
            registry: Arc::new(registry),
            world,
            store,
            sealer,
            lease,
            clock: Arc::new(SystemClock),
            parallel: usize::from(driving.parallel),
            until: bounds.until,
        },
        run,
        stop_by_signal()?,
        &mut report,
    )
    .await;
    drop(live);
    let run = driven.map_err(|error| {
        CliError::from(error).under_way(&format!(
            "go on when that is mended, in the direction that it has: sms-plan resume {id} --state {}",
            state.display()
        ))
    })?;
    let roots = roots(&plan, &inventory, Some(&run));
    let closing = Closing {
        plan: &plan,
        roots: &roots,
        run: &run,
        events: &journal.read(run.id()).await?.events,
    };
    // Whoever opens the run's folder later finds there what became of it; the journal counts.
    let kept = world::run_folder(state, run.id()).join("report");
    if let Err(error) = std::fs::write(&kept, text(&report::closing(&closing))) {
        tracing::warn!(path = %kept.display(), %error, "the report could not be written");
    }
    if driving.format == Format::Text {
        output::print(&report::ending(&plan, &roots, &run, state))?;
    }
    Ok(match run.state() {
        RunState::Succeeded => Exit::Done,
        RunState::Paused => Exit::Paused,
        RunState::Stopped => Exit::Stopped,
        RunState::RolledBack => Exit::RolledBack,
        RunState::Failed | RunState::Running | RunState::RollingBack => Exit::Failed,
    })
}

/// The first signal lets what is under way finish, the second ends it.
fn stop_by_signal() -> Result<watch::Receiver<Stop>, CliError> {
    let (wish, heard) = watch::channel(Stop::No);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        for stop in [Stop::Finish, Stop::Abort] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            if wish.send(stop).is_err() {
                return;
            }
        }
        // The sender must outlive the loop: a closed channel means abort.
        wish.closed().await;
    });
    Ok(heard)
}

/// Who sits at this machine, for the journal.
pub(super) fn person() -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|variable| std::env::var(variable).ok())
        .unwrap_or_else(|| format!("user {}", own_user_number()));
    format!("{user}@{}", crate::store::Holder::this_process().machine)
}

fn own_user_number() -> u32 {
    use std::os::unix::fs::MetadataExt as _;

    // The owner of our own entry in /proc is who we act as.
    std::fs::metadata("/proc/self").map_or(u32::MAX, |entry| entry.uid())
}
