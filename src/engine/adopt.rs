//! Taking a step that a person did into the run: only what a look at the machine agrees with, or
//! what no look can tell and a person vouches for.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::Drive;
use super::EngineError;
use super::start::off_the_path;
use super::work::seen_in_time;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::action::Context;
use crate::action::View;
use crate::run::EVENT_VERSION;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Run;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::run::Standing;
use crate::store::Batch;
use crate::store::SealedSecret;

/// What is to be appended, with the stage that each is about.
type Kinds = Vec<(Option<StageId>, EventKind)>;

/// How long to find out where a step that has not begun would have led.
const FORESIGHT: Duration = Duration::from_secs(20);

/// A person's word for a step.
#[derive(Clone, Debug)]
pub struct Word {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The person vouches for what no look can tell.
    pub unverified: bool,
}

/// A step that was taken into the run.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// Whether a look agreed.
    pub verified: bool,
    /// What was seen, in one line for a person.
    pub saw: String,
}

/// Why a step was not taken into the run; nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// The step is not one that could be adopted now.
    #[error("stage `{stage}` cannot be adopted: {why}")]
    NotNow {
        /// The stage.
        stage: StageId,
        /// Why not.
        why: String,
    },
    /// The machine says otherwise.
    #[error("stage `{stage}` is not done: {saw}")]
    NotDone {
        /// The stage.
        stage: StageId,
        /// What was seen.
        saw: String,
    },
    /// No look can tell.
    #[error("no look can tell whether stage `{stage}` is done: {saw}")]
    CannotTell {
        /// The stage.
        stage: StageId,
        /// What was seen, or why nothing was.
        saw: String,
    },
    /// The journal could not be written.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Looks whether a stage is done, and records it as done by a person: what the run would skip before
/// it, its snapshot, its event and its secrets in one append, or nothing.
///
/// The caller holds the lease, so no stage is under way elsewhere.
pub async fn adopt(
    drive: &Drive,
    run: &mut Run,
    stage: &StageId,
    word: &Word,
    report: &mut (dyn FnMut(&Event, &Run) + Send),
) -> Result<Adopted, AdoptError> {
    let (ahead, skips) = skipped_before(drive, run, stage)?;
    let (position, action) = adoptable(drive, &ahead, stage)?;
    let seen = look(drive, &ahead, position, action.as_ref()).await;
    let planned = run.stage(position).planned.clone();
    let (verified, saw, outcome) = match seen {
        Ok(probe) if probe.standing == Standing::After => (true, probe.saw, probe.outcome),
        Ok(probe) if probe.blind || probe.standing == Standing::Unreachable => {
            vouched(stage, word, probe.saw, planned)?
        }
        Err(error) if error.kind == ActionErrorKind::Unreachable => {
            vouched(stage, word, error.to_string(), planned)?
        }
        Ok(probe) => return Err(not_done(drive, stage, &probe.saw)),
        Err(error) if error.kind == ActionErrorKind::Fenced => {
            return Err(EngineError::Fenced(drive.world.clean(&error.to_string())).into());
        }
        Err(error) => return Err(not_done(drive, stage, &error.to_string())),
    };
    let saw = drive.world.clean(&saw);
    let adopted = EventKind::Adopted {
        by: word.by.clone(),
        reason: drive.world.clean(&word.reason),
        verified,
        output: drive.world.clean_value(outcome.output.clone()),
        reach: outcome.reach.clone(),
    };
    let mut kinds = skips;
    if let Some(data) = outcome.snapshot.clone() {
        kinds.push((Some(stage.clone()), EventKind::Snapshot { data }));
    }
    kinds.push((Some(stage.clone()), adopted));
    record(drive, run, kinds, outcome, report).await?;
    Ok(Adopted { verified, saw })
}

/// The stages before this one that the run would skip by itself once their turn comes, and the run
/// as it is then.
fn skipped_before(drive: &Drive, run: &Run, stage: &StageId) -> Result<(Run, Kinds), EngineError> {
    let plan = &drive.plan;
    let mut ahead = run.clone();
    let mut skips = Vec::new();
    let until = run.position(stage).unwrap_or_default();
    let mut before = vec![false; plan.stages.len()];
    for position in (0..=until).rev() {
        if position == until || before[position] {
            for need in &plan.stages[position].needs {
                before[*need] = true;
            }
        }
    }
    // The file order is topological: one pass meets each stage after all that it needs.
    for position in (0..until).filter(|position| before[*position]) {
        let Some(when) = &plan.stages[position].when else {
            continue;
        };
        let state = ahead.stage(position);
        let mut needs = plan.stages[position].needs.iter();
        let ready = state.status == StageStatus::Pending
            && state.attempts == 0
            && needs.all(|need| ahead.stage(*need).status.has_ended());
        if !ready {
            continue;
        }
        let view = View::of(plan, &drive.inventory, &ahead);
        if when.evaluate_bool(&view.roots) != Ok(false) {
            continue;
        }
        let skip = (
            Some(plan.stages[position].id.clone()),
            off_the_path(&plan.stages[position], &view.roots),
        );
        ahead.fold(&Event {
            v: EVENT_VERSION,
            seq: ahead.seq() + 1,
            at: drive.clock.now(),
            run: ahead.id().clone(),
            percent: ahead.percent(),
            stage: skip.0.clone(),
            kind: skip.1.clone(),
            hash: String::new(),
        })?;
        skips.push(skip);
    }
    Ok((ahead, skips))
}

