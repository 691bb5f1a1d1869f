//! The document of `validate --format json`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;
use super::diagnostic::Severity;

/// Whether files can be used, and everything that is to be said about them.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Findings {
    /// Whether nothing of it is an error.
    pub valid: bool,
    /// In the order of the files.
    pub diagnostics: Vec<Finding>,
}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// The stable code.
    #[schemars(extend("pattern" = "^[A-Z][0-9]{3}$"))]
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The column in characters, from 1.
    #[schemars(range(min = 1))]
    pub column: usize,
    /// What to do about it.
    pub help: Option<String>,
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            code: diagnostic.code,
            severity: diagnostic.severity,
            message: diagnostic.message.clone(),
            file: diagnostic.file.display().to_string(),
            line: diagnostic.line,
            column: diagnostic.column,
            help: diagnostic.help.clone(),
        }
    }
}

impl Diagnostics {
    /// Returns the document of `validate --format json`.
    pub fn to_json(&self) -> Value {
        json!(Findings {
            valid: !self.has_errors(),
            diagnostics: self.iter().map(Finding::from).collect(),
        })
    }
}
