//! `explain`: what a code means, why it is refused, and an example before and after.

use std::fmt::Write as _;

use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::Explain;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::plan::codes;
use crate::plan::codes::CodeEntry;

pub(super) fn execute(arguments: &Explain) -> Result<Exit, CliError> {
    let Some(asked) = &arguments.code else {
        match arguments.format {
            Format::Text => output::print(&list())?,
            Format::Json => {
                output::print_json(&codes::CODES.iter().map(document).collect::<Value>())?;
            }
        }
        return Ok(Exit::Done);
    };
    let Some(entry) = codes::code(asked.trim()) else {
        let error = CliError::usage(format!("unknown code `{asked}`"));
        return Err(match codes::near(asked.trim()) {
            Some(near) => error.hint(format!("did you mean `{}` ({})?", near.code, near.title)),
            None => error.hint("`sms-plan explain` lists all codes"),
        });
    };
    match arguments.format {
        Format::Text => output::print(&text(entry))?,
        Format::Json => output::print_json(&document(entry))?,
    }
    Ok(Exit::Done)
}

fn list() -> String {
    let mut lines = String::new();
    for entry in codes::CODES {
        let _ = writeln!(lines, "{}  {}", entry.code, entry.title);
    }
    lines + "\n`sms-plan explain CODE` tells more of one.\n"
}

fn text(entry: &CodeEntry) -> String {
    let mut words = format!(
        "{}: {}\n\n{}\n\n{}\n",
        entry.code, entry.title, entry.what, entry.why
    );
    if let Some(example) = entry.example {
        let (before, after) = example.difference();
        for (title, lines) in [("Before", before), ("After", after)] {
            let _ = write!(words, "\n{title}:\n\n");
            let lines = if lines.is_empty() {
                "(nothing)"
            } else {
                lines.as_str()
            };
            for line in lines.lines() {
                let _ = writeln!(words, "    {line}");
            }
        }
    }
    words
}

fn document(entry: &CodeEntry) -> Value {
    json!({
        "code": entry.code,
        "title": entry.title,
        "what": entry.what,
        "why": entry.why,
        "before": entry.example.map(|example| example.before),
        "after": entry.example.map(|example| example.after),
    })
}
