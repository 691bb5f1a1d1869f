//! `approve` without a stage: a person lets a finished run stand that was to be confirmed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Approve;
use crate::cli::error::CliError;
use crate::cli::files::stored;
use crate::cli::output;
use crate::engine::EngineError;
use crate::engine::SystemClock;
use crate::engine::take_over;
use crate::engine::write;
use crate::run::EventKind;
use crate::run::RunId;
use crate::store::Store;
use crate::store::Wish;

/// How long the process that drives the run may take to answer, and how often it is asked.
const ANSWER: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(200);

pub(super) async fn execute(
    arguments: &Approve,
    folder: &Path,
    store: &Arc<dyn Store>,
    id: &RunId,
) -> Result<Exit, CliError> {
    let record = store.read(id).await?;
    let run = stored(&record, &Registry::standard())?.run;
    if run.unconfirmed().is_none() {
        return Err(CliError::usage(format!(
            "run {id} does not wait for anybody to confirm it; name the stage that waits"
        ))
        .hint(format!("see where it stands: sms-plan status {id}")));
    }
    if !run.is_complete() {
        return Err(CliError::usage(format!(
            "run {id} is not finished: only what has been done can be confirmed"
        ))
        .hint(format!("see where it stands: sms-plan status {id}")));
    }
    let (by, reason) = (arguments.by.clone(), arguments.reason.clone());
    if record.holder.as_ref().is_some_and(|holder| holder.alive) {
        store.request(id, &Wish::Confirm { by, reason }).await?;
        for _ in 0..ANSWER.as_millis() / LOOK.as_millis() {
            let events = store.read(id).await?.events;
            let run = run.again(&events).map_err(EngineError::from)?;
            if run.back().is_some() {
                return Err(CliError::usage(format!(
                    "too late: run {id} is being rolled back already"
                )));
            }
            if run.unconfirmed().is_none() {
                output::print(&format!("run {id} is confirmed\n"))?;
                return Ok(Exit::Done);
            }
            tokio::time::sleep(LOOK).await;
        }
        return Err(CliError::usage(format!(
            "the process that drives run {id} was told, and has not answered yet"
        ))
        .hint(format!("see where it stands: sms-plan status {id}")));
    }
    let (lease, mut run) = take_over(store.as_ref(), &SystemClock, &run).await?;
    let confirmed = EventKind::Confirmed { by, reason };
    write(
        store.as_ref(),
        &SystemClock,
        &lease,
        &mut run,
        vec![(None, confirmed)],
    )
    .await?;
    store.release(&lease, false).await?;
    output::print(&format!(
        "run {id} is confirmed\nhint: its record is still on both servers; this takes it off: sms-plan \
         resume {id} --state {}\n",
        folder.display()
    ))?;
    Ok(Exit::Done)
}
