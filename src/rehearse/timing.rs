//! What a finished rehearsal says about time: the critical path, and what working side by side saves.

use std::time::Duration;

use jiff::Timestamp;

use crate::plan::Plan;
use crate::run::Run;
use crate::run::StageId;

/// How the time of a run was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The stages that the end waited for, each with its share, in order.
    pub critical: Vec<(StageId, Duration)>,
    /// The sum over all stages: what one after the other would take.
    pub one_by_one: Duration,
    /// From the first stage's start to the last one's end.
    pub in_all: Duration,
}

/// Reads off a run how its time was spent.
///
/// The critical path goes backwards from the stage that ended last, each time to the stage that it
/// waited for: of those that it needs and of those of its own server, the one that ended last before
/// it began.
pub fn timing(plan: &Plan, run: &Run) -> Timing {
    let spans: Vec<Option<(Timestamp, Timestamp)>> = (0..plan.stages.len())
        .map(|at| {
            let stage = run.stage(at);
            let from = stage.started_at.as_ref()?.parse().ok()?;
            let to = stage.ended_at.as_ref()?.parse().ok()?;
            Some((from, to))
        })
        .collect();
    let lasted = |at: usize| spans[at].map_or(Duration::ZERO, |(from, to)| between(from, to));
    let first = spans.iter().flatten().map(|(from, _)| *from).min();
    let last = spans.iter().flatten().map(|(_, to)| *to).max();
    let mut critical = Vec::new();
    let mut at = (0..spans.len())
        .filter(|at| spans[*at].is_some())
        .max_by_key(|at| (spans[*at].map(|(_, to)| to), *at));
    while let Some(now) = at {
        critical.push((plan.stages[now].id.clone(), lasted(now)));
        let began = spans[now].map(|(from, _)| from);
        let waits_for = |other: &usize| {
            let needed = needs(plan, now).contains(other);
            (needed || plan.stages[*other].on == plan.stages[now].on)
                && *other != now
                && spans[*other].is_some_and(|(_, to)| Some(to) <= began)
                && !critical.iter().any(|(id, _)| *id == plan.stages[*other].id)
        };
        at = (0..spans.len())
            .filter(waits_for)
            .max_by_key(|other| (spans[*other].map(|(_, to)| to), *other));
    }
    critical.reverse();
    Timing {
        critical,
        one_by_one: (0..spans.len()).map(lasted).sum(),
        in_all: first
            .zip(last)
            .map_or(Duration::ZERO, |(from, to)| between(from, to)),
    }
}

/// What a stage needs, directly or by way of skipped ones; these take no time.
fn needs(plan: &Plan, of: usize) -> Vec<usize> {
    let mut found = plan.stages[of].needs.clone();
    let mut next = 0;
    while next < found.len() {
        for need in &plan.stages[found[next]].needs {
            if !found.contains(need) {
                found.push(*need);
            }
        }
        next += 1;
    }
    found
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    to.duration_since(from).unsigned_abs()
}
