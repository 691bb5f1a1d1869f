//! How long the stages of real runs took, and a twin that takes as long.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::rehearsal::RehearseError;
use super::rehearsal::Setting;
use super::rehearsal::rehearse;
use crate::plan::Plan;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::Run;
use crate::run::RunId;
use crate::run::StageId;
use crate::run::StageStatus;
use crate::simulated::Tempo;

/// How often a twin is fitted anew: a stage may wait for the other server, so one round is not exact.
const ROUNDS: u32 = 4;
/// How far a stage of a real run may be from the table; beyond that something else took the time.
const FARTHEST: (f64, f64) = (0.02, 50.0);

/// What was measured in real runs.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    stages: BTreeMap<StageId, Vec<Duration>>,
    /// How many stages were under way at once, at most.
    parallel: usize,
    runs: Vec<RunId>,
}

impl Measured {
    /// Takes in what a run measured: the stages that went through at their first attempt. Others say
    /// how long something was broken, not how long it takes.
    pub fn add(&mut self, run: &Run, events: &[Event]) {
        let took = clean(events);
        if took.is_empty() {
            return;
        }
        for (stage, took) in took {
            self.stages.entry(stage).or_default().push(took);
        }
        self.parallel = self.parallel.max(side_by_side(run));
        self.runs.push(run.id().clone());
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The middle one of a stage's times.
    fn of(&self, stage: &StageId) -> Option<Duration> {
        let mut all = self.stages.get(stage)?.clone();
        all.sort();
        all.get(all.len() / 2).copied()
    }

    fn words(&self) -> String {
        match self.runs.as_slice() {
            [only] => format!("run {only}"),
            [.., last] => format!("{} runs up to {last}", self.runs.len()),
            [] => String::new(),
        }
    }
}

/// The stages that a run has done.
pub fn done(run: &Run) -> BTreeSet<StageId> {
    let stages = run.stages();
    stages
        .filter(|(_, stage)| stage.status == StageStatus::Succeeded)
        .map(|(shape, _)| shape.id.clone())
        .collect()
}

/// Fits the times of a twin to what was measured: its stages take as long as those of the runs, its
/// servers are away for as long. `--assume source.restart` and the like hold all the same.
pub async fn fitted(setting: &Setting, measured: &Measured) -> Result<Tempo, RehearseError> {
    let mut tempo = Tempo {
        from: measured.words(),
        ..Tempo::default()
    };
    for _ in 0..ROUNDS {
        let calm = Setting {
            faults: Vec::new(),
            resumes: 0,
            parallel: measured.parallel.max(1),
            tempo: tempo.clone(),
            ..setting.clone()
        };
        let held = rehearse(&calm, &mut |_, _| {}).await?;
        let mut away = BTreeMap::<Place, Vec<(Duration, Duration)>>::new();
        for (stage, now) in clean(&held.events) {
            let Some(wanted) = measured.of(&stage) else {
                continue;
            };
            if waits_for_restart(&setting.plan, &stage) {
                if let Some(stage) = setting.plan.stage(&stage) {
                    away.entry(stage.on).or_default().push((wanted, now));
                }
            } else if !now.is_zero() {
                let factor = tempo.stages.entry(stage).or_insert(1.0);
                let fitted = *factor * wanted.as_secs_f64() / now.as_secs_f64();
                *factor = fitted.clamp(FARTHEST.0, FARTHEST.1);
            }
        }
        for (place, spans) in away {
            if setting.assumptions.restart(place).is_some() {
                continue;
            }
            let count = u32::try_from(spans.len()).unwrap_or(u32::MAX);
            let wanted: Duration = spans.iter().map(|(wanted, _)| *wanted).sum();
            let now: Duration = spans.iter().map(|(_, now)| *now).sum();
            let present = held.end.restart_takes.get(&place).copied();
            let present = present.unwrap_or_default();
            let fitted = (present + wanted / count).saturating_sub(now / count);
            tempo.restarts.insert(place, fitted);
        }
    }
    Ok(tempo)
}

/// Whether a stage waits until a server is there again; how long says how long a restart takes.
pub(super) fn waits_for_restart(plan: &Plan, stage: &StageId) -> bool {
    let stage = plan.stage(stage).filter(|stage| stage.uses == "host.wait");
    stage.is_some_and(|stage| {
        let mut needs = stage.needs.iter().map(|need| &plan.stages[*need]);
        needs.any(|need| need.uses == "host.restart")
    })
}

/// How long each stage took that went through at its first attempt.
fn clean(events: &[Event]) -> BTreeMap<StageId, Duration> {
    let mut took = BTreeMap::new();
    for event in events {
        if let (
            Some(stage),
            EventKind::Succeeded {
                attempt: 1,
                settled: None,
                duration_ms,
                ..
            },
        ) = (&event.stage, &event.kind)
        {
            took.insert(stage.clone(), Duration::from_millis(*duration_ms));
        }
    }
    took
}

/// How many stages were under way at once, at most.
fn side_by_side(run: &Run) -> usize {
    let spans: Vec<(Timestamp, Timestamp)> = run
        .stages()
        .filter_map(|(_, stage)| {
            let from = stage.started_at.as_ref()?.parse().ok()?;
            let to = stage.ended_at.as_ref()?.parse().ok()?;
            Some((from, to))
        })
        .collect();
    let at_once = |at: &Timestamp| {
        let under_way = spans.iter().filter(|(from, to)| from <= at && at < to);
        under_way.count()
    };
    let most = spans.iter().map(|(from, _)| at_once(from)).max();
    most.unwrap_or(1)
}
