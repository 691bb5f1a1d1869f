//! What a person wants of the process that drives a run, told by way of the store.

use serde::Deserialize;
use serde::Serialize;

/// What a person wants of the process that drives a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Wish {
    /// Start nothing more, and end when what is under way has ended.
    Stop {
        /// Who wants it, and why, in one sentence.
        reason: String,
    },
    /// Let the finished stages stand: see [`crate::run::EventKind::Confirmed`].
    Confirm {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
}

impl Wish {
    /// The wish as a store keeps it.
    pub(super) fn to_text(&self) -> String {
        match self {
            // As it always was.
            Self::Stop { reason } => reason.clone(),
            Self::Confirm { .. } => {
                serde_json::to_string(self).expect("two texts can be written as JSON")
            }
        }
    }

    /// Reads what a store has kept.
    pub(super) fn of_text(text: String) -> Self {
        serde_json::from_str(&text).unwrap_or(Self::Stop { reason: text })
    }
}
