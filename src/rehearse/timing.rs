//! What a finished rehearsal says about time: the critical path, and what working side by side saves.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::measured::waits_for_restart;
use super::rehearsal::Setting;
use crate::plan::Plan;
use crate::run::Run;
use crate::run::StageId;
use crate::simulated::End;

/// A stage that begins later than this after what it needs has waited for something else.
const LATE: Duration = Duration::from_secs(1);

/// How the time of a run was spent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// The stages that the end waited for, in order, each with its share: the time from the end of
    /// the one before it.
    pub critical: Vec<(StageId, Duration)>,
    /// From the first stage's start to the last one's end.
    pub in_all: Duration,
}

/// Where the time of a stage comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Measured in runs of the user's own.
    Runs,
    /// Said by the user.
    Given,
    /// Measured in the lab, on Linux in containers.
    Lab,
    /// Nobody has measured it.
    Assumption,
}

/// Where the time of each stage comes from that has run.
pub(super) fn bases(setting: &Setting, run: &Run, end: &End) -> BTreeMap<StageId, Basis> {
    let stages = setting.plan.stages.iter();
    let ran = stages.filter(|stage| {
        let at = run.position(&stage.id);
        at.is_some_and(|at| run.stage(at).started_at.is_some())
    });
    ran.map(|stage| {
        let waits = waits_for_restart(&setting.plan, &stage.id);
        let measured = if waits {
            setting.tempo.restarts.contains_key(&stage.on)
        } else {
            setting.tempo.stages.contains_key(&stage.id)
        };
        let windows = end.windows.get(&stage.on) == Some(&true);
        let basis = if measured {
            Basis::Runs
        } else if waits && setting.assumptions.restart(stage.on).is_some() {
            Basis::Given
        } else if windows {
            Basis::Assumption
        } else {
            Basis::Lab
        };
        (stage.id.clone(), basis)
    })
    .collect()
}

/// Reads off a run how its time was spent.
///
/// The critical path goes backwards from the stage that ended last, each time to the stage that it
/// waited for: of those that it needs and of those of its own server, the one that ended last before
/// it began; where that was long before, of all stages.
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
        let began = spans[now].map(|(from, _)| from);
        let before = |other: &usize| {
            *other != now && spans[*other].is_some_and(|(from, to)| Some(to) <= began && from < to)
        };
        let last = |which: &dyn Fn(&usize) -> bool| {
            (0..spans.len())
                .filter(|other| before(other) && which(other))
                .max_by_key(|other| (spans[*other].map(|(_, to)| to), *other))
        };
        let needed = needs(plan, now);
        let own =
            last(&|other| needed.contains(other) || plan.stages[*other].on == plan.stages[now].on);
        // A stage that begins long after all of these has waited for something else by itself, as a
        // join for the other server's restart.
        let gap = |other: usize| {
            spans[other]
                .zip(began)
                .map_or(Duration::ZERO, |((_, to), from)| between(to, from))
        };
        let earlier = own
            .filter(|own| gap(*own) <= LATE)
            .or_else(|| last(&|_| true));
        let share = match (earlier.and_then(|earlier| spans[earlier]), spans[now]) {
            (Some((_, ended)), Some((_, to))) => between(ended, to),
            _ => lasted(now),
        };
        critical.push((plan.stages[now].id.clone(), share));
        at = earlier;
    }
    critical.reverse();
    Timing {
        critical,
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
