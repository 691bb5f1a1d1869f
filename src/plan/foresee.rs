//! What conditions come to for all kinds of pairs, before there is a pair.
//!
//! Only what the kind of a pair settles is given to a condition. Where it needs more, as an address
//! or the output of a stage, the answer is open, and nothing is said against it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::LazyLock;

use super::expression::Expression;
use super::expression::Reference;
use super::inventory::Os;
use super::inventory::Scope;
use super::kinds::Kind;
use super::kinds::Pair;
use super::kinds::Server;
use super::kinds::kinds;
use super::roots::Roots;

/// All pairs that conditions could tell apart, each with its kind.
static PAIRS: LazyLock<Vec<(&'static Kind, Pair)>> = LazyLock::new(|| {
    let pairs = |kind: &'static Kind| kind.variants().into_iter().map(move |pair| (kind, pair));
    kinds().iter().flat_map(pairs).collect()
});

/// What a condition comes to for one pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    /// That depends on more than the kind of the pair.
    Open,
}

/// Pairs that do not differ in what a condition reads.
struct Group {
    members: Vec<usize>,
    roots: Roots,
}

/// One thing that a condition can read of a pair: of the source or not, and what.
type Fact = (bool, &'static str);

/// Answers conditions for all pairs; each condition once, whichever stages share it.
#[derive(Default)]
pub(crate) struct Foresight {
    groups: BTreeMap<BTreeSet<Fact>, Rc<Vec<Group>>>,
    answers: BTreeMap<String, Rc<Vec<Answer>>>,
    never: BTreeMap<String, bool>,
}

impl Foresight {
    /// Returns all pairs, in the order of the answers.
    pub(crate) fn pairs() -> &'static [(&'static Kind, Pair)] {
        &PAIRS
    }

    /// Returns the answer for each pair; without a condition it is yes.
    pub(crate) fn answers(&mut self, when: Option<&Expression>) -> Rc<Vec<Answer>> {
        let text = when.map_or("", Expression::source_text);
        if let Some(known) = self.answers.get(text) {
            return Rc::clone(known);
        }
        let mut answers = vec![Answer::Yes; PAIRS.len()];
        if let Some(when) = when {
            for group in self.groups(when).iter() {
                let answer = answer(when, &group.roots);
                group
                    .members
                    .iter()
                    .for_each(|member| answers[*member] = answer);
            }
        }
        let answers = Rc::new(answers);
        self.answers.insert(text.to_owned(), Rc::clone(&answers));
        answers
    }

    /// Returns whether a condition is false for all pairs.
    pub(crate) fn never(&mut self, when: &Expression) -> bool {
        if when.is_vague() {
            return false;
        }
        if let Some(known) = self.never.get(when.source_text()) {
            return *known;
        }
        let groups = self.groups(when);
        let never = groups
            .iter()
            .all(|group| answer(when, &group.roots) == Answer::No);
        self.never.insert(when.source_text().to_owned(), never);
        never
    }

    fn groups(&mut self, when: &Expression) -> Rc<Vec<Group>> {
        let facts: BTreeSet<Fact> = when.reads().iter().flat_map(facts).collect();
        if let Some(known) = self.groups.get(&facts) {
            return Rc::clone(known);
        }
        let mut groups = BTreeMap::<Vec<&str>, Vec<usize>>::new();
        for (index, (_, pair)) in PAIRS.iter().enumerate() {
            let values = facts.iter().map(|fact| value(pair, *fact)).collect();
            groups.entry(values).or_default().push(index);
        }
        let groups = groups.into_values().map(|members| Group {
            roots: PAIRS[members[0]].1.settled(),
            members,
        });
        let groups = Rc::new(groups.collect::<Vec<_>>());
        self.groups.insert(facts, Rc::clone(&groups));
        groups
    }
}

fn answer(when: &Expression, roots: &Roots) -> Answer {
    match when.evaluate_bool(roots) {
        _ if when.is_vague() => Answer::Open,
        Ok(true) => Answer::Yes,
        Ok(false) => Answer::No,
        Err(_) => Answer::Open,
    }
}

/// What a reference reads of a pair.
fn facts(reference: &Reference) -> Vec<Fact> {
    let path: Vec<&str> = reference.path.iter().map(String::as_str).collect();
    let known = [
        "os",
        "osVersion",
        "domainJoined",
        "clustered",
        "restartAfterJoin",
    ];
    match path.as_slice() {
        // Which credential shows only when it is evaluated.
        ["inventory", "credentials", ..] => vec![(true, "scope"), (false, "scope")],
        // Only Linux has but one.
        [host @ ("source" | "destination"), "transport"]
        | ["inventory", "hosts", host, "transport"] => vec![(*host == "source", "os")],
        [host @ ("source" | "destination"), name] | ["inventory", "hosts", host, name] => known
            .into_iter()
            .filter(|known| known == name)
            // What is known of one system is not known of the other.
            .flat_map(|known| [(*host == "source", known), (*host == "source", "os")])
            .collect(),
        _ => Vec::new(),
    }
}

fn value(pair: &Pair, (source, fact): Fact) -> &'static str {
    let server: &Server = if source {
        &pair.source
    } else {
        &pair.destination
    };
    let word = |yes: bool| if yes { "yes" } else { "no" };
    match fact {
        "os" => word(server.os == Os::Windows),
        "osVersion" => server.release,
        "domainJoined" => word(server.domain_joined),
        "clustered" => word(server.clustered),
        "scope" => word(server.scope == Scope::Local),
        // Settled only for a Linux server in a domain.
        _ => match (server.os, server.domain_joined) {
            (Os::Linux, true) => word(server.restart_after_join),
            _ => "open",
        },
    }
}
