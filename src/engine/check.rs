//! A check: everything that a run would ask before its first change, asked at once and to the end,
//! whatever the answers are. Nothing is changed outside.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Drive;
use super::EngineError;
use super::begin::write;
use super::gate::pure;
use super::work::in_time;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::View;
use crate::action::ask;
use crate::plan::Precondition;
use crate::plan::Question;
use crate::plan::Runs;
use crate::plan::path;
use crate::run::Answer;
use crate::run::Asked;
use crate::run::EventKind;
use crate::run::Outcome;
use crate::run::Run;
use crate::run::StageId;

/// How long one question may take; a run is more patient.
const LIMIT: Duration = Duration::from_mins(1);

/// Asks the early preconditions of every stage on the path, all of those that only look and build on
/// no change, and what actions foresee of their own need. A stage that could not be looked at leaves
/// those that build on it unasked.
///
/// What is learned is written into the run, which has just begun, in a store that nobody keeps;
/// secrets of the machines are not.
///
/// # Errors
///
/// When that store cannot be written.
pub async fn check(drive: &Drive, run: &mut Run) -> Result<Vec<Asked>, EngineError> {
    let mut asked = Vec::new();
    let mut lacks: Vec<Option<StageId>> = Vec::new();
    let pure = pure(&drive.plan, &drive.registry);
    let mut view = Arc::new(View::of(&drive.plan, &drive.inventory, run));
    let mut rows = path(&drive.plan, &view.roots);
    for (position, stage) in drive.plan.stages.iter().enumerate() {
        let lacking = stage.needs.iter().find_map(|need| lacks[*need].clone());
        let looks = pure[position];
        // The first row is a state of the run.
        let row = &rows[position + 1];
        if row.runs == Runs::No {
            let reason = row.reason.clone();
            let skipped = vec![EventKind::Skipped { reason }];
            learn(drive, run, &mut view, &stage.id, skipped).await?;
            lacks.push(lacking);
            continue;
        }
        let context = Context {
            plan: Arc::clone(&drive.plan),
            position,
            inventory: Arc::clone(&drive.inventory),
            view: Arc::clone(&view),
            world: Arc::clone(&drive.world),
            attempt: 0,
            answered: false,
            token: Value::Null,
        };
        let found = questions(drive, &context, looks, lacking.as_ref()).await;
        let missed = looks && found.asked.iter().any(|one| one.answer != Answer::Yes);
        drop(context);
        if let Some(outcome) = found.outcome.filter(|_| looks) {
            learn(drive, run, &mut view, &stage.id, looked(outcome)).await?;
            rows = path(&drive.plan, &view.roots);
        }
        asked.extend(found.asked);
        lacks.push(lacking.or_else(|| missed.then(|| stage.id.clone())));
    }
    Ok(asked)
}

/// What one stage had to ask, and what it learned.
struct Found {
    asked: Vec<Asked>,
    outcome: Option<Outcome>,
}

/// Asks what one stage has to ask before a run; nothing where a look is `lacking` that it builds on.
async fn questions(
    drive: &Drive,
    context: &Context,
    looks: bool,
    lacking: Option<&StageId>,
) -> Found {
    let stage = context.stage();
    let limit = stage.timeout.min(LIMIT);
    let mut asked = Vec::new();
    let mut add = |question: &str, answer| {
        asked.push(Asked {
            stage: context.position,
            question: question.to_owned(),
            answer,
        });
    };
    let mut lacking = lacking;
    let applies = |precondition: &&Precondition| {
        let when = precondition.when.as_ref();
        let when = when.map(|when| when.evaluate_bool(&context.view.roots));
        (looks || precondition.early) && !matches!(when, Some(Ok(false)))
    };
    for precondition in stage.preconditions.iter().filter(applies) {
        let answer = match lacking {
            Some(lacking) => Answer::NotAsked(lacking.clone()),
            None => match in_time(limit, ask(precondition, context)).await {
                Ok(()) => Answer::Yes,
                // To this question alone silence is an answer.
                Err(error) if matches!(precondition.question, Question::Tcp { .. }) => {
                    Answer::No(words(drive, &error))
                }
                Err(error) => refusal(drive, &error),
            },
        };
        if looks && answer != Answer::Yes {
            lacking = lacking.or(Some(&stage.id));
        }
        add(precondition.question.name(), answer);
    }
    let action = drive.registry.get(&stage.uses);
    let Some(action) = action.filter(|action| action.can_foresee(context)) else {
        return Found {
            asked,
            outcome: None,
        };
    };
    let mut outcome = None;
    let answer = match lacking {
        Some(lacking) => Answer::NotAsked(lacking.clone()),
        None => match in_time(limit, action.foresee(context)).await {
            Ok(learned) => {
                outcome = Some(learned);
                Answer::Yes
            }
            Err(error) => refusal(drive, &error),
        },
    };
    add(&stage.uses, answer);
    Found { asked, outcome }
}

fn refusal(drive: &Drive, error: &ActionError) -> Answer {
    let words = words(drive, error);
    if error.heals() {
        Answer::Unanswered(words)
    } else {
        Answer::No(words)
    }
}

fn words(drive: &Drive, error: &ActionError) -> Vec<String> {
    let causes = error.chain.iter();
    causes.map(|cause| drive.world.clean(cause)).collect()
}

/// Takes in what is known of a stage, and what later questions see of it.
async fn learn(
    drive: &Drive,
    run: &mut Run,
    view: &mut Arc<View>,
    stage: &StageId,
    kinds: Vec<EventKind>,
) -> Result<(), EngineError> {
    let kinds = kinds.into_iter().map(|kind| (Some(stage.clone()), kind));
    let (store, clock) = (drive.store.as_ref(), drive.clock.as_ref());
    let events = write(store, clock, &drive.lease, run, kinds.collect()).await?;
    let kept_up = Arc::make_mut(view);
    if !events.iter().all(|event| kept_up.learn(event, run)) {
        *view = Arc::new(View::of(&drive.plan, &drive.inventory, run));
    }
    Ok(())
}

/// A look, as a run records it.
fn looked(outcome: Outcome) -> Vec<EventKind> {
    let started = EventKind::Started {
        attempt: 1,
        token: Value::Null,
        reach: None,
        standing: None,
        saw: None,
    };
    let snapshot = outcome.snapshot.map(|data| EventKind::Snapshot { data });
    let succeeded = EventKind::Succeeded {
        attempt: 1,
        output: outcome.output,
        reach: outcome.reach,
        duration_ms: 0,
        settled: None,
    };
    let kinds = [started].into_iter().chain(snapshot);
    kinds.chain([succeeded]).collect()
}
