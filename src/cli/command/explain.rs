//! `explain`: what the code of a fault means, with an example before and after; and what is known of
//! an error text, a code of another system or a log.

use std::fmt::Write as _;
use std::io::Read as _;

use serde_json::Value;
use serde_json::json;

use crate::cli::Exit;
use crate::cli::arguments::Explain;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::plan::codes;
use crate::plan::codes::CodeEntry;
use crate::report::known::in_log;
use crate::report::known::told;
use crate::report::known::told_json;

/// More of a log than anybody means to have explained.
const LARGEST_LOG: u64 = 64 * 1024 * 1024;

const NOTHING: &str = "\
nothing is known of that: no entry matches, and none is guessed
hint: ask for a code alone (`sms-plan explain 0xAAC`), for the innermost `caused by`,
      or for a whole log (`sms-plan explain - <FILE`)
hint: `sms-plan events RUN` has every error of a run in full
hint: what the run cannot do, a person can: sms-plan book RUN
";

pub(super) fn execute(arguments: &Explain) -> Result<Exit, CliError> {
    let asked = arguments.text.join(" ");
    let asked = asked.trim();
    if arguments.text.is_empty() {
        match arguments.format {
            Format::Text => output::print(&list())?,
            Format::Json => {
                output::print_json(&codes::CODES.iter().map(document).collect::<Value>())?;
            }
        }
    } else if let Some(entry) = codes::code(asked) {
        match arguments.format {
            Format::Text => output::print(&text(entry))?,
            Format::Json => output::print_json(&document(entry))?,
        }
    } else if is_a_faults_code(asked) {
        let error = CliError::usage(format!("unknown code `{asked}`"));
        return Err(match codes::near(asked) {
            Some(near) => error.hint(format!("did you mean `{}` ({})?", near.code, near.title)),
            None => error.hint("`sms-plan explain` lists all codes"),
        });
    } else {
        let found = in_log(&if asked == "-" {
            log()?
        } else {
            asked.to_owned()
        });
        match arguments.format {
            Format::Json => output::print_json(&told_json(&found))?,
            Format::Text if found.is_empty() => output::print(NOTHING)?,
            Format::Text => output::print(&told(&found))?,
        }
    }
    Ok(Exit::Done)
}

/// Whether a text is written like the codes of faults, `P` and digits.
fn is_a_faults_code(text: &str) -> bool {
    let digits = text.strip_prefix(['P', 'p']).unwrap_or_default();
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// Standard input, whatever its encoding.
fn log() -> Result<String, CliError> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(LARGEST_LOG)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
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
