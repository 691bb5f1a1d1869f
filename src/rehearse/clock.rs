//! Virtual time as the engine sees it.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::engine::Clock;
use crate::run::RunId;
use crate::store::Holder;

/// When every rehearsal begins: 5 January 2027, 22:00 UTC.
const BEGINS: i64 = 1_799_186_400_000;

/// The runtime's clock, from a fixed moment on.
pub(super) struct VirtualClock {
    began: Instant,
    seed: u64,
    /// Counts the processes that have driven the run.
    processes: AtomicU32,
}

impl VirtualClock {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            began: Instant::now(),
            seed,
            processes: AtomicU32::new(1),
        }
    }

    /// From here on another process drives the run.
    pub(super) fn next_process(&self) {
        self.processes.fetch_add(1, Ordering::Relaxed);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> String {
        let millis = i64::try_from(self.began.elapsed().as_millis()).unwrap_or_default();
        let at = Timestamp::from_millisecond(BEGINS + millis);
        at.map(|at| format!("{at:.3}")).unwrap_or_default()
    }

    fn name_run(&self) -> RunId {
        let text = format!("rehearsal-{:04x}", self.seed);
        RunId::new(text).expect("letters, digits and `-` make a run id")
    }

    /// A process that is gone as soon as anybody asks: a successor takes over at once.
    fn holder(&self) -> Holder {
        Holder {
            machine: "rehearsal".to_owned(),
            machine_id: "rehearsal".to_owned(),
            boot: "rehearsal".to_owned(),
            pid: self.processes.load(Ordering::Relaxed),
            started: "rehearsal".to_owned(),
        }
    }
}
