//! What events are dated by.

use jiff::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The present time, UTC, RFC 3339 with milliseconds.
    fn now(&self) -> String;
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
