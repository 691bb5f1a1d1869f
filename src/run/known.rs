//! The run itself, and what it tells of itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Confirmation;
use super::EditedFile;
use super::Event;
use super::EventKind;
use super::Place;
use super::ROLL_BACK_ON_FAILURE;
use super::Reach;
use super::RunId;
use super::RunState;
use super::Shape;
use super::ShapeStage;
use super::StageId;
use super::StageState;
use super::StageStatus;
use super::progress::Progress;

/// One execution of one plan, as its journal tells it.
#[derive(Clone, Debug)]
pub struct Run {
    pub(super) id: RunId,
    /// The shape of the plan that the run began with.
    pub(super) first: Arc<Shape>,
    /// The shape of the plan that it has now.
    pub(super) shape: Arc<Shape>,
    pub(super) index: Arc<BTreeMap<StageId, usize>>,
    pub(super) stages: Vec<StageState>,
    pub(super) state: RunState,
    pub(super) reach: BTreeMap<Place, Reach>,
    pub(super) snapshots: BTreeMap<StageId, Value>,
    pub(super) progress: Progress,
    pub(super) back: Option<Back>,
    pub(super) confirmation: Option<Confirmation>,
    pub(super) epoch: u64,
    pub(super) seq: u64,
    pub(super) at: String,
    pub(super) created: Option<Event>,
    pub(super) accepted: Vec<Accepted>,
    pub(super) edits: u32,
    pub(super) plan: Option<EditedFile>,
    pub(super) inventory: Option<EditedFile>,
}

/// How a run came to be rolled back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Back {
    /// Who wanted it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When, UTC.
    pub at: String,
    /// The event with which it turned round.
    pub seq: u64,
    /// The run had succeeded before: its servers were free until then.
    pub had_succeeded: bool,
    /// What differs from the record now that all is undone, once that was compared.
    pub differences: Vec<String>,
    /// What differs because it cannot return.
    pub allowed: Vec<String>,
}

/// What a person accepted for the whole run that the program alone would refuse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Accepted {
    /// What.
    pub what: String,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl Run {
    /// A run of which nothing is known but its plan.
    pub fn new(id: RunId, shape: Arc<Shape>) -> Self {
        let index = shape.index();
        let progress = Progress::new(shape.begins, shape.stages.iter().map(|s| s.weight));
        Self {
            id,
            index: Arc::new(index),
            stages: vec![StageState::default(); shape.stages.len()],
            first: Arc::clone(&shape),
            shape,
            state: RunState::default(),
            reach: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            progress,
            epoch: 0,
            seq: 0,
            at: String::new(),
            created: None,
            accepted: Vec::new(),
            edits: 0,
            plan: None,
            inventory: None,
            back: None,
            confirmation: None,
        }
    }

    /// Returns what a person accepted for the whole run.
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// How often its plan or its inventory was edited.
    pub fn edits(&self) -> u32 {
        self.edits
    }

    /// The plan that it has now, where it is not the one that it began with.
    pub fn edited_plan(&self) -> Option<&EditedFile> {
        self.plan.as_ref()
    }

    /// The inventory that it has now, where it is not the one that it began with.
    pub fn edited_inventory(&self) -> Option<&EditedFile> {
        self.inventory.as_ref()
    }

    /// The run's name.
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// Its plan's shape.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Where the run stands.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// How far it has come, from 0 to 100.
    pub fn percent(&self) -> f64 {
        self.progress.percent()
    }

    /// The epoch of the last process that took the lease.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the last event.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The first event, once there is one.
    pub fn created(&self) -> Option<&Event> {
        self.created.as_ref()
    }

    /// What is known of the stage at a position of the plan.
    pub fn stage(&self, position: usize) -> &StageState {
        &self.stages[position]
    }

    /// The stages, in file order.
    pub fn stages(&self) -> impl Iterator<Item = (&ShapeStage, &StageState)> {
        self.shape.stages.iter().zip(&self.stages)
    }

    /// The position of a stage in the plan.
    pub fn position(&self, id: &StageId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// How a host is reached now, as far as the journal is sure of it.
    pub fn reach(&self, place: Place) -> Option<&Reach> {
        self.reach.get(&place)
    }

    /// The reach that a stage of this host, begun and not ended, may have brought about, or that its
    /// undo may have put back.
    pub fn planned_reach(&self, place: Place) -> Option<&Reach> {
        let here = || self.stages().filter(|(shape, _)| shape.on == place);
        // A stage that was left in doubt keeps its own; the one that is under way goes first.
        let mut undoing = here().filter(|(_, stage)| stage.status == StageStatus::Undoing);
        undoing
            .find_map(|(_, stage)| stage.planned.as_ref())
            .or_else(|| here().find_map(|(_, stage)| stage.planned.as_ref()))
    }

    /// How a host was reached before the run, while that is rolled back: a person may have taken back
    /// by hand whatever is left.
    pub fn origin(&self, place: Place) -> Option<&Reach> {
        self.back.as_ref()?;
        let mut here = self.stages().filter(|(shape, _)| shape.on == place);
        here.find_map(|(_, stage)| stage.found.as_ref())
    }

    /// How the host of a stage is reached once that is undone, were it reached like this now.
    pub fn reach_back(&self, position: usize, now: &Reach) -> Reach {
        let back = self.stages[position].put_back(Some(now));
        back.unwrap_or_else(|| now.clone())
    }

    /// What a person must still confirm, lest the run be rolled back.
    pub fn unconfirmed(&self) -> Option<&Confirmation> {
        let open = |wanted: &&Confirmation| wanted.is_open() && self.back.is_none();
        self.confirmation.as_ref().filter(open)
    }

    /// How the run came to be rolled back, if it is, or was.
    pub fn back(&self) -> Option<&Back> {
        self.back.as_ref()
    }

    /// That a process goes on with the run: in the direction that it has, or backwards from here on
    /// where it was cut off between its failure and the roll back that a person wanted then.
    pub fn resumed(&self, by: String) -> EventKind {
        self.rolls_back_now(&by)
            .unwrap_or_else(|| EventKind::RunResumed {
                by,
                rolling_back: self.back.is_some(),
            })
    }

    /// That the run turns round, where it has failed and a person wanted that before it began.
    pub fn rolls_back_now(&self, by: &str) -> Option<EventKind> {
        let mut wishes = self.accepted.iter();
        let wanted = wishes.any(|accepted| accepted.what == ROLL_BACK_ON_FAILURE);
        let (failed, _) = self
            .stages()
            .filter(|_| wanted && self.back.is_none())
            .find(|(_, stage)| stage.status == StageStatus::Failed)?;
        Some(EventKind::RollBackBegun {
            by: by.to_owned(),
            reason: format!(
                "stage `{}` failed, and --on-failure says rollback",
                failed.id
            ),
        })
    }

    /// What stages saw before the first change, by the stage that looked.
    pub fn snapshots(&self) -> &BTreeMap<StageId, Value> {
        &self.snapshots
    }

    /// Returns whether every stage has ended.
    pub fn is_complete(&self) -> bool {
        self.stages.iter().all(|stage| stage.status.has_ended())
    }
}
