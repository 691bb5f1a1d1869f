//! `explain`: what is known of an error text, a code or a log.

use std::io::Read as _;

use crate::cli::Exit;
use crate::cli::arguments::Explain;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::report::known::in_log;
use crate::report::known::told;
use crate::report::known::told_json;

/// More of a log than anybody means to have explained.
const LARGEST_LOG: u64 = 64 * 1024 * 1024;

const NOTHING: &str = "\
nothing is known of that: no entry matches, and none is guessed
hint: ask for a code alone (`sms-plan explain 0xAAC`), for the innermost `caused by`, or for a whole \
log (`sms-plan explain - <FILE`); `sms-plan events RUN` has every error of a run in full
hint: finish by hand what the run cannot: sms-plan book RUN
";

pub(super) fn execute(arguments: &Explain) -> Result<Exit, CliError> {
    let asked = arguments.text.join(" ");
    let text = if asked == "-" { log()? } else { asked };
    let found = in_log(&text);
    match arguments.format {
        Format::Json => output::print_json(&told_json(&found))?,
        Format::Text if found.is_empty() => output::print(NOTHING)?,
        Format::Text => output::print(&told(&found))?,
    }
    Ok(Exit::Done)
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
