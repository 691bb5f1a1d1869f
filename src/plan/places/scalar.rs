//! Where each character of a text value stands in the file.
//!
//! What a check sees of a value is not what stands in the file: quotes, escapes, folded lines and
//! the indentation of blocks are gone. To mark one word of it, the value is made once more from the
//! file, each character with the bytes that it was made of (YAML 1.2.2, chapters 6.5, 7.3 and 8.1).

use std::ops::Range;

use saphyr_parser::ScalarStyle;

/// A value, and for each of its bytes the bytes of the file that made it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scalar {
    pub(super) value: String,
    made_of: Vec<Range<usize>>,
}

impl Scalar {
    /// Makes the value anew from the bytes of the file that it stands in.
    ///
    /// Of a block, leading and trailing empty lines are not in the parser's span, and so not here.
    /// An absent value is not to be read: its span may be that of a sign beside it.
    pub(super) fn read(text: &str, span: &Range<usize>, style: ScalarStyle) -> Self {
        let mut made = Self::default();
        let raw = text.get(span.clone()).unwrap_or_default();
        match style {
            ScalarStyle::Plain => made.flow(text, start_of(raw, span)..span.end, ""),
            ScalarStyle::SingleQuoted => made.quoted(text, raw, span, '\''),
            ScalarStyle::DoubleQuoted => made.quoted(text, raw, span, '"'),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                made.block(text, span, style == ScalarStyle::Folded);
            }
        }
        made
    }

    /// Returns the bytes of the file that made these bytes of the value.
    pub(super) fn place(&self, part: &Range<usize>) -> Option<Range<usize>> {
        let first = self.made_of.get(part.start)?;
        let last = self.made_of.get(part.end.checked_sub(1)?)?;
        Some(first.start..last.end)
    }

    fn push(&mut self, c: char, made_of: Range<usize>) {
        self.value.push(c);
        self.made_of
            .extend(std::iter::repeat_n(made_of, c.len_utf8()));
    }

    fn quoted(&mut self, text: &str, raw: &str, span: &Range<usize>, quote: char) {
        let start = start_of(raw, span);
        let inside = start + 1;
        let end = inside + closing(&text[inside..span.end], quote);
        let escape = if quote == '"' { "\"" } else { "'" };
        self.flow(text, inside..end, escape);
    }

    /// Lines that are folded into one; `quote` says which escapes there are.
    fn flow(&mut self, text: &str, span: Range<usize>, quote: &str) {
        let mut at = span.start;
        while at < span.end {
            let rest = &text[at..span.end];
            let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let after = &rest[space..];
            if let Some(line_break) = break_at(after) {
                at = self.fold(text, at + space + line_break, at..span.end);
                continue;
            }
            for (offset, c) in rest[..space].char_indices() {
                self.push(c, at + offset..at + offset + 1);
            }
            at += space;
            let Some(c) = after.chars().next() else { break };
            let length = match (quote, c) {
                ("'", '\'') => 2.min(after.len()),
                ("\"", '\\') => {
                    at = self.escape(after, at, span.end);
                    continue;
                }
                _ => c.len_utf8(),
            };
            self.push(c, at..at + length);
            at += length;
        }
    }

    /// A line break, which is a space, or as many breaks as empty lines follow it; returns where the
    /// next line's text begins.
    fn fold(&mut self, text: &str, mut at: usize, all: Range<usize>) -> usize {
        let mut empty = 0;
        loop {
            let rest = &text[at..all.end];
            let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            at += space;
            let Some(line_break) = break_at(&rest[space..]) else {
                break;
            };
            empty += 1;
            at += line_break;
        }
        if empty == 0 {
            self.push(' ', all.start..at);
        }
        for _ in 0..empty {
            self.push('\n', all.start..at);
        }
        at
    }

    /// One escape of double quotes; returns where the text goes on.
    fn escape(&mut self, after: &str, at: usize, end: usize) -> usize {
        let mut chars = after.chars();
        chars.next();
        let Some(c) = chars.next() else { return end };
        if let Some(line_break) = break_at(&after[1..]) {
            // The break itself is nothing; empty lines after it are breaks.
            let mut next = 1 + line_break;
            loop {
                let rest = &after[next..];
                next += rest.len() - rest.trim_start_matches([' ', '\t']).len();
                let Some(line_break) = break_at(&after[next..]) else {
                    return at + next;
                };
                next += line_break;
                self.push('\n', at..at + next);
            }
        }
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let length = (1 + c.len_utf8() + digits).min(after.len());
        let meant = match c {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            't' | '\t' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            'x' | 'u' | 'U' => after
                .get(2..length)
                .and_then(|digits| u32::from_str_radix(digits, 16).ok())
                .and_then(char::from_u32)
                .unwrap_or(char::REPLACEMENT_CHARACTER),
            other => other,
        };
        self.push(meant, at..at + length);
        at + length
    }

    /// The lines of a block, each without the indentation of the first.
    fn block(&mut self, text: &str, span: &Range<usize>, folded: bool) {
        let line_start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[line_start..span.start];
        // The span of an empty block is its `|` or `>`.
        if !before.trim_start_matches(' ').is_empty() {
            return;
        }
        let indent = before.len();
        let mut at = span.start;
        let mut skip = 0;
        // Whether the last line that holds anything begins with a space, and the break after it.
        let mut last: Option<(bool, Range<usize>)> = None;
        let mut empty: Vec<Range<usize>> = Vec::new();
        while at < span.end {
            let rest = &text[at..span.end];
            let line = rest.split_inclusive('\n').next().unwrap_or_default();
            let bare = line.trim_end_matches('\n');
            let bare = bare.strip_suffix('\r').unwrap_or(bare);
            let spaces = bare.len() - bare.trim_start_matches(' ').len();
            let content = &bare[spaces.min(skip)..];
            let begin = at + spaces.min(skip);
            let line_break = at + bare.len()..at + line.len();
            if content.is_empty() {
                empty.push(line_break);
            } else {
                let spaced = content.starts_with([' ', '\t']);
                self.join(last.take(), spaced, folded, &mut empty);
                for (offset, c) in content.char_indices() {
                    self.push(c, begin + offset..begin + offset + c.len_utf8());
                }
                last = Some((spaced, line_break));
            }
            at += line.len();
            skip = indent;
        }
    }

    /// The breaks between two lines of a block.
    fn join(
        &mut self,
        last: Option<(bool, Range<usize>)>,
        spaced: bool,
        folded: bool,
        empty: &mut Vec<Range<usize>>,
    ) {
        if let Some((last_spaced, line_break)) = last {
            if !folded || spaced || last_spaced {
                self.push('\n', line_break);
            } else if empty.is_empty() {
                self.push(' ', line_break);
            }
        }
        for line_break in empty.drain(..) {
            self.push('\n', line_break);
        }
    }
}

