//! Which known symptoms a text shows, best first.

use super::evidence::Evidence;
use super::issue::Issue;
use super::issue::issues;

/// What a symptom's place in the run adds where it fits.
const PLACE: u32 = 10;
/// Less than this is a hint at best: shown when asked for, not under every error.
const SURE: u32 = 18;

/// Where in a run a text comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place<'a> {
    /// The stage.
    pub stage: Option<&'a str>,
    /// The run's percent while it runs.
    pub percent: Option<u32>,
}

/// A known symptom that a text shows.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The symptom.
    pub issue: &'static Issue,
    /// How much speaks for it.
    pub weight: u32,
}

impl Known {
    /// Returns whether it is certain enough to be told unasked.
    pub fn is_sure(self) -> bool {
        self.weight >= SURE
    }
}

/// Returns the symptoms that a text shows, best first; none where nothing is known.
///
/// Where none is shown by a sign, a text that says where the cutover stands ("hangs at 38%") asks for
/// all that is known there.
pub fn known(text: &str, place: Place<'_>) -> Vec<Known> {
    let evidence = Evidence::of(text);
    let all = |by_place: bool| -> Vec<Known> {
        let weighed = |issue| {
            let weight = weigh(issue, &evidence, place, by_place)?;
            Some(Known { issue, weight })
        };
        issues().iter().filter_map(weighed).collect()
    };
    let mut found = all(is_a_place(&evidence));
    if found.is_empty() && evidence.stands_at_a_percent() {
        found = all(true);
    }
    // Equals stay in the order of the data.
    found.sort_by_key(|known| std::cmp::Reverse(known.weight));
    found
}

/// `by_place`: that it is known there is enough.
fn weigh(issue: &Issue, evidence: &Evidence, place: Place<'_>, by_place: bool) -> Option<u32> {
    let named = issue.id.eq_ignore_ascii_case(&evidence.text);
    let here = fits(issue, evidence, place);
    let only_place = by_place && here == Some(true);
    if issue.at.only && here != Some(true) && !named {
        return None;
    }
    let mut weight = signs(issue, evidence);
    if named {
        weight += 100;
    }
    match here {
        _ if weight == 0 && !only_place => return None,
        Some(true) => weight += PLACE,
        Some(false) => weight = weight.saturating_sub(PLACE / 2).max(1),
        None => {}
    }
    Some(weight)
}

/// How much of what a symptom is known by is in the text; the longer the words, the more.
fn signs(issue: &Issue, evidence: &Evidence) -> u32 {
    let signs = &issue.signs;
    let long = |length: usize| 20 + u32::try_from(length.min(60)).unwrap_or(60) / 2;
    let texts = signs
        .texts
        .iter()
        .filter(|text| evidence.text.contains(text.as_str()))
        .map(|text| long(text.len()))
        .max();
    let patterns = signs
        .patterns
        .iter()
        .filter_map(|pattern| pattern.0.find(&evidence.text))
        .map(|found| long(found.len()))
        .max();
    let named = |name: &String| evidence.names.contains(&name.to_lowercase());
    let names = signs.names.iter().any(named).then_some(30);
    let events = signs
        .events
        .iter()
        .any(|event| evidence.events.contains(event));
    let codes = signs
        .codes
        .iter()
        .filter(|code| evidence.codes.contains(code))
        // Small numbers mean many things.
        .map(|code| if *code < 100 { 10 } else { 20 })
        .max();
    let ldap = signs
        .ldap
        .iter()
        .filter(|sign| evidence.ldap.contains(&sign.result) || evidence.ldap.is_empty())
        .filter_map(|sign| match &sign.data {
            Some(data) => evidence.data.contains(data).then_some(30),
            None => evidence.ldap.contains(&sign.result).then_some(18),
        })
        .max();
    let all = [texts, patterns, names, events.then_some(22), codes, ldap];
    all.into_iter().flatten().sum()
}

/// Whether the text comes from where the symptom shows; `None` where either does not say.
fn fits(issue: &Issue, evidence: &Evidence, place: Place<'_>) -> Option<bool> {
    if issue.at.stages.is_empty() && issue.at.percents.is_empty() {
        return None;
    }
    if let Some(stage) = place.stage {
        return Some(issue.at.stages.iter().any(|known| known == stage));
    }
    let mut percents = evidence.percents.iter().copied().chain(place.percent);
    let at_percent = percents.any(|percent| issue.at.percents.contains(&percent));
    let at_stage = issue
        .at
        .stages
        .iter()
        .any(|stage| evidence.text.contains(stage.as_str()));
    let silent = evidence.percents.is_empty() && place.percent.is_none() && !at_stage;
    (!silent).then_some(at_percent || at_stage)
}

/// A text that is nothing but a percent or the name of a stage asks for all that is known there.
fn is_a_place(evidence: &Evidence) -> bool {
    let text = evidence.text.as_str();
    let percent = text.strip_suffix('%').map(str::trim_end);
    percent.is_some_and(|number| number.parse::<u32>().is_ok())
        || issues()
            .iter()
            .any(|issue| issue.at.stages.iter().any(|stage| stage == text))
}
