//! What a run knows when a phase of a stage begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;
use rpds::RedBlackTreeSetSync;
use serde_json::Value;

use super::first_reach;
use super::roots::roots;
use crate::host::Pin;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::Reach;
use crate::run::Run;
use crate::run::RunId;
use crate::run::StageId;
use crate::run::StageStatus;

/// What the run knew when a phase of a stage began.
///
/// What grows with the run is shared with the views before and after, so that a run of any length
/// can hand one to each stage.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The run.
    pub run: RunId,
    /// The epoch of the process that drives it.
    pub epoch: u64,
    /// How each host is reached.
    pub reach: BTreeMap<Place, Reach>,
    /// How a host may be reached instead, because a stage that changes it has begun and not ended.
    pub planned: BTreeMap<Place, Reach>,
    /// How each host was reached before a run that is rolled back.
    pub origins: BTreeMap<Place, Reach>,
    /// The identity of each host, as its first connection recorded it.
    pub pins: BTreeMap<Place, Pin>,
    /// What was seen of each host, and of its directory object, before the first change.
    pub snapshots: BTreeMap<Place, Arc<Value>>,
    /// What stages noted before their first attempt.
    pub tokens: RedBlackTreeMapSync<StageId, Value>,
    /// The stages that a person did.
    pub by_hand: RedBlackTreeSetSync<StageId>,
    /// The values that expressions and templates see.
    pub roots: Roots,
}

impl View {
    /// What actions may know before there is a run: what the inventory says.
    pub fn before_a_run(plan: &Plan, inventory: &Inventory) -> Self {
        Self {
            run: RunId::new("RUN").expect("letters make a run id"),
            epoch: 0,
            reach: first_reach(inventory),
            planned: BTreeMap::new(),
            origins: BTreeMap::new(),
            pins: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            tokens: RedBlackTreeMapSync::default(),
            by_hand: RedBlackTreeSetSync::default(),
            roots: roots(plan, inventory, None),
        }
    }

    /// Reads off a run what its actions may know.
    pub fn of(plan: &Plan, inventory: &Inventory, run: &Run) -> Self {
        let mut pins = BTreeMap::new();
        let mut snapshots = BTreeMap::new();
        let mut tokens = RedBlackTreeMapSync::default();
        let mut by_hand = RedBlackTreeSetSync::default();
        for (position, stage) in plan.stages.iter().enumerate() {
            let state = run.stage(position);
            if state.status == StageStatus::Adopted {
                by_hand.insert_mut(stage.id.clone());
            }
            if !state.token.is_null() {
                tokens.insert_mut(stage.id.clone(), state.token.clone());
            }
            if let Ok(pin) = serde_json::from_value(state.output["pin"].clone()) {
                pins.entry(stage.on).or_insert(pin);
            }
            if let Some(data) = run.snapshots().get(&stage.id) {
                let data = || Arc::new(data.clone());
                snapshots.entry(stage.on).or_insert_with(data);
            }
        }
        let both = [Place::Source, Place::Destination];
        let reach = |of: &dyn Fn(Place) -> Option<Reach>| {
            both.into_iter()
                .filter_map(|place| Some((place, of(place)?)))
                .collect()
        };
        Self {
            run: run.id().clone(),
            epoch: run.epoch(),
            reach: reach(&|place| run.reach(place).cloned()),
            planned: reach(&|place| run.planned_reach(place).cloned()),
            origins: reach(&|place| run.origin(place).cloned()),
            pins,
            snapshots,
            tokens,
            by_hand,
            roots: roots(plan, inventory, Some(run)),
        }
    }

    /// Where a server of a run that is rolled back is looked for, if it is not where the run reaches
    /// it: where it was before the run.
    pub(super) fn elsewhere(&self, place: Place) -> Option<&Reach> {
        let now = self.reach.get(&place)?;
        let is_other =
            |origin: &&Reach| (&origin.address, origin.account) != (&now.address, now.account);
        self.origins.get(&place).filter(is_other)
    }

    /// Takes in what a run has learned by an event that it has folded, where only the event's own
    /// stage is concerned. Returns `false` where it is not: the run must then be read anew.
    #[must_use]
    pub fn learn(&mut self, event: &Event, run: &Run) -> bool {
        let Some(id) = &event.stage else { return false };
        let stays = |reach: &Option<Reach>| reach.is_none() && self.planned.is_empty();
        match &event.kind {
            EventKind::Started { reach, .. } if stays(reach) => {
                let token = run.position(id).map(|position| &run.stage(position).token);
                if let Some(token) = token.filter(|token| !token.is_null()) {
                    self.tokens.insert_mut(id.clone(), token.clone());
                }
            }
            EventKind::Succeeded { output, reach, .. }
                if stays(reach) && output["pin"].is_null() && output["facts"].is_null() =>
            {
                if !output.is_null() {
                    self.roots.set_output(id, output.clone());
                }
            }
            EventKind::Skipped { .. } => self.roots.set_output(id, Value::Null),
            EventKind::Retrying { .. } | EventKind::Failed { .. } | EventKind::Waiting { .. } => {}
            _ => return false,
        }
        true
    }
}
