//! A run that the tests drive themselves: real machines, a real journal, one stage after the other.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use sms_plan::action::Action;
use sms_plan::action::Context;
use sms_plan::action::Credentials;
use sms_plan::action::Registry;
use sms_plan::action::View;
use sms_plan::action::World;
use sms_plan::action::first_reach;
use sms_plan::directory::Connection;
use sms_plan::directory::Encryption;
use sms_plan::directory::LdapDirectory;
use sms_plan::engine::SystemClock;
use sms_plan::engine::begin;
use sms_plan::host::Connections;
use sms_plan::plan::Inventory;
use sms_plan::plan::Plan;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;
use sms_plan::run::Draft;
use sms_plan::run::EventKind;
use sms_plan::run::Outcome;
use sms_plan::run::Place;
use sms_plan::run::Reach;
use sms_plan::run::Run;
use sms_plan::run::Sealed;
use sms_plan::run::StageStatus;
use sms_plan::store::Batch;
use sms_plan::store::KeySource;
use sms_plan::store::Lease;
use sms_plan::store::SealedSecret;
use sms_plan::store::Sealer;
use sms_plan::store::SqliteStore;
use sms_plan::store::Store;

use super::loudly;
use super::picture::Picture;

/// How long a machine may take to come back.
const BACK_UP: Duration = Duration::from_secs(90);

/// The cutover of the lab, under way.
pub(super) struct Walk {
    pub(super) plan: Arc<Plan>,
    inventory: Arc<Inventory>,
    pub(super) registry: Registry,
    pub(super) world: Arc<World>,
    pub(super) directory: Arc<LdapDirectory>,
    store: Arc<dyn Store>,
    sealer: Sealer,
    lease: Lease,
    pub(super) run: Run,
    _folder: tempfile::TempDir,
    /// Where each stage that has an effect found the two servers, in the order of the walk.
    trail: Vec<(usize, BTreeMap<Place, Reach>)>,
    /// What was there before the first stage.
    first: Picture,
    /// Only these actions are asked, the others just done; all, where it is empty.
    pub(super) only: BTreeSet<String>,
    /// The actions that were asked.
    pub(super) asked: BTreeSet<String>,
    faults: Vec<String>,
    began: Instant,
}

/// What a context sees beyond the journal.
#[derive(Default)]
pub(super) struct Sight {
    /// How a host is reached now, where an undo has led it back.
    pub(super) reach: BTreeMap<Place, Reach>,
    /// Where it may be as well.
    pub(super) planned: BTreeMap<Place, Reach>,
}

impl Walk {
    /// Begins the shipped plan with one of the lab's inventories.
    pub(super) async fn begin(inventory: &Path, only: &[&str]) -> Self {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/cutover.yaml");
        Self::begin_plan(
            Source::read(shipped).expect("the shipped plan"),
            inventory,
            only,
        )
        .await
    }