/// Where a value begins after its anchor and its tag, which the parser's span holds too.
fn start_of(raw: &str, span: &Range<usize>) -> usize {
    let mut at = 0;
    while let Some(rest) = raw.get(at..) {
        // A comment may follow an anchor, and the value begins on the next line.
        let length = if rest.starts_with(['&', '!']) {
            rest.find(char::is_whitespace).unwrap_or(rest.len())
        } else if at > 0 && rest.starts_with('#') {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            break;
        };
        let space = rest[length..].len() - rest[length..].trim_start().len();
        at += length + space;
    }
    span.start + at
}

/// Where the quote that ends a value stands. The parser's span may go on to a comment behind it.
fn closing(inside: &str, quote: char) -> usize {
    let mut chars = inside.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            let doubled = quote == '\'' && chars.next_if(|(_, next)| *next == quote).is_some();
            if !doubled {
                return at;
            }
        }
    }
    inside.len()
}

/// The length of a line break that a text begins with.
fn break_at(text: &str) -> Option<usize> {
    if text.starts_with("\r\n") {
        Some(2)
    } else {
        text.starts_with(['\n', '\r']).then_some(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use saphyr_parser::Event;
    use saphyr_parser::Parser;

    use super::*;
    use crate::plan::places::bytes::CharToByte;

    /// Every scalar of a text, as the parser reads it and as it is made here. An absent value has no
    /// characters to look for, and the parser may give it the sign beside it for a place.
    fn both(text: &str) -> Vec<(String, String)> {
        let bytes = CharToByte::new(text);
        Parser::new_from_str(text)
            .map_while(Result::ok)
            .filter_map(|(event, span)| match event {
                Event::Scalar(value, ScalarStyle::Plain, _, _) if value.is_empty() => None,
                Event::Scalar(value, style, _, _) => {
                    let span = bytes.at(span.start.index())..bytes.at(span.end.index());
                    let made = Scalar::read(text, &span, style).value;
                    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                    let trimmed = |text: &str| text.trim_matches('\n').to_owned();
                    Some(if block {
                        (trimmed(&value), trimmed(&made))
                    } else {
                        (value.into_owned(), made)
                    })
                }
                _ => None,
            })
            .collect()
    }

    #[track_caller]
    fn same(text: &str) {
        for (read, made) in both(text) {
            assert_eq!(made, read, "in {text:?}");
        }
    }

    #[test]
    fn values_are_made_as_the_parser_makes_them() {
        for text in [
            "a: &x \"q \\x41 \\u00e4 \\U0001F600 \\t r\"\n",
            "a: 'it''s\n  two\n\n\n  three'\n",
            "a: \"one \\\n   two  \n\n  three \\  \n  four\"\n",
            "a: |2\n    ind\n   x\n",
            "a: |\n\n  é x\n\n  y\n\nb: c\n",
            "a: >\n  fold\n  ed\n\n  y\n    more\n    indented\n  back\n",
            "a: >-\n  fold\r\n  ed\r\n\r\n  y\r\n",
            "a: plain\n  more\n\n  yet # no\n",
            "a: !t &x z\n",
            "a: [ a b , \"c\" , 'd\n  e' ]\n",
            "a: 😀 e\u{301} 表\n  x\n",
            "a: \"\"\nb: ''\nc:\n",
            "- '':: \n",
            "a: 'it''s' # 'x'\nb: \"\\\\\" # \"x\"\n",
            "[ a: , b, : , ]\n",
            "{ a, b: , : c, ? d, ? }\n",
            "? \n? a\n: \n? - \n  - b\n",
            "- &x\n- !t\n-\n- &x : \n",
            "- a:\n- ? ? b\n...\n",
            "a:\n---\n--- \n...\n",
        ] {
            same(text);
        }
    }

    #[test]
    fn a_word_is_where_it_was_written() {
        let text = "a: \"caf\\xe9 s\\x6frce\"\n";
        let made = Scalar::read(text, &(3..text.len() - 1), ScalarStyle::DoubleQuoted);
        let at = made.value.find("sorce").unwrap();
        let place = made.place(&(at..at + 5)).unwrap();
        assert_eq!(&text[place], "s\\x6frce");
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_value_is_made_as_the_parser_makes_it(
            head in prop::sample::select(vec!["a: ", "a: |\n  ", "a: >\n  ", "a: |2-\n  ", "a: >+\n  ", "a: \"", "a: '", "- &x ", "a: [ "]),
            words in prop::collection::vec(prop::sample::select(vec![
                "x", "é", "😀", "表", " ", "  ", "\n  ", "\n   ", "\n\n  ", "\r\n  ", "\\n", "\\x41", "\\\n  ", "''", "#", ":", "\\\\", "\\\"", "y z",
            ]), 0..14),
            tail in prop::sample::select(vec!["\n", "\"\n", "'\n", " ]\n", ""]),
        ) {
            same(&format!("{head}{}{tail}", words.concat()));
        }
    }
}
