//! Where actions draw names, passwords and keys from.

use std::sync::Mutex;
use std::sync::PoisonError;

use rand::Rng;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

/// The system's randomness, or that of a seed.
#[derive(Debug, Default)]
pub(super) struct Chance {
    seeded: Option<Mutex<StdRng>>,
}

impl Chance {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self {
            seeded: Some(Mutex::new(StdRng::seed_from_u64(seed))),
        }
    }

    /// Draws something.
    pub(super) fn draw<T>(&self, what: impl FnOnce(&mut dyn Rng) -> T) -> T {
        match &self.seeded {
            Some(seeded) => what(&mut *seeded.lock().unwrap_or_else(PoisonError::into_inner)),
            None => what(&mut rand::rng()),
        }
    }
}
