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
    /// The version of this format.
    #[schemars(extend("const" = API_VERSION))]
    pub(crate) api_version: String,
    /// What this file is.
    #[schemars(extend("const" = "Plan"))]
    pub(crate) kind: String,
    pub(crate) metadata: Metadata,
    /// Percent shown before anything has ended.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub(crate) begins: f64,
    #[serde(default)]
    pub(crate) defaults: Defaults,
    /// The stages, each after those it needs.
    #[schemars(length(min = 1))]
    pub(crate) stages: Vec<StageSpec>,
}

/// What a plan is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Metadata {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// Its own version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// What it is for, in one line.
    #[serde(default)]
    pub description: String,
}

/// What stages have that say nothing else.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct Defaults {
    /// How long one attempt of a stage may take; 15m if left out.
    #[schemars(with = "DurationText")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout: Option<DurationText>,
    /// How long the whole run may take; 4h if left out.
    #[schemars(with = "DurationText")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) run_timeout: Option<DurationText>,
    pub(crate) retry: RetrySpec,
}

/// How often a stage is attempted; what is left out comes from the defaults.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(crate) struct RetrySpec {
    /// How many attempts there are in all; 3 if left out.
    #[schemars(with = "u32", range(min = 1, max = 1000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attempts: Option<u32>,
    /// How long to wait before the second attempt; 5s if left out.
    #[schemars(with = "DurationText")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delay: Option<DurationText>,
    /// By how much each further wait is longer; 2 if left out.
    #[schemars(with = "f64", range(min = 1.0, max = 100.0))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) factor: Option<f64>,
}

/// One stage.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Stage")]
pub(crate) struct StageSpec {
    /// Its name in this plan: lower-case words and digits joined by `-`.
    #[schemars(regex(pattern = "^[a-z][a-z0-9]*(-[a-z0-9]+)*$"))]
    pub(crate) id: String,
    /// What people read while it runs (Handlebars).
    #[schemars(length(min = 1))]
    pub(crate) description: String,
    /// Its share of the progress, against the weights of all stages.
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    pub(crate) weight: f64,
    pub(crate) on: Place,
    /// The action.
    pub(crate) uses: String,
    /// The action's parameters.
    #[serde(default = "empty", skip_serializing_if = "is_empty")]
    #[schemars(schema_with = "object")]
    pub(crate) with: Value,
    /// The stages that must have ended before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<String>,
    /// Whether it runs (CEL), asked once, when it becomes ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) when: Option<String>,
    /// Questions asked before it runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) preconditions: Vec<PreconditionSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RetrySpec")]
    pub(crate) retry: Option<RetrySpec>,
    /// How long one attempt may take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DurationText")]
    pub(crate) timeout: Option<DurationText>,
    /// A note for people (Handlebars).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
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
    schemars::json_schema!({ "type": "object", "description": "The action's parameters." })
}

/// A read-only question asked before a stage runs: exactly one of the questions.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Precondition")]
pub(crate) struct PreconditionSpec {
    /// Do these ports of the host answer?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "TcpSpec")]
    pub(crate) tcp: Option<TcpSpec>,
    /// Is this so (CEL)?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) expr: Option<String>,
    /// Can this account log on to the host?
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
    /// Is there room on the host's disk?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DiskSpec")]
    pub(crate) disk: Option<DiskSpec>,
    /// Whether the question is asked at all (CEL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) when: Option<String>,
    /// What to say when the answer is no (Handlebars).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub(crate) message: Option<String>,
    /// Asked before the first change of the run as well.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) early: bool,
}

/// Ports that have to answer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct TcpSpec {
    /// TCP ports.
    #[schemars(length(min = 1), inner(range(min = 1)))]
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
    /// The computer name (Handlebars).
    #[schemars(length(min = 1))]
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
    /// A path on the host.
    #[schemars(length(min = 1))]
    pub(crate) path: String,
    /// The room needed there, in MiB.
    pub(crate) free_mib: u64,
}
