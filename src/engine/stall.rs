//! Stages that take much longer than they usually do.
//!
//! A stage is told of at four times its usual duration, and again each time that has doubled.

use std::time::Duration;

use tokio::time::Instant;

use super::Engine;
use super::News;
use crate::run::Stall;

/// From how many times its usual duration on a stage is told of.
const MUCH: u32 = 4;

/// A stage that a worker is at.
pub(super) struct AtWork {
    since: Instant,
    /// What is usual, and when it is told next; none where nobody knows what is usual.
    next: Option<(Duration, Duration)>,
}

impl Engine<'_> {
    /// Notes that a worker has begun with a half of a stage.
    pub(super) fn begins_work(&mut self, position: usize) {
        let uses = &self.drive.plan.stages[position].uses;
        let usual = self
            .drive
            .registry
            .get(uses)
            .and_then(|action| action.pace().usual);
        let work = AtWork {
            since: Instant::now(),
            next: usual.map(|usual| (usual, usual.saturating_mul(MUCH))),
        };
        self.at_work.insert(position, work);
    }

    /// Tells of every stage that has just become much longer than usual.
    pub(super) fn tell_stalls(&mut self) {
        let mut due = Vec::new();
        for (position, work) in &mut self.at_work {
            let lasts = work.since.elapsed();
            if let Some((usual, next)) = &mut work.next
                && lasts >= *next
            {
                *next = next.saturating_mul(2);
                due.push((*position, lasts, *usual));
            }
        }
        for (position, lasts, usual) in due {
            let context = self.context(position);
            let stage = context.stage();
            let causes = self
                .drive
                .registry
                .get(&stage.uses)
                .map(|action| action.pace().causes_for(&context))
                .unwrap_or_default();
            let stall = Stall {
                at: self.drive.clock.now(),
                run: self.run.id().clone(),
                percent: self.run.percent(),
                stage: stage.id.clone(),
                seconds: lasts.as_secs(),
                usual_seconds: usual.as_secs(),
                causes,
            };
            tracing::warn!(
                stage = stage.id.as_str(),
                seconds = stall.seconds,
                "no progress"
            );
            (self.report)(News::Stall(&stall), &self.run);
        }
    }
}
