//! The book as Markdown.

use std::fmt::Write as _;

use super::Book;
use crate::action::Line;

/// Writes the book as Markdown; commands stand in fences of their own.
pub fn markdown(book: &Book) -> String {
    let mut out = format!("# {}\n", escaped(&book.title));
    for section in &book.sections {
        let _infallible = write!(out, "\n## {}\n", escaped(&section.title));
        lines(&mut out, &section.lines);
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
