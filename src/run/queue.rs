//! Which stages may start: those whose needs have all ended, earliest in the file first.

use std::collections::BTreeSet;

use super::Run;
use super::Shape;
use super::StageStatus;

/// The stages that may start now, kept up to date stage by stage.
#[derive(Clone, Debug)]
pub struct Queue {
    open_needs: Vec<usize>,
    startable: Vec<bool>,
    dependants: Vec<Vec<usize>>,
    ready: BTreeSet<usize>,
}

impl Queue {
    /// Reads off a run what may start; stages that wait, failed or run are not in the queue.
    pub fn new(run: &Run) -> Self {
        let shape: &Shape = run.shape();
        let mut queue = Self {
            open_needs: vec![0; shape.stages.len()],
            startable: vec![false; shape.stages.len()],
            dependants: vec![Vec::new(); shape.stages.len()],
            ready: BTreeSet::new(),
        };
        for (index, stage) in shape.stages.iter().enumerate() {
            for &need in &stage.needs {
                queue.dependants[need].push(index);
                if !run.stage(need).status.has_ended() {
                    queue.open_needs[index] += 1;
                }
            }
            let status = run.stage(index).status;
            queue.startable[index] = matches!(status, StageStatus::Pending | StageStatus::InDoubt);
            if queue.startable[index] && queue.open_needs[index] == 0 {
                queue.ready.insert(index);
            }
        }
        queue
    }

    /// Returns the stages that may start, in file order.
    pub fn ready(&self) -> impl Iterator<Item = usize> + '_ {
        self.ready.iter().copied()
    }

    /// Returns the first stage from a position on that may start.
    pub fn ready_from(&self, first: usize) -> Option<usize> {
        self.ready.range(first..).next().copied()
    }

    /// Takes a stage out because it starts now.
    pub fn take(&mut self, index: usize) {
        self.ready.remove(&index);
    }

    /// Puts a stage back that may start after all.
    pub fn put_back(&mut self, index: usize) {
        self.ready.insert(index);
    }

    /// Notes that a stage has ended; what only waited for it becomes ready. Returns the earliest of
    /// these.
    pub fn end(&mut self, index: usize) -> Option<usize> {
        self.ready.remove(&index);
        let mut earliest = None;
        for position in 0..self.dependants[index].len() {
            let dependant = self.dependants[index][position];
            self.open_needs[dependant] -= 1;
            // A person may have done a stage before its turn; that one does not start any more.
            if self.startable[dependant] && self.open_needs[dependant] == 0 {
                self.ready.insert(dependant);
                earliest = earliest.min(Some(dependant)).or(Some(dependant));
            }
        }
        earliest
    }
}
