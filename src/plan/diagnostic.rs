//! What is wrong with a file, where, and what to do about it, as a person reads it.

mod fault;
mod near;

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

use super::source::Source;
pub(crate) use fault::At;
pub(crate) use fault::Fault;
pub(crate) use fault::Faults;
pub(crate) use near::did_you_mean;
pub(crate) use near::nearest;

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

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Diagnostic> {
        self.0.iter_mut()
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
