//! What `apply` and `resume` share: signals, live progress, and how a run's end is told.

use std::path::Path;
use std::sync::Arc;

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::watch;

use crate::action::Registry;
use crate::action::World;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::arguments::Driving;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::files::Pair;
use crate::cli::output;
use crate::engine::Drive;
use crate::engine::Stop;
use crate::engine::SystemClock;
use crate::engine::drive;
use crate::report;
use crate::report::Live;
use crate::run::Run;
use crate::run::RunState;
use crate::store::Lease;
use crate::store::Sealer;
use crate::store::Store;

/// A run with everything that it needs to go on.
pub(super) struct Ready<'a> {
    pub(super) pair: Pair,
    pub(super) registry: Registry,
    pub(super) world: Arc<World>,
    pub(super) store: Arc<dyn Store>,
    pub(super) sealer: Sealer,
    pub(super) lease: Lease,
    pub(super) run: Run,
    pub(super) state: &'a Path,
}

/// Drives a run to its end and tells how it stands then.
pub(super) async fn to_the_end(ready: Ready<'_>, driving: &Driving) -> Result<Exit, CliError> {
    let Ready {
        pair,
        registry,
        world,
        store,
        sealer,
        lease,
        run,
        state,
    } = ready;
    let id = run.id().clone();
    let mut live = match driving.format {
        Format::Json => None,
        Format::Text => Some(Live::new(&pair.plan, &run)),
    };
    let mut report = |event: &crate::run::Event, run: &Run| {
        let told = match &mut live {
            Some(live) => {
                live.hear(event, run, &|| {
                    roots(&pair.plan, &pair.inventory, Some(run))
                });
                Ok(())
            }
            None => output::print(&report::event_json(event)),
        };
        if told.is_err() {
            tracing::warn!(seq = event.seq, "the event could not be printed");
        }
    };
    let plan = Arc::clone(&pair.plan);
    let inventory = Arc::clone(&pair.inventory);
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
        },
        run,
        stop_by_signal()?,
        &mut report,
    )
    .await;
    drop(live);
    let run = driven.map_err(|error| {
        CliError::from(error).hint(format!(
            "go on when that is mended: sms-plan resume {id} --state {}",
            state.display()
        ))
    })?;
    if driving.format == Format::Text {
        let roots = roots(&plan, &inventory, Some(&run));
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
    let user = std::env::var("SUDO_USER")
        .or_else(|_| std::env::var("USER"))
        .unwrap_or_else(|_| "somebody".to_owned());
    format!("{user}@{}", crate::store::Holder::this_process().machine)
}
