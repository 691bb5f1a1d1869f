//! Standard output. A reader that goes away (`| head`) ends the program quietly.

use std::io::ErrorKind;
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

/// Tells a person something beside the result, which machines may be reading.
#[expect(clippy::print_stderr, reason = "notes are no part of a result")]
pub(super) fn note(text: &str) {
    eprintln!("note: {text}");
}
