//! `events`: the journal of a run, its hash chain checked.

use crate::cli::Exit;
use crate::cli::arguments::Events;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::cli::state;
use crate::report;
use crate::report::JournalDocument;
use crate::run::RunId;
use crate::store::Store;
use crate::store::StoreError;

pub(super) async fn execute(
    arguments: &Events,
    given: Option<&std::path::Path>,
) -> Result<Exit, CliError> {
    let of = &arguments.of;
    let folder = state::folder(given, of.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::to_show(store.as_ref(), of.run.as_deref()).await?;
    if arguments.verify {
        return verify(store.as_ref(), &id, arguments).await;
    }
    let record = store.read(&id).await?;
    let lines: String = match of.format {
        Format::Text => record.events.iter().map(report::event_line).collect(),
        Format::Json => record.events.iter().map(report::event_json).collect(),
    };
    output::print(&lines)?;
    Ok(Exit::Done)
}

/// Says whether the journal is what was written, and what somebody noted of it.
async fn verify(store: &dyn Store, id: &RunId, arguments: &Events) -> Result<Exit, CliError> {
    let json = arguments.of.format == Format::Json;
    let document = match store.read(id).await {
        Ok(record) => report::journal(id, &record.events, arguments.expect.as_deref()),
        Err(error) => {
            let (StoreError::Chain { seq, .. }
            | StoreError::Unreadable { seq, .. }
            | StoreError::Shortened { seq, .. }) = &error
            else {
                return Err(error.into());
            };
            if json {
                output::print_json(&JournalDocument {
                    run: id.clone(),
                    whole: false,
                    events: None,
                    first: None,
                    last: None,
                    hash: None,
                    broken_at: Some(*seq),
                    expected: None,
                })?;
                return Ok(Exit::Failed);
            }
            return Err(CliError::from(error).ends_with(Exit::Failed));
        }
    };
    let missing = document
        .expected
        .as_ref()
        .is_some_and(|noted| noted.event.is_none());
    if json {
        output::print_json(&document)?;
        return Ok(if missing { Exit::Failed } else { Exit::Done });
    }
    output::print(&report::verified(&document))?;
    if missing {
        return Err(CliError::usage(format!(
            "no event of run {id} has the expected hash: events were changed or removed since it \
             was noted"
        ))
        .ends_with(Exit::Failed)
        .hint("or it was noted of another run: `sms-plan runs` lists the runs"));
    }
    if arguments.expect.is_none() {
        output::note(
            "who can write the state can make the chain anew; note the hash elsewhere, and compare \
             with --expect HASH",
        );
    }
    Ok(Exit::Done)
}
