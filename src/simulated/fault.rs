//! What goes wrong in a rehearsal, and when.

use std::fmt;
use std::str::FromStr;

use super::change::Change;
use crate::run::StageId;

/// Something that goes wrong while a stage acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The machine or the directory refuses.
    Refused,
    /// There is no answer within the limit, and no effect.
    Timeout,
    /// The connection breaks in the middle of the change.
    ConnectionLost,
    /// The change is made, and the connection breaks before the answer.
    ConnectionLostAfter,
    /// A restart does not come back.
    RestartNeverReturns,
    /// Success is reported, and nothing has happened.
    WrongResult,
    /// The domain controller takes no changes.
    DirectoryReadOnly,
    /// DNS changes take twenty minutes.
    DnsLate,
    /// Somebody else takes the address that the stage is about to set.
    AddressConflict,
    /// The orchestrator loses power.
    PowerCut,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Refused,
        Self::Timeout,
        Self::ConnectionLost,
        Self::ConnectionLostAfter,
        Self::RestartNeverReturns,
        Self::WrongResult,
        Self::DirectoryReadOnly,
        Self::DnsLate,
        Self::AddressConflict,
        Self::PowerCut,
    ];

    /// As the command line spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::ConnectionLost => "connection-lost",
            Self::ConnectionLostAfter => "connection-lost-after",
            Self::RestartNeverReturns => "restart-never-returns",
            Self::WrongResult => "wrong-result",
            Self::DirectoryReadOnly => "directory-read-only",
            Self::DnsLate => "dns-late",
            Self::AddressConflict => "address-conflict",
            Self::PowerCut => "power-cut",
        }
    }

    /// Whether it can go wrong with what is being done. A stage that only looks is disturbed in its
    /// looks, every other one in its first change.
    fn concerns(self, act: &Act<'_>, only_looks: bool) -> bool {
        let changes = matches!(act, Act::Change(_) | Act::DirectoryChange);
        match self {
            Self::Refused | Self::Timeout | Self::ConnectionLost | Self::PowerCut => {
                changes || only_looks
            }
            Self::ConnectionLostAfter => changes,
            // The directory's own changes are read back by whoever makes them.
            Self::WrongResult => matches!(act, Act::Change(_)),
            Self::RestartNeverReturns => matches!(act, Act::Change(Change::Restart { .. })),
            Self::DirectoryReadOnly => matches!(
                act,
                Act::DirectoryChange | Act::Change(Change::Join(..) | Change::Leave(_))
            ),
            Self::DnsLate => {
                matches!(act, Act::Change(Change::Join(..) | Change::Restart { .. }))
            }
            Self::AddressConflict => matches!(act, Act::Change(Change::Map(_))),
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text is no fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It has no `=`.
    #[error("`{0}` is not of the form STAGE=KIND, as in `join-source=timeout`")]
    Form(String),
    /// There is no such kind.
    #[error("`{0}` is no kind of fault; there are {kinds}", kinds = FaultKind::ALL.map(FaultKind::as_str).join(", "))]
    Kind(String),
    /// The stage cannot be one.
    #[error(transparent)]
    Stage(#[from] crate::run::IdError),
}

impl FromStr for FaultKind {
    type Err = FaultError;
    fn from_str(text: &str) -> Result<Self, FaultError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| FaultError::Kind(text.to_owned()))
    }
}

/// A fault at a stage. It strikes once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The stage.
    pub stage: StageId,
    /// What goes wrong there.
    pub kind: FaultKind,
}

impl FromStr for Fault {
    type Err = FaultError;
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (stage, kind) = text
            .split_once('=')
            .ok_or_else(|| FaultError::Form(text.to_owned()))?;
        Ok(Self {
            stage: StageId::new(stage)?,
            kind: kind.parse()?,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.stage, self.kind)
    }
}

/// What is being done when a fault may strike.
pub(super) enum Act<'a> {
    Look,
    Change(&'a Change),
    DirectoryLook,
    DirectoryChange,
}

/// The faults of a rehearsal, and which have struck.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    pub(super) waiting: Vec<Fault>,
    pub(super) struck: Vec<Fault>,
}

impl Faults {
    pub(super) fn arm(&mut self, faults: &[Fault]) {
        self.waiting.extend_from_slice(faults);
    }

    /// The fault that strikes now, if one does.
    pub(super) fn strike(&mut self, under: Option<&Under>, act: &Act<'_>) -> Option<FaultKind> {
        let under = under.filter(|under| under.acts)?;
        let position = self.waiting.iter().position(|fault| {
            fault.stage == under.stage && fault.kind.concerns(act, under.only_looks)
        })?;
        let fault = self.waiting.remove(position);
        let kind = fault.kind;
        self.struck.push(fault);
        Some(kind)
    }
}

/// The stage that acts.
#[derive(Clone, Debug)]
pub(super) struct Under {
    pub(super) stage: StageId,
    pub(super) only_looks: bool,
    /// Whether it acts, and is not only looked at.
    pub(super) acts: bool,
    /// Whether it takes back what it did.
    pub(super) back: bool,
}

tokio::task_local! {
    static UNDER: Under;
}

/// Lets the twin know on whose behalf a stage's action acts, so that its faults strike there.
pub async fn under<T>(stage: &StageId, only_looks: bool, acting: impl Future<Output = T>) -> T {
    let under = Under {
        stage: stage.clone(),
        only_looks,
        acts: true,
        back: false,
    };
    UNDER.scope(under, acting).await
}

/// The same, while it takes back what it did.
pub async fn undoing<T>(stage: &StageId, acting: impl Future<Output = T>) -> T {
    let under = Under {
        stage: stage.clone(),
        only_looks: false,
        acts: true,
        back: true,
    };
    UNDER.scope(under, acting).await
}

/// Lets the twin know which stage is looked at; no fault strikes there.
pub async fn looking_at<T>(stage: &StageId, looking: impl Future<Output = T>) -> T {
    let under = Under {
        stage: stage.clone(),
        only_looks: true,
        acts: false,
        back: false,
    };
    UNDER.scope(under, looking).await
}

pub(super) fn acting() -> Option<Under> {
    UNDER.try_with(Clone::clone).ok()
}
