//! How long things take in a twin: one table, each line with its source.
//!
//! Figures "of the lab" are upper bounds measured on a loaded machine with containers; whoever knows
//! better gives `--assume source.restart=4m` and the like.

use super::change::Change;
use super::system::System;

/// Milliseconds since the rehearsal began, or a span of them.
pub(super) type Millis = u64;

/// What a duration is looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// One look over a session that is open.
    Look,
    /// Opening a session and logging on.
    Connect,
    /// Finding out that nobody answers at an address.
    Silence,
    /// A question to the directory, or a change of it.
    Directory,
    /// From the wish to restart until the machine stops answering.
    ShuttingDown,
    /// From when it stopped answering until it can be logged on to.
    Booting,
    /// From there until its file service answers.
    ServicesStarting,
    /// Between two refreshes of the group policy.
    PolicyRefresh,
    /// Until a DNS change is seen by everybody.
    Replication,
}

impl Of {
    pub(super) fn millis(self, system: System) -> Millis {
        let windows = system.is_windows();
        match self {
            // Linux: the lab, over a shared SSH connection. Windows: assumption.
            Self::Look => pick(windows, 40, 400),
            // Linux: the lab. Windows: assumption.
            Self::Connect => pick(windows, 300, 1_500),
            // The limit that a connection attempt has, where nothing refuses it.
            Self::Silence => 3_000,
            // The lab, LDAPS.
            Self::Directory => 30,
            // Linux: the lab. Windows: `shutdown /r /t 5`, so that the answer gets out.
            Self::ShuttingDown => pick(windows, 100, 5_000),
            // Linux: the lab's containers, 2.5 s from the wish to SSH. Windows: assumption, a
            // virtual machine.
            Self::Booting => pick(windows, 2_000, 120_000),
            // Linux: the lab. Windows: assumption.
            Self::ServicesStarting => pick(windows, 500, 20_000),
            // Every 90 minutes (learn.microsoft.com, "Group Policy processing"), without the random
            // offset of up to 30.
            Self::PolicyRefresh => 90 * 60_000,
            // Assumption: one domain controller that clients ask as well.
            Self::Replication => 2_000,
        }
    }
}

/// How long a change takes on a machine.
pub(super) fn of_change(change: &Change, system: System) -> Millis {
    let windows = system.is_windows();
    match change {
        Change::Fence | Change::Unfence => pick(windows, 80, 500),
        // Linux: the lab. Windows: assumption.
        Change::CreateAccount(_) | Change::RemoveAccount(_) => pick(windows, 600, 3_000),
        Change::SetTokenFilter(_) => pick(windows, 100, 1_000),
        // Linux: the lab. Windows: assumption.
        Change::Leave(_) => pick(windows, 1_200, 8_000),
        // Linux: 3.9 s in the lab. Windows: assumption.
        Change::Join(..) => pick(windows, 3_900, 15_000),
        Change::Rename(_) | Change::RestoreNames(_) => pick(windows, 900, 4_000),
        Change::Map(_) => pick(windows, 700, 6_000),
        Change::Confirm(_) => pick(windows, 1_200, 2_000),
        Change::Restart { .. } => pick(windows, 200, 1_000),
        Change::SetAlternates(_) | Change::RemoveAlternates => pick(windows, 400, 5_000),
        Change::MergeKeytab(_) | Change::RestoreSecrets(_) => 300,
        Change::Script(_) | Change::UndoScript(_) => pick(windows, 1_000, 3_000),
    }
}

fn pick(windows: bool, linux: Millis, otherwise: Millis) -> Millis {
    if windows { otherwise } else { linux }
}
