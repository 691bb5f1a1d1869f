//! Which stage of a run that is rolled back is undone next: what depends on it is gone, and so is what
//! began later on the same place; the latest in the file first.
//!
//! One stage at a time: the plan's `needs` say what one stage needs from another, and not that two
//! servers may never bear one name on the way back.

use std::collections::BTreeMap;

use super::Place;
use super::Run;
use super::StageState;
use super::StageStatus;

/// The order in which stages are undone, kept up to date stage by stage.
#[derive(Clone, Debug)]
pub struct Unwind {
    /// Whether a stage has something that is not taken back yet.
    open: Vec<bool>,
    /// How many stages that need it are not cleared yet.
    above: Vec<usize>,
    needs: Vec<Vec<usize>>,
    /// The open stages of each place, the last begun at the end.
    places: BTreeMap<Place, Vec<usize>>,
}

impl Unwind {
    /// Reads off a run what is to be undone; stages in doubt are in it until they are settled.
    pub fn new(run: &Run) -> Self {
        let mut open = Vec::new();
        let mut needs = Vec::new();
        let mut above = vec![0; run.shape().stages.len()];
        let mut begun: BTreeMap<Place, Vec<(u64, usize)>> = BTreeMap::new();
        for (position, (shape, stage)) in run.stages().enumerate() {
            for &need in &shape.needs {
                above[need] += 1;
            }
            let seq = stage.begun.filter(|_| has_effect(stage));
            if let Some(seq) = seq {
                begun.entry(shape.on).or_default().push((seq, position));
            }
            open.push(seq.is_some());
            needs.push(shape.needs.clone());
        }
        let places = begun.into_iter().map(|(place, mut stages)| {
            stages.sort_unstable();
            let positions = stages.into_iter().map(|(_, position)| position).collect();
            (place, positions)
        });
        let mut unwind = Self {
            places: places.collect(),
            open,
            above,
            needs,
        };
        let free = (0..unwind.open.len())
            .filter(|position| unwind.above[*position] == 0 && !unwind.open[*position])
            .collect();
        unwind.clear(free);
        unwind
    }

    /// Returns the stage that is undone next; none when all is undone.
    pub fn next(&self) -> Option<usize> {
        self.places
            .values()
            .filter_map(|stages| stages.last().copied())
            .filter(|position| self.above[*position] == 0)
            .max()
    }

    /// Returns all that is to be undone, in its order, if nothing else happens.
    pub fn order(mut self) -> Vec<usize> {
        let mut order = Vec::new();
        while let Some(position) = self.next() {
            self.end(position);
            order.push(position);
        }
        order
    }

    /// Returns whether nothing is left to be undone.
    pub fn is_done(&self) -> bool {
        self.places.values().all(Vec::is_empty)
    }

    /// Notes that a stage has nothing left to be undone.
    pub fn end(&mut self, position: usize) {
        if !std::mem::take(&mut self.open[position]) {
            return;
        }
        for stages in self.places.values_mut() {
            stages.retain(|other| *other != position);
        }
        if self.above[position] == 0 {
            self.clear(vec![position]);
        }
    }

    /// Nothing that needs these is left: neither is it for what only they stood upon.
    fn clear(&mut self, mut cleared: Vec<usize>) {
        while let Some(position) = cleared.pop() {
            for need in std::mem::take(&mut self.needs[position]) {
                self.above[need] -= 1;
                if self.above[need] == 0 && !self.open[need] {
                    cleared.push(need);
                }
            }
        }
    }
}

/// Whether a stage that began has something left that is not taken back: even what failed may have.
fn has_effect(stage: &StageState) -> bool {
    !matches!(
        stage.status,
        StageStatus::Skipped | StageStatus::Undone | StageStatus::Left
    )
}
