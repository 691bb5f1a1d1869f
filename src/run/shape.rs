//! What a run needs to know of its plan, and how its stages find their places in an edited one.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::Place;
use super::StageId;

/// What a run needs to know of its plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shape {
    /// Percent before anything has ended.
    pub begins: f64,
    /// The stages, in file order.
    pub stages: Vec<ShapeStage>,
}

/// What a run needs to know of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShapeStage {
    /// Its name.
    pub id: StageId,
    /// Its share of the progress.
    pub weight: f64,
    /// Positions of the stages that must have ended before it starts, from 0; all lower than its
    /// own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<usize>,
    /// Where it acts.
    pub on: Place,
}

impl Shape {
    /// The position of each stage.
    pub(super) fn index(&self) -> BTreeMap<StageId, usize> {
        let stages = self.stages.iter().enumerate();
        stages.map(|(i, stage)| (stage.id.clone(), i)).collect()
    }

    /// Returns whether every stage has a name of its own and stands after all that it needs.
    pub(super) fn is_sound(&self) -> bool {
        let mut stages = self.stages.iter().enumerate();
        self.index().len() == self.stages.len()
            && stages.all(|(position, stage)| stage.needs.iter().all(|need| *need < position))
    }
}