    /// Begins a plan.
    pub(super) async fn begin_plan(plan: Source, inventory: &Path, only: &[&str]) -> Self {
        let registry = Registry::standard();
        let plan = Arc::new(
            load_plan(&plan, &registry.catalogue())
                .expect("a sound plan")
                .value,
        );
        let inventory = Source::read(inventory).expect("the inventory");
        let inventory = Arc::new(load_inventory(&inventory).expect("a sound inventory").value);
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().expect("a store"));
        let sealer = Sealer::new(KeySource::File(folder.path().join("key")));
        let mut reach = first_reach(&inventory);
        let mut of = |place| reach.remove(&place).expect("both servers");
        let reach = (of(Place::Source), of(Place::Destination));
        let (lease, run) = begin(
            store.as_ref(),
            &SystemClock,
            &plan,
            &inventory,
            reach,
            Vec::new(),
            Vec::new(),
        )
        .await
        .expect("the run begins");
        let directory = Arc::new(directory(&inventory));
        let world = World::new(
            Arc::clone(&inventory),
            Credentials::fetch(&inventory).expect("the lab's credentials"),
            "the tests".to_owned(),
        )
        .with_machines(Arc::new(Connections::new(
            folder.path().join("ssh"),
            run.id().clone(),
        )))
        .with_orchestrator(folder.path().join("here"))
        .with_vault(Arc::clone(&store), sealer.clone())
        .with_directory(Arc::clone(&directory) as _);
        let began = Instant::now();
        let first = Picture::take(&directory).await;
        loudly(&format!(
            "a picture takes {} ms",
            began.elapsed().as_millis()
        ));
        Self {
            plan,
            inventory,
            registry,
            world: Arc::new(world),
            directory,
            store,
            sealer,
            lease,
            run,
            _folder: folder,
            trail: Vec::new(),
            first,
            only: only.iter().map(|&uses| uses.to_owned()).collect(),
            asked: BTreeSet::new(),
            faults: Vec::new(),
            began: Instant::now(),
        }
    }

    /// Walks every stage up to a position that is on the path, and asks.
    pub(super) async fn forth(&mut self, until: usize) {
        for position in 0..self.plan.stages.len().min(until) {
            let plan = Arc::clone(&self.plan);
            let stage = &plan.stages[position];
            let view = View::of(&plan, &self.inventory, &self.run);
            let on_the_path = stage
                .when
                .as_ref()
                .is_none_or(|when| when.evaluate_bool(&view.roots).expect("a known answer"));
            if !on_the_path {
                let reason = "not on the path".to_owned();
                self.write(position, EventKind::Skipped { reason }).await;
                continue;
            }
            self.say(&format!("{}", stage.id));
            let before = view.reach;
            self.stage(position).await;
            if self.registry.changes(&stage.uses)
                || self.run.reach(stage.on) != before.get(&stage.on)
            {
                self.trail.push((position, before));
            }
        }
    }

    /// Takes every stage back, the last one first, and compares with what was there at first.
    pub(super) async fn back(&mut self) {
        let mut now = View::of(&self.plan, &self.inventory, &self.run).reach;
        for (position, before) in std::mem::take(&mut self.trail).into_iter().rev() {
            let stage = &self.plan.stages[position];
            let (on, id) = (stage.on, stage.id.clone());
            self.say(&format!("back: {id}"));
            let sight = Sight {
                reach: now.clone(),
                planned: before
                    .get(&on)
                    .map(|reach| (on, reach.clone()))
                    .into_iter()
                    .collect(),
            };
            let cx = self.seeing(position, &sight);
            if let Err(error) = self.action(position).undo(&cx).await {
                self.fault(position, "roll back", &error.to_string());
            }
            if let Some(reach) = before.get(&on) {
                now.insert(on, reach.clone());
            }
        }
        let after = Picture::take(&self.directory).await;
        for difference in self
            .first
            .differences(&after, &super::picture::NEVER_RETURNS)
        {
            self.faults.push(format!("roll back: {difference}"));
        }
        if let Err(said) = super::picture::client_reads("fs01").await {
            self.faults.push(format!(
                "roll back: a client reads `{said}`, not the source's marker"
            ));
        }
    }

    /// Says whether everything was asked and every answer was right.
    pub(super) async fn end(self) {
        self.world.close().await;
        self.say("end");
        assert!(
            self.faults.is_empty(),
            "{} faults:\n{}",
            self.faults.len(),
            self.faults.join("\n")
        );
    }

    pub(super) fn say(&self, what: &str) {
        loudly(&format!(
            "{:7.1} s  {what}",
            self.began.elapsed().as_secs_f64()
        ));
    }

    pub(super) fn fault(&mut self, position: usize, question: &str, what: &str) {
        let fault = format!("{}: {question}: {what}", self.plan.stages[position].id);
        loudly(&format!("FAULT  {fault}"));
        self.faults.push(fault);
    }

    pub(super) fn action(&self, position: usize) -> Arc<dyn Action> {
        let uses = &self.plan.stages[position].uses;
        self.registry.get(uses).expect("a registered action")
    }

    /// The context that the engine would give.
    pub(super) fn context(&self, position: usize) -> Context {
        self.seeing(position, &Sight::default())
    }

    pub(super) fn seeing(&self, position: usize, sight: &Sight) -> Context {
        let mut view = View::of(&self.plan, &self.inventory, &self.run);
        view.reach.extend(sight.reach.clone());
        view.planned.extend(sight.planned.clone());
        let state = self.run.stage(position);
        Context {
            plan: Arc::clone(&self.plan),
            position,
            inventory: Arc::clone(&self.inventory),
            view: Arc::new(view),
            world: Arc::clone(&self.world),
            attempt: state.attempts,
            answered: false,
            token: state.token.clone(),
        }
    }

    /// Settles what the attempts must agree on, and writes down that one begins.
    pub(super) async fn start(
        &mut self,
        position: usize,
    ) -> Result<(), sms_plan::action::ActionError> {
        let state = self.run.stage(position);
        let attempt = state.attempts + 1;
        let planned = state.planned.clone();
        let prepared = if attempt == 1 {
            self.action(position)
                .prepare(&self.context(position))
                .await?
        } else {
            sms_plan::action::Prepared::default()
        };
        let started = EventKind::Started {
            attempt,
            token: prepared.token,
            reach: prepared.reach.or(planned),
            standing: None,
            saw: None,
        };
        self.append(position, vec![started], prepared.secrets, Vec::new())
            .await;
        Ok(())
    }

    /// Writes down that a stage has its effect.
    pub(super) async fn succeed(&mut self, position: usize, outcome: Outcome) {
        let mut kinds = Vec::new();
        kinds.extend(outcome.snapshot.map(|data| EventKind::Snapshot { data }));
        kinds.push(EventKind::Succeeded {
            attempt: self.run.stage(position).attempts,
            output: outcome.output,
            reach: outcome.reach,
            duration_ms: 0,
            settled: None,
        });
        self.append(position, kinds, outcome.secrets, outcome.forget)
            .await;
        assert_eq!(self.run.stage(position).status, StageStatus::Succeeded);
    }

    async fn write(&mut self, position: usize, kind: EventKind) {
        self.append(position, vec![kind], Vec::new(), Vec::new())
            .await;
    }

    async fn append(
        &mut self,
        position: usize,
        kinds: Vec<EventKind>,
        secrets: Vec<Sealed>,
        forget: Vec<String>,
    ) {
        let stage = Some(self.plan.stages[position].id.clone());
        let draft = |kind| Draft {
            at: "2026-01-01T00:00:00Z".to_owned(),
            stage: stage.clone(),
            percent: 0.0,
            kind,
        };
        let secrets = secrets.into_iter().map(|secret| SealedSecret {
            sealed: self
                .sealer
                .seal(self.run.id(), &secret.name, &secret.bytes)
                .expect("a sealed secret"),
            name: secret.name,
        });
        let batch = Batch {
            secrets: secrets.collect(),
            drafts: kinds.into_iter().map(draft).collect(),
            forget,
            ..Batch::default()
        };
        let events = self
            .store
            .append(&self.lease, batch)
            .await
            .expect("a written event");
        for event in &events {
            self.run.fold(event).expect("an event that fits");
        }
    }

    /// Waits until the stage's server answers and its services do.
    pub(super) async fn up(&self, cx: &Context) {
        if !matches!(cx.place(), Place::Source | Place::Destination) {
            return;
        }
        let until = Instant::now() + BACK_UP;
        loop {
            if let Ok(host) = cx.host().await
                && host.services().await.is_ok_and(|services| {
                    services.ready
                        || services
                            .waiting_for
                            .iter()
                            .all(|one| one.contains("winbind"))
                })
            {
                return;
            }
            assert!(Instant::now() < until, "{} did not come back", cx.place());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

pub(crate) fn directory(inventory: &Inventory) -> LdapDirectory {
    let spec = inventory
        .directory
        .as_ref()
        .expect("the lab has a directory");
    let credentials = Credentials::fetch(inventory).expect("the lab's credentials");
    let (bind_name, password) = credentials.password(&spec.credential).expect("a password");
    let ca_file: Option<PathBuf> = spec.ca_file.as_ref().map(|path| inventory.resolve(path));
    LdapDirectory::new(Connection {
        server: spec.server.clone(),
        address: spec.address.map(|address| address.to_string()),
        port: None,
        domain: spec.domain.clone(),
        ca_file,
        bind_name,
        password,
        encryption: Encryption::Ldaps,
        timeout: Duration::from_secs(20),
        dns: spec.dns.clone(),
    })
}
