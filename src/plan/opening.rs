//! What a file says of itself, before anything else in it is looked at: its version and its kind.

use serde_json::Value;

use super::diagnostic::Diagnostics;
use super::document::Document;
use super::source::Source;

/// What a file says that it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Its `apiVersion`, if that is a text.
    pub version: Option<String>,
    /// Its `kind`, if it is one of the two.
    pub kind: Option<FileKind>,
}

/// The two kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// What is done, in which order.
    Plan,
    /// To which servers.
    Inventory,
}

impl FileKind {
    /// Returns what `kind` says in such a file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::Inventory => "Inventory",
        }
    }

    /// Returns the word for people, with its article.
    pub fn words(self) -> &'static str {
        match self {
            Self::Plan => "a plan",
            Self::Inventory => "an inventory",
        }
    }
}

impl Opening {
    /// Reads what a text says that it is.
    ///
    /// Fails only where the text is no YAML that could be a plan or an inventory.
    pub fn read(source: &Source) -> Result<Self, Diagnostics> {
        let value = Document::read_any(source)?.value;
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        Ok(Self {
            version: text("apiVersion").map(str::to_owned),
            kind: match text("kind") {
                Some("Plan") => Some(FileKind::Plan),
                Some("Inventory") => Some(FileKind::Inventory),
                _ => None,
            },
        })
    }
}
