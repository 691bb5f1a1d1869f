//! `approve`: a person's decision on a stage that waits for one.

use super::confirm;
use super::overdue::refuse_overdue;
use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Approve;
use crate::cli::error::CliError;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::engine::SystemClock;
use crate::engine::take_over;
use crate::engine::write;
use crate::run::EventKind;
use crate::run::RunState;
use crate::run::StageId;
use crate::run::WaitingFor;

pub(super) async fn execute(
    arguments: &Approve,
    given: Option<&std::path::Path>,
) -> Result<Exit, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::run_id(&arguments.run)?;
    let Some(stage) = &arguments.stage else {
        return confirm::execute(arguments, &folder, &store, &id).await;
    };
    let record = store.read(&id).await?;
    let run = stored(&record, &Registry::standard())?.run;
    if let Some(exit) = refuse_overdue(store.as_ref(), &run, &folder).await? {
        return Ok(exit);
    }
    let stage = StageId::new(&**stage)
        .ok()
        .filter(|stage| run.position(stage).is_some())
        .ok_or_else(|| CliError::usage(format!("the plan has no stage `{stage}`")))?;
    let waits = run
        .position(&stage)
        .and_then(|position| run.stage(position).waiting);
    if !matches!(waits, Some(WaitingFor::Approval | WaitingFor::Begin)) {
        return Err(
            CliError::usage(format!("stage `{stage}` does not wait for approval"))
                .hint(format!("see where the run stands: sms-plan status {id}")),
        );
    }
    let (by, reason) = (arguments.by.clone(), arguments.reason.clone());
    let decision = if arguments.reject {
        EventKind::Rejected { by, reason }
    } else {
        let begins = waits == Some(WaitingFor::Begin);
        EventKind::Approved { by, reason, begins }
    };
    let (lease, mut run) = take_over(store.as_ref(), &SystemClock, &run).await?;
    let mut kinds = vec![(Some(stage.clone()), decision)];
    if arguments.reject {
        kinds.push((
            None,
            EventKind::RunEnded {
                state: RunState::Failed,
            },
        ));
    }
    write(store.as_ref(), &SystemClock, &lease, &mut run, kinds).await?;
    store.release(&lease, false).await?;
    output::print(&if arguments.reject {
        format!("stage `{stage}` is rejected; the run has failed there\n")
    } else {
        format!(
            "stage `{stage}` is approved\nhint: go on: sms-plan resume {id} --state {}\n",
            folder.display()
        )
    })?;
    Ok(Exit::Done)
}
