//! Why a stage runs or not, in words that name the facts of the servers.
//!
//! A condition is read as what it asks of facts. Of those, only the ones that decide are told: "source
//! is Windows Server 2019: this restart is only for Windows Server 2003". A condition that asks for
//! more than facts (functions, outputs of stages) is quoted instead.

mod term;
mod words;

use serde_json::Value;

use super::catalogue::Nature;
use super::expression::Expression;
use super::roots::Roots;
use super::vocabulary::written;
use term::Known;
use term::Term;

/// Says why a condition holds.
pub(super) fn why(when: &Expression, roots: &Roots) -> String {
    match Term::read(when).decided(roots) {
        Some(known) => words::facts(&known),
        None => quoted(when, roots, "holds"),
    }
}

/// Says why a condition does not hold, and what that means for a stage of this nature.
pub(super) fn why_not(when: &Expression, nature: Nature, roots: &Roots) -> String {
    match Term::read(when).decided(roots) {
        Some(known) => format!(
            "{}: {}",
            words::facts(&told(&known)),
            consequence(nature, &known)
        ),
        None => quoted(when, roots, "does not hold"),
    }
}

/// Says what has to be known before a condition can be decided.
pub(super) fn why_open(when: &Expression, nature: Nature, roots: &Roots, unknown: &str) -> String {
    if let Some(open) = Term::read(when).open(roots, true) {
        let learned = words::open(&open);
        if open.iter().any(|one| one.chooses) {
            return format!("{learned}: {} depends on it", nature.noun);
        }
        return format!("{learned}: {} {}", nature.noun, words::only_for(&open));
    }
    let of_stage = unknown.strip_prefix("stages").map(|rest| {
        let rest = rest.trim_start_matches(['[', '"', '.']);
        rest.split(['"', '.']).next().unwrap_or_default()
    });
    let known = match of_stage {
        Some(id) => format!("known when `{id}` has ended"),
        None => "learned when connecting".to_owned(),
    };
    format!("`{unknown}` is {known}; the row needs `{when}`")
}

/// The facts that speak against it; what a choice was made by says only which demand it met.
fn told<'a>(known: &[Known<'a>]) -> Vec<Known<'a>> {
    known.iter().filter(|one| !one.chooses).cloned().collect()
}

fn consequence(nature: Nature, known: &[Known<'_>]) -> String {
    let against = told(known);
    let moot = against.iter().find_map(|one| {
        let says = |moot: &&super::catalogue::Moot| {
            moot.fact == one.fact.name() && moot.is == plain(&one.value)
        };
        nature.moot.iter().find(says)
    });
    if let Some(moot) = moot {
        return moot.words.to_owned();
    }
    let chosen: Vec<Known<'_>> = known.iter().filter(|one| one.chooses).cloned().collect();
    let among = words::among(&chosen, &against);
    format!("{among}{} {}", nature.noun, words::only_for(&against))
}

/// A value as text without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn quoted(when: &Expression, roots: &Roots, verdict: &str) -> String {
    let facts: Vec<String> = when
        .reads()
        .iter()
        .filter_map(|read| match roots.get(&read.path)? {
            // A group of values would say nothing, or too much.
            Value::Array(_) | Value::Object(_) => None,
            value => Some(format!("`{}` is {value}", written(&read.path))),
        })
        .collect();
    if facts.is_empty() {
        return format!("`{when}` {verdict}");
    }
    format!("{}: `{when}` {verdict}", facts.join(" and "))
}
