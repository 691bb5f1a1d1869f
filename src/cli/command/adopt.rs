//! `adopt`: takes steps that a person did by hand into a run, one after the other, each whole or not
//! at all.

use std::path::Path;
use std::sync::Arc;

use crate::action::Credentials;
use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Adopt;
use crate::cli::error::CliError;
use crate::cli::files::Stored;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::cli::world;
use crate::engine::AdoptError;
use crate::engine::Drive;
use crate::engine::SystemClock;
use crate::engine::Word;
use crate::engine::adopt;
use crate::engine::take_over;
use crate::run::Run;
use crate::run::StageId;
use crate::store::KeySource;
use crate::store::Sealer;

pub(super) async fn execute(arguments: &Adopt, given: Option<&Path>) -> Result<Exit, CliError> {
    let registry = Registry::standard();
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::run_id(&arguments.run)?;
    let record = store.read(&id).await?;
    let Stored { pair, run } = stored(&record, &registry)?;
    let mut stages = Vec::new();
    for text in &arguments.stages {
        let stage = StageId::new(&**text)
            .ok()
            .filter(|stage| run.position(stage).is_some());
        stages.push(stage.ok_or_else(|| {
            CliError::usage(format!("the run's plan has no stage `{text}`")).hint(format!(
                "see its stages: sms-plan status {id} --format json"
            ))
        })?);
    }
    let credentials = Credentials::fetch(&pair.inventory)?;
    let sealer = Sealer::new(KeySource::from_environment()?);
    let world = world::real(&folder, &id, &pair.inventory, &credentials, &store, &sealer)?;
    let world = Arc::new(world);
    world.prove_directory().await?;
    let (lease, mut run) = take_over(store.as_ref(), &SystemClock, &run).await?;
    let drive = Drive {
        plan: Arc::clone(&pair.plan),
        inventory: Arc::clone(&pair.inventory),
        registry: Arc::new(registry),
        world: Arc::clone(&world),
        store: Arc::clone(&store),
        sealer,
        lease: lease.clone(),
        clock: Arc::new(SystemClock),
        parallel: 1,
        until: None,
    };
    let word = Word {
        by: arguments.by.clone(),
        reason: arguments.reason.clone(),
        unverified: arguments.unverified,
    };
    let adopted = one_after_the_other(&drive, &mut run, &stages, &word).await;
    world.close().await;
    // Whatever was refused, nobody is at work any more; a lost lease has nothing to give back.
    let released = store.release(&lease, false).await;
    adopted?;
    released?;
    output::print(&format!(
        "hint: go on: sms-plan resume {id} --state {}\n",
        folder.display()
    ))?;
    Ok(Exit::Done)
}

async fn one_after_the_other(
    drive: &Drive,
    run: &mut Run,
    stages: &[StageId],
    word: &Word,
) -> Result<(), CliError> {
    for stage in stages {
        let told = match adopt(drive, run, stage, word, &mut |_, _| {}).await {
            Ok(adopted) if adopted.verified => {
                format!("stage `{stage}` is adopted; seen: {}\n", adopted.saw)
            }
            Ok(adopted) => format!(
                "stage `{stage}` is adopted on the word of {}; not verified: {}\n",
                word.by, adopted.saw
            ),
            Err(error) => return Err(refused(error, stage, run)),
        };
        output::print(&told)?;
    }
    Ok(())
}

/// What a person can judge or finish waits for one; what could not be adopted at all is wrong use.
fn refused(error: AdoptError, stage: &StageId, run: &Run) -> CliError {
    match error {
        AdoptError::NotNow { .. } => CliError::usage(error.to_string()).hint(format!(
            "see where the run stands: sms-plan status {}",
            run.id()
        )),
        AdoptError::NotDone { .. } => CliError::paused(error.to_string())
            .hint(format!("what is missing: sms-plan book {}", run.id()))
            .hint("or let the run do it: resume"),
        AdoptError::CannotTell { .. } => CliError::paused(error.to_string())
            .hint(format!("if you vouch for `{stage}`, say so: --unverified")),
        AdoptError::Engine(error) => error.into(),
    }
}