/// Refuses what has ended, what may not start yet, and what is not on the path.
fn adoptable(
    drive: &Drive,
    run: &Run,
    stage: &StageId,
) -> Result<(usize, Arc<dyn Action>), AdoptError> {
    let no = |why: String| AdoptError::NotNow {
        stage: stage.clone(),
        why,
    };
    let position = run
        .position(stage)
        .ok_or_else(|| no("the run's plan does not have it".to_owned()))?;
    let state = run.stage(position);
    if state.status.has_ended() {
        return Err(no(format!("it has ended already ({})", state.status)));
    }
    let plan = &drive.plan;
    let needed: Vec<&str> = plan.stages[position]
        .needs
        .iter()
        .filter(|need| !run.stage(**need).status.has_ended())
        .map(|need| plan.stages[*need].id.as_str())
        .collect();
    if !needed.is_empty() {
        let needed = needed.join("`, `");
        return Err(no(format!("it needs `{needed}`, which has not ended")));
    }
    if state.attempts == 0
        && let Some(when) = &plan.stages[position].when
    {
        let view = View::of(plan, &drive.inventory, run);
        match when.evaluate_bool(&view.roots) {
            Ok(true) => {}
            Ok(false) => {
                return Err(no(format!(
                    "it is not on this run's path, `{}` is false here; `resume` skips it by itself",
                    when.source_text()
                )));
            }
            Err(error) => return Err(no(format!("its `when` cannot be decided: {error}"))),
        }
    }
    let uses = &plan.stages[position].uses;
    let action = drive.registry.get(uses);
    let action = action.ok_or_else(|| no(format!("this version has no action `{uses}`")))?;
    Ok((position, action))
}

/// Looks how far the stage has come, by the same context as an attempt would.
async fn look(
    drive: &Drive,
    run: &Run,
    position: usize,
    action: &dyn Action,
) -> Result<Probe, ActionError> {
    let state = run.stage(position);
    let mut view = View::of(&drive.plan, &drive.inventory, run);
    let context = |view: View| Context {
        plan: Arc::clone(&drive.plan),
        position,
        inventory: Arc::clone(&drive.inventory),
        view: Arc::new(view),
        world: Arc::clone(&drive.world),
        attempt: state.attempts,
        answered: state.answered,
        token: state.token.clone(),
    };
    let stage = &drive.plan.stages[position];
    if !drive.registry.changes(&stage.uses) {
        // What only looks is done by looking.
        let limit = stage.timeout;
        let done = timeout(limit, action.apply(&context(view))).await;
        let done = done.unwrap_or_else(|_| {
            let words = format!("it did not end within {} s", limit.as_secs());
            Err(ActionError::passing(words))
        });
        return done.map(|outcome| Probe::after("it was looked at now", outcome));
    }
    if state.attempts == 0 {
        // Where a person has changed address, name or account, the server is reached there by now.
        // A preparation that refuses, as one does when the effect is there, foresees nothing.
        let foreseen = timeout(FORESIGHT, action.prepare(&context(view.clone()))).await;
        if let Ok(Ok(prepared)) = foreseen
            && let Some(reach) = prepared.reach
        {
            view.planned.insert(stage.on, reach);
        }
    }
    let context = context(view);
    let look = async {
        context.settle().await?;
        action.probe(&context).await
    };
    seen_in_time(stage.timeout, look).await
}

fn vouched(
    stage: &StageId,
    word: &Word,
    saw: String,
    planned: Option<Reach>,
) -> Result<(bool, String, Outcome), AdoptError> {
    if !word.unverified {
        return Err(AdoptError::CannotTell {
            stage: stage.clone(),
            saw,
        });
    }
    let outcome = Outcome {
        reach: planned,
        ..Outcome::default()
    };
    Ok((false, saw, outcome))
}

fn not_done(drive: &Drive, stage: &StageId, saw: &str) -> AdoptError {
    AdoptError::NotDone {
        stage: stage.clone(),
        saw: drive.world.clean(saw),
    }
}

async fn record(
    drive: &Drive,
    run: &mut Run,
    kinds: Kinds,
    outcome: Outcome,
    report: &mut (dyn FnMut(&Event, &Run) + Send),
) -> Result<(), EngineError> {
    let secrets = outcome.secrets.into_iter().map(|secret| {
        let sealed = drive.sealer.seal(run.id(), &secret.name, &secret.bytes)?;
        Ok(SealedSecret {
            name: secret.name,
            sealed,
        })
    });
    let batch = Batch {
        secrets: secrets.collect::<Result<_, EngineError>>()?,
        drafts: run.drafts(&drive.clock.now(), kinds)?,
        forget: outcome.forget,
        ..Batch::default()
    };
    // Append, then fold, then report.
    for event in drive.store.append(&drive.lease, batch).await? {
        run.fold(&event)?;
        report(&event, run);
    }
    Ok(())
}
