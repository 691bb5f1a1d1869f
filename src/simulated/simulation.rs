//! The twin in virtual time: the thin shell through which hosts and directory reach the one value.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use tokio::time::sleep;

use super::assumption::AssumptionError;
use super::assumption::Assumptions;
use super::directory::SimulatedDirectory;
use super::end::End;
use super::fault::Fault;
use super::machines::SimulatedMachines;
use super::make;
use super::picture::Picture;
use super::timing::Millis;
use super::twin::Twin;
use crate::directory::Directory;
use crate::host::Machines;
use crate::plan::Inventory;

/// A simulated pair of servers with their network and domain.
///
/// Its clock is the runtime's: with a paused one it is virtual.
#[derive(Clone)]
pub struct Simulation {
    twin: Arc<Mutex<Twin>>,
    began: Instant,
    cuts: watch::Sender<u32>,
}

impl Simulation {
    /// Makes the twin of an inventory; what it leaves out is assumed, and said in [`End::assumed`].
    pub fn of(
        inventory: &Inventory,
        assumptions: &Assumptions,
        seed: u64,
    ) -> Result<Self, AssumptionError> {
        Ok(Self {
            twin: Arc::new(Mutex::new(make::twin(inventory, assumptions, seed)?)),
            began: Instant::now(),
            cuts: watch::Sender::new(0),
        })
    }

    /// Lets faults strike at their stages, once each.
    pub fn arm(&self, faults: &[Fault]) {
        self.with(|twin| twin.faults.arm(faults));
    }

    /// The faults that have found nothing to strike yet.
    pub fn waiting(&self) -> Vec<Fault> {
        self.with(|twin| twin.faults.waiting.clone())
    }

    /// The faults that have struck.
    pub fn struck(&self) -> Vec<Fault> {
        self.with(|twin| twin.faults.struck.clone())
    }

    /// Waits until the orchestrator loses its power.
    pub async fn power_cut(&self) {
        let mut cuts = self.cuts.subscribe();
        // The sender is our own: it cannot be gone.
        let _changed = cuts.changed().await;
    }

    /// Cuts the orchestrator's power.
    pub fn cut_power(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    /// Does what a person would do before a resume: switches on what is off, removes strangers from
    /// the network, makes the domain controller take changes. Says what was done.
    pub fn mend(&self) -> Vec<String> {
        self.with(super::end::mend)
    }

    /// The ways to the machines.
    pub fn machines(&self) -> Arc<dyn Machines> {
        Arc::new(SimulatedMachines::new(self.clone()))
    }

    /// The directory as a user of the domain sees it.
    pub fn directory(&self, username: &str) -> Arc<dyn Directory> {
        Arc::new(SimulatedDirectory::new(self.clone(), username.to_owned()))
    }

    /// Everything that a roll back is to bring back, as it is now.
    pub fn picture(&self) -> Picture {
        self.with(|twin| Picture::of(twin))
    }

    /// How everything stands now.
    pub fn end(&self) -> End {
        self.with(|twin| End::of(twin))
    }

    /// Lets the twin come to the present moment, and does something with it.
    pub(super) fn with<T>(&self, what: impl FnOnce(&mut Twin) -> T) -> T {
        let now = self.now();
        let mut twin = self.lock();
        twin.advance(now);
        what(&mut twin)
    }

    fn lock(&self) -> MutexGuard<'_, Twin> {
        self.twin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Millis {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    pub(super) async fn pause(&self, span: Millis) {
        sleep(Duration::from_millis(span)).await;
    }
}
