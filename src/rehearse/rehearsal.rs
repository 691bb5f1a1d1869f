//! One rehearsal: begin, drive, and after a power cut take over and go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::acting;
use super::clock::VirtualClock;
use super::journal::Interruption;
use super::journal::Journal;
use super::timing::Basis;
use super::timing::bases;
use crate::action::Credentials;
use crate::action::Registry;
use crate::action::World;
use crate::action::first_reach;
use crate::engine::Clock;
use crate::engine::Drive;
use crate::engine::EngineError;
use crate::engine::News;
use crate::engine::begin;
use crate::engine::drive;
use crate::engine::shape_of;
use crate::engine::take_over;
use crate::engine::write;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::Run;
use crate::run::RunId;
use crate::run::RunState;
use crate::run::StageId;
use crate::simulated::AssumptionError;
use crate::simulated::Assumptions;
use crate::simulated::End;
use crate::simulated::Fault;
use crate::simulated::Observed;
use crate::simulated::Simulation;
use crate::simulated::Tempo;
use crate::store::KeySource;
use crate::store::Lease;
use crate::store::Sealer;
use crate::store::Store;

/// How long the orchestrator is away after a power cut.
const AWAY: Duration = Duration::from_mins(2);
/// How long a person needs to mend something and resume.
const MENDING: Duration = Duration::from_mins(10);

/// What is rehearsed.
#[derive(Clone)]
pub struct Setting {
    /// The plan.
    pub plan: Arc<Plan>,
    /// The inventory.
    pub inventory: Arc<Inventory>,
    /// The actions.
    pub registry: Arc<Registry>,
    /// What a real run saw of the servers, where the twin is made of one.
    pub observed: Option<Arc<Observed>>,
    /// What the inventory leaves out.
    pub assumptions: Assumptions,
    /// How fast things go, where somebody has measured it.
    pub tempo: Tempo,
    /// What makes one rehearsal differ from another.
    pub seed: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What befalls the orchestrator at events of the journal, in their order.
    pub interruptions: Vec<Interruption>,
    /// What a person accepted before it begins.
    pub decisions: Vec<EventKind>,
    /// How many stages may be under way at once; at least 1.
    pub parallel: usize,
    /// How often a run that has not finished is mended and resumed, as a person would.
    pub resumes: u32,
}

impl Setting {
    /// The two servers and their domain, as they are before the rehearsal.
    pub fn twin(&self) -> Result<Simulation, AssumptionError> {
        Simulation::of(
            &self.inventory,
            self.observed.as_deref(),
            &self.assumptions,
            &self.tempo,
            self.seed,
        )
    }
}

/// What a rehearsal came to.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// The run.
    pub run: Run,
    /// Its journal.
    pub events: Vec<Event>,
    /// How the twin stands.
    pub end: End,
    /// Where the time of each stage that ran comes from.
    pub bases: BTreeMap<StageId, Basis>,
    /// How long it took, in virtual time.
    pub lasted: Duration,
    /// The faults that struck.
    pub struck: Vec<Fault>,
    /// The faults that found nothing to strike.
    pub missed: Vec<Fault>,
    /// The interruptions whose event never came.
    pub unreached: Vec<Interruption>,
    /// Each time that the run stood still: how, and what was mended before it went on.
    pub stops: Vec<Stopped>,
}

/// A run that stood still.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// How it stood.
    pub state: RunState,
    /// The stage that says why, with its words, outermost first.
    pub why: Option<(StageId, Vec<String>)>,
    /// What was mended before the resume; `None` where it was not resumed.
    pub mended: Option<Vec<String>>,
}

