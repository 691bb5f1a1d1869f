//! Files of older versions of the format, rewritten as text.
//!
//! A file is edited only at the places of the keys and values that changed, so its comments, order,
//! quotes and layout stay as they are. Each [`Step`] leads to the next version; [`STEPS`] is the
//! way. What comes out is only a text: loading it says whether it is right.

mod v0;

use std::ops::Range;

use super::diagnostic::Diagnostics;
use super::opening::FileKind;
use super::opening::Opening;
use super::places::Places;
use super::source::Source;

/// From one version of the format to the next.
struct Step {
    from: &'static str,
    to: &'static str,
    plan: &'static [Change],
    inventory: &'static [Change],
}

/// What a version changed, and where: a pattern as for [`Places::matching`], in the old file.
enum Change {
    /// The key has another name.
    Key(&'static str, &'static str),
    /// The value is written in another way; nothing where it is not one of the old version.
    Value(&'static str, fn(&str) -> Option<String>),
}

/// All steps, oldest first; the last one leads to the version of this program.
const STEPS: &[Step] = &[v0::STEP];

/// Bytes of a text, and what stands there instead.
struct Edit {
    bytes: Range<usize>,
    text: String,
}

/// Returns whether files of a version can be rewritten for this program.
pub(super) fn knows(version: &str) -> bool {
    STEPS.iter().any(|step| step.from == version)
}

/// Rewrites a file for the version of this program; nothing if there is nothing to do.
///
/// The result is a text that may have faults: load it before using it. Fails where the text is no
/// YAML that could be a plan or an inventory.
pub fn upgrade(source: &Source) -> Result<Option<Source>, Diagnostics> {
    let mut file = source.clone();
    let mut rewritten = false;
    for step in STEPS {
        let opening = Opening::read(&file)?;
        if opening.version.as_deref() != Some(step.from) {
            continue;
        }
        let changes = match opening.kind {
            Some(FileKind::Plan) => step.plan,
            Some(FileKind::Inventory) => step.inventory,
            None => &[],
        };
        file = file.with_text(applied(file.text(), edits(&file, step, changes)));
        rewritten = true;
    }
    Ok(rewritten.then_some(file))
}

fn edits(file: &Source, step: &Step, changes: &[Change]) -> Vec<Edit> {
    let places = Places::read(file);
    let text = file.text();
    let mut edits = Vec::new();
    for (_, bytes) in places.matching("/apiVersion") {
        let bytes = scalar(text, bytes);
        let text = like(&text[bytes.clone()], step.to);
        edits.push(Edit { bytes, text });
    }
    for change in changes {
        match change {
            Change::Key(pattern, name) => {
                for (bytes, _) in places.matching(pattern) {
                    let bytes = scalar(text, bytes);
                    let text = like(&text[bytes.clone()], name);
                    edits.push(Edit { bytes, text });
                }
            }
            Change::Value(pattern, rewrite) => {
                for (_, bytes) in places.matching(pattern) {
                    let bytes = scalar(text, bytes);
                    if let Some(text) = rewrite(&text[bytes.clone()]) {
                        edits.push(Edit { bytes, text });
                    }
                }
            }
        }
    }
    edits.sort_by_key(|edit| edit.bytes.start);
    edits
}

/// The bytes of a scalar alone: to the parser its anchor, and blanks and comments after its quotes,
/// are part of it.
fn scalar(text: &str, bytes: Range<usize>) -> Range<usize> {
    let mut start = bytes.start;
    let rest = |start: usize| text.get(start..bytes.end).unwrap_or_default();
    if rest(start).starts_with('&') {
        let anchor = rest(start);
        let after = anchor.trim_start_matches(|c: char| !c.is_whitespace());
        start = bytes.end - after.trim_start().len();
    }
    let scalar = rest(start);
    let length = if let Some(quote @ ('"' | '\'')) = scalar.chars().next() {
        quoted(scalar, quote)
    } else {
        let line = scalar.lines().next().unwrap_or_default();
        line.split(" #").next().unwrap_or_default().trim_end().len()
    };
    start..start + length
}

/// How long a text in quotes is, the quotes with it. In double quotes a backslash takes the next
/// character with it, in single ones a quote is doubled.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && quote == '"' {
            characters.next();
        } else if c == quote {
            if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == quote) {
                characters.next();
                continue;
            }
            return at + c.len_utf8();
        }
    }
    text.len()
}

/// A name in the quotes of another one.
fn like(before: &str, name: &str) -> String {
    match before.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{name}{quote}"),
        _ => name.to_owned(),
    }
}

/// Makes edits, none of which overlaps another, in the order of the text.
fn applied(text: &str, edits: Vec<Edit>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        out.push_str(&text[done..edit.bytes.start]);
        out.push_str(&edit.text);
        done = edit.bytes.end;
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::super::spec::API_VERSION;
    use super::*;

    #[test]
    fn a_scalar_is_without_its_anchor_and_its_comment() {
        for (text, expected) in [
            ("90", "90"),
            ("&long 90", "90"),
            ("&a  'x'", "'x'"),
            ("'it''s' # 'c'", "'it''s'"),
            (r#""a \" b"   # c"#, r#""a \" b""#),
            ("plain # c", "plain"),
            ("*alias  ", "*alias"),
            ("\"open", "\"open"),
            ("", ""),
        ] {
            assert_eq!(&text[scalar(text, 0..text.len())], expected, "{text}");
        }
    }

    #[test]
    fn the_steps_lead_to_this_version_without_a_gap() {
        for pair in STEPS.windows(2) {
            assert_eq!(pair[0].to, pair[1].from);
        }
        assert_eq!(STEPS.last().map(|step| step.to), Some(API_VERSION));
    }
}
