//! The run itself: the fold of its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::Confirmation;
use super::Draft;
use super::EditedFile;
use super::Event;
use super::EventKind;
use super::IllegalEvent;
use super::LEAVE;
use super::LOOK_AGAIN;
use super::Place;
use super::RETRY;
use super::ROLL_BACK_ON_FAILURE;
use super::Reach;
use super::RunId;
use super::RunState;
use super::Shape;
use super::ShapeStage;
use super::StageId;
use super::StageStatus;
use super::WaitingFor;
use super::event::EVENT_VERSION;
use super::event::Scope;
use super::progress::Progress;

/// Everything a journal says about one stage.
#[derive(Clone, Debug, Default)]
pub struct StageState {
    /// Where it stands.
    pub status: StageStatus,
    /// The event with which it first began, or was found done.
    pub begun: Option<u64>,
    /// How its host was reached before that.
    found: Option<Reach>,
    /// How its host was reached once it had ended.
    led: Option<Reach>,
    /// Attempts over the whole run.
    pub attempts: u32,
    /// Attempts to undo it over the whole run.
    pub undo_attempts: u32,
    /// Attempts since the run was last resumed, and looks that failed before one could begin; the
    /// retry limit counts these.
    pub tries: u32,
    /// An attempt has begun and neither ended nor been given up.
    pub under_way: bool,
    /// What the first `Started` noted.
    pub token: Value,
    /// The reach that the stage will leave behind, from its `Started`.
    pub planned: Option<Reach>,
    /// What it handed back; null when it was skipped.
    pub output: Value,
    /// The error of the last failure, or what it waits for, outermost first.
    pub error: Vec<String>,
    /// What a waiting stage waits for.
    pub waiting: Option<WaitingFor>,
    /// When a waiting stage counts as refused, UTC, where a person's time is limited.
    pub until: Option<String>,
    /// The last attempt failed with an answer of its own, so nothing of it is still at work.
    pub answered: bool,
    /// A person said that it shall be tried again whatever a probe says.
    pub overridden: bool,
    /// It had ended, and a person wants it to be looked at again.
    pub again: bool,
    /// A person wants to be asked before it begins.
    pub held_back: bool,
    /// When it first started and when it ended.
    pub started_at: Option<String>,
    /// See `started_at`.
    pub ended_at: Option<String>,
    /// Why it was skipped, or what settled it.
    pub remark: Option<String>,
    /// It does something else than before the last edit of the plan or the inventory.
    pub touched: bool,
    /// An attempt has begun since the last edit.
    pub begun_since: bool,
}

impl StageState {
    /// Returns whether the run has begun with the stage, or is past it: an attempt, a skip, or a
    /// person's word.
    pub fn has_begun(&self) -> bool {
        let looked_at_only = matches!(
            self.status,
            StageStatus::Pending | StageStatus::Failed | StageStatus::Waiting
        );
        self.attempts > 0 || !looked_at_only
    }
}

impl StageState {
    /// Where it stands after an event, were it to stand at `status` before. What never began has
    /// nothing that could be undone.
    fn after(&self, status: StageStatus, event: &EventKind) -> Result<StageStatus, IllegalEvent> {
        if event.goes_back() && self.begun.is_none() {
            return Err(IllegalEvent {
                status,
                event: event.name().to_owned(),
            });
        }
        status.after(event)
    }

    /// How its host is reached once it is undone; none where it never led elsewhere.
    fn put_back(&self, now: Option<&Reach>) -> Option<Reach> {
        let (found, led) = self.found.as_ref().zip(self.led.as_ref())?;
        Some(now?.put_back(found, led)).filter(|back| Some(back) != now)
    }
}

