//! What a probe says, and what an action hands back.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::Reach;

/// Where an effect stands, as a look at the machine shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nothing of the effect is there.
    Before,
    /// The effect is complete.
    After,
    /// A part of the effect is there; the same action finishes it.
    Between,
    /// Something is there that this run did not do.
    Foreign,
    /// Nobody could look.
    Unreachable,
}

/// A probe's answer.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Where the effect stands.
    pub standing: Standing,
    /// What was seen, in one line for a person.
    pub saw: String,
    /// For [`Standing::After`]: what apply would have handed back.
    pub outcome: Outcome,
    /// Nobody can look, however the effect stands.
    pub blind: bool,
}

impl Probe {
    /// An answer without an outcome.
    pub fn new(standing: Standing, saw: impl Into<String>) -> Self {
        Self {
            standing,
            saw: saw.into(),
            outcome: Outcome::default(),
            blind: false,
        }
    }

    /// No look can tell how the effect stands; only a person can.
    pub fn blind(saw: impl Into<String>) -> Self {
        Self {
            blind: true,
            ..Self::new(Standing::Foreign, saw)
        }
    }

    /// The effect is complete and apply would have handed back `outcome`.
    pub fn after(saw: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            standing: Standing::After,
            saw: saw.into(),
            outcome,
            blind: false,
        }
    }
}

/// What a finished action hands back to the run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Readable by later stages as `stages["id"].output`; never a secret.
    pub output: Value,
    /// How the host is reached from now on, where the stage changed that.
    pub reach: Option<Reach>,
    /// State of the world before the first change, journaled as an event of its own.
    pub snapshot: Option<Value>,
    /// What a resume needs and nobody may read: sealed into the store with the outcome.
    pub secrets: Vec<Sealed>,
    /// Names of sealed secrets that nobody needs any more.
    pub forget: Vec<String>,
}

impl Outcome {
    /// An outcome that only has an output.
    pub fn output(output: Value) -> Self {
        Self {
            output,
            ..Self::default()
        }
    }
}

/// A secret on its way into the store.
#[derive(Clone)]
pub struct Sealed {
    /// Its name inside the run, as in `source/keytab`.
    pub name: String,
    /// Its bytes, wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
