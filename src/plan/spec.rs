//! A plan as it is written: the types behind the schema, without meaning.
//!
//! Only loading turns a [`PlanSpec`] into a [`super::Plan`], after every check has passed.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use super::duration::DurationText;
use crate::run::Account;
use crate::run::Place;

/// The version of the format of plans and inventories.
pub const API_VERSION: &str = "sms-plan/v1";

/// A plan: which stages there are, in which order, and what each of them does.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Plan")]
pub(crate) struct PlanSpec {
    /// The version of this file format.
    #[schemars(extend("const" = API_VERSION))]
    pub(crate) api_version: String,
    /// What this file is: a plan.
    #[schemars(extend("const" = "Plan"))]
    pub(crate) kind: String,
    /// What the plan is called, and which version of it this is.
    pub(crate) metadata: Metadata,
    /// The percent shown before any stage has ended; the weights share the rest up to 100. Left
    /// out: 0.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100.0), example = 2)]
    pub(crate) begins: f64,
    /// What counts for every stage that says nothing else.
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// The stages, each after all that it needs: the file is read from top to bottom.
    #[schemars(length(min = 1))]
    pub(crate) stages: Vec<StageSpec>,
}

/// What a plan is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Metadata")]
pub struct Metadata {
    /// The plan's name, as runs and reports show it.
    #[schemars(length(min = 1), example = &"cutover")]
    pub name: String,
    /// The plan's own version; quote it if it looks like a number.
    #[schemars(length(min = 1), example = &"1.0.0")]
    pub version: String,
    /// What the plan is for, in one line.
    #[serde(default)]
    #[schemars(example = &"Moves a file server's identity to its replacement.")]
    pub description: String,
}

/// What stages have that say nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(title = "Defaults")]
pub(crate) struct Defaults {
    /// How long one attempt of a stage may take. Left out: `15m`.
    #[schemars(with = "DurationText", extend("default" = "15m"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<DurationText>,
    /// How long the whole run may take. Left out: `4h`.
    #[schemars(with = "DurationText", extend("default" = "4h"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run_timeout: Option<DurationText>,
    /// How often a stage is attempted, and how long the waits in between are.
    pub(crate) retry: RetrySpec,
}

/// How often a stage is attempted; what is left out comes from the defaults.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(title = "Retry")]
pub(crate) struct RetrySpec {
    /// How many attempts there are in all, the first one counted. Left out: 3.
    #[schemars(with = "u32", range(min = 1, max = 1000), example = 3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attempts: Option<u32>,
    /// How long to wait before the second attempt. Left out: `5s`.
    #[schemars(with = "DurationText", example = &"5s")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<DurationText>,
    /// How many times longer each further wait is than the one before. Left out: 2.
    #[schemars(with = "f64", range(min = 1.0, max = 100.0), example = 2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) factor: Option<f64>,
    /// By up to which part of itself each wait is longer, so that runs that failed together do not
    /// come back together; 0.1 if left out, 0 for none. No wait is longer than five minutes.
    #[schemars(with = "f64", range(min = 0.0, max = 1.0), example = 0.1)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jitter: Option<f64>,
}

/// One stage: what is done (`uses`, `with`), where (`on`), after what (`needs`) and whether (`when`).
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Stage")]
pub(crate) struct StageSpec {
    /// The stage's name in this plan, by which `needs` and expressions mean it: lower-case words and
    /// digits joined by `-`.
    #[schemars(
        regex(pattern = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"),
        example = &"join-source",
        extend("patternErrorMessage" = "Write lower-case words and digits joined by `-`, as in `join-source`.")
    )]
    pub(crate) id: String,
    /// What people read while the stage runs. Handlebars, as in `{{source.name}}`.
    #[schemars(length(min = 1), example = &"Connecting to the source computer...")]
    pub(crate) description: String,
    /// The stage's share of the progress, against the sum of all weights. Left out: 0; if all are
    /// 0, stages are counted instead.
    #[serde(default)]
    #[schemars(range(min = 0.0), example = 3)]
    pub(crate) weight: f64,
    /// Where the stage acts; each action says which places it allows.
    pub(crate) on: Place,
    /// The action: what the stage does.
    pub(crate) uses: String,
    /// The action's parameters; which there are depends on `uses`.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    #[schemars(schema_with = "object")]
    pub(crate) with: Value,
    /// The ids of the stages that must have ended before: succeeded or been skipped. Left out: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<String>,
    /// Whether the stage runs: a CEL expression, asked once, when the stage becomes ready. Left out:
    /// it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        example = &"source.os == \"linux\" && source.domainJoined"
    )]
    pub(crate) when: Option<String>,
    /// Read-only questions; the stage runs only if each is answered with yes. Left out: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) preconditions: Vec<PreconditionSpec>,
    /// How often this stage is attempted. What is left out comes from the plan's `defaults`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RetrySpec")]
    pub(crate) retry: Option<RetrySpec>,
    /// How long one attempt of this stage may take. Left out: the plan's `defaults.timeout`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText", example = &"30m")]
    pub(crate) timeout: Option<DurationText>,
    /// A note for people, shown in previews and reports. Handlebars, as in `{{source.name}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        example = &"Users of {{source.name}} are cut off from here."
    )]
    pub(crate) note: Option<String>,
    /// How sure it is, from what the plan was made after, which servers take this stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Basis")]
    pub(crate) basis: Option<Basis>,
}

