//! What the stages of these tests act on: one effect of two halves a stage, faults to order, and
//! a record of everything that an engine must not do.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use sms_plan::action::{
    Action, ActionError, ActionErrorKind, Cause, Context, Manual, Pace, Prepared,
};
use sms_plan::plan::{Nature, Signature};
use sms_plan::run::{Account, EventKind, Outcome, Place, Probe, Reach, Sealed, Standing};
use tokio::time::sleep;

use super::cut::CutStore;

/// Why an attempt takes long.
const CAUSES: &[Cause] = &[
    Cause::any("somebody sits on it"),
    Cause::windows("an update is missing", "KB1"),
    Cause::linux("systemd is busy"),
];

/// How long one half of an effect takes.
pub(super) const HALF: Duration = Duration::from_millis(10);

/// How long a slow attempt takes besides.
pub(super) const SLOW: Duration = Duration::from_secs(4);

/// What goes wrong with one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Fails before it has done anything; another attempt may do better.
    Passing,
    /// Fails between its halves.
    PassingBetween,
    /// Fails, and every other attempt would.
    Final,
    /// The same, between its halves.
    FinalBetween,
    /// The same, after [`SLOW`].
    FinalSlow,
    /// Succeeds, after [`SLOW`].
    Slow,
    /// Does everything and then never returns.
    HangsAfter,
    /// Hangs between its halves.
    HangsBetween,
    /// The machine obeys somebody else.
    Fenced,
}

/// The little world of a test.
#[derive(Default)]
pub(super) struct Stand {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Halves done, by stage: 0, 1 or 2.
    effects: BTreeMap<String, u8>,
    /// What the next attempts of a stage run into.
    faults: BTreeMap<String, VecDeque<Fault>>,
    /// What a probe says whatever the effect is.
    says: BTreeMap<String, Standing>,
    /// Stages in the order in which their undo was tried.
    undone: Vec<String>,
    /// Stages whose probe can never tell.
    blind: BTreeSet<String>,
    /// Stages whose probe never answers.
    mute: BTreeSet<String>,
    /// Stages whose probe answers after [`SLOW`].
    slow: BTreeSet<String>,
    /// What a probe fails with.
    failing: BTreeMap<String, ActionErrorKind>,
    probes: BTreeMap<String, u32>,
    attempts: Vec<String>,
    at_work: Vec<(Place, String)>,
    most_at_work: usize,
    wrongs: Vec<String>,
}

impl Stand {
    /// Lets the next attempts of a stage run into faults, one each.
    pub(super) fn order(&self, stage: &str, faults: &[Fault]) {
        let mut state = self.state.lock().expect("no test panics in here");
        state
            .faults
            .entry(stage.to_owned())
            .or_default()
            .extend(faults);
    }

    /// Lets every probe of a stage say this.
    pub(super) fn say(&self, stage: &str, standing: Standing) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.says.insert(stage.to_owned(), standing);
    }

    /// Lets no probe of a stage tell anything.
    pub(super) fn blind(&self, stage: &str) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.blind.insert(stage.to_owned());
    }

    /// Lets each probe of a stage take [`SLOW`].
    pub(super) fn look_slowly(&self, stage: &str) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.slow.insert(stage.to_owned());
    }

    /// Lets every probe of a stage fail.
    pub(super) fn fail_looks(&self, stage: &str, kind: ActionErrorKind) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.failing.insert(stage.to_owned(), kind);
    }

    /// Lets no probe of a stage come to an end.
    pub(super) fn mute(&self, stage: &str) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.mute.insert(stage.to_owned());
    }

    /// Lets probes of a stage see what is there.
    pub(super) fn say_the_truth(&self, stage: &str) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.says.remove(stage);
    }

    /// Puts a number of halves of an effect there, as somebody else would.
    pub(super) fn put(&self, stage: &str, halves: u8) {
        let mut state = self.state.lock().expect("no test panics in here");
        state.effects.insert(stage.to_owned(), halves);
    }

    /// The halves that are there, by stage.
    pub(super) fn effects(&self) -> BTreeMap<String, u8> {
        let mut state = self
            .state
            .lock()
            .expect("no test panics in here")
            .effects
            .clone();
        state.retain(|_, halves| *halves > 0);
        state
    }

    /// Stages in the order of their attempts.
    pub(super) fn attempts(&self) -> Vec<String> {
        self.state
            .lock()
            .expect("no test panics in here")
            .attempts
            .clone()
    }

    /// Stages in the order in which their undo was tried.
    pub(super) fn undone(&self) -> Vec<String> {
        let state = self.state.lock().expect("no test panics in here");
        state.undone.clone()
    }

    /// How often a stage was looked at.
    pub(super) fn probes(&self, stage: &str) -> u32 {
        let state = self.state.lock().expect("no test panics in here");
        state.probes.get(stage).copied().unwrap_or_default()
    }

    /// The most stages that were at work at once.
    pub(super) fn most_at_work(&self) -> usize {
        self.state
            .lock()
            .expect("no test panics in here")
            .most_at_work
    }

    /// How many attempts are at work now.
    pub(super) fn at_work(&self) -> usize {
        self.state
            .lock()
            .expect("no test panics in here")
            .at_work
            .len()
    }

    /// What the engine did and must not have done.
    pub(super) fn wrongs(&self) -> Vec<String> {
        self.state
            .lock()
            .expect("no test panics in here")
            .wrongs
            .clone()
    }

    fn half(&self, stage: &str) {
        let mut state = self.state.lock().expect("no test panics in here");
        *state.effects.entry(stage.to_owned()).or_default() += 1;
    }

    fn halves(&self, stage: &str) -> u8 {
        let state = self.state.lock().expect("no test panics in here");
        state.effects.get(stage).copied().unwrap_or_default()
    }
}

