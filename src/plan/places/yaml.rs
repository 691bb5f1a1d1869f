//! What is wrong with a text as YAML, in words for people who do not know the parser's.

use std::ops::Range;

use crate::plan::diagnostic::At;
use crate::plan::diagnostic::Fault;

/// A fault of the syntax. `open` is the value that is still open there.
pub(super) fn fault(text: &str, at: usize, info: &str, open: Option<Range<usize>>) -> Fault {
    // The scanner looks ahead and has a limit of its own, which it may reach before ours.
    if info.contains("recursion limit") {
        return too_deep(
            At::bytes(at..line_end(text, at).min(at + 1)),
            super::pass::DEEPEST,
        );
    }
    let said = |span: Range<usize>, words: &str, help: &str| {
        Fault::error("P005", At::bytes(span), format!("not YAML: {words}")).help(help)
    };
    let here = at..line_end(text, at);
    if let Some(tab) = tab_of_indentation(text, at) {
        let words = "this line is indented with a tab";
        return said(
            tab..tab + 1,
            words,
            "YAML is indented with spaces, never with tabs",
        );
    }
    if info.contains("quoted scalar") && (info.contains("indentation") || info.contains("end of")) {
        let words = "this quote is not closed";
        return said(
            here,
            words,
            "close it where its text ends, on this line mostly",
        );
    }
    // Inside of a bracket, what is wrong is mostly that the bracket is still open.
    if let Some(open) = open
        && let Some(bracket @ ('[' | '{')) = text[open.start..].chars().next()
        && !text[open.start..at].contains(closing(bracket))
    {
        let words = format!("the `{bracket}` is not closed");
        let begin = open.start..open.start + 1;
        return said(
            begin,
            &words,
            &format!("close it with `{}`", closing(bracket)),
        )
        .label("opened here")
        .and(At::bytes(here), "and still open here");
    }
    if info.contains("unknown anchor") {
        let word = first_word(&text[here]);
        let words = format!("no anchor is called `{}`", word.trim_start_matches('*'));
        let help =
            "`*x` repeats what `&x` marks further up; a text that begins with `*` needs quotes";
        return said(at..at + word.len(), &words, help);
    }
    if let Some(c) = info.strip_prefix("unexpected character: `") {
        let words = format!("a text cannot begin with `{}`", c.trim_end_matches('\''));
        return said(here, &words, "put it in quotes");
    }
    if info.contains("mapping values are not allowed") {
        let words = "a `:` is not expected here";
        let help = "a text that holds `: ` needs quotes; a field begins on a line of its own";
        return said(at..at + 1, words, help);
    }
    if info.contains("unknown escape character") {
        let escape = bad_escape(text, at);
        let words = format!("`{}` is no escape", &text[escape.clone()]);
        let help = "in double quotes write `\\\\` for a backslash, or use single quotes";
        return said(escape, &words, help);
    }
    if info.contains("simple key expect") {
        let line = line_before(text, at);
        let words = "no `: ` stands between a field and its value";
        return said(
            line,
            words,
            "write `field: value`, with a space after the `:`",
        );
    }
    if info.contains("did not find expected '-' indicator")
        || info.contains("did not find expected key")
        || info.contains("invalid indentation")
    {
        let words = "this does not line up with the lines before it";
        return said(
            here,
            words,
            "fields of one map begin in the same column, as do the `-` of one list",
        );
    }
    let fault = Fault::error("P005", At::bytes(here), format!("not YAML: {info}"));
    fault.help("look at the quotes, brackets and indentation of this line and the one before")
}

/// A key that is a map, a list or an alias.
pub(super) fn odd_key(text: &str, span: Range<usize>) -> Fault {
    let braces = text[..span.start].ends_with('{') && text[span.start..].starts_with('{');
    if braces {
        let start = span.start - 1;
        return Fault::error(
            "P008",
            At::bytes(start..start + 2),
            "a value that begins with `{{` is not quoted",
        )
        .label("YAML reads a map here")
        .help("put quotes around the whole value, as in \"{{source.name}}\"");
    }
    Fault::error("P008", At::bytes(span), "a key has to be a word")
        .help("quote values that start with `{{`, as in \"{{source.name}}\"")
}

pub(super) fn tag(at: At, tag: &str) -> Fault {
    Fault::error("P009", at, format!("the tag `{tag}` has no meaning here")).help("remove it")
}

pub(super) fn too_deep(at: At, deepest: usize) -> Fault {
    let message = format!("values are nested more than {deepest} deep");
    Fault::error("P006", at, message).help("a plan is at most seven deep; is a bracket not closed?")
}

/// Whether a plain text would be read as infinite or as no number.
pub(super) fn not_finite(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    bare == ".nan" || bare == ".inf"
}

/// Whether a plain key would be read as null, a boolean or a number.
pub(super) fn not_text(text: &str) -> bool {
    matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
    ) || text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.parse::<f64>().is_ok()
}

fn closing(bracket: char) -> char {
    if bracket == '[' { ']' } else { '}' }
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |offset| at + offset)
}

fn first_word(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || ",]}".contains(c));
    &text[..end.unwrap_or(text.len())]
}

/// The tab that indents the line there, or one of the next line: the parser may tell only where the
/// value before it began.
fn tab_of_indentation(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let next = line_end(text, at) + 1;
    [start, next].into_iter().find_map(|start| {
        let line = text.get(start..)?;
        let spaces = line.len() - line.trim_start_matches(' ').len();
        line[spaces..].starts_with('\t').then_some(start + spaces)
    })
}

/// The first escape from there on that double quotes do not have.
fn bad_escape(text: &str, at: usize) -> Range<usize> {
    let mut chars = text[at..].char_indices();
    while let Some((offset, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        match chars.next() {
            Some((_, c)) if "0abt\tnvfre \"/\\N_LPxuU\r\n".contains(c) => {}
            Some((_, c)) => return at + offset..at + offset + 1 + c.len_utf8(),
            None => break,
        }
    }
    at..line_end(text, at)
}

/// The last line before that holds anything but a comment.
fn line_before(text: &str, at: usize) -> Range<usize> {
    let mut end = text[..at].rfind('\n').unwrap_or(0);
    loop {
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let line = text[start..end].trim();
        if start == 0 || !(line.is_empty() || line.starts_with('#')) {
            let begin = start + (text[start..end].len() - text[start..end].trim_start().len());
            return begin..end.max(begin);
        }
        end = start - 1;
    }
}
