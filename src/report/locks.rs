//! What runs keep locked, and whether whoever drives them is alive.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::run::RunId;
use crate::run::RunState;
use crate::store::HeldBy;
use crate::store::Lock;

/// `runs --locks --format json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LocksDocument {
    /// By run, oldest first.
    pub locks: Vec<LockLine>,
}

/// One lock of `runs --locks --format json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LockLine {
    /// What is locked, as in `address 10.0.0.21`.
    pub subject: String,
    /// The run that it belongs to.
    pub run: RunId,
    /// Where that run's journal leaves it.
    pub state: RunState,
    /// The machine of the process that drives the run, or last did.
    pub machine: Option<String>,
    /// Its process id there.
    pub pid: Option<u32>,
    /// When it took the run, UTC.
    pub since: Option<String>,
    /// When its right ends unless it renews it, UTC; null where it gave it back.
    pub until: Option<String>,
    /// Whether it drives the run now.
    pub alive: bool,
    /// Why it does not; null where it does.
    pub why: Option<String>,
}

/// What runs keep locked.
pub fn locks_document(locks: &[Lock]) -> LocksDocument {
    let line = |lock: &Lock| {
        let held = lock.holder.as_ref();
        let alive = held.is_some_and(|held| held.alive);
        LockLine {
            subject: lock.subject.clone(),
            run: lock.run.clone(),
            state: lock.state,
            machine: held.map(|held| held.holder.machine.clone()),
            pid: held.map(|held| held.holder.pid),
            since: held.map(|held| held.since.clone()),
            until: held
                .filter(|held| held.alive || held.lost.is_some())
                .map(|held| held.until.clone()),
            alive,
            why: (!alive).then(|| why(held)),
        }
    };
    LocksDocument {
        locks: locks.iter().map(line).collect(),
    }
}

/// The same for people: the locks below the run that has them.
pub fn locks(locks: &[Lock]) -> String {
    if locks.is_empty() {
        return "nothing is locked\n".to_owned();
    }
    let mut text = String::new();
    for (n, lock) in locks.iter().enumerate() {
        if n == 0 || locks[n - 1].run != lock.run {
            if n > 0 {
                text.push('\n');
            }
            text.push_str(&heading(lock));
        }
        let (kind, name) = lock.subject.rsplit_once(' ').unwrap_or(("", &lock.subject));
        let _infallible = writeln!(text, "  {kind:<16}  {name}");
    }
    text
}

fn heading(lock: &Lock) -> String {
    let held = lock.holder.as_ref();
    let rows = match held {
        Some(held) if held.alive || held.lost.is_some() => vec![
            (
                "driven by",
                format!("process {} on {}", held.holder.pid, held.holder.machine),
            ),
            ("since", held.since.clone()),
            ("until", held.until.clone()),
            (
                "alive",
                if held.stopped {
                    format!(
                        "stopped (Ctrl-Z or SIGSTOP): `kill -CONT {}` lets it go on; a resume after \
                         {} takes the run over",
                        held.holder.pid, held.until
                    )
                } else if held.alive {
                    "yes".to_owned()
                } else {
                    format!("no: {}; the next resume takes it over", why(Some(held)))
                },
            ),
        ],
        held => vec![("driven by", format!("nobody: {}", why(held)))],
    };
    let mut text = format!("run {}  {}\n", lock.run, lock.state);
    for (what, value) in rows {
        let _infallible = writeln!(text, "  {what:<16}  {value}");
    }
    text
}

/// Why nobody drives a run.
fn why(held: Option<&HeldBy>) -> String {
    held.and_then(|held| held.lost.clone())
        .unwrap_or_else(|| "it was given back".to_owned())
}
