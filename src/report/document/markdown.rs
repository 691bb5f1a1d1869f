//! A document as Markdown.

use std::fmt::Write as _;

use super::Document;
use super::Table;
use crate::action::Line;

/// Writes a document as Markdown; commands stand in fences of their own.
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n", escaped(&document.title));
    for section in &document.sections {
        let _infallible = write!(out, "\n## {}\n", escaped(&section.title));
        lines(&mut out, &section.lines);
        table(&mut out, &section.table);
        for step in &section.steps {
            let _infallible = write!(
                out,
                "\n### {}%  {}\n\n`{}` on {}\n",
                step.percent,
                escaped(&step.title),
                step.id,
                escaped(&step.place)
            );
            if let Some(stands) = &step.stands {
                let _infallible = write!(out, "\n**{}**\n", escaped(stands));
            }
            lines(&mut out, &step.lines);
            if !step.checks.is_empty() {
                out.push_str("\nHow to see that it worked:\n");
                lines(&mut out, &step.checks);
            }
        }
    }
    out
}

fn lines(out: &mut String, lines: &[Line]) {
    for line in lines {
        match line {
            Line::Say(words) => {
                let _infallible = write!(out, "\n{}\n", escaped(words));
            }
            Line::Type(command) => {
                // A fence must be longer than any in the text.
                let mut fence = "```".to_owned();
                while command.contains(&fence) {
                    fence.push('`');
                }
                let _infallible = write!(out, "\n{fence}\n{command}\n{fence}\n");
            }
        }
    }
}

fn table(out: &mut String, table: &Table) {
    if table.head.is_empty() {
        return;
    }
    let _infallible = write!(
        out,
        "\n| {} |\n|{}\n",
        table.head.join(" | "),
        "---|".repeat(table.head.len())
    );
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        let _infallible = writeln!(out, "| {} |", cells.join(" | "));
    }
}

/// In a table a bar ends a cell, also between backticks.
fn cell(text: &str) -> String {
    let parts: Vec<String> = text.split('|').map(escaped).collect();
    parts.join("\\|")
}

/// Keeps Markdown from reading signs in words; what stands between backticks stays as it is.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut code = false;
    for sign in text.chars() {
        code ^= sign == '`';
        if !code && matches!(sign, '\\' | '*' | '_' | '<' | '>' | '#' | '[' | ']' | '|') {
            out.push('\\');
        }
        out.push(if sign == '\n' { ' ' } else { sign });
    }
    out
}
