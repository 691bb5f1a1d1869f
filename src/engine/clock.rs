//! What the engine takes from around it: the time, by which events are dated and runs are named, and
//! who the process is.

use jiff::Timestamp;
use rand::RngExt as _;

use crate::run::RunId;
use crate::store::Holder;

/// Tells the time, names runs after it, and says who drives them.
pub trait Clock: Send + Sync {
    /// The present time, UTC, RFC 3339 with milliseconds.
    fn now(&self) -> String;

    /// Names a new run after the present time, with four random digits.
    fn name_run(&self) -> RunId {
        let now = Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
        let text = format!("{now}-{:04x}", rand::rng().random_range(0..=0xffff_u32));
        RunId::new(text).expect("digits and `-` make a run id")
    }

    /// The process that takes leases.
    fn holder(&self) -> Holder {
        Holder::this_process()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> String {
        format!("{:.3}", Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_utc_with_milliseconds() {
        let now = SystemClock.now();
        assert_eq!(now.len(), "2026-11-23T14:33:55.123Z".len(), "{now}");
        assert!(now.ends_with('Z'), "{now}");
    }
}
