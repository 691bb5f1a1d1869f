//! How long to wait before the next attempt.

use std::time::Duration;

use sha2::Digest as _;
use sha2::Sha256;

use crate::plan::Retry;
use crate::run::RunId;
use crate::run::StageId;

/// No retry waits longer than this.
const LONGEST_DELAY: Duration = Duration::from_mins(5);

/// How long to wait after the n-th try: longer each time, by a random part more than the plan says,
/// and never longer than five minutes.
pub(super) fn delay(retry: Retry, tries: u32, share: f64) -> Duration {
    let growth = retry
        .factor
        .powi(i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX));
    let seconds = retry.delay.as_secs_f64() * growth * (1.0 + retry.jitter * share);
    Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_DELAY.as_secs_f64()))
}

/// A number from 0 to 1 that differs from run to run, from stage to stage and from try to try. The
/// run's own name is the seed: it is random, and the same run waits the same.
pub(super) fn share(run: &RunId, stage: &StageId, tries: u32) -> f64 {
    let digest = Sha256::digest(format!("{run} {stage} {tries}"));
    let number = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    f64::from(number) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RETRY: Retry = Retry {
        attempts: 9,
        delay: Duration::from_secs(5),
        factor: 2.0,
        jitter: 0.0,
    };

    #[test]
    fn delays_grow_up_to_a_limit() {
        assert_eq!(delay(RETRY, 1, 1.0), Duration::from_secs(5));
        assert_eq!(delay(RETRY, 3, 1.0), Duration::from_secs(20));
        assert_eq!(delay(RETRY, 1000, 1.0), LONGEST_DELAY);
    }

    #[test]
    fn runs_that_fail_together_come_back_apart() {
        let stage = StageId::new("a").unwrap();
        let shares: Vec<f64> = (0..100)
            .map(|n| share(&RunId::new(format!("r{n}")).unwrap(), &stage, 1))
            .collect();
        assert!(shares.iter().any(|share| *share < 0.1));
        assert!(shares.iter().any(|share| *share > 0.9));
        let again = share(&RunId::new("r0").unwrap(), &stage, 1);
        assert!((again - shares[0]).abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn the_random_part_is_bounded(
            jitter in 0.0..=1.0_f64,
            tries in 1..1000_u32,
            run in "[a-z0-9]{1,20}",
        ) {
            let share = share(&RunId::new(run).unwrap(), &StageId::new("a").unwrap(), tries);
            prop_assert!((0.0..=1.0).contains(&share));
            let plain = delay(RETRY, tries, share);
            let longer = delay(Retry { jitter, ..RETRY }, tries, share);
            prop_assert!(plain <= longer);
            prop_assert!(longer <= plain.mul_f64(1.0 + jitter) + Duration::from_millis(1));
            prop_assert!(longer <= LONGEST_DELAY);
        }
    }
}