/// Leaves the place when an attempt ends or is cut off.
struct AtWork<'a> {
    stand: &'a Stand,
    stage: String,
}

impl<'a> AtWork<'a> {
    fn enter(stand: &'a Stand, place: Place, stage: &str) -> Self {
        let mut state = stand.state.lock().expect("no test panics in here");
        let is_host = matches!(place, Place::Source | Place::Destination);
        if is_host && state.at_work.iter().any(|(other, _)| *other == place) {
            state
                .wrongs
                .push(format!("{stage} began while {place} was taken"));
        }
        state.at_work.push((place, stage.to_owned()));
        state.most_at_work = state.most_at_work.max(state.at_work.len());
        Self {
            stand,
            stage: stage.to_owned(),
        }
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let mut state = self.stand.state.lock().expect("no test panics in here");
        state.at_work.retain(|(_, stage)| *stage != self.stage);
    }
}

/// `test.step`, which has an effect, and `test.look`, which has none.
pub(super) struct Step {
    pub(super) stand: Arc<Stand>,
    pub(super) store: Arc<CutStore>,
    pub(super) changes: bool,
}

impl Step {
    /// An attempt whose `Started` a crash would lose must not begin.
    fn check_started(&self, cx: &Context) {
        let journal = self.store.journal(&cx.view.run);
        let started = journal.iter().any(|event| {
            event.stage.as_ref() == Some(&cx.stage().id)
                && matches!(event.kind, EventKind::Started { attempt, .. } if attempt == cx.attempt)
        });
        if !started {
            let wrong = format!("{} began without its durable Started", cx.stage().id);
            let mut state = self.stand.state.lock().expect("no test panics in here");
            state.wrongs.push(wrong);
        }
    }
}

impl Step {
    /// An undo whose `UndoStarted` a crash would lose must not begin.
    fn check_undo_started(&self, cx: &Context) {
        let journal = self.store.journal(&cx.view.run);
        let started = journal.iter().any(|event| {
            event.stage.as_ref() == Some(&cx.stage().id)
                && matches!(event.kind, EventKind::UndoStarted { attempt, .. } if attempt == cx.attempt)
        });
        if !started {
            let wrong = format!(
                "{} was undone without its durable UndoStarted",
                cx.stage().id
            );
            let mut state = self.stand.state.lock().expect("no test panics in here");
            state.wrongs.push(wrong);
        }
    }
}

/// Where the host answers once the stage has ended, if it is to lead it elsewhere.
fn leads(cx: &Context) -> Option<Reach> {
    Some(Reach {
        address: cx.stage().with["leads"].as_str()?.to_owned(),
        name: "moved".to_owned(),
        account: Account::Given,
    })
}

