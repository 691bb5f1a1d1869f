//! What no pair of servers would ever do, or would do wrongly: found by going through all kinds.
//!
//! Open answers never speak against a plan. A condition that never holds is the only thing said of
//! its stage, and nothing is said of stages that lean on it.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::check::Compiled;
use super::check::Lean;
use super::diagnostic::At;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::foresee::Answer;
use super::foresee::Foresight;
use super::graph::Graph;
use super::graph::at;
use super::kinds::Pair;
use super::kinds::releases;

/// Checks the stages against all kinds of pairs.
pub(crate) fn check(
    stages: &[Value],
    graph: &Graph,
    compiled: &[Compiled],
    leans: &[Lean],
    faults: &mut Faults,
) {
    let mut reach = Reach {
        stages,
        graph,
        compiled,
        foresight: Foresight::default(),
        never: Vec::new(),
        faults,
    };
    reach.conditions();
    reach.domains();
    // Without an order of the stages, what comes before is a guess, and the order is a fault.
    if graph.ordered {
        reach.leans(leans);
        reach.restarts();
    }
}

struct Reach<'a> {
    stages: &'a [Value],
    graph: &'a Graph,
    compiled: &'a [Compiled],
    foresight: Foresight,
    /// Whether a stage never runs.
    never: Vec<bool>,
    faults: &'a mut Faults,
}

impl Reach<'_> {
    /// Conditions that are false for all.
    fn conditions(&mut self) {
        for (index, compiled) in self.compiled.iter().enumerate() {
            let when = compiled.expressions.get("when");
            let never = when.filter(|when| self.foresight.never(when));
            self.never.push(never.is_some());
            let Some(when) = never else { continue };
            let id = &self.graph.ids[index];
            let reads = when.reads();
            let why = if reads.is_empty() {
                "its condition is false, whatever the servers are"
            } else {
                "its condition holds for no kind of pair"
            };
            let asks = |name: &str| {
                reads
                    .iter()
                    .any(|read| read.path.iter().any(|key| key == name))
            };
            let help = if asks("osVersion") {
                format!(
                    "change the condition, or remove the stage; the releases of Windows are `{}`",
                    releases().collect::<Vec<_>>().join("`, `")
                )
            } else {
                "change the condition, or remove the stage".to_owned()
            };
            let message = format!("`{id}` never runs: {why}");
            self.faults
                .push(Fault::warning("P047", at(index, "when"), message).help(help));
        }
    }

    /// The answers of a stage's condition; nothing for one that cannot be read, and for one that
    /// never holds, as that is said.
    fn answers(&mut self, stage: usize) -> Option<Rc<Vec<Answer>>> {
        let when = self.compiled[stage].expressions.get("when");
        let unread = when.is_none() && !self.stages[stage]["when"].is_null();
        (!unread && !self.never[stage]).then(|| self.foresight.answers(when))
    }

    /// Stages of a domain that act on computers of workgroups alone.
    fn domains(&mut self) {
        for (index, stage) in self.stages.iter().enumerate() {
            let uses = stage["uses"].as_str().unwrap_or_default();
            let on = stage["on"].as_str().unwrap_or_default();
            let (who, joined): (&str, fn(&Pair) -> bool) = match (uses, on) {
                ("domain.leave" | "domain.join", "source") => {
                    ("the source is", |pair| pair.source.domain_joined)
                }
                ("domain.leave" | "domain.join", "destination") => {
                    ("the destination is", |pair| pair.destination.domain_joined)
                }
                ("directory.copy_permissions", _) => ("one of the two servers is", |pair| {
                    pair.source.domain_joined && pair.destination.domain_joined
                }),
                _ => continue,
            };
            let Some(answers) = self.answers(index) else {
                continue;
            };
            let mut may = Foresight::pairs()
                .iter()
                .zip(answers.iter())
                .filter(|(_, answer)| **answer != Answer::No);
            if may.any(|((_, pair), _)| joined(pair)) {
                continue;
            }
            let id = &self.graph.ids[index];
            let message =
                format!("`{id}` acts on a domain, and wherever it runs {who} in a workgroup");
            self.faults.push(
                Fault::error("P034", at(index, "when"), message)
                    .and(at(index, "uses"), "this needs a domain")
                    .help("let its condition ask for `domainJoined`, not against it"),
            );
        }
    }

    /// Stages that need the result of one that no pair takes together with them.
    fn leans(&mut self, leans: &[Lean]) {
        for lean in leans {
            let (Some(own), Some(other)) = (self.answers(lean.stage), self.answers(lean.on)) else {
                continue;
            };
            let together = own
                .iter()
                .zip(other.iter())
                .any(|(own, other)| *own != Answer::No && *other != Answer::No);
            if together {
                continue;
            }
            let (id, name) = (&self.graph.ids[lean.stage], &self.graph.ids[lean.on]);
            let message = format!("`{id}` needs what `{name}` has done, and no pair takes both");
            self.faults.push(
                Fault::warning("P029", lean.place.clone(), message)
                    .and(at(lean.on, "when"), "skipped wherever the other runs")
                    .help("let both have conditions that hold together"),
            );
        }
    }

    /// Numbers of restarts: each follows the one before it, on every path.
    fn restarts(&mut self) {
        let mut seen = BTreeMap::<(&str, u64), Seen>::new();
        let stages = self.stages;
        for (index, stage) in stages.iter().enumerate() {
            let (Some(on), Some(ordinal)) =
                (stage["on"].as_str(), stage["with"]["ordinal"].as_u64())
            else {
                continue;
            };
            if stage["uses"] != "host.restart" || self.graph.doubtful[index] {
                continue;
            }
            let Some(answers) = self.answers(index) else {
                continue;
            };
            let before = ordinal.checked_sub(1).and_then(|n| seen.get(&(on, n)));
            let same = seen.get(&(on, ordinal));
            let again = |pair: usize| same.is_some_and(|same| same.sure[pair]);
            let place = At::value(format!("/stages/{index}/with/ordinal"));
            let id = &self.graph.ids[index];
            let nth = nth(ordinal);
            if ordinal > 1
                && let Some((all, kind)) = wrong(&answers, |pair| {
                    !again(pair) && before.is_none_or(|seen| !seen.may[pair])
                })
            {
                let earlier = self::nth(ordinal - 1);
                let message = format!(
                    "`{id}` is the {nth} restart of the {on}, and no {earlier} comes before it{kind}"
                );
                let fault = if all {
                    Fault::error("P027", place, message)
                } else {
                    Fault::warning("P027", place, message)
                };
                let help = format!(
                    "restarts are counted for each computer over the whole plan: let a {earlier} run \
                     under the same conditions, or change the number"
                );
                self.faults.push(fault.help(help));
            } else if let Some(same) = same
                && let Some((all, kind)) = wrong(&answers, again)
            {
                let first = &self.graph.ids[same.stage];
                let message =
                    format!("`{id}` is the {nth} restart of the {on} again, after `{first}`{kind}");
                let fault = if all {
                    Fault::error("P027", place, message)
                } else {
                    Fault::warning("P027", place, message)
                };
                let label = format!("the {nth} one already");
                self.faults.push(
                    fault
                        .and(
                            At::value(format!("/stages/{}/with/ordinal", same.stage)),
                            label,
                        )
                        .help("count on, or let only one of the two run"),
                );
            }
            let seen = seen
                .entry((on, ordinal))
                .or_insert_with(|| Seen::new(index));
            seen.add(index, &answers);
        }
    }
}

