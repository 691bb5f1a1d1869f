//! The names of stages and runs.

use std::borrow::Borrow;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// The name of a stage inside its plan: `[a-z][a-z0-9]*(-[a-z0-9]+)*`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"))]
pub struct StageId(String);

/// The name of a run: the UTC time at which it was created and four random hexadecimal digits,
/// as in `20261123-143355-7f3a`.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[A-Za-z0-9-]{1,64}$"))]
pub struct RunId(String);

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text cannot name a stage.
    #[error(
        "`{0}` is not a stage id: lower-case words and digits joined by `-`, as in `join-source`"
    )]
    Stage(String),
    /// The text cannot name a run.
    #[error("`{0}` is not a run id: letters, digits and `-` only, at most 64")]
    Run(String),
}

impl StageId {
    /// Reads a stage id.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let starts = text.starts_with(|c: char| c.is_ascii_lowercase());
        let words = text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
        if starts && words {
            Ok(Self(text))
        } else {
            Err(IdError::Stage(text))
        }
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RunId {
    /// Reads a run id.
    pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if plain && !text.is_empty() && text.len() <= 64 {
            Ok(Self(text))
        } else {
            Err(IdError::Run(text))
        }
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}
impl Borrow<str> for StageId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

text_id!(StageId);
text_id!(RunId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stage_ids_are_lower_case_words() {
        for good in ["a", "join-source", "restart-source-after-rename-2003", "a1"] {
            assert!(StageId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "a--b", "Join", "1a", "a_b", "a b", "ä"] {
            assert!(StageId::new(bad).is_err(), "{bad}");
        }
    }
}
