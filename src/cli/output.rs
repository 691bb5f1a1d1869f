//! Standard output. A reader that goes away (`| head`) ends the program quietly.

use std::io::BufRead as _;
use std::io::ErrorKind;
use std::io::IsTerminal as _;
use std::io::Write as _;

use serde::Serialize;

use super::arguments::DocumentFormat;
use super::arguments::Written;
use super::error::CliError;
use crate::report::document::Document;
use crate::report::document::html;
use crate::report::document::markdown;
use crate::report::document::text;

/// Prints a text as it is.
pub(super) fn print(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Prints one JSON document, readable by people as well.
pub(super) fn print_json(document: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(document).map_err(std::io::Error::from)?;
    print(&format!("{text}\n"))
}

/// Writes a document as asked for: on standard output, or into a file.
pub(super) fn write(document: &Document, written: &Written) -> Result<(), CliError> {
    let page = match written.format {
        DocumentFormat::Text => text(document),
        DocumentFormat::Markdown => markdown(document),
        DocumentFormat::Html => html(document),
    };
    match &written.output {
        Some(path) => std::fs::write(path, page).map_err(|error| {
            CliError::usage(format!("`{}` cannot be written: {error}", path.display()))
        }),
        None => print(&page),
    }
}

/// Asks a person on the terminal whether to go on; where there is none, says what to look at before
/// saying yes on the command line.
pub(super) fn asked(question: &str, look_at: &str) -> Result<bool, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(
            CliError::usage("there is no terminal to ask for confirmation")
                .hint(format!("look at `{look_at}` first, then say --yes")),
        );
    }
    print(&format!("{question} Type yes: "))?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

/// Tells a person something beside the result, which machines may be reading.
#[expect(clippy::print_stderr, reason = "notes are no part of a result")]
pub(super) fn note(text: &str) {
    eprintln!("note: {text}");
}
