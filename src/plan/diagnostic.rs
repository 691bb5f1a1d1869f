//! What is wrong with a file, where, and what to do about it.
//!
//! Checks collect [`Faults`] that name a place by JSON pointer; only when there are any is the text
//! read again to turn pointers into lines and columns.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use annotate_snippets::AnnotationKind;
use annotate_snippets::Level;
use annotate_snippets::Renderer;
use annotate_snippets::Snippet;
use schemars::JsonSchema;
use serde::Serialize;

use super::places::Places;
use super::source::Source;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is taken, and a person should know.
    Warning,
}

/// One fault of a file: one cause, one message.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// The stable code, as in `P021`; see [`super::codes`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What to do about it.
    pub help: Option<String>,
    /// Places in the text; the first is the main one.
    pub labels: Vec<Label>,
    excerpt: Option<Source>,
}

/// The first and the last line of a cutting, and the marks in it with their numbers.
type Window<'a> = (usize, usize, Vec<(usize, &'a Label)>);

/// A marked place of a diagnostic.
#[derive(Clone, Debug)]
pub struct Label {
    /// The bytes of the text.
    pub span: Range<usize>,
    /// What to say there; may be empty.
    pub text: String,
}

impl Diagnostic {
    /// A fault of a whole file, shown at its first line and without an excerpt.
    pub(crate) fn of_file(
        code: &'static str,
        path: &Path,
        message: impl Into<String>,
        help: Option<&str>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: path.to_owned(),
            line: 1,
            column: 1,
            help: help.map(str::to_owned),
            labels: Vec::new(),
            excerpt: None,
        }
    }

    /// Renders it as the compiler does; with `colour` for a terminal.
    pub fn render(&self, colour: bool) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let path = self.file.display().to_string();
        let mut group = level
            .primary_title(self.message.as_str())
            .id(self.code)
            .elements(Vec::<annotate_snippets::Message<'_>>::new());
        match &self.excerpt {
            Some(source) => {
                for snippet in self.snippets(source, &path) {
                    group = group.element(snippet);
                }
            }
            None => {
                group = group.element(
                    annotate_snippets::Origin::path(path)
                        .line(self.line)
                        .char_column(self.column),
                );
            }
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        renderer.render(&[group])
    }

    /// Cuts the marked lines out of the text: the renderer reads all that it is given, and a plan
    /// may have a million lines.
    fn snippets<'a>(
        &self,
        source: &'a Source,
        path: &str,
    ) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let mut windows: Vec<Window<'_>> = Vec::new();
        for (index, label) in self.labels.iter().enumerate() {
            let (first, _) = source.line_and_column(label.span.start);
            let (last, _) = source.line_and_column(label.span.end);
            match windows
                .iter_mut()
                .find(|(from, to, _)| first + 40 >= *from && *to + 40 >= last)
            {
                Some((from, to, labels)) => {
                    *from = first.min(*from);
                    *to = last.max(*to);
                    labels.push((index, label));
                }
                None => windows.push((first, last, vec![(index, label)])),
            }
        }
        let cut = |(first, last, labels): Window<'_>| {
            let window = source.lines(first, last);
            let text = &source.text()[window.clone()];
            let inside = |byte: usize| byte.saturating_sub(window.start).min(text.len());
            let marks = labels.into_iter().map(|(index, label)| {
                let kind = if index == 0 {
                    AnnotationKind::Primary
                } else {
                    AnnotationKind::Context
                };
                let mark = kind.span(inside(label.span.start)..inside(label.span.end));
                if label.text.is_empty() {
                    mark
                } else {
                    mark.label(label.text.clone())
                }
            });
            Snippet::source(text)
                .line_start(first)
                .path(path.to_owned())
                .annotations(marks)
        };
        windows.into_iter().map(cut).collect()
    }
}

/// All that is wrong with one or more files.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub(crate) fn one(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }

    /// Returns whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether one of them refuses its file.
    pub fn has_errors(&self) -> bool {
        self.0
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Goes through them in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Adds those of another file.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Renders all of them for people, one empty line between two.
    pub fn render(&self, colour: bool) -> String {
        let all: Vec<String> = self
            .0
            .iter()
            .map(|diagnostic| diagnostic.render(colour))
            .collect();
        all.iter()
            .map(|one| format!("{}\n", one.trim_end()))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

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

    fn find(&self, source: &Source, places: &Places) -> Range<usize> {
        let found = match self.part {
            Part::Bytes(start, end) => start..end,
            Part::Key => places.key(&self.pointer),
            Part::Value => places.value(&self.pointer),
        };
        let whole = source.text().get(found.clone()).unwrap_or("");
        match self.needle.as_deref().filter(|words| !words.is_empty()) {
            Some(words) => match find_words(whole, words) {
                Some(offset) => found.start + offset..found.start + offset + words.len(),
                None => first_line(found, whole),
            },
            None => first_line(found, whole),
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
fn first_line(span: Range<usize>, text: &str) -> Range<usize> {
    let line = text.lines().next().unwrap_or("").trim_end();
    span.start..span.start + line.len().min(text.len())
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
            message: message.into(),
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
            let (line, column) = source.line_and_column(main.start);
            let mut labels = vec![Label {
                span: main,
                text: fault.label,
            }];
            labels.extend(fault.others.into_iter().map(|(at, text)| Label {
                span: at.find(source, &places),
                text,
            }));
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
        Diagnostics(all)
    }
}

/// Returns "did you mean" for the nearest of `known`, if one is near enough.
pub(crate) fn did_you_mean<'a, I: IntoIterator<Item = &'a str>>(
    word: &str,
    known: I,
) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// Returns the nearest of `known`, if one is near enough to be a slip of the pen.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    // Half of all words are within three letters of a short one; what is near grows with length.
    let allowed = (word.chars().count().max(2) / 3).clamp(1, 4);
    known
        .into_iter()
        // Computing a distance costs the product of both lengths.
        .filter(|other| other.len().abs_diff(word.len()) <= allowed && *other != word)
        .map(|other| {
            (
                strsim::damerau_levenshtein(&lower, &other.to_lowercase()),
                other,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}
