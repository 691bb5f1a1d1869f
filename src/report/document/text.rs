//! A document for a terminal.

use std::fmt::Write as _;

use super::Document;
use super::Table;
use crate::action::Line;
use crate::report::wrap::wrapped;

const WIDTH: usize = 98;

/// Writes a document as plain text; commands are indented.
pub fn text(document: &Document) -> String {
    let mut out = format!(
        "{}\n{}\n",
        document.title,
        "=".repeat(document.title.chars().count())
    );
    for section in &document.sections {
        out.push('\n');
        said(&mut out, "", &section.title);
        out.push_str("---\n");
        lines(&mut out, "", &section.lines);
        table(&mut out, &section.table);
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

/// Columns as wide as their widest cell; the last one is broken into lines.
fn table(out: &mut String, table: &Table) {
    let Some((last, columns)) = table.head.split_last() else {
        return;
    };
    let widest = |column: usize| {
        let cells = table.rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([columns[column].chars().count()])
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let indent = widths.iter().map(|width| width + 2).sum::<usize>();
    let mut row = |cells: &mut dyn Iterator<Item = &str>, last: &str| {
        let mut line = String::new();
        for (cell, width) in cells.zip(&widths) {
            let _infallible = write!(line, "{cell:<width$}  ");
        }
        let room = WIDTH.saturating_sub(indent).max(WIDTH / 3);
        for part in wrapped(last, room) {
            line.push_str(&part);
            let _infallible = writeln!(out, "{}", line.trim_end());
            line = " ".repeat(indent);
        }
    };
    row(&mut columns.iter().copied(), last);
    for cells in &table.rows {
        if let Some((last, cells)) = cells.split_last() {
            row(&mut cells.iter().map(String::as_str), last);
        }
    }
}

fn said(out: &mut String, indent: &str, words: &str) {
    for line in wrapped(words, WIDTH - indent.len()) {
        let _infallible = writeln!(out, "{indent}{line}");
    }
}
