//! From `sms-plan/v0`, the draft before the first release, to `sms-plan/v1`.

use std::time::Duration;

use super::Change;
use super::Change::Key;
use super::Change::Value;
use super::Step;
use crate::plan::DurationText;

pub(super) const STEP: Step = Step {
    from: "sms-plan/v0",
    to: "sms-plan/v1",
    plan: PLAN,
    inventory: INVENTORY,
};

const PLAN: &[Change] = &[
    Key("/defaults/run_timeout", "runTimeout"),
    Value("/defaults/run_timeout", seconds),
    Value("/defaults/timeout", seconds),
    Value("/defaults/retry/delay", seconds),
    Key("/stages/*/action", "uses"),
    Key("/stages/*/params", "with"),
    Key("/stages/*/depends_on", "needs"),
    Key("/stages/*/if", "when"),
    Key("/stages/*/preconditions/*/if", "when"),
    Value("/stages/*/timeout", seconds),
    Value("/stages/*/retry/delay", seconds),
];

const INVENTORY: &[Change] = &[
    Key("/network_mapping", "networkMapping"),
    Key("/hosts/*/ip", "address"),
    Key("/hosts/*/os_version", "osVersion"),
    Key("/hosts/*/domain_joined", "domainJoined"),
    Key("/hosts/*/new_name", "newName"),
    Key("/credentials/*/private_key", "privateKey"),
];

/// Durations were whole seconds.
fn seconds(value: &str) -> Option<String> {
    let seconds: u32 = value.parse().ok()?;
    Some(DurationText(Duration::from_secs(seconds.into())).to_string())
}
