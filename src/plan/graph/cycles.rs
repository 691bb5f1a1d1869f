//! Stages that wait for each other: every cycle, each as the way from a stage back to itself.
//!
//! There can be more cycles than stages, by far; so many are named as a person would mend at once.
//! Nothing here recurses: a cycle may be as long as the plan.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::collections::btree_map::Entry;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;

/// How many cycles of one group of stages are named.
const MOST: usize = 10;
/// How many needs are followed while looking for them.
const STEPS: usize = 1_000_000;

/// Stages in which cycles run.
#[derive(Debug)]
pub(super) struct Cycles {
    /// Each cycle from its first stage in the file back to it, as `[0, 2, 1, 0]`.
    pub(super) all: Vec<Vec<usize>>,
    /// For each stage the group of stages that wait for each other, if it is in one.
    pub(super) group_of: Vec<Option<usize>>,
    /// Whether there may be more of them.
    pub(super) more: bool,
}

impl Cycles {
    /// Looks for the cycles of these needs.
    pub(super) fn find(needs: &[Vec<usize>]) -> Self {
        let mut graph = DiGraph::<(), (), u32>::with_capacity(needs.len(), needs.len());
        for _ in needs {
            graph.add_node(());
        }
        for (stage, needs) in needs.iter().enumerate() {
            for need in needs {
                graph.add_edge(NodeIndex::new(stage), NodeIndex::new(*need), ());
            }
        }
        let mut found = Self {
            all: Vec::new(),
            group_of: vec![None; needs.len()],
            more: false,
        };
        // Not Tarjan's algorithm: petgraph's recurses, and a long chain would overflow the stack.
        let mut groups: Vec<Vec<usize>> = kosaraju_scc(&graph)
            .into_iter()
            .filter(|group| group.len() > 1)
            .map(|group| group.into_iter().map(NodeIndex::index).collect())
            .collect();
        for group in &mut groups {
            group.sort_unstable();
        }
        groups.sort_unstable();
        for (number, group) in groups.iter().enumerate() {
            for stage in group {
                found.group_of[*stage] = Some(number);
            }
        }
        let mut steps = 0;
        for group in &groups {
            let shortest = found.shortest(needs, group[0]);
            let mut cycles = found.simple(needs, group, &mut steps);
            cycles.retain(|cycle| *cycle != shortest);
            cycles.truncate(MOST - 1);
            cycles.sort_by_key(|cycle| (cycle.len(), cycle.clone()));
            found.all.push(shortest);
            found.all.extend(cycles);
        }
        found
    }

    /// The shortest way from a stage back to itself, inside its group.
    fn shortest(&self, needs: &[Vec<usize>], start: usize) -> Vec<usize> {
        let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(stage) = queue.pop_front() {
            for need in &needs[stage] {
                if *need == start {
                    let mut cycle = vec![start];
                    let mut at = stage;
                    while at != start {
                        cycle.push(at);
                        at = came_from[&at];
                    }
                    cycle.push(start);
                    cycle.reverse();
                    return cycle;
                }
                if self.group_of[*need] != self.group_of[start] {
                    continue;
                }
                if let Entry::Vacant(entry) = came_from.entry(*need) {
                    entry.insert(stage);
                    queue.push_back(*need);
                }
            }
        }
        vec![start, start]
    }

    /// The cycles that pass no stage twice, each begun at its first stage in the file.
    fn simple(
        &mut self,
        needs: &[Vec<usize>],
        group: &[usize],
        steps: &mut usize,
    ) -> Vec<Vec<usize>> {
        let mut cycles = Vec::new();
        let mut on_way = vec![false; needs.len()];
        for start in group {
            // The way so far: each stage, and which of its needs is next.
            let mut way = vec![(*start, 0_usize)];
            on_way[*start] = true;
            while let Some((stage, next)) = way.last_mut() {
                *steps += 1;
                if *steps > STEPS || cycles.len() > MOST {
                    self.more = true;
                    return cycles;
                }
                let Some(need) = needs[*stage].get(*next).copied() else {
                    on_way[*stage] = false;
                    way.pop();
                    continue;
                };
                *next += 1;
                if need == *start {
                    let stages = way.iter().map(|(stage, _)| *stage);
                    cycles.push(stages.chain([*start]).collect());
                } else if need > *start
                    && !on_way[need]
                    && self.group_of[need] == self.group_of[*start]
                {
                    on_way[need] = true;
                    way.push((need, 0));
                }
            }
        }
        cycles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cycles(needs: &[&[usize]]) -> Vec<Vec<usize>> {
        let needs: Vec<Vec<usize>> = needs.iter().map(|needs| needs.to_vec()).collect();
        Cycles::find(&needs).all
    }

    #[test]
    fn every_cycle_is_found_once() {
        assert_eq!(cycles(&[&[], &[0]]), Vec::<Vec<usize>>::new());
        assert_eq!(cycles(&[&[2], &[0], &[1]]), [vec![0, 2, 1, 0]]);
        assert_eq!(
            cycles(&[&[1, 2], &[0], &[0], &[4], &[3]]),
            [vec![0, 1, 0], vec![0, 2, 0], vec![3, 4, 3]]
        );
        // All that three stages can do to each other.
        assert_eq!(cycles(&[&[1, 2], &[0, 2], &[0, 1]]).len(), 5);
        // A cycle that the first stage of its group is not in.
        assert_eq!(
            cycles(&[&[2], &[2], &[1, 0]]),
            [vec![0, 2, 0], vec![1, 2, 1]]
        );
    }

    #[test]
    fn there_may_be_more_than_anybody_reads() {
        let all: Vec<usize> = (0..30).collect();
        let needs: Vec<Vec<usize>> = all
            .iter()
            .map(|stage| all.iter().copied().filter(|need| need != stage).collect())
            .collect();
        let found = Cycles::find(&needs);
        assert!(found.more);
        assert_eq!(found.all.len(), MOST);
    }
}