/// How sure it is which servers take a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Basis {
    /// The document says so.
    Stated,
    /// It follows from other rows of the document.
    Inferred,
    /// The document leaves it open, and this is one reading.
    Assumed,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(serde_json::Map::is_empty)
}

fn object(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "object" })
}

/// A read-only question asked before a stage runs: exactly one of the questions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Precondition")]
pub(crate) struct PreconditionSpec {
    /// Do these ports of the stage's host (on `directory`: of the domain controller) answer?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TcpSpec")]
    pub(crate) tcp: Option<TcpSpec>,
    /// Is this so? A CEL expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"source.domainJoined")]
    pub(crate) expr: Option<String>,
    /// Can this account log on to the stage's host, over a new connection?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LogonSpec")]
    pub(crate) logon: Option<LogonSpec>,
    /// Is this computer name free in the directory and in DNS?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NameSpec")]
    pub(crate) name_free: Option<NameSpec>,
    /// Are the addresses planned for this host free?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AddressSpec")]
    pub(crate) address_free: Option<AddressSpec>,
    /// May the joining account do this in the directory?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RightSpec")]
    pub(crate) directory_right: Option<RightSpec>,
    /// Is there room on the disk of the stage's host?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DiskSpec")]
    pub(crate) disk: Option<DiskSpec>,
    /// Whether the question is asked at all: a CEL expression. Left out: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"source.transport == \"ssh\"")]
    pub(crate) when: Option<String>,
    /// What to say when the answer is no. Handlebars, as in `{{source.name}}`. Left out: what was
    /// asked and what was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"Open port 445 of {{source.name}} first.")]
    pub(crate) message: Option<String>,
    /// Whether the question is asked before the first change of the run as well. Left out: no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) early: bool,
}

/// Ports that have to answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TcpSpec {
    /// The TCP ports.
    #[schemars(length(min = 1), inner(range(min = 1)), example = [22, 445])]
    pub(crate) ports: Vec<u16>,
}

/// An account that has to log on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LogonSpec {
    /// Which account.
    pub(crate) account: Account,
}

/// A name that has to be free.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NameSpec {
    /// The computer name. Handlebars, as in `{{source.newName}}`.
    #[schemars(length(min = 1), example = &"{{source.newName}}")]
    pub(crate) name: String,
}

/// Addresses that have to be free.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct AddressSpec {
    /// The host whose planned addresses are meant.
    pub(crate) of: HostPlace,
}

/// A host, as against the directory and the orchestrator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HostPlace {
    /// The server whose identity moves away.
    Source,
    /// The server that takes the identity over.
    Destination,
}

impl From<HostPlace> for Place {
    fn from(host: HostPlace) -> Self {
        match host {
            HostPlace::Source => Self::Source,
            HostPlace::Destination => Self::Destination,
        }
    }
}

/// A right that the directory's (or the joining) credential must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectoryRight {
    /// Write the permissions of the host's computer object.
    WritePermissions,
    /// Create a computer object where the host's own object is.
    CreateComputer,
    /// Join by taking over the host's computer object: rights on it, and an owner or creator that
    /// Windows accepts since KB5020276.
    ReuseComputer,
}

/// A right in the directory.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RightSpec {
    /// Which right.
    pub(crate) right: DirectoryRight,
    /// Whose computer object it is about.
    pub(crate) of: HostPlace,
}

/// Room on a disk.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct DiskSpec {
    /// A path on the host; the disk that it is on is meant.
    #[schemars(length(min = 1), example = &"/srv")]
    pub(crate) path: String,
    /// The room needed there, in MiB.
    #[schemars(example = 1024)]
    pub(crate) free_mib: u64,
}
