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
            started: look(pid).map(|found| found.started).unwrap_or_default(),
        }
    }

    /// Says why this process cannot be alive any more; `None` where it is, or where that cannot be
    /// seen from the machine of `observer`.
    pub(super) fn gone(&self, observer: &Self) -> Option<String> {
        if !self.is_on(observer) {
            return None;
        }
        if self.boot != observer.boot {
            return Some(format!("{} was restarted since", self.machine));
        }
        match look(self.pid) {
            Some(found) if found.started == self.started => None,
            _ => Some(format!("process {} is gone", self.pid)),
        }
    }

    /// Says whether this process is stopped, by Ctrl-Z or SIGSTOP, as far as `observer` can see. It
    /// is alive then, and its lease decides how long that counts.
    pub(super) fn stopped(&self, observer: &Self) -> bool {
        self.is_on(observer)
            && self.boot == observer.boot
            && look(self.pid).is_some_and(|found| found.started == self.started && found.stopped)
    }

    fn is_on(&self, observer: &Self) -> bool {
        self.machine_id == observer.machine_id && self.machine == observer.machine
    }
}

fn first_line(path: &str) -> String {
    // A machine without these files is only told apart less well, which makes a takeover slower.
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// What `/proc/PID/stat` says of a living process.
struct Found {
    /// When it started: field 22.
    started: String,
    /// Whether it is stopped: field 3.
    stopped: bool,
}

/// Looks for a process; nothing if it is gone.
fn look(pid: u32) -> Option<Found> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace();
    let state = fields.next()?;
    if state == "Z" {
        return None;
    }
    Some(Found {
        started: fields.nth(18)?.to_owned(),
        stopped: state == "T",
    })
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