/// The pairs for which a restart of one number has come.
struct Seen {
    stage: usize,
    may: Vec<bool>,
    sure: Vec<bool>,
}

impl Seen {
    fn new(stage: usize) -> Self {
        let none = vec![false; Foresight::pairs().len()];
        Self {
            stage,
            may: none.clone(),
            sure: none,
        }
    }

    fn add(&mut self, stage: usize, answers: &[Answer]) {
        self.stage = stage;
        for (pair, answer) in answers.iter().enumerate() {
            self.may[pair] |= *answer != Answer::No;
            self.sure[pair] |= *answer == Answer::Yes;
        }
    }
}

/// Whether a stage is wrong for all pairs for which it surely runs, and words for those of them
/// for which it is; nothing if it is wrong for none.
fn wrong(answers: &[Answer], is_wrong: impl Fn(usize) -> bool) -> Option<(bool, String)> {
    let runs = || (0..answers.len()).filter(|pair| answers[*pair] == Answer::Yes);
    let first = runs().find(|pair| is_wrong(*pair))?;
    if runs().all(is_wrong) {
        return Some((true, String::new()));
    }
    let (kind, _) = Foresight::pairs()[first];
    Some((
        false,
        format!(" where the pair is {} ({})", kind.title, kind.code),
    ))
}

fn nth(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (1, n) if n != 11 => "st",
        (2, n) if n != 12 => "nd",
        (3, n) if n != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
