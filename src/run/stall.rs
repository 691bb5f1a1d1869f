//! A stage that takes much longer than it usually does.

use schemars::JsonSchema;
use serde::Serialize;

use super::RunId;
use super::StageId;

/// A stage that takes much longer than it usually does. It is told to whoever watches the run and is
/// no event: nothing has happened.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stall {
    /// UTC time, RFC 3339 with milliseconds.
    pub at: String,
    /// The run.
    pub run: RunId,
    /// The run's progress.
    pub percent: f64,
    /// The stage.
    pub stage: StageId,
    /// How long nothing has been heard of it, in seconds.
    pub seconds: u64,
    /// How long it takes at most where nothing is wrong, in seconds.
    pub usual_seconds: u64,
    /// What is probably wrong, the likeliest first.
    pub causes: Vec<String>,
}
