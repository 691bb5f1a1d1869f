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
use super::fault::acting;
use super::machines::SimulatedMachines;
use super::make;
use super::meddling::Meddling;
use super::observed::Observed;
use super::tempo::Tempo;
use super::timing::Millis;
use super::twin::Twin;
use crate::directory::Directory;
use crate::host::Machines;
use crate::plan::Inventory;
use crate::run::Event;

/// A simulated pair of servers with their network and domain.
///
/// Its clock is the runtime's: with a paused one it is virtual.
#[derive(Clone)]
pub struct Simulation {
    twin: Arc<Mutex<Twin>>,
    began: Instant,
    cuts: watch::Sender<u32>,
    tempo: Arc<Tempo>,
}

impl Simulation {
    /// Makes the twin of an inventory, as a real run saw it where one is given; what neither says is
    /// assumed, and said in [`End::assumed`].
    pub fn of(
        inventory: &Inventory,
        observed: Option<&Observed>,
        assumptions: &Assumptions,
        tempo: &Tempo,
        seed: u64,
    ) -> Result<Self, AssumptionError> {
        let mut twin = make::twin(inventory, observed, assumptions, seed)?;
        for (place, span) in &tempo.restarts {
            let span = u64::try_from(span.as_millis()).unwrap_or(Millis::MAX);
            twin.machine_mut(*place).booting = span;
        }
        Ok(Self {
            tempo: Arc::new(tempo.clone()),
            twin: Arc::new(Mutex::new(twin)),
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

    /// Tells the twin what the journal holds from now on: from the first time on, changes that it
    /// does not allow are among [`End::wrongs`].
    pub fn durable(&self, events: &[Event]) {
        self.with(|twin| twin.witness.learn(events));
    }

    /// Waits until the orchestrator loses its power.
    pub async fn power_cut(&self) {
        let mut cuts = self.cuts.subscribe();
        // The sender is our own: it cannot be gone.
        let _changed = cuts.changed().await;
    }

    /// Takes the orchestrator's power away.
    pub fn cut_power(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    /// Lets somebody else change something, as it may happen while nobody drives the run.
    pub fn meddle(&self, meddling: &Meddling) {
        self.with(|twin| super::meddling::meddle(twin, meddling));
    }

    /// Does what a person would do before a resume: switches on what is off, removes strangers from
    /// the network, makes the domain controller answer and take changes. Says what was done.
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

    /// How long something takes on behalf of the stage that acts.
    pub(super) fn paced(&self, span: Millis) -> Millis {
        let acting = acting();
        let factor = acting.and_then(|under| self.tempo.stages.get(&under.stage));
        factor.map_or(span, |factor| {
            let span = Duration::from_millis(span).mul_f64(*factor);
            u64::try_from(span.as_millis()).unwrap_or(Millis::MAX)
        })
    }

    /// Lets the time pass that something takes.
    pub(super) async fn work(&self, span: Millis) {
        self.pause(self.paced(span)).await;
    }

    /// Lets this much time pass.
    pub(super) async fn pause(&self, span: Millis) {
        sleep(Duration::from_millis(span)).await;
    }
}
