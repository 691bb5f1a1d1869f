//! Where a stage acts.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// The machine, or the directory, that a stage acts on.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// The server whose identity moves away.
    Source,
    /// The server that takes the identity over.
    Destination,
    /// Active Directory.
    Directory,
    /// The machine that runs sms-plan.
    Orchestrator,
}

impl Place {
    /// Returns the word used in plans and journals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Directory => "directory",
            Self::Orchestrator => "orchestrator",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
