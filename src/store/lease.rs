//! One process's right to write a run's journal, and how to tell that its holder is gone.

use std::fs;

use serde::Deserialize;
use serde::Serialize;

use crate::run::RunId;

/// How long a lease lasts without being renewed, in seconds.
pub(super) const LEASE_SECONDS: i64 = 30;

/// The right to write one run's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    /// Counts up with each holder; a lower one may not write any more.
    pub epoch: u64,
}

/// A process, told apart from every other one that ever ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The machine's name, for people.
    pub machine: String,
    /// The machine's identity.
    pub machine_id: String,
    /// The identity of the machine's present boot.
    pub boot: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, in the system's own units; tells a reused process id.
    pub started: String,
}

impl Holder {
    /// Describes this process.
    pub fn this_process() -> Self {
        let pid = std::process::id();
        Self {
            machine: first_line("/proc/sys/kernel/hostname"),
            machine_id: first_line("/etc/machine-id"),
            boot: first_line("/proc/sys/kernel/random/boot_id"),
            pid,
            started: start_time(pid).unwrap_or_default(),
        }
    }

    /// Says why this process cannot be alive any more; `None` where it is, or where that cannot be
    /// seen from the machine of `observer`.
    pub(super) fn gone(&self, observer: &Self) -> Option<String> {
        if self.machine_id != observer.machine_id || self.machine != observer.machine {
            return None;
        }
        if self.boot != observer.boot {
            return Some(format!("{} was restarted since", self.machine));
        }
        match start_time(self.pid) {
            Some(started) if started == self.started => None,
            _ => Some(format!("process {} is gone", self.pid)),
        }
    }
}

fn first_line(path: &str) -> String {
    // A machine without these files is only told apart less well, which makes a takeover slower.
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// Returns the start time of a process (field 22 of `/proc/PID/stat`), or nothing if it is gone.
fn start_time(pid: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace();
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive() {
        let me = Holder::this_process();
        assert_eq!(me.gone(&me), None);
    }

    #[test]
    fn a_reused_process_id_and_an_older_boot_are_told_apart() {
        let me = Holder::this_process();
        let earlier = Holder {
            started: "1".into(),
            ..me.clone()
        };
        assert!(earlier.gone(&me).is_some());
        let last_boot = Holder {
            boot: "x".into(),
            ..me.clone()
        };
        assert!(last_boot.gone(&me).is_some());
    }

    #[test]
    fn a_process_of_another_machine_cannot_be_judged() {
        let me = Holder::this_process();
        let elsewhere = Holder {
            machine_id: "other".into(),
            pid: 1,
            ..me.clone()
        };
        assert_eq!(elsewhere.gone(&me), None);
    }
}
