//! What is known of the lines of a log.

use std::collections::BTreeMap;

use super::weigh::Known;
use super::weigh::Place;
use super::weigh::known;

/// A symptom that a log shows.
#[derive(Clone, Debug)]
pub struct Found {
    /// The symptom, as its best line shows it.
    pub known: Known,
    /// The number of that line, from 1; none where the text has only one.
    pub line: Option<usize>,
    /// In how many lines it shows.
    pub lines: usize,
}

/// Returns the symptoms that a text of one or many lines shows, best first.
///
/// A text of a few lines is one error with its causes; of a longer one each line is read by itself.
pub fn in_log(text: &str) -> Vec<Found> {
    /// More lines than an error with all its causes has.
    const ONE_ERROR: usize = 8;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.len() <= ONE_ERROR {
        let one = |known| Found {
            known,
            line: None,
            lines: 1,
        };
        return known(text, Place::default()).into_iter().map(one).collect();
    }
    let mut found: BTreeMap<&str, Found> = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        // Most lines of a log are no errors: a small number alone says too little there.
        let sure = known(line, Place::default())
            .into_iter()
            .filter(|known| known.is_sure());
        let Some(best) = sure.take(1).next() else {
            continue;
        };
        let seen = found.entry(&best.issue.id).or_insert(Found {
            known: best,
            line: Some(number + 1),
            lines: 0,
        });
        seen.lines += 1;
        if best.weight > seen.known.weight {
            (seen.known, seen.line) = (best, Some(number + 1));
        }
    }
    let mut found: Vec<Found> = found.into_values().collect();
    found.sort_by_key(|found| (std::cmp::Reverse(found.known.weight), found.line));
    found
}
