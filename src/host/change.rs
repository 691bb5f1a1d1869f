//! What a machine is asked to change, and under which right.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde::Serialize;

use super::Route;
use crate::run::RunId;

/// The right under which a machine is changed; the machine itself compares it with its fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The run.
    pub run: RunId,
    /// How often the run has changed its driver.
    pub epoch: u64,
    /// The machine that drives the run, in words for a person.
    pub orchestrator: String,
    /// How long one operation may take on the machine, its wait for the lock included. It is
    /// shorter than the stage's timeout, so that the machine gives up first.
    pub limit: Duration,
}

/// The temporary local administrator.
#[derive(Clone)]
pub struct NewAccount {
    /// Its name.
    pub name: String,
    /// Its password, for the console.
    pub password: SecretString,
    /// The public key with which the run logs on, in the form of `authorized_keys`.
    pub public_key: Option<String>,
}

/// Who changes a domain membership.
#[derive(Clone)]
pub struct JoinCredential {
    /// A user of the domain, as in `admin@lab.test`.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// Which domain is joined, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTarget {
    /// The Kerberos realm.
    pub realm: String,
    /// The NetBIOS name of the domain.
    pub workgroup: String,
    /// The one domain controller to be used, by name.
    pub dc: String,
    /// Where a new object is made, as a path from the domain downwards (`Servers/Files`); only
    /// given when the object is absent. An object that is there is taken over where it stands.
    pub container: Option<String>,
}

/// A change of the computer name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Naming {
    /// The present name, without a domain.
    pub from: String,
    /// The new name, without a domain.
    pub to: String,
    /// The Kerberos realm, for the fully qualified name; `None` in a workgroup.
    pub realm: Option<String>,
    /// The name in the hosts file is bound to this address; `None` keeps the address that is
    /// there.
    pub address: Option<String>,
    /// Whether the alternate names are taken out of the configuration. Without it a later join
    /// fails when they still belong to another object.
    pub drop_alternates: bool,
    /// Whether the keytab, which holds keys of the old name, is removed.
    pub drop_keytab: bool,
}

/// A change of one adapter's addresses and of what goes with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkChange {
    /// The adapter.
    pub adapter: String,
    /// The addresses that it will hold, with prefix lengths, the first one first; empty with
    /// `dhcp`.
    pub addresses: Vec<String>,
    /// Whether it takes its address from DHCP from now on.
    pub dhcp: bool,
    /// The default gateway; `None` leaves none.
    pub gateway: Option<String>,
    /// The DNS servers.
    pub dns: Vec<String>,
    /// The other static routes.
    pub routes: Vec<Route>,
    /// The whole text of the file that configures the adapter, where an undo puts it back byte for
    /// byte; `None` writes the values above into the present file. [`HostSnapshot::network_file`]
    /// has it.
    ///
    /// [`HostSnapshot::network_file`]: super::HostSnapshot::network_file
    pub exact: Option<String>,
    /// When the old addresses go.
    pub drop_old: DropOld,
    /// How long the machine waits for [`Host::confirm_network`](super::Host::confirm_network)
    /// before it takes the change back.
    pub confirm_within: Duration,
    /// Names this attempt; letters, digits and `-`.
    pub token: String,
}

/// When the old addresses of a changed adapter go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropOld {
    /// With the confirmation.
    Now,
    /// At the next restart; until then the machine holds old and new ones.
    AtRestart,
}

/// What became of a wish to restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestartAnswer {
    /// The restart is under way.
    Asked,
    /// The machine has another boot already, whoever caused it.
    AnotherBoot,
}

/// A user's script.
#[derive(Clone)]
pub struct ScriptRun {
    /// The text, which is fixed: values never become part of it.
    pub text: String,
    /// The values, by the names of the variables that hold them. `sh` variables are not exported.
    pub env: BTreeMap<String, SecretString>,
    /// Who runs it.
    pub shell: Shell,
    /// Whether it changes anything.
    pub intent: ScriptIntent,
}

/// Who runs a user's script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shell {
    /// The POSIX shell.
    Sh,
    /// Windows `PowerShell`.
    PowerShell,
}

/// Whether a user's script changes anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptIntent {
    /// It only looks: it needs neither lock nor fence.
    Look,
    /// It changes the machine.
    Change,
}

/// How a user's script ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptResult {
    /// The exit code.
    pub code: i32,
    /// Standard output, at most its last 64 KiB.
    pub stdout: String,
    /// Standard error, at most its last 64 KiB.
    pub stderr: String,
}