/// Why a rehearsal could not be held.
#[derive(Debug, thiserror::Error)]
pub enum RehearseError {
    /// Something that was assumed makes no sense.
    #[error("what is assumed cannot be")]
    Assumption(#[from] AssumptionError),
    /// The inventory does not name two servers.
    #[error("the inventory does not name two servers")]
    Servers,
    /// The engine could not go on.
    #[error("the rehearsal could not go on")]
    Engine(#[from] EngineError),
    /// The journal could not be read.
    #[error("the rehearsal's journal could not be read")]
    Store(#[from] crate::store::StoreError),
}

/// Holds a rehearsal, on a runtime whose clock is paused: else it takes as long as the real thing.
///
/// `report` hears of every event, as it does in earnest.
pub async fn rehearse(
    setting: &Setting,
    report: &mut (dyn FnMut(&Event, &Run) + Send),
) -> Result<Rehearsal, RehearseError> {
    rehearse_on(setting.twin()?, setting, report).await
}

/// The same on a twin that the caller holds as well, and may change while it goes on.
pub async fn rehearse_on(
    simulation: Simulation,
    setting: &Setting,
    report: &mut (dyn FnMut(&Event, &Run) + Send),
) -> Result<Rehearsal, RehearseError> {
    let began = Instant::now();
    simulation.arm(&setting.faults);
    let bench = Bench::new(setting, simulation);
    let mut stops: Vec<Stopped> = Vec::new();
    let run = loop {
        let (cut, run) = bench.process(report).await?;
        if run
            .as_ref()
            .is_some_and(|run| run.state() == RunState::Succeeded)
        {
            break run;
        }
        // After a power cut nobody has to mend anything: the orchestrator comes back by itself.
        let resumed = stops.iter().filter(|stop| stop.state != RunState::Running);
        let more = cut || resumed.count() < usize::try_from(setting.resumes).unwrap_or(usize::MAX);
        if more {
            sleep(if cut { AWAY } else { MENDING }).await;
        }
        let mended = (more && !cut).then(|| bench.simulation.mend());
        stops.push(Stopped {
            state: match &run {
                Some(run) if !cut => run.state(),
                _ => RunState::Running,
            },
            why: run.as_ref().and_then(why),
            mended: if cut { Some(Vec::new()) } else { mended },
        });
        if !more {
            break run;
        }
    };
    let run = run.ok_or(RehearseError::Servers)?;
    let events = bench.journal.read(run.id()).await?.events;
    let end = bench.simulation.end();
    Ok(Rehearsal {
        lasted: began.elapsed(),
        bases: bases(setting, &run, &end),
        end,
        struck: bench.simulation.struck(),
        missed: bench.simulation.waiting(),
        unreached: bench.journal.waiting(),
        run,
        events,
        stops,
    })
}

/// Everything around the run of one rehearsal.
struct Bench<'a> {
    setting: &'a Setting,
    simulation: Simulation,
    registry: Arc<Registry>,
    world: Arc<World>,
    journal: Arc<Journal>,
    sealer: Sealer,
    clock: Arc<VirtualClock>,
}

impl<'a> Bench<'a> {
    fn new(setting: &'a Setting, simulation: Simulation) -> Self {
        let inventory = &setting.inventory;
        let journal = Journal::new(simulation.clone(), &setting.interruptions);
        let sealer = Sealer::new(KeySource::Given(Zeroizing::new([0; 32])));
        let credentials = Credentials::stand_ins(inventory);
        let vault: Arc<dyn Store> = Arc::clone(&journal) as Arc<dyn Store>;
        let orchestrator = "the rehearsal".to_owned();
        let mut world = World::new(Arc::clone(inventory), credentials, orchestrator)
            .with_machines(simulation.machines())
            .with_seed(setting.seed)
            .with_vault(vault, sealer.clone());
        let username = |credential: &str| {
            let credential = inventory.credentials.get(credential);
            credential
                .map(|credential| credential.username.clone())
                .unwrap_or_default()
        };
        if let Some(spec) = &inventory.directory {
            world = world.with_directory(simulation.directory(&username(&spec.credential)));
            for place in [Place::Source, Place::Destination] {
                let own = inventory
                    .host(place)
                    .and_then(|host| host.join_credential.as_ref());
                if let Some(own) = own {
                    world = world.with_joining(place, simulation.directory(&username(own)));
                }
            }
        }
        Self {
            setting,
            simulation,
            registry: Arc::new(acting::told(&setting.registry)),
            world: Arc::new(world),
            journal,
            sealer,
            clock: Arc::new(VirtualClock::new(setting.seed)),
        }
    }

    /// One process: begins the run, or takes it over, and drives it until it stands still or power
    /// is lost. Says whether that was so, and how the run stands, if there is one by then.
    async fn process(
        &self,
        report: &mut (dyn FnMut(&Event, &Run) + Send),
    ) -> Result<(bool, Option<Run>), RehearseError> {
        let driven = tokio::select! {
            biased;
            () = self.simulation.power_cut() => None,
            driven = self.begin_or_resume(report) => Some(driven?),
        };
        self.clock.next_process();
        if driven.is_some() {
            return Ok((false, driven));
        }
        // What the process knew died with it; the journal is what is left.
        self.world.close().await;
        Ok((true, self.read().await?))
    }

    async fn begin_or_resume(
        &self,
        report: &mut (dyn FnMut(&Event, &Run) + Send),
    ) -> Result<Run, RehearseError> {
        let wish = self.journal.wish();
        let (lease, run) = match self.read().await? {
            None => self.begin(report).await?,
            Some(run) => self.resume(run.id(), report).await?,
        };
        let setup = Drive {
            plan: Arc::clone(&self.setting.plan),
            inventory: Arc::clone(&self.setting.inventory),
            registry: Arc::clone(&self.registry),
            world: Arc::clone(&self.world),
            store: Arc::clone(&self.journal) as Arc<dyn Store>,
            sealer: self.sealer.clone(),
            lease,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            parallel: self.setting.parallel,
            until: None,
        };
        // A stall is of no use to whoever reads of it after the end.
        let mut events = |news: News<'_>, run: &Run| {
            if let News::Event(event) = news {
                report(event, run);
            }
        };
        Ok(drive(setup, run, wish, &mut events).await?)
    }

    /// The run as its journal has it, if it has begun.
    async fn read(&self) -> Result<Option<Run>, RehearseError> {
        let Some(line) = self.journal.runs().await?.into_iter().next() else {
            return Ok(None);
        };
        let events = self.journal.read(&line.id).await?.events;
        let shape = shape_of(&self.setting.plan);
        let run = Run::read(line.id, shape, &events).map_err(EngineError::from)?;
        Ok(Some(run))
    }

    async fn begin(
        &self,
        report: &mut (dyn FnMut(&Event, &Run) + Send),
    ) -> Result<(Lease, Run), RehearseError> {
        let mut reach = first_reach(&self.setting.inventory);
        let source = reach.remove(&Place::Source).ok_or(RehearseError::Servers)?;
        let destination = reach
            .remove(&Place::Destination)
            .ok_or(RehearseError::Servers)?;
        let (lease, run) = begin(
            self.journal.as_ref(),
            self.clock.as_ref(),
            &self.setting.plan,
            &self.setting.inventory,
            (source, destination),
            Vec::new(),
            self.setting.decisions.clone(),
        )
        .await?;
        for event in self.journal.read(run.id()).await?.events {
            report(&event, &run);
        }
        Ok((lease, run))
    }

    /// Takes the run over as another process does, by the same way.
    async fn resume(
        &self,
        id: &RunId,
        report: &mut (dyn FnMut(&Event, &Run) + Send),
    ) -> Result<(Lease, Run), RehearseError> {
        let record = self.journal.read(id).await?;
        let told = record.events.len();
        let shape = shape_of(&self.setting.plan);
        let before = Run::read(id.clone(), shape, &record.events).map_err(EngineError::from)?;
        let (lease, mut run) =
            take_over(self.journal.as_ref(), self.clock.as_ref(), &before).await?;
        let by = "the rehearsal".to_owned();
        let resumed = vec![(None, run.resumed(by))];
        write(
            self.journal.as_ref(),
            self.clock.as_ref(),
            &lease,
            &mut run,
            resumed,
        )
        .await?;
        for event in self.journal.read(id).await?.events.iter().skip(told) {
            report(event, &run);
        }
        Ok((lease, run))
    }
}

/// The first stage that says why the run stands still.
fn why(run: &Run) -> Option<(StageId, Vec<String>)> {
    let mut stages = run.stages();
    stages.find_map(|(shape, stage)| {
        let stands = !stage.status.has_ended() && !stage.error.is_empty();
        stands.then(|| (shape.id.clone(), stage.error.clone()))
    })
}