/// One execution of one plan, as its journal tells it.
#[derive(Clone, Debug)]
pub struct Run {
    id: RunId,
    /// The shape of the plan that the run began with.
    first: Arc<Shape>,
    /// The shape of the plan that it has now.
    shape: Arc<Shape>,
    index: Arc<BTreeMap<StageId, usize>>,
    stages: Vec<StageState>,
    state: RunState,
    reach: BTreeMap<Place, Reach>,
    snapshots: BTreeMap<StageId, Value>,
    progress: Progress,
    back: Option<Back>,
    confirmation: Option<Confirmation>,
    epoch: u64,
    seq: u64,
    at: String,
    created: Option<Event>,
    accepted: Vec<Accepted>,
    edits: u32,
    plan: Option<EditedFile>,
    inventory: Option<EditedFile>,
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

/// Why an event does not continue a journal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum FoldError {
    #[error(
        "event {seq} is of journal format {version}; this program knows {EVENT_VERSION}: use the program that wrote it, or a newer one"
    )]
    Version { seq: u64, version: u32 },
    #[error("event {seq} follows event {last}: the journal has a gap")]
    Gap { seq: u64, last: u64 },
    #[error("event {seq} belongs to run {other}")]
    OtherRun { seq: u64, other: RunId },
    #[error("event {seq} is about stage `{stage}`, which the run's plan does not have")]
    UnknownStage { seq: u64, stage: StageId },
    #[error("event {seq} happens to a stage but does not say to which")]
    NoStage { seq: u64 },
    #[error("event {seq} happens to the whole run but names stage `{stage}`")]
    OneStage { seq: u64, stage: StageId },
    #[error("event {seq} takes a plan whose stages do not follow from each other")]
    Unsound { seq: u64 },
    #[error("event {seq} takes a plan without stage `{stage}`, which has begun")]
    LosesStage { seq: u64, stage: StageId },
    #[error("an edit of the plan must be the first of what is written with event {seq}")]
    LateEdit { seq: u64 },
    #[error("event {seq} does not fit stage `{stage}`")]
    Illegal {
        seq: u64,
        stage: StageId,
        #[source]
        source: IllegalEvent,
    },
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

    /// Reads the journal anew, which may have grown since.
    pub fn again(&self, events: &[Event]) -> Result<Self, FoldError> {
        Self::read(self.id.clone(), Arc::clone(&self.first), events)
    }

    /// Folds a whole journal.
    pub fn read(id: RunId, shape: Arc<Shape>, events: &[Event]) -> Result<Self, FoldError> {
        let mut run = Self::new(id, shape);
        for event in events {
            run.fold(event)?;
        }
        Ok(run)
    }

    /// Takes one more event in. An event that does not fit leaves the run as it was.
    pub fn fold(&mut self, event: &Event) -> Result<(), FoldError> {
        let seq = event.seq;
        if event.v != EVENT_VERSION {
            return Err(FoldError::Version {
                seq,
                version: event.v,
            });
        }
        if event.run != self.id {
            return Err(FoldError::OtherRun {
                seq,
                other: event.run.clone(),
            });
        }
        if seq != self.seq + 1 {
            return Err(FoldError::Gap {
                seq,
                last: self.seq,
            });
        }
        in_scope(seq, event.stage.as_ref(), &event.kind)?;
        match &event.stage {
            Some(stage) => self.fold_stage(stage, event)?,
            None => self.fold_run(event)?,
        }
        self.seq = seq;
        if self.at < event.at {
            self.at.clone_from(&event.at);
        }
        Ok(())
    }

    fn fold_run(&mut self, event: &Event) -> Result<(), FoldError> {
        self.confirmation = Confirmation::after(self.confirmation.take(), &event.kind);
        match &event.kind {
            EventKind::RunCreated {
                source,
                destination,
                ..
            } => {
                self.reach.insert(Place::Source, source.clone());
                self.reach.insert(Place::Destination, destination.clone());
                self.created = Some(event.clone());
            }
            EventKind::LeaseTaken { epoch, .. } => {
                self.epoch = *epoch;
                self.move_all(event)?;
            }
            EventKind::RunResumed { .. } => {
                self.state = match self.back {
                    None => RunState::Running,
                    Some(_) => RunState::RollingBack,
                };
                self.begin_anew(event)?;
            }
            EventKind::RollBackBegun { by, reason } => {
                self.back = Some(Back {
                    by: by.clone(),
                    reason: reason.clone(),
                    at: event.at.clone(),
                    seq: event.seq,
                    had_succeeded: self.state == RunState::Succeeded,
                    differences: Vec::new(),
                    allowed: Vec::new(),
                });
                self.state = RunState::RollingBack;
                self.begin_anew(event)?;
            }
            EventKind::Compared {
                differences,
                allowed,
            } => {
                if let Some(back) = &mut self.back {
                    back.differences.clone_from(differences);
                    back.allowed.clone_from(allowed);
                }
            }
            EventKind::OverrideAccepted { what, by, reason } => self.accepted.push(Accepted {
                what: what.clone(),
                by: by.clone(),
                reason: reason.clone(),
            }),
            EventKind::PlanEdited { .. } => self.fold_edit(event)?,
            EventKind::Stopped { .. } => self.state = RunState::Stopped,
            EventKind::RunEnded { state } => self.state = *state,
            _ => {}
        }
        Ok(())
    }

    /// Stages keep what is known of them by their names, wherever they stand in the edited plan.
    fn fold_edit(&mut self, event: &Event) -> Result<(), FoldError> {
        let EventKind::PlanEdited {
            by,
            reason,
            accepted,
            touched,
            plan,
            inventory,
            shape,
            ..
        } = &event.kind
        else {
            return Ok(());
        };
        if let Some(shape) = shape {
            self.reshape(event.seq, shape)?;
        }
        for (stage, state) in self.shape.stages.iter().zip(&mut self.stages) {
            state.touched = touched.contains(&stage.id);
            state.begun_since = false;
        }
        self.edits += 1;
        for (kept, new) in [(&mut self.plan, plan), (&mut self.inventory, inventory)] {
            if new.is_some() {
                kept.clone_from(new);
            }
        }
        let accepted = accepted.iter().map(|what| Accepted {
            what: format!("edit: {what}"),
            by: by.clone(),
            reason: reason.clone(),
        });
        self.accepted.extend(accepted);
        Ok(())
    }

    fn reshape(&mut self, seq: u64, shape: &Shape) -> Result<(), FoldError> {
        if !shape.is_sound() {
            return Err(FoldError::Unsound { seq });
        }
        let index = shape.index();
        let lost = self.stages().find(|(stage, state)| {
            !index.contains_key(&stage.id) && (state.has_begun() || state.held_back)
        });
        if let Some((stage, _)) = lost {
            let stage = stage.id.clone();
            return Err(FoldError::LosesStage { seq, stage });
        }
        let mut stages = vec![StageState::default(); shape.stages.len()];
        for (old, state) in self.shape.stages.iter().zip(&mut self.stages) {
            if let Some(position) = index.get(&old.id) {
                stages[*position] = std::mem::take(state);
            }
        }
        let weights = shape.stages.iter().map(|stage| stage.weight);
        self.progress = Progress::new(shape.begins, weights);
        for (stage, state) in shape.stages.iter().zip(&stages) {
            self.progress
                .moved(StageStatus::Pending, state.status, stage.weight);
        }
        self.stages = stages;
        self.index = Arc::new(index);
        self.shape = Arc::new(shape.clone());
        Ok(())
    }

    /// Every stage may be tried as often as its plan says once more.
    fn begin_anew(&mut self, event: &Event) -> Result<(), FoldError> {
        self.move_all(event)?;
        for stage in &mut self.stages {
            stage.tries = 0;
            stage.waiting = None;
        }
        Ok(())
    }

    fn move_all(&mut self, event: &Event) -> Result<(), FoldError> {
        for (position, stage) in self.stages.iter_mut().enumerate() {
            stage.status =
                stage
                    .status
                    .after(&event.kind)
                    .map_err(|source| FoldError::Illegal {
                        seq: event.seq,
                        stage: self.shape.stages[position].id.clone(),
                        source,
                    })?;
            // Whoever was at it is gone, or has been told to begin anew.
            stage.under_way = false;
        }
        Ok(())
    }

    fn fold_stage(&mut self, id: &StageId, event: &Event) -> Result<(), FoldError> {
        let seq = event.seq;
        let Some(&position) = self.index.get(id) else {
            return Err(FoldError::UnknownStage {
                seq,
                stage: id.clone(),
            });
        };
        let ShapeStage { weight, on, .. } = self.shape.stages[position];
        let stage = &mut self.stages[position];
        let before = stage.status;
        stage.status = stage
            .after(before, &event.kind)
            .map_err(|source| FoldError::Illegal {
                seq,
                stage: id.clone(),
                source,
            })?;
        let begins = matches!(
            event.kind,
            EventKind::Started { .. } | EventKind::Succeeded { .. } | EventKind::Adopted { .. }
        );
        if begins && stage.begun.is_none() {
            stage.begun = Some(seq);
            stage.found = self.reach.get(&on).cloned();
        }
        match &event.kind {
            EventKind::Started {
                attempt,
                token,
                reach,
                ..
            } => {
                if stage.attempts == 0 {
                    stage.token = token.clone();
                    stage.started_at = Some(event.at.clone());
                }
                stage.attempts = *attempt;
                stage.tries += 1;
                stage.answered = false;
                stage.planned.clone_from(reach);
                stage.overridden = false;
                stage.begun_since = true;
                // From here on a doubt is that of the new attempt.
                stage.again = false;
            }
            EventKind::Succeeded {
                output,
                reach,
                settled,
                ..
            } => {
                stage.output = output.clone();
                stage.remark.clone_from(settled);
                if let Some(reach) = reach {
                    stage.led = Some(reach.clone());
                    self.reach.insert(on, reach.clone());
                }
            }
            EventKind::Adopted {
                output,
                reach,
                reason,
                ..
            } => {
                stage.output = output.clone();
                stage.remark = Some(reason.clone());
                if let Some(reach) = reach {
                    stage.led = Some(reach.clone());
                    self.reach.insert(on, reach.clone());
                }
            }
            EventKind::Skipped { reason } => stage.remark = Some(reason.clone()),
            EventKind::Retrying {
                error, in_doubt, ..
            } => {
                // An attempt was counted when it began; a look that failed counts here.
                if stage.under_way {
                    stage.answered = !in_doubt;
                } else {
                    stage.tries += 1;
                }
                stage.error.clone_from(error);
            }
            EventKind::Failed {
                error, in_doubt, ..
            } => {
                if stage.under_way {
                    stage.answered = !in_doubt;
                }
                stage.error.clone_from(error);
            }
            EventKind::Waiting {
                why,
                message,
                until,
            } => {
                stage.waiting = Some(*why);
                stage.until.clone_from(until);
                stage.error = vec![message.clone()];
            }
            EventKind::OverrideAccepted { what, .. } if what == LOOK_AGAIN => {
                stage.again = true;
                stage.ended_at = None;
            }
            EventKind::OverrideAccepted { what, .. } if what == RETRY => stage.overridden = true,
            EventKind::OverrideAccepted { what, reason, .. } if what == LEAVE => {
                stage.remark = Some(reason.clone());
                stage.waiting = None;
            }
            EventKind::HeldBack { .. } => stage.held_back = true,
            EventKind::Approved { begins: true, .. } => {
                stage.held_back = false;
                stage.waiting = None;
            }
            EventKind::UndoStarted { attempt, .. } => {
                stage.undo_attempts = *attempt;
                stage.tries += 1;
                stage.answered = false;
                stage.overridden = false;
                stage.waiting = None;
                // What had ended may be found where it was before from here on.
                if stage.planned.is_none() {
                    stage.planned = stage.put_back(self.reach.get(&on));
                }
            }
            EventKind::UndoFailed {
                in_doubt,
                waiting,
                error,
                ..
            } => {
                if stage.under_way {
                    stage.answered = !in_doubt;
                } else {
                    stage.tries += 1;
                }
                stage.waiting = *waiting;
                stage.error.clone_from(error);
            }
            EventKind::Undone { settled } => {
                if let Some(reach) = stage.put_back(self.reach.get(&on)) {
                    self.reach.insert(on, reach);
                }
                stage.planned = None;
                stage.waiting = None;
                stage.error.clear();
                stage.remark.clone_from(settled);
            }
            EventKind::Snapshot { data } => {
                self.snapshots.insert(id.clone(), data.clone());
            }
            _ => {}
        }
        stage.under_way = matches!(
            event.kind,
            EventKind::Started { .. } | EventKind::UndoStarted { .. }
        ) || (stage.under_way
            && matches!(event.kind, EventKind::Snapshot { .. }));
        if stage.status.has_ended() && !before.has_ended() {
            stage.ended_at = Some(event.at.clone());
            stage.planned = None;
            stage.waiting = None;
            stage.again = false;
        }
        self.progress.moved(before, stage.status, weight);
        Ok(())
    }

    /// Returns what a person accepted for the whole run.
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// The progress after each of the drafts, were they appended in this order.
    fn percents_after(&self, drafts: &[(Option<StageId>, EventKind)]) -> Vec<f64> {
        let mut progress = self.progress;
        let mut moved: BTreeMap<usize, StageStatus> = BTreeMap::new();
        drafts
            .iter()
            .map(|(stage, kind)| {
                if let Some(position) = stage.as_ref().and_then(|id| self.position(id)) {
                    let status = moved
                        .entry(position)
                        .or_insert(self.stages[position].status);
                    let before = *status;
                    // What does not fit moves nothing; folding it will say so.
                    *status = self.stages[position].after(before, kind).unwrap_or(before);
                    progress.moved(before, *status, self.shape.stages[position].weight);
                }
                progress.percent()
            })
            .collect()
    }

    /// Says why these could not follow, in this order.
    fn accepts(&self, drafts: &[(Option<StageId>, EventKind)]) -> Result<(), FoldError> {
        let mut moved: BTreeMap<usize, StageStatus> = BTreeMap::new();
        let seq = self.seq + 1;
        for (stage, kind) in drafts {
            in_scope(seq, stage.as_ref(), kind)?;
            if matches!(kind, EventKind::PlanEdited { .. }) {
                return Err(FoldError::LateEdit { seq });
            }
            let Some(id) = stage else { continue };
            let Some(position) = self.position(id) else {
                let stage = id.clone();
                return Err(FoldError::UnknownStage { seq, stage });
            };
            let status = moved
                .entry(position)
                .or_insert(self.stages[position].status);
            let after = self.stages[position].after(*status, kind);
            *status = after.map_err(|source| FoldError::Illegal {
                seq,
                stage: id.clone(),
                source,
            })?;
        }
        Ok(())
    }

    /// Dates events that are to follow, in this order, and foresees their percents; refuses what the
    /// run does not accept.
    ///
    /// A clock that was set back does not lead the journal back: an event is never dated before the
    /// one that it follows.
    pub fn drafts(
        &self,
        at: &str,
        kinds: Vec<(Option<StageId>, EventKind)>,
    ) -> Result<Vec<Draft>, FoldError> {
        let percents = self.foresee(&kinds)?;
        let at = at.max(self.at.as_str());
        let dated = |((stage, kind), percent)| Draft {
            at: at.to_owned(),
            stage,
            percent,
            kind,
        };
        Ok(kinds.into_iter().zip(percents).map(dated).collect())
    }

    /// Returns the progress after each of the events that are to follow, in this order. Says why they
    /// could not follow before they are durable: a journal that its own run refuses could never be
    /// read again.
    ///
    /// What follows an edit happens to the edited plan.
    pub fn foresee(&self, kinds: &[(Option<StageId>, EventKind)]) -> Result<Vec<f64>, FoldError> {
        if let [(None, edit @ EventKind::PlanEdited { .. }), rest @ ..] = kinds {
            let edited = self.edited(edit)?;
            let rest = edited.foresee(rest)?;
            return Ok([edited.percent()].into_iter().chain(rest).collect());
        }
        self.accepts(kinds)?;
        Ok(self.percents_after(kinds))
    }

    /// The run as it would be if this edit were its next event.
    pub fn edited(&self, edit: &EventKind) -> Result<Self, FoldError> {
        let mut edited = self.clone();
        edited.fold(&Event {
            v: EVENT_VERSION,
            seq: self.seq + 1,
            at: self.at.clone(),
            run: self.id.clone(),
            percent: 0.0,
            stage: None,
            kind: edit.clone(),
            hash: String::new(),
        })?;
        edited.seq = self.seq;
        Ok(edited)
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

/// Some events are about one stage, some about the run, a few about either.
fn in_scope(seq: u64, stage: Option<&StageId>, kind: &EventKind) -> Result<(), FoldError> {
    match (stage, kind.scope()) {
        (None, Scope::Stage) => Err(FoldError::NoStage { seq }),
        (Some(stage), Scope::Run) => Err(FoldError::OneStage {
            seq,
            stage: stage.clone(),
        }),
        _ => Ok(()),
    }
}
