//! Faults on their way to a person.
//!
//! Checks collect [`Faults`] that name a place by JSON pointer; only when there are any is the text
//! read again to turn pointers into lines and columns.

use std::ops::Range;

use super::Diagnostic;
use super::Diagnostics;
use super::Label;
use super::Severity;
use crate::plan::places::Places;
use crate::plan::places::Spot;
use crate::plan::source::Source;

/// A place named by JSON pointer, not looked up yet.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pointer: String,
    part: Part,
    needle: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Key,
    Value,
    Bytes(usize, usize),
}

impl At {
    /// The value there.
    pub(crate) fn value(pointer: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            part: Part::Value,
            needle: None,
        }
    }

    /// The key there.
    pub(crate) fn key(pointer: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            part: Part::Key,
            needle: None,
        }
    }

    /// Bytes of the text.
    pub(crate) fn bytes(span: Range<usize>) -> Self {
        Self {
            pointer: String::new(),
            part: Part::Bytes(span.start, span.end),
            needle: None,
        }
    }

    /// Only these words of the value, where they are found in it.
    #[must_use]
    pub(crate) fn words(mut self, words: impl Into<String>) -> Self {
        self.needle = Some(words.into());
        self
    }

    fn find(&self, source: &Source, places: &Places) -> Spot {
        let spot = match (self.part, self.needle.as_deref()) {
            (Part::Bytes(start, end), _) => Spot {
                span: start..end,
                origin: None,
            },
            (Part::Key, _) => places.key(&self.pointer),
            (Part::Value, None | Some("")) => places.value(&self.pointer),
            (Part::Value, Some(words)) => places.part(source, &self.pointer, |text| {
                find_words(text, words).map(|at| at..at + words.len())
            }),
        };
        let line = |span: Range<usize>| first_line(&span, source.text());
        Spot {
            span: line(spot.span),
            origin: spot.origin.map(line),
        }
    }
}

/// Whether an excerpt would show a line that speaks of a secret; such a line may hold one where a
/// reference belongs, whatever else is wrong with it.
fn may_show_a_secret(source: &Source, span: &Range<usize>) -> bool {
    let (first, _) = source.line_and_column(span.start);
    let (last, _) = source.line_and_column(span.end);
    let shown = source.text()[source.lines(first, last)].to_lowercase();
    ["pass", "pasw", "secret", "private key", "privatekey"]
        .iter()
        .any(|word| shown.contains(word))
}

/// Finds words that do not continue on either side, else the same letters anywhere.
fn find_words(text: &str, words: &str) -> Option<usize> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let alone = |offset: usize| {
        let before = text[..offset].chars().next_back();
        let after = text[offset + words.len()..].chars().next();
        let goes_on = before.is_some_and(|c| word(c) || c == '.') && words.starts_with(word)
            || after.is_some_and(word) && words.ends_with(word);
        !goes_on
    };
    text.match_indices(words)
        .map(|(at, _)| at)
        .find(|at| alone(*at))
        .or_else(|| text.find(words))
}

/// A mark over many lines hides what it marks.
fn first_line(span: &Range<usize>, text: &str) -> Range<usize> {
    let marked = text.get(span.clone()).unwrap_or_default();
    let line = marked.lines().next().unwrap_or_default().trim_end();
    span.start..span.start + line.len()
}

/// One fault before its place is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    code: &'static str,
    severity: Severity,
    message: String,
    help: Option<String>,
    at: At,
    label: String,
    others: Vec<(At, String)>,
    hidden: bool,
}

impl Fault {
    pub(crate) fn error(code: &'static str, at: At, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            // A message may quote the file, and is one line.
            message: message.into().replace(['\n', '\r'], " "),
            help: None,
            at,
            label: String::new(),
            others: Vec::new(),
            hidden: false,
        }
    }

    pub(crate) fn warning(code: &'static str, at: At, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, at, message)
        }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    #[must_use]
    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    #[must_use]
    pub(crate) fn and(mut self, at: At, label: impl Into<String>) -> Self {
        self.others.push((at, label.into()));
        self
    }

    /// Shows the place but not the text there: it may hold a secret.
    #[must_use]
    pub(crate) fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }
}

/// The faults found so far in one file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn push(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// Looks all places up, in the order of the file.
    pub(crate) fn settle(self, source: &Source) -> Diagnostics {
        if self.is_empty() {
            return Diagnostics::default();
        }
        let places = Places::read(source);
        let settle = |fault: Fault| {
            let main = fault.at.find(source, &places);
            let (line, column) = source.line_and_column(main.span.start);
            let mut labels = Vec::new();
            let mut label = |spot: Spot, text: String| {
                labels.push(Label {
                    span: spot.span,
                    text,
                });
                labels.extend(spot.origin.map(|span| Label {
                    span,
                    text: "the alias stands for this".to_owned(),
                }));
            };
            label(main, fault.label);
            for (at, text) in fault.others {
                label(at.find(source, &places), text);
            }
            let hidden = fault.hidden
                || fault.at.pointer.starts_with("/credentials")
                || labels
                    .iter()
                    .any(|label| may_show_a_secret(source, &label.span));
            Diagnostic {
                code: fault.code,
                severity: fault.severity,
                message: fault.message,
                file: source.path().to_owned(),
                line,
                column,
                help: fault.help,
                labels: if hidden { Vec::new() } else { labels },
                excerpt: (!hidden).then(|| source.clone()),
            }
        };
        let mut all: Vec<Diagnostic> = self.0.into_iter().map(settle).collect();
        all.sort_by(|a, b| (a.line, a.column, a.code).cmp(&(b.line, b.column, b.code)));
        // A name that is wrong twice in one value is one fault.
        all.dedup_by(|a, b| {
            (a.line, a.column, a.code, &a.message) == (b.line, b.column, b.code, &b.message)
        });
        Diagnostics(all)
    }
}
