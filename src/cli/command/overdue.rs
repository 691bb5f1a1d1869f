//! What `resume` and `approve` do first: an approval whose time is over is refused by itself.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::Exit;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::engine::Clock as _;
use crate::engine::SystemClock;
use crate::engine::overdue;
use crate::engine::take_over;
use crate::engine::write;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::RunState;
use crate::store::Store;

/// Refuses what nobody has approved in time, and ends there: a person must know.
pub(super) async fn refuse_overdue(
    store: &dyn Store,
    run: &Run,
    state: &Path,
) -> Result<Option<Exit>, CliError> {
    let mut kinds = overdue(run, &SystemClock.now());
    if kinds.is_empty() {
        return Ok(None);
    }
    let mut told = String::new();
    for (stage, kind) in &kinds {
        if let (Some(stage), EventKind::Rejected { reason, .. }) = (stage, kind) {
            let _infallible = writeln!(told, "stage `{stage}` is rejected: {reason}");
        }
    }
    let ended = EventKind::RunEnded {
        state: RunState::Failed,
    };
    kinds.push((None, ended));
    let (lease, mut run) = take_over(store, &SystemClock, run).await?;
    write(store, &SystemClock, &lease, &mut run, kinds).await?;
    store.release(&lease, false).await?;
    let id = run.id();
    let _infallible = writeln!(
        told,
        "hint: ask once more: sms-plan resume {id} --state {}",
        state.display()
    );
    output::print(&told)?;
    Ok(Some(Exit::Failed))
}
