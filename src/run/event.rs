//! What happened in a run, in the shape in which journals, JSON lines and reports carry it.
//!
//! This is a stored format: fields are only ever added, never renamed and never reused.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::Reach;
use super::RunId;
use super::RunState;
use super::Shape;
use super::StageId;
use super::Standing;

/// The version of the event format that this program writes.
pub const EVENT_VERSION: u32 = 1;

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The version of the format, `1`.
    #[schemars(extend("const" = EVENT_VERSION))]
    pub v: u32,
    /// Position in the journal, from 1, without gaps.
    #[schemars(range(min = 1))]
    pub seq: u64,
    /// UTC time, RFC 3339 with milliseconds.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// The run it belongs to.
    pub run: RunId,
    /// The run's progress after this event, from 0 to 100.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// The stage it is about, if it is about one.
    pub stage: Option<StageId>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
    /// SHA-256, in hexadecimal, over the previous entry's hash and this entry's stored text.
    #[serde(default)]
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

/// An event that is not in a journal yet.
#[derive(Clone, Debug)]
pub struct Draft {
    /// UTC time, RFC 3339 with milliseconds.
    pub at: String,
    /// The stage it is about, if it is about one.
    pub stage: Option<StageId>,
    /// The run's progress after it.
    pub percent: f64,
    /// What happened.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// A run began; its plan and inventory are stored beside the journal.
    RunCreated {
        /// The plan's `metadata.name`.
        plan: String,
        /// The plan's `metadata.version`.
        plan_version: String,
        /// SHA-256 of the plan's text.
        plan_digest: String,
        /// The inventory's `metadata.name`.
        inventory: String,
        /// SHA-256 of the inventory's text.
        inventory_digest: String,
        /// How each host is reached at the beginning.
        source: Reach,
        /// See `source`.
        destination: Reach,
        /// The program's version.
        program: String,
    },
    /// A process went on with an unfinished run.
    RunResumed {
        /// Who did it, as `user@machine`.
        by: String,
        /// The run goes on backwards.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        rolling_back: bool,
    },
    /// The run turned round: from here on its stages are undone, and it never goes forward again.
    RollBackBegun {
        /// Who wanted it, as `user@machine`.
        by: String,
        /// Why.
        reason: String,
    },
    /// A process got the right to write this journal; whatever was running is in doubt from here.
    LeaseTaken {
        /// Counts up with each holder.
        epoch: u64,
        /// The machine of the holder.
        machine: String,
        /// Its process id.
        pid: u32,
        /// Why the previous holder no longer counts; absent for the first one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        took_over: Option<String>,
    },
    /// The state of a host and its directory object before the first change.
    Snapshot {
        /// What was seen; never a secret.
        data: Value,
    },
    /// The stage is not on this run's path.
    Skipped {
        /// Which fact says so.
        reason: String,
    },
    /// An attempt is about to begin. Durable before the action does anything.
    Started {
        /// Counts attempts over the whole run, from 1.
        attempt: u32,
        /// What the action noted before its first attempt, as the boot identity before a restart.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        token: Value,
        /// How the host will be reached once the action has had its effect.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
        /// What the probe said before this repeat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        standing: Option<Standing>,
        /// What the probe saw.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saw: Option<String>,
    },
    /// An attempt failed and another will follow.
    Retrying {
        /// The attempt that failed.
        attempt: u32,
        /// How long until the next attempt, in milliseconds.
        delay_ms: u64,
        /// Whether the attempt was cut off rather than answered, so that it may have had its effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
        /// Why it failed, outermost first.
        error: Vec<String>,
    },
    /// The effect is complete.
    Succeeded {
        /// The attempt that did it; 0 when a probe found it done before any attempt.
        attempt: u32,
        /// Readable as `stages["id"].output`.
        #[serde(default)]
        output: Value,
        /// How the host is reached from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
        /// From `Started` to here, in milliseconds.
        duration_ms: u64,
        /// Set when a look at the machine settled it: what was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settled: Option<String>,
    },
    /// A person did the step and a probe agreed, or the person vouched for it.
    Adopted {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// Whether a probe agreed.
        verified: bool,
        /// Readable as `stages["id"].output`.
        #[serde(default)]
        output: Value,
        /// How the host is reached from now on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reach: Option<Reach>,
    },
    /// The stage failed and nothing of the run will try it again by itself.
    Failed {
        /// The attempt that failed; 0 when a precondition or the engine refused before any.
        attempt: u32,
        /// Whether the attempt was cut off rather than answered, so that it may have had its effect.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
        /// Why, outermost first.
        error: Vec<String>,
    },
    /// The stage needs a person.
    Waiting {
        /// What for.
        why: WaitingFor,
        /// What was seen, or what the plan says to the person.
        message: String,
        /// When it counts as refused, UTC, unless a person has spoken; absent where there is no limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// A person let the stage pass, or begin.
    Approved {
        /// Who.
        by: String,
        /// Why.
        reason: String,
        /// The stage was held back before it began, and begins now.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        begins: bool,
    },
    /// A person refused to let the stage pass.
    Rejected {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person wants to be asked before the stage begins.
    HeldBack {
        /// Who.
        by: String,
    },
    /// The plan or the inventory that the run uses was replaced by an edited one.
    PlanEdited {
        /// What differs, one line a change.
        changes: Vec<String>,
        /// Who took the edited files.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        by: String,
        /// Why edits were accepted that the program alone would refuse.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// The changes that were accepted in spite of that, each with its stage.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        accepted: Vec<String>,
        /// The stages of the edited plan that do something else than before; what has to be known
        /// before a run's first change is asked for them before the next one.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        touched: Vec<StageId>,
        /// The plan that the run uses from here on; absent where it was not edited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<EditedFile>,
        /// The inventory that the run uses from here on; absent where it was not edited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        inventory: Option<EditedFile>,
        /// What the run needs to know of the edited plan; absent where that was not edited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shape: Option<Shape>,
    },
    /// A person accepted what the program alone would refuse, or would not do.
    OverrideAccepted {
        /// What was accepted: `retry`, to try a stage again whatever a look says; `look-again`, to
        /// look whether the effect of a stage that had ended is still there; `leave`, to leave the
        /// effect of a stage as it is in a roll back; `roll-back-on-failure`, to roll back at once if
        /// a stage fails.
        what: String,
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// The inverse of a stage is about to begin.
    UndoStarted {
        /// Counts the attempts to undo the stage, from 1.
        #[serde(default, skip_serializing_if = "is_zero")]
        attempt: u32,
        /// What the probe said before it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        standing: Option<Standing>,
        /// What the probe saw.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saw: Option<String>,
    },
    /// The stage's effect is gone.
    Undone {
        /// Set when there was nothing to take back: what a look at the machine saw.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settled: Option<String>,
    },
    /// The inverse of the stage failed, or could not begin.
    UndoFailed {
        /// The attempt that failed; 0 when it was refused before any.
        #[serde(default, skip_serializing_if = "is_zero")]
        attempt: u32,
        /// How long until the next attempt, in milliseconds; absent where none follows by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delay_ms: Option<u64>,
        /// Whether the attempt was cut off rather than answered.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        in_doubt: bool,
        /// What it waits for, where only a person can say how to go on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waiting: Option<WaitingFor>,
        /// Why, outermost first.
        error: Vec<String>,
    },
    /// Everything was undone, and both servers and their directory objects were compared with what
    /// was recorded before the first change.
    Compared {
        /// What differs and should not, one line each.
        differences: Vec<String>,
        /// What differs because it cannot return, one line each.
        allowed: Vec<String>,
    },
    /// Once every stage has ended, a person shall confirm the run in time, else it is rolled back.
    ConfirmationWanted {
        /// Who wants that.
        by: String,
        /// How long the person has, in milliseconds, from the end of the last stage.
        within_ms: u64,
    },
    /// Every stage has ended, and the time in which a person may confirm has begun.
    ConfirmationDue {
        /// When it is over, UTC.
        until: String,
    },
    /// A person lets stand what was done.
    Confirmed {
        /// Who.
        by: String,
        /// Why.
        reason: String,
    },
    /// A person, a signal or a time limit stopped the run.
    Stopped {
        /// Which.
        reason: String,
    },
    /// The process has ended its work on the run.
    RunEnded {
        /// Where that leaves the run.
        state: RunState,
    },
}

/// A file that replaced the one that a run used until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditedFile {
    /// SHA-256 of its text, in hexadecimal.
    pub digest: String,
    /// Its text; an inventory holds secrets by reference only.
    pub text: String,
}

/// [`EventKind::OverrideAccepted`]: the stage is tried again whatever a look says.
pub const RETRY: &str = "retry";

/// [`EventKind::OverrideAccepted`]: the stage had ended, and is looked at again.
pub const LOOK_AGAIN: &str = "look-again";

/// [`EventKind::OverrideAccepted`]: a roll back leaves the stage's effect as it is.
pub const LEAVE: &str = "leave";

/// [`EventKind::OverrideAccepted`] for a whole run: a failure is rolled back at once.
pub const ROLL_BACK_ON_FAILURE: &str = "roll-back-on-failure";

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_zero(attempt: &u32) -> bool {
    *attempt == 0
}

/// What a waiting stage waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingFor {
    /// Somebody's approval.
    Approval,
    /// Somebody to look: the machine is in a state that this run did not make.
    Judgement,
    /// A machine that does not answer.
    Machine,
    /// A fact that the plan asks for and nobody knows.
    Fact,
    /// Somebody's leave to begin: a person asked for that.
    Begin,
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Run,
    Stage,
    Either,
}

impl EventKind {
    /// Its name in journals.
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunCreated { .. } => "RunCreated",
            Self::RunResumed { .. } => "RunResumed",
            Self::RollBackBegun { .. } => "RollBackBegun",
            Self::LeaseTaken { .. } => "LeaseTaken",
            Self::Snapshot { .. } => "Snapshot",
            Self::Skipped { .. } => "Skipped",
            Self::Started { .. } => "Started",
            Self::Retrying { .. } => "Retrying",
            Self::Succeeded { .. } => "Succeeded",
            Self::Adopted { .. } => "Adopted",
            Self::Failed { .. } => "Failed",
            Self::Waiting { .. } => "Waiting",
            Self::Approved { .. } => "Approved",
            Self::Rejected { .. } => "Rejected",
            Self::HeldBack { .. } => "HeldBack",
            Self::PlanEdited { .. } => "PlanEdited",
            Self::OverrideAccepted { .. } => "OverrideAccepted",
            Self::UndoStarted { .. } => "UndoStarted",
            Self::Undone { .. } => "Undone",
            Self::UndoFailed { .. } => "UndoFailed",
            Self::Compared { .. } => "Compared",
            Self::ConfirmationWanted { .. } => "ConfirmationWanted",
            Self::ConfirmationDue { .. } => "ConfirmationDue",
            Self::Confirmed { .. } => "Confirmed",
            Self::Stopped { .. } => "Stopped",
            Self::RunEnded { .. } => "RunEnded",
        }
    }

    /// Returns whether this event names a stage.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::RunCreated { .. }
            | Self::RunResumed { .. }
            | Self::RollBackBegun { .. }
            | Self::LeaseTaken { .. }
            | Self::PlanEdited { .. }
            | Self::Compared { .. }
            | Self::ConfirmationWanted { .. }
            | Self::ConfirmationDue { .. }
            | Self::Confirmed { .. }
            | Self::Stopped { .. }
            | Self::RunEnded { .. } => Scope::Run,
            Self::OverrideAccepted { .. } => Scope::Either,
            Self::Snapshot { .. }
            | Self::Skipped { .. }
            | Self::Started { .. }
            | Self::Retrying { .. }
            | Self::Succeeded { .. }
            | Self::Adopted { .. }
            | Self::Failed { .. }
            | Self::Waiting { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::HeldBack { .. }
            | Self::UndoStarted { .. }
            | Self::Undone { .. }
            | Self::UndoFailed { .. } => Scope::Stage,
        }
    }

    /// Returns whether it happens only to a stage that has begun, on its way back.
    pub(super) fn goes_back(&self) -> bool {
        match self {
            Self::UndoStarted { .. } | Self::Undone { .. } | Self::UndoFailed { .. } => true,
            Self::OverrideAccepted { what, .. } => what == LEAVE,
            _ => false,
        }
    }
}
