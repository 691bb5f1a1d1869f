//! What a path means before it is taken: how long clients are without a server, what cannot be taken
//! back, and which stages the others wait for.
//!
//! All of it comes from what the actions declare of themselves ([`Nature`]) and from `needs`; no stage
//! is known by its name.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::catalogue::Identity;
use super::catalogue::Nature;
use super::catalogue::Undo;
use super::model::Plan;
use super::model::Stage;
use super::path::PathRow;
use super::path::Runs;
use crate::run::Place;
use crate::run::StageId;

/// What a path means before it is taken.
///
/// Stages of which it is not known yet whether they run count as if they did.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outlook {
    /// The time in which clients do not find the server; none if the identity does not move.
    pub outage: Option<Outage>,
    /// The first stage after which the run cannot simply be taken back.
    pub point_of_no_return: Option<NoReturn>,
    /// Stages of the path that cannot be undone.
    pub cannot_be_undone: Vec<StageId>,
    /// The longest chain of stages that wait for each other, by their number.
    pub longest_chain: Vec<StageId>,
    /// Which stages run side by side if each takes equally long: at most one a server.
    pub steps: Vec<Vec<StageId>>,
}

/// The time in which clients do not find the server.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outage {
    /// It begins with this stage: the first that takes anything of the source's identity away.
    pub begins: Mark,
    /// It ends when this stage has ended: the last that brings or shows the identity on the
    /// destination. None if no stage does.
    pub ends: Option<Mark>,
    /// Clients that use a further name wait for this stage.
    pub alternates: Option<Mark>,
}

/// A stage on the path.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mark {
    /// The stage.
    pub id: StageId,
    /// The percent that is shown while it runs.
    pub percent: f64,
    /// Whether it is known by now that it runs.
    pub sure: bool,
}

/// Where a run cannot simply be taken back any more.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NoReturn {
    /// The stage.
    #[serde(flatten)]
    pub at: Mark,
    /// Why.
    pub reason: String,
}

/// Whether one stage can be undone.
pub fn can_be_undone(stage: &Stage) -> bool {
    match stage.nature.undo {
        Undo::Full | Undo::NotNeeded => true,
        Undo::Given(pointer) => stage
            .with
            .pointer(pointer)
            .is_some_and(|undo| !undo.is_null()),
    }
}

/// Looks ahead along a path, the rows of which are those of this plan.
pub fn outlook(plan: &Plan, rows: &[PathRow]) -> Outlook {
    let path = Path::new(plan, rows);
    Outlook {
        outage: path.outage(),
        point_of_no_return: path.point_of_no_return(),
        cannot_be_undone: path
            .taken()
            .filter(|(_, stage)| !can_be_undone(stage))
            .map(|(_, stage)| stage.id.clone())
            .collect(),
        longest_chain: path.longest_chain(),
        steps: path.steps(),
    }
}

struct Path<'a> {
    plan: &'a Plan,
    /// The rows of the stages, without the states around them.
    rows: Vec<&'a PathRow>,
}

impl<'a> Path<'a> {
    fn new(plan: &'a Plan, rows: &'a [PathRow]) -> Self {
        let rows = rows.iter().skip(1).take(plan.stages.len()).collect();
        Self { plan, rows }
    }

    fn runs(&self, position: usize) -> bool {
        self.rows
            .get(position)
            .is_some_and(|row| row.runs != Runs::No)
    }

    fn taken(&self) -> impl DoubleEndedIterator<Item = (usize, &'a Stage)> {
        self.plan
            .stages
            .iter()
            .enumerate()
            .filter(|(position, _)| self.runs(*position))
    }

    fn mark(&self, position: usize) -> Mark {
        let row = self.rows.get(position);
        Mark {
            id: self.plan.stages[position].id.clone(),
            percent: row.map_or(0.0, |row| row.percent),
            sure: row.is_some_and(|row| row.runs == Runs::Yes),
        }
    }

    fn outage(&self) -> Option<Outage> {
        let at = |place: Place, of: &'static [Identity]| {
            move |(_, stage): &(usize, &Stage)| {
                stage.on == place && of.contains(&stage.nature.identity)
            }
        };
        let (begins, _) = self
            .taken()
            .find(at(Place::Source, &[Identity::Moves, Identity::Alternates]))?;
        let last = |of| self.taken().rev().find(at(Place::Destination, of));
        let ends = last(&[Identity::Moves, Identity::Shows]).map(|(position, _)| position);
        let alternates = last(&[Identity::Alternates])
            .map(|(position, _)| position)
            .filter(|position| ends.is_none_or(|ends| ends < *position));
        Some(Outage {
            begins: self.mark(begins),
            ends: ends.map(|position| self.mark(position)),
            alternates: alternates.map(|position| self.mark(position)),
        })
    }

    fn point_of_no_return(&self) -> Option<NoReturn> {
        let reason = |stage: &Stage| match stage.nature {
            Nature {
                no_return: Some((place, reason)),
                ..
            } if place == stage.on => Some(reason.to_owned()),
            _ if !can_be_undone(stage) => Some("it has no way back".to_owned()),
            _ => None,
        };
        self.taken().find_map(|(position, stage)| {
            Some(NoReturn {
                at: self.mark(position),
                reason: reason(stage)?,
            })
        })
    }

    fn longest_chain(&self) -> Vec<StageId> {
        // The file order is an order in which the stages can run, so one pass is enough.
        let mut lengths = vec![0_usize; self.plan.stages.len()];
        let mut before = vec![None; self.plan.stages.len()];
        for (position, stage) in self.plan.stages.iter().enumerate() {
            let longest = stage
                .needs
                .iter()
                .copied()
                .max_by_key(|need| lengths[*need]);
            lengths[position] =
                longest.map_or(0, |need| lengths[need]) + usize::from(self.runs(position));
            before[position] = longest;
        }
        let last = (0..lengths.len()).max_by_key(|position| lengths[*position]);
        let mut chain = Vec::new();
        let mut at = last;
        while let Some(position) = at {
            if self.runs(position) {
                chain.push(self.plan.stages[position].id.clone());
            }
            at = before[position];
        }
        chain.reverse();
        chain
    }

    /// Goes through the stages as the engine would: in file order, at most one a server.
    fn steps(&self) -> Vec<Vec<StageId>> {
        let mut needs: Vec<usize> = self.plan.stages.iter().map(|one| one.needs.len()).collect();
        let mut ready: BTreeSet<usize> = (0..needs.len()).filter(|at| needs[*at] == 0).collect();
        let mut steps = Vec::new();
        while !ready.is_empty() {
            let mut busy = BTreeSet::new();
            let mut step = Vec::new();
            let mut ended = Vec::new();
            // A skip ends at once and may free stages for this very step.
            while let Some(position) = ready.iter().copied().find(|at| !self.runs(*at)) {
                ready.remove(&position);
                self.end(position, &mut needs, &mut ready);
            }
            for position in ready.iter().copied() {
                let stage = &self.plan.stages[position];
                let server = matches!(stage.on, Place::Source | Place::Destination);
                if !server || busy.insert(stage.on) {
                    step.push(stage.id.clone());
                    ended.push(position);
                }
            }
            for position in ended {
                ready.remove(&position);
                self.end(position, &mut needs, &mut ready);
            }
            if !step.is_empty() {
                steps.push(step);
            }
        }
        steps
    }

    fn end(&self, position: usize, needs: &mut [usize], ready: &mut BTreeSet<usize>) {
        for dependant in self.plan.dependants(position) {
            needs[*dependant] -= 1;
            if needs[*dependant] == 0 {
                ready.insert(*dependant);
            }
        }
    }
}
