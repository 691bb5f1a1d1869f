//! Nothing is changed before the plan's early preconditions were asked; and after an edit nothing
//! more, before those were asked that it touches.
//!
//! They are asked once, right before the first stage that changes anything, when everything that
//! stands before it in the file and only looks has been learned: what `--parallel 1` knows there.

use super::Drive;
use crate::action::Registry;
use crate::plan::Plan;
use crate::run::Run;
use crate::run::StageState;
use crate::run::StageStatus;

/// Whether the run may change anything yet.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    state: State,
    /// Stages that only look, and that stages with early preconditions build upon, in file order.
    looks: Vec<usize>,
    /// The first change is behind it: only what an edit touches is asked.
    anew: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Asking(usize),
    Open,
}

/// What a stage that changes something may do at the gate.
pub(super) enum Passage {
    /// Start.
    Free,
    /// Start, and ask the early preconditions first.
    Ask,
    /// Not start yet.
    Wait,
}

impl Gate {
    /// Reads off a run whether its first change is behind it.
    pub(super) fn of(drive: &Drive, run: &Run) -> Self {
        let stages = &drive.plan.stages;
        let pure = pure(&drive.plan, &drive.registry);
        // The file order is topological, so one pass backwards is enough.
        let mut leads_to_early: Vec<bool> = stages
            .iter()
            .map(|stage| stage.preconditions.iter().any(|asked| asked.early))
            .collect();
        for (position, stage) in stages.iter().enumerate().rev() {
            if leads_to_early[position] {
                for need in &stage.needs {
                    leads_to_early[*need] = true;
                }
            }
        }
        let looks =
            (0..stages.len()).filter(|position| pure[*position] && leads_to_early[*position]);
        // What a person did by hand answers none of the early questions.
        let begun = has_begun(&drive.plan, &drive.registry, run);
        let anew = begun && is_edited_since(&drive.plan, &drive.registry, run);
        Self {
            state: if begun && !anew {
                State::Open
            } else {
                State::Closed
            },
            looks: looks.collect(),
            anew,
        }
    }

    /// Returns whether the early preconditions of a stage are to be asked.
    pub(super) fn concerns(&self, stage: &StageState) -> bool {
        if self.anew {
            stage.touched && !stage.has_begun()
        } else {
            !stage.status.has_ended()
        }
    }

    /// Asks for passage for a stage that changes something.
    pub(super) fn passage(&mut self, position: usize, run: &Run) -> Passage {
        match self.state {
            State::Open => Passage::Free,
            State::Asking(_) => Passage::Wait,
            State::Closed => {
                let before = self.looks.iter().take_while(|look| **look < position);
                let learned = before
                    .copied()
                    .all(|look| run.stage(look).status.has_ended());
                if !learned {
                    return Passage::Wait;
                }
                self.state = State::Asking(position);
                Passage::Ask
            }
        }
    }

    /// Takes the answer in, where this stage asked.
    pub(super) fn answered(&mut self, position: usize, granted: bool) {
        if self.state == State::Asking(position) {
            self.state = if granted { State::Open } else { State::Closed };
        }
    }
}

/// Which stages only look, and build on nothing that changes anything.
pub(super) fn pure(plan: &Plan, registry: &Registry) -> Vec<bool> {
    let mut pure: Vec<bool> = Vec::with_capacity(plan.stages.len());
    // The file order is topological.
    for stage in &plan.stages {
        let looks = !registry.changes(&stage.uses);
        pure.push(looks && stage.needs.iter().all(|need| pure[*need]));
    }
    pure
}

/// Returns whether a stage that changes anything has begun in a run, or was done by hand.
pub fn has_changed(plan: &Plan, registry: &Registry, run: &Run) -> bool {
    let adopted = |stage: &StageState| stage.status == StageStatus::Adopted;
    has_begun(plan, registry, run) || any_changing(plan, registry, run, adopted)
}

/// Whether an edit has touched stages that ask early, and nothing was changed since.
fn is_edited_since(plan: &Plan, registry: &Registry, run: &Run) -> bool {
    let asks = plan.stages.iter().enumerate().any(|(position, stage)| {
        let state = run.stage(position);
        state.touched && !state.has_begun() && stage.preconditions.iter().any(|asked| asked.early)
    });
    asks && !any_changing(plan, registry, run, |stage| stage.begun_since)
}

fn has_begun(plan: &Plan, registry: &Registry, run: &Run) -> bool {
    any_changing(plan, registry, run, |stage| stage.attempts > 0)
}

fn any_changing(
    plan: &Plan,
    registry: &Registry,
    run: &Run,
    is: impl Fn(&StageState) -> bool,
) -> bool {
    let mut stages = plan.stages.iter().enumerate();
    stages.any(|(position, stage)| registry.changes(&stage.uses) && is(run.stage(position)))
}