#[async_trait]
impl Action for Step {
    fn signature(&self) -> Signature {
        Signature {
            uses: if self.changes {
                "test.step"
            } else {
                "test.look"
            },
            allows: &[
                Place::Source,
                Place::Destination,
                Place::Directory,
                Place::Orchestrator,
            ],
            parameters: json!({
                "type": "object",
                "additionalProperties": false,
                "properties": { "secret": { "type": "string" }, "forget": { "type": "string" }, "found": { "type": "string" }, "leads": { "type": "string" } },
            }),
            templates: &[],
            expressions: &[],
            changes: self.changes,
            summary: "acts on the stand of these tests",
            nature: Nature::change("this piece of work"),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(if self.changes { 90 } else { 30 }, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let id = cx.stage().id.as_str();
        let (said, blind, mute, slow, failing) = {
            let mut state = self.stand.state.lock().expect("no test panics in here");
            *state.probes.entry(id.to_owned()).or_default() += 1;
            let of = |stages: &BTreeSet<String>| stages.contains(id);
            (
                state.says.get(id).copied(),
                of(&state.blind),
                of(&state.mute),
                of(&state.slow),
                state.failing.get(id).copied(),
            )
        };
        if slow {
            sleep(SLOW).await;
        }
        if let Some(kind) = failing {
            return Err(ActionError {
                chain: vec!["no look".to_owned()],
                kind,
                in_doubt: false,
                within: None,
            });
        }
        if mute {
            sleep(Duration::from_secs(1_000_000)).await;
        }
        if blind {
            return Ok(Probe::blind("nobody can look"));
        }
        let planned = cx.view.planned.get(&cx.place());
        if let Some(reach) = leads(cx)
            && planned != Some(&reach)
        {
            return Ok(Probe::new(Standing::Unreachable, "nobody answers there"));
        }
        let halves = self.stand.halves(id);
        let standing = said.unwrap_or(match halves {
            0 => Standing::Before,
            1 => Standing::Between,
            _ => Standing::After,
        });
        Ok(Probe {
            outcome: Outcome::output(json!({ "by": id })),
            ..Probe::new(standing, format!("{halves} of 2 halves are there"))
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let secret = cx.stage().with["secret"].as_str();
        let secrets = secret.map(|name| Sealed {
            name: name.to_owned(),
            bytes: b"hush".to_vec().into(),
        });
        Ok(Prepared {
            token: json!({ "noted": cx.stage().id }),
            secrets: secrets.into_iter().collect(),
            reach: leads(cx),
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let id = cx.stage().id.as_str();
        self.check_started(cx);
        let _at_work = AtWork::enter(&self.stand, cx.place(), id);
        let fault = {
            let mut state = self.stand.state.lock().expect("no test panics in here");
            state.attempts.push(id.to_owned());
            if state.effects.get(id) == Some(&2) {
                let wrong = format!("{id} was repeated though a look shows that it is done");
                state.wrongs.push(wrong);
            }
            state.faults.get_mut(id).and_then(VecDeque::pop_front)
        };
        let forever = Duration::from_secs(1_000_000);
        match fault {
            Some(Fault::Passing) => return Err(ActionError::passing("not just now")),
            Some(Fault::Final) => return Err(ActionError::refused("never")),
            Some(Fault::FinalSlow) => {
                sleep(SLOW).await;
                return Err(ActionError::refused("never"));
            }
            Some(Fault::Slow) => sleep(SLOW).await,
            Some(Fault::Fenced) => {
                return Err(ActionError {
                    chain: vec!["epoch 9 drives this server".to_owned()],
                    kind: ActionErrorKind::Fenced,
                    in_doubt: false,
                    within: None,
                });
            }
            _ => {}
        }
        while self.changes && self.stand.halves(id) < 2 {
            sleep(HALF).await;
            self.stand.half(id);
            if self.stand.halves(id) == 1 {
                match fault {
                    Some(Fault::PassingBetween) => {
                        return Err(ActionError::passing("cut in the middle"));
                    }
                    Some(Fault::FinalBetween) => {
                        return Err(ActionError::refused("broken in the middle"));
                    }
                    Some(Fault::HangsBetween) => sleep(forever).await,
                    _ => {}
                }
            }
        }
        if fault == Some(Fault::HangsAfter) {
            sleep(forever).await;
        }
        sleep(HALF).await;
        let forget = cx.stage().with["forget"].as_str();
        let found = cx.stage().with["found"].as_str().map(|name| Sealed {
            name: name.to_owned(),
            bytes: b"hush".to_vec().into(),
        });
        Ok(Outcome {
            forget: forget.map(str::to_owned).into_iter().collect(),
            secrets: found.into_iter().collect(),
            ..Outcome::output(json!({ "by": id }))
        })
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let id = cx.stage().id.as_str();
        self.check_undo_started(cx);
        let _at_work = AtWork::enter(&self.stand, cx.place(), id);
        let fault = {
            let mut state = self.stand.state.lock().expect("no test panics in here");
            state.undone.push(id.to_owned());
            if state.effects.get(id).copied().unwrap_or_default() == 0 {
                let wrong = format!("{id} was undone though a look shows that it is gone");
                state.wrongs.push(wrong);
            }
            let faults = state.faults.get_mut(&format!("undo {id}"));
            faults.and_then(VecDeque::pop_front)
        };
        match fault {
            Some(Fault::Passing) => return Err(ActionError::passing("not just now")),
            Some(Fault::Final) => return Err(ActionError::refused("never")),
            _ => {}
        }
        while self.stand.halves(id) > 0 {
            sleep(HALF).await;
            let left = self.stand.halves(id) - 1;
            self.stand.put(id, left);
            if left == 1 && fault == Some(Fault::PassingBetween) {
                return Err(ActionError::passing("cut in the middle"));
            }
        }
        if fault == Some(Fault::HangsAfter) {
            sleep(Duration::from_secs(1_000_000)).await;
        }
        sleep(HALF).await;
        Ok(())
    }

    fn book(&self, _: &Context) -> Manual {
        Manual::new()
    }
}
