//! How a host is reached now.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// The account that logs on to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Account {
    /// The credential that the inventory gives for the host.
    Given,
    /// The temporary local administrator that the run created.
    Temporary,
}

/// Where a host answers, under which name, and as whom the run logs on there.
///
/// It changes only by the outcome of a stage, so the journal always says how to get in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reach {
    /// An IP address, without a prefix length.
    pub address: String,
    /// The computer name that the host is expected to have, without a domain.
    pub name: String,
    /// The account that logs on.
    pub account: Account,
}

impl Reach {
    /// The reach once a stage that led from `found` to `led` is undone: only what that stage moved
    /// is put back.
    #[must_use]
    pub fn put_back(&self, found: &Self, led: &Self) -> Self {
        fn part<T: Clone + PartialEq>(now: &T, found: &T, led: &T) -> T {
            if found == led {
                now.clone()
            } else {
                found.clone()
            }
        }
        Self {
            address: part(&self.address, &found.address, &led.address),
            name: part(&self.name, &found.name, &led.name),
            account: part(&self.account, &found.account, &led.account),
        }
    }
}
