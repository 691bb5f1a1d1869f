//! A plan that was checked: immutable, typed, and only made by loading.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::catalogue::Nature;
use super::expression::Expression;
use super::source::Source;
use super::spec::Basis;
use super::spec::DirectoryRight;
use super::spec::HostPlace;
use super::spec::Metadata;
use super::template::Template;
use crate::run::Account;
use crate::run::Place;
use crate::run::StageId;

/// A checked plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What it is called.
    pub metadata: Metadata,
    /// Percent shown before anything has ended.
    pub begins: f64,
    /// How long a whole run may take.
    pub run_timeout: Duration,
    /// What stages have that say nothing else.
    pub defaults: Defaults,
    /// The stages in the order of the file, each after all that it needs.
    pub stages: Vec<Stage>,
    /// What is shown while each stage runs, in percent.
    pub(super) starts: Vec<f64>,
    pub(super) index: BTreeMap<StageId, usize>,
    pub(super) dependants: Vec<Vec<usize>>,
    pub(super) file: Source,
}

impl Plan {
    /// Returns a stage.
    pub fn stage(&self, id: &StageId) -> Option<&Stage> {
        self.index_of(id).map(|index| &self.stages[index])
    }

    /// Returns where a stage stands in [`Self::stages`].
    pub fn index_of(&self, id: &StageId) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// Returns the stages that need this one, in the order of the file; none for an index that is
    /// not one.
    pub fn dependants(&self, index: usize) -> &[usize] {
        self.dependants.get(index).map_or(&[], Vec::as_slice)
    }

    /// Returns the percent that is shown while a stage runs, if everything before it in the file has
    /// ended; to a thousandth, and 100 for an index that is not one.
    pub fn starts_at(&self, index: usize) -> f64 {
        self.starts.get(index).copied().unwrap_or(100.0)
    }

    /// Returns the file that it was read from.
    pub fn file(&self) -> &Source {
        &self.file
    }
}

/// A stage of a checked plan.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name.
    pub id: StageId,
    /// What people read while it runs.
    pub description: Template,
    /// Its share of the progress.
    pub weight: f64,
    /// Where it acts.
    pub on: Place,
    /// The action.
    pub uses: String,
    /// The action's parameters; templates and expressions in it are not yet evaluated.
    pub with: Value,
    /// The stages that must have ended before, as indices into [`Plan::stages`].
    pub needs: Vec<usize>,
    /// Whether it runs; without a condition it does.
    pub when: Option<Expression>,
    /// Questions asked before it runs.
    pub preconditions: Vec<Precondition>,
    /// How often it is attempted.
    pub retry: Retry,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// A note for people.
    pub note: Option<Template>,
    /// How sure it is which servers take it.
    pub basis: Option<Basis>,
    /// SHA-256, in hexadecimal, of what the stage does: everything but its description, note,
    /// basis, weight, timeout and retries, which may change without changing what was done.
    pub digest: String,
    /// What a preview says of its action.
    pub nature: Nature,
    /// Templates inside `with`, by JSON pointer; texts without values are not among them.
    pub with_templates: BTreeMap<String, Template>,
    /// Expressions inside `with`, by JSON pointer.
    pub with_expressions: BTreeMap<String, Expression>,
}

/// What stages have that say nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Defaults {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How often a stage is attempted.
    pub retry: Retry,
}

/// How often a stage is attempted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// How many attempts there are in all; at least 1.
    pub attempts: u32,
    /// How long to wait before the second attempt.
    pub delay: Duration,
    /// By how much each further wait is longer; at least 1.
    pub factor: f64,
    /// By up to which part of itself each wait is longer; from 0 to 1.
    pub jitter: f64,
}

/// A question asked before a stage runs.
#[derive(Clone, Debug)]
pub struct Precondition {
    /// The question.
    pub question: Question,
    /// Whether it is asked at all.
    pub when: Option<Expression>,
    /// What to say when the answer is no.
    pub message: Option<Template>,
    /// Whether it is asked before the first change of the run as well.
    pub early: bool,
}

/// A read-only question with a yes or a no.
#[derive(Clone, Debug)]
pub enum Question {
    /// Do these ports of the stage's host (of the directory server, on the directory) answer?
    Tcp {
        /// The ports.
        ports: Vec<u16>,
    },
    /// Is this so?
    Expr(Expression),
    /// Can this account log on to the stage's host, over a new connection?
    Logon {
        /// Which account.
        account: Account,
    },
    /// Is this computer name free in the directory and in DNS?
    NameFree {
        /// The name.
        name: Template,
    },
    /// Are the addresses planned for this host free?
    AddressFree {
        /// The host.
        of: HostPlace,
    },
    /// Does the credential that would use it have this right?
    DirectoryRight {
        /// Which right.
        right: DirectoryRight,
        /// Whose computer object it is about.
        of: HostPlace,
    },
    /// Is there room on the host's disk?
    Disk {
        /// A path on the host.
        path: String,
        /// The room needed there, in MiB.
        free_mib: u64,
    },
}

impl Question {
    /// Returns its name in a plan.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Tcp { .. } => "tcp",
            Self::Expr(_) => "expr",
            Self::Logon { .. } => "logon",
            Self::NameFree { .. } => "name_free",
            Self::AddressFree { .. } => "address_free",
            Self::DirectoryRight { .. } => "directory_right",
            Self::Disk { .. } => "disk",
        }
    }
}

/// Something that was loaded, and what a person should know about its file.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The thing.
    pub value: T,
    /// Warnings; never errors.
    pub warnings: super::diagnostic::Diagnostics,
}
