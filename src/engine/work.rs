//! What a worker does: looks and prepares, or brings the effect about. It returns a value and
//! writes nothing down itself.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;
use tokio::time::timeout_at;

use crate::action::Action;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::action::Context;
use crate::action::Prepared;
use crate::action::ask;
use crate::plan::DurationText;
use crate::plan::Precondition;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;
use crate::run::WaitingFor;

/// How long to wait between two looks at a machine that does not answer.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// What a worker hands back to the loop.
pub(super) enum Turn {
    /// The first half of a stage: looked, asked, prepared.
    Looked(usize, Looked),
    /// The second half: the effect is there, or not.
    Ended(usize, Duration, Result<Outcome, ActionError>),
    /// The delay before the next attempt is over.
    Due(usize),
    /// The first half of an undo: looked.
    LookedBack(usize, LookedBack),
    /// The second half: the effect is gone, or not.
    TakenBack(usize, Result<(), ActionError>),
}

/// How the first half of a stage ended.
pub(super) enum Looked {
    /// The attempt may begin.
    Ready(Prepared, Option<Probe>),
    /// A look at the machine found it done.
    Done(Probe),
    /// A look at the machine found nothing of it, and it is not to be begun any more.
    Gone(Probe),
    /// It cannot begin.
    Refused(ActionError),
}

/// How the first half of an undo ended.
pub(super) enum LookedBack {
    /// The undo may begin.
    Ready(Option<Probe>),
    /// A look at the machine found nothing to take back.
    Gone(Probe),
    /// It cannot begin.
    Refused(ActionError),
}

/// What the first half of a stage has to do.
pub(super) struct Look {
    pub(super) action: Arc<dyn Action>,
    pub(super) context: Context,
    /// An attempt has begun before: only a look tells what became of it.
    pub(super) in_doubt: bool,
    /// A person said that it shall be tried again whatever a look says.
    pub(super) overridden: bool,
    /// What a stage handed back that had ended and is looked at again.
    pub(super) before: Option<Value>,
    /// The attempts agree on everything already.
    pub(super) prepared: bool,
    /// The run is rolled back: what has begun is settled, and nothing is begun.
    pub(super) back: bool,
    /// The plan's early preconditions, where this stage makes the run's first change.
    pub(super) early: Vec<(usize, Precondition)>,
}

pub(super) async fn look(look: Look) -> Looked {
    match try_look(look).await {
        Ok(looked) => looked,
        Err(error) => Looked::Refused(error),
    }
}

async fn try_look(look: Look) -> Result<Looked, ActionError> {
    let Look {
        action,
        context,
        in_doubt,
        overridden,
        before,
        prepared,
        back,
        early,
    } = look;
    let mut seen = None;
    if in_doubt && !overridden {
        let probe = settled_probe(action.as_ref(), &context).await?;
        match probe.standing {
            Standing::After => return Ok(Looked::Done(probe)),
            // It had ended, and no look could ever say otherwise.
            _ if probe.blind && before.is_some() => {
                let outcome = Outcome::output(before.unwrap_or_default());
                return Ok(Looked::Done(Probe { outcome, ..probe }));
            }
            Standing::Before if back => return Ok(Looked::Gone(probe)),
            Standing::Before | Standing::Between => seen = Some(probe),
            Standing::Foreign => {
                return Err(ActionError::person(WaitingFor::Judgement, probe.saw));
            }
            Standing::Unreachable => {
                return Err(ActionError::person(WaitingFor::Machine, probe.saw));
            }
        }
    }
    // What an earlier attempt has begun must be finished, whatever its preconditions say now.
    let begun = seen
        .as_ref()
        .is_some_and(|probe| probe.standing == Standing::Between);
    let limit = context.stage().timeout;
    let prepared = timeout(limit, questions(&action, &context, begun, prepared, early))
        .await
        .unwrap_or_else(|_| Err(ActionError::passing(late(limit))))?;
    Ok(Looked::Ready(prepared, seen))
}

/// What the first half of an undo has to do.
pub(super) struct LookBack {
    pub(super) action: Arc<dyn Action>,
    pub(super) context: Context,
    /// A person said that it shall be undone whatever a look says.
    pub(super) overridden: bool,
    /// An attempt was cut off, so that nobody knows how the effect stands.
    pub(super) in_doubt: bool,
}

