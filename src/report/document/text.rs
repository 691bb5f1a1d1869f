//! The book for a terminal.

use std::fmt::Write as _;

use super::Book;
use crate::action::Line;
use crate::report::wrap::wrapped;

const WIDTH: usize = 98;

/// Writes the book as plain text; commands are indented.
pub fn text(book: &Book) -> String {
    let mut out = format!(
        "{}\n{}\n",
        book.title,
        "=".repeat(book.title.chars().count())
    );
    for section in &book.sections {
        out.push('\n');
        said(&mut out, "", &section.title);
        out.push_str("---\n");
        lines(&mut out, "", &section.lines);
        for step in &section.steps {
            let _infallible = write!(out, "\n{:>4}%  {}\n", step.percent, step.title);
            let _infallible = writeln!(out, "       [{}] on {}", step.id, step.place);
            if let Some(stands) = &step.stands {
                said(&mut out, "       ", stands);
            }
            lines(&mut out, "       ", &step.lines);
            if !step.checks.is_empty() {
                out.push_str("       How to see that it worked:\n");
                lines(&mut out, "       ", &step.checks);
            }
        }
    }
    out
}

fn lines(out: &mut String, indent: &str, lines: &[Line]) {
    for line in lines {
        match line {
            Line::Say(words) => said(out, indent, words),
            Line::Type(command) => {
                for line in command.lines() {
                    let _infallible = writeln!(out, "{indent}    {line}");
                }
            }
        }
    }
}

fn said(out: &mut String, indent: &str, words: &str) {
    for line in wrapped(words, WIDTH - indent.len()) {
        let _infallible = writeln!(out, "{indent}{line}");
    }
}
