//! How far a run has come, in percent.
//!
//! percent = `begins` + (100 − `begins`) × (weight ended) / (weight of all); where all weights are
//! 0, stages are counted. Only a run whose every stage has ended reports 100.

use super::StageStatus;

/// The sums that a percentage is made of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    begins: f64,
    total: f64,
    ended: f64,
    stages: usize,
    stages_ended: usize,
}

impl Progress {
    pub(super) fn new(begins: f64, weights: impl Iterator<Item = f64>) -> Self {
        let mut progress = Self {
            begins,
            ..Self::default()
        };
        for weight in weights {
            progress.total += weight;
            progress.stages += 1;
        }
        progress
    }

    /// Counts a stage that has moved from one status to another.
    pub(super) fn moved(&mut self, before: StageStatus, after: StageStatus, weight: f64) {
        match (before.has_ended(), after.has_ended()) {
            (false, true) => self.end(weight),
            (true, false) => self.reopen(weight),
            _ => {}
        }
    }

    fn end(&mut self, weight: f64) {
        self.ended += weight;
        self.stages_ended += 1;
    }

    fn reopen(&mut self, weight: f64) {
        self.ended -= weight;
        self.stages_ended -= 1;
    }

    /// Returns the percentage, to a thousandth.
    pub(super) fn percent(&self) -> f64 {
        if self.stages == self.stages_ended {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a plan never has 2^52 stages")]
        let share = if self.total > 0.0 {
            self.ended / self.total
        } else {
            self.stages_ended as f64 / self.stages as f64
        };
        let percent = self.begins + (100.0 - self.begins) * share;
        // A last stage of weight 0 must not show 100 before it has ended.
        ((percent * 1000.0).round() / 1000.0).min(99.999)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_shares_of_what_is_left_after_the_beginning() {
        let mut progress = Progress::new(2.0, [3.0, 1.0, 94.0].into_iter());
        assert!((progress.percent() - 2.0).abs() < f64::EPSILON);
        progress.end(3.0);
        assert!((progress.percent() - 5.0).abs() < f64::EPSILON);
        progress.end(1.0);
        progress.end(94.0);
        assert!((progress.percent() - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn stages_are_counted_where_no_weight_is_given() {
        let mut progress = Progress::new(0.0, [0.0; 4].into_iter());
        progress.end(0.0);
        assert!((progress.percent() - 25.0).abs() < f64::EPSILON);
    }

    #[test]
    fn a_last_stage_without_weight_still_keeps_100_back() {
        let mut progress = Progress::new(0.0, [1.0, 0.0].into_iter());
        progress.end(1.0);
        assert!(progress.percent() < 100.0);
    }
}