/// Looks whether the effect is still there, and still what this run left: what others have changed
/// since is shown to a person, and never overwritten.
pub(super) async fn look_back(look: LookBack) -> LookedBack {
    if look.overridden {
        return LookedBack::Ready(None);
    }
    let probe = match settled_probe(look.action.as_ref(), &look.context).await {
        Ok(probe) => probe,
        Err(error) => return LookedBack::Refused(error),
    };
    match probe.standing {
        Standing::Before => LookedBack::Gone(probe),
        Standing::After | Standing::Between => LookedBack::Ready(Some(probe)),
        // No look could ever tell, and the run knows that it is there.
        _ if probe.blind && !look.in_doubt => LookedBack::Ready(None),
        Standing::Foreign => {
            LookedBack::Refused(ActionError::person(WaitingFor::Judgement, probe.saw))
        }
        Standing::Unreachable => {
            LookedBack::Refused(ActionError::person(WaitingFor::Machine, probe.saw))
        }
    }
}

/// Asks what has to be asked before an attempt, and settles what the attempts must agree on.
async fn questions(
    action: &Arc<dyn Action>,
    context: &Context,
    begun: bool,
    prepared: bool,
    early: Vec<(usize, Precondition)>,
) -> Result<Prepared, ActionError> {
    if !begun {
        for (position, precondition) in &early {
            let of = Context {
                position: *position,
                ..context.clone()
            };
            let stage = of.stage().id.clone();
            ask(precondition, &of)
                .await
                .map_err(|error| error.while_doing(format!("asked early for `{stage}`")))?;
        }
        for precondition in &context.stage().preconditions {
            ask(precondition, context).await?;
        }
    }
    if prepared {
        return Ok(Prepared::default());
    }
    action.prepare(context).await
}

pub(super) fn late(limit: Duration) -> String {
    format!("nobody answered within {}", DurationText(limit))
}

/// What a look shows; where nobody answers in time, that is what it shows.
pub(super) async fn seen_in_time(
    limit: Duration,
    look: impl Future<Output = Result<Probe, ActionError>>,
) -> Result<Probe, ActionError> {
    timeout(limit, look)
        .await
        .unwrap_or_else(|_| Ok(Probe::new(Standing::Unreachable, late(limit))))
}

/// Probes, and waits out a machine that does not answer up to the stage's timeout.
async fn settled_probe(action: &dyn Action, context: &Context) -> Result<Probe, ActionError> {
    let limit = context.stage().timeout;
    let until = Instant::now() + limit;
    let mut last = None;
    loop {
        let answer = timeout_at(until, async {
            context.settle().await?;
            action.probe(context).await
        });
        let answer = answer.await.unwrap_or_else(|_| {
            // What an earlier look has met says more than that this one took too long.
            let words = last.take().unwrap_or_else(|| late(limit));
            Ok(Probe::new(Standing::Unreachable, words))
        });
        let unanswered = match answer {
            Ok(probe) if probe.standing == Standing::Unreachable => probe,
            Ok(probe) => return Ok(probe),
            Err(error) if error.kind == ActionErrorKind::Unreachable => {
                Probe::new(Standing::Unreachable, error.to_string())
            }
            Err(error) => return Err(error),
        };
        if Instant::now() + LOOK_AGAIN >= until {
            return Ok(unanswered);
        }
        last = Some(unanswered.saw);
        sleep(LOOK_AGAIN).await;
    }
}

pub(super) async fn apply(
    action: Arc<dyn Action>,
    context: Context,
) -> Result<Outcome, ActionError> {
    in_time(context.stage().timeout, action.apply(&context)).await
}

pub(super) async fn undo(action: Arc<dyn Action>, context: Context) -> Result<(), ActionError> {
    in_time(context.stage().timeout, action.undo(&context)).await
}

/// What is cut off at its limit is in doubt.
pub(super) async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ActionError>>,
) -> Result<T, ActionError> {
    timeout(limit, work).await.unwrap_or_else(|_| {
        let words = format!("did not end within {} s", limit.as_secs());
        Err(ActionError {
            in_doubt: true,
            ..ActionError::passing(words)
        })
    })
}
