//! The codes of diagnostics: stable, in one table, each with an example.
//!
//! A code never changes its meaning and is never used again for another one. The examples are the
//! files of the catalogue in `tests/fixtures/faulty`, so what is explained is what was tried.

mod table;

use super::diagnostic::nearest;

pub use table::CODES;

/// One code: what is wrong, why that is refused, and what to write instead.
#[derive(Clone, Copy, Debug)]
pub struct CodeEntry {
    /// The code, as in `P021`.
    pub code: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// Why it is refused, or warned of, and what to do.
    pub why: &'static str,
    /// A file with this fault, and the same file without it; none where the fault is not one of a
    /// text.
    pub example: Option<Example>,
}

/// A faulty file and the mended one.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The faulty file; its first line, a comment, says what is wrong.
    pub before: &'static str,
    /// The same file, mended.
    pub after: &'static str,
}

/// Lines shown around those that differ.
const AROUND: usize = 2;

impl Example {
    /// Returns the lines that differ, in both files, with a few around them.
    pub fn difference(&self) -> (String, String) {
        let before: Vec<&str> = self
            .before
            .lines()
            .skip_while(|line| line.starts_with('#'))
            .collect();
        let after: Vec<&str> = self.after.lines().collect();
        let shorter = before.len().min(after.len());
        let head = before
            .iter()
            .zip(&after)
            .take_while(|(a, b)| a == b)
            .count();
        let tail = before
            .iter()
            .rev()
            .zip(after.iter().rev())
            .take(shorter - head)
            .take_while(|(a, b)| a == b)
            .count();
        let cut = |lines: &[&str]| {
            let end = (lines.len() - tail + AROUND).min(lines.len());
            lines[head.saturating_sub(AROUND)..end].join("\n")
        };
        (cut(&before), cut(&after))
    }
}

/// Returns the entry of a code.
pub fn code(code: &str) -> Option<&'static CodeEntry> {
    CODES
        .iter()
        .find(|entry| entry.code.eq_ignore_ascii_case(code))
}

/// Returns the code that was meant by one that is not there, if one is near.
pub fn near(code: &str) -> Option<&'static CodeEntry> {
    // A letter too many at its end says more than one that is mistaken.
    let begun = (1..code.len())
        .rev()
        .find_map(|end| self::code(code.get(..end)?));
    begun.or_else(|| self::code(nearest(code, CODES.iter().map(|entry| entry.code))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_order_and_stand_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert_eq!(code("p023").unwrap().title, "dependency cycle");
        assert_eq!(near("P23").unwrap().code, "P023");
        assert!(near("nonsense").is_none());
    }

    #[test]
    fn an_example_shows_what_differs() {
        let example = |before, after| Example { before, after }.difference();
        let own = |(before, after): (&str, &str)| (before.to_owned(), after.to_owned());
        assert_eq!(
            example(
                "# Wrong.\na\nb\nc\nx\nd\ne\nf\n",
                "a\nb\nc\ny\nz\nd\ne\nf\n"
            ),
            own(("b\nc\nx\nd\ne", "b\nc\ny\nz\nd\ne"))
        );
        assert_eq!(example("# Empty.\n", "a\nb\n"), own(("", "a\nb")));
        assert_eq!(example("a\na\nb\n", "a\nb\n"), own(("a\na\nb", "a\nb")));
    }
}
