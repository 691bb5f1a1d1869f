//! How fast things go in a twin where somebody has measured it; elsewhere the table of `timing` holds.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::run::Place;
use crate::run::StageId;

/// Measured times.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tempo {
    /// How many times as long as the table says everything takes that a stage does.
    pub stages: BTreeMap<StageId, f64>,
    /// How long a server is away at a restart.
    pub restarts: BTreeMap<Place, Duration>,
    /// What was measured, in words, as in `run 20261129-082656-c407`.
    pub from: String,
}
