//! Who needs whom: ids, needs, cycles and the order of the file.
//!
//! Everything here is linear in stages and needs, and nothing recurses: a chain of 100,000 stages
//! is checked on a small stack.

mod cycles;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::diagnostic::did_you_mean;
use super::diagnostic::nearest;
use cycles::Cycles;

/// Suggestions cost a look at every stage, so a file full of faults gets them only at first.
const MOST_SUGGESTIONS: usize = 50;

/// The stages of a plan and their needs, as indices.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) ids: Vec<String>,
    pub(crate) index: BTreeMap<String, usize>,
    pub(crate) needs: Vec<Vec<usize>>,
    /// Ids that more than one stage has.
    ambiguous: BTreeSet<String>,
    /// Where each of them stands in its list.
    positions: Vec<Vec<usize>>,
    /// Whether every need stands before its stage, so that one walk through the file is enough.
    pub(crate) ordered: bool,
    /// Whether what a stage needs is in doubt, as it, or a stage that it needs, has a fault there;
    /// what then follows from needs would only repeat that fault.
    pub(crate) doubtful: Vec<bool>,
}

impl Graph {
    /// Reads ids and needs out of the value of a plan, and says what is wrong with them.
    pub(crate) fn read(plan: &Value, faults: &mut Faults) -> Self {
        let none = Vec::new();
        let stages = plan["stages"].as_array().unwrap_or(&none);
        let mut graph = Self {
            ordered: true,
            ..Self::default()
        };
        for (index, stage) in stages.iter().enumerate() {
            let id = stage["id"].as_str().unwrap_or_default().to_owned();
            if let Some(first) = graph.index.get(&id).filter(|_| !id.is_empty()) {
                graph.ambiguous.insert(id.clone());
                faults.push(
                    Fault::error(
                        "P020",
                        at(index, "id"),
                        format!("two stages are called `{id}`"),
                    )
                    .label("again here")
                    .and(at(*first, "id"), "first here")
                    .help("give one of them another id"),
                );
            } else if !id.is_empty() {
                graph.index.insert(id.clone(), index);
            }
            graph.ids.push(id);
        }
        let mut suggestions = 0;
        for (index, stage) in stages.iter().enumerate() {
            let (needs, positions) = graph.needs_of(index, stage, &mut suggestions, faults);
            let listed = match &stage["needs"] {
                Value::Array(list) => list.len(),
                Value::Null => 0,
                // What is no list may have meant any stage.
                _ => usize::MAX,
            };
            let keys = stage
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.as_str());
            let misspelled = nearest("needs", keys).is_some();
            let inherited = needs
                .iter()
                .any(|need| graph.doubtful.get(*need) == Some(&true));
            graph
                .doubtful
                .push(misspelled || inherited || needs.len() < listed);
            graph.needs.push(needs);
            graph.positions.push(positions);
        }
        graph.check_order(faults);
        graph
    }

    fn needs_of(
        &self,
        index: usize,
        stage: &Value,
        suggestions: &mut usize,
        faults: &mut Faults,
    ) -> (Vec<usize>, Vec<usize>) {
        let id = &self.ids[index];
        let mut seen = BTreeSet::new();
        let mut needs = Vec::new();
        let mut positions = Vec::new();
        for (position, need) in stage["needs"].as_array().into_iter().flatten().enumerate() {
            let Some(need) = need.as_str() else { continue };
            let here = || At::value(format!("/stages/{index}/needs/{position}"));
            match self.index.get(need) {
                // Which of the stages with this id is meant cannot be known.
                _ if self.ambiguous.contains(need) => {}
                _ if need == id => faults.push(
                    Fault::error("P022", here(), format!("`{id}` needs itself")).help("remove it"),
                ),
                None => {
                    *suggestions += 1;
                    let near = (*suggestions <= MOST_SUGGESTIONS)
                        .then(|| {
                            let others = self.index.keys().filter(|other| *other != id);
                            did_you_mean(need, others.map(String::as_str))
                        })
                        .flatten();
                    faults.push(
                        Fault::error(
                            "P021",
                            here(),
                            format!("`{id}` needs unknown stage `{need}`"),
                        )
                        .label("no stage has this id")
                        .maybe_help(near),
                    );
                }
                Some(_) if !seen.insert(need) => faults.push(
                    Fault::error("P025", here(), format!("`{id}` needs `{need}` twice"))
                        .help("remove one of the two"),
                ),
                Some(other) => {
                    needs.push(*other);
                    positions.push(position);
                }
            }
        }
        (needs, positions)
    }

    fn check_order(&mut self, faults: &mut Faults) {
        let backward: Vec<(usize, usize)> = self
            .needs
            .iter()
            .enumerate()
            .flat_map(|(stage, needs)| needs.iter().map(move |need| (stage, *need)))
            .filter(|(stage, need)| need >= stage)
            .collect();
        // Needs that all point up the file cannot form a cycle.
        if backward.is_empty() {
            return;
        }
        self.ordered = false;
        let Cycles {
            all,
            group_of,
            more,
        } = Cycles::find(&self.needs);
        for cycle in &all {
            self.say_cycle(cycle, more, faults);
        }
        for (stage, need) in backward {
            // An order against a cycle is the cycle's fault, which is named already.
            if group_of[stage].is_some() && group_of[stage] == group_of[need] {
                continue;
            }
            let position = self.position(stage, need);
            let (id, need_id) = (&self.ids[stage], &self.ids[need]);
            faults.push(
                Fault::error(
                    "P024",
                    At::value(format!("/stages/{stage}/needs/{position}")),
                    format!("`{id}` needs `{need_id}`, which stands further down"),
                )
                .and(at(need, "id"), "stands here")
                .help(format!(
                    "move `{need_id}` before `{id}`: the file is read from top to bottom"
                )),
            );
        }
    }

    fn say_cycle(&self, cycle: &[usize], more: bool, faults: &mut Faults) {
        let names: Vec<&str> = cycle
            .iter()
            .map(|stage| self.ids[*stage].as_str())
            .collect();
        let edge = |pair: &[usize]| {
            let position = self.position(pair[0], pair[1]);
            let place = At::value(format!("/stages/{}/needs/{position}", pair[0]));
            (
                place,
                format!("`{}` needs `{}`", self.ids[pair[0]], self.ids[pair[1]]),
            )
        };
        let (first, label) = edge(&cycle[..2]);
        let mut fault = Fault::error(
            "P023",
            first,
            format!("dependency cycle: {}", names.join(" -> ")),
        )
        .label(label)
        .help(if more {
            "remove one of these needs; more cycles may show then"
        } else {
            "remove one of these needs"
        });
        // The message names all of a long cycle; marks on each of it would only repeat that.
        for pair in cycle[1..].windows(2).take(8) {
            let (place, label) = edge(pair);
            fault = fault.and(place, label);
        }
        faults.push(fault);
    }

    /// Where a need stands in its list.
    fn position(&self, stage: usize, need: usize) -> usize {
        let place = self.needs[stage].iter().position(|other| *other == need);
        place.map_or(0, |place| self.positions[stage][place])
    }

    /// Says, for each of these pairs (stage, needed), whether the one needs the other, directly or
    /// not. Linear for each 64 different needed stages.
    pub(crate) fn reaches(&self, pairs: &[(usize, usize)]) -> Vec<bool> {
        let mut targets: Vec<usize> = pairs.iter().map(|(_, target)| *target).collect();
        targets.sort_unstable();
        targets.dedup();
        let mut answers = vec![false; pairs.len()];
        for chunk in targets.chunks(64) {
            let mut masks = vec![0_u64; self.ids.len()];
            for (stage, needs) in self.needs.iter().enumerate() {
                masks[stage] = needs.iter().fold(0, |mask, need| {
                    let own = chunk.binary_search(need).map_or(0, |bit| 1 << bit);
                    mask | masks[*need] | own
                });
            }
            for (answer, (stage, target)) in answers.iter_mut().zip(pairs) {
                if let Ok(bit) = chunk.binary_search(target) {
                    *answer = masks[*stage] >> bit & 1 == 1;
                }
            }
        }
        answers
    }
}

pub(crate) fn at(stage: usize, field: &str) -> At {
    At::value(format!("/stages/{stage}/{field}"))
}
