//! One run on a stand: begin it, drive it, cut it, resume it, and look at everything it left.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sms_plan::action::{Action, Credentials, Registry, World};
use sms_plan::engine::{
    AdoptError, Adopted, Clock, Drive, EngineError, News, Refused, Stop, Taken, Word, adopt, drive,
    edited_event, judge, shape_of, take_over, to_look_at_again, turn_round, verify, write,
};
use sms_plan::plan::{Inventory, Plan, Source, compare, load_inventory, load_plan, plan_edits};
use sms_plan::run::{
    Account, Event, EventKind, LOOK_AGAIN, Reach, Run, RunId, StageId, StageStatus, Stall, Verdict,
};
use sms_plan::store::{Holder, KeySource, Lease, NewRun, Record, Sealer, Store};
use tokio::sync::watch;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::cut::Cut;
use super::cut::CutStore;
use super::machine::QuietMachines;
use super::stand::Stand;
use super::stand::Step;

// The machines of these tests ask for no proof, so any readable file does as a key.
const INVENTORY: &str = "
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: stand }
hosts:
  source: { name: fs01, address: 127.0.0.1, os: linux, credential: root }
  destination: { name: fs02, address: 127.0.0.2, os: linux, credential: root }
credentials:
  root: { username: root, privateKey: Cargo.toml }
";

pub(super) struct Bench {
    pub(super) stand: Arc<Stand>,
    pub(super) store: Arc<CutStore>,
    pub(super) run: RunId,
    pub(super) stop: watch::Sender<Stop>,
    /// Everything that the reporter ever heard.
    pub(super) heard: Vec<Event>,
    /// Every stall that the reporter heard of.
    pub(super) stalls: Vec<Stall>,
    /// The last stage that may start.
    pub(super) until: Option<StageId>,
    /// The plan that the run began with.
    first: Arc<Plan>,
    plan: Arc<Plan>,
    inventory: Arc<Inventory>,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
    parallel: usize,
    lease: Option<Lease>,
    processes: u32,
    next_cut: Option<Cut>,
}

/// Dates events by the runtime's own clock, which tests own.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> String {
        let millis = i64::try_from(self.0.elapsed().as_millis()).expect("a test is not that long");
        let at = Timestamp::from_millisecond(1_800_000_000_000 + millis).expect("in range");
        format!("{at:.3}")
    }
}

impl Bench {
    /// A bench for a plan with these stages, written as YAML; `{ id, on, needs }` is enough.
    pub(super) fn new(stages: &str) -> Self {
        let plan = plan_of(&plan_text(stages));
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/inventory.yaml");
        let inventory = load_inventory(&Source::from_text(path, INVENTORY))
            .unwrap_or_else(|faults| panic!("{faults:#?}"))
            .value;
        Self::of(Arc::new(plan), Arc::new(inventory))
    }

    /// A bench for a plan with a limit for the whole run.
    pub(super) fn limited(run_timeout: &str, stages: &str) -> Self {
        let limit = format!("defaults: {{ runTimeout: {run_timeout}, ");
        let text = plan_text(stages).replace("defaults: { ", &limit);
        let any = Self::new("id: any");
        Self::of(Arc::new(plan_of(&text)), any.inventory)
    }

    /// The plan's text.
    pub(super) fn plan_text(&self) -> &str {
        self.plan.file().text()
    }

    /// Another run of the same plan, on a stand of its own; loading it again would take longer
    /// than running it.
    pub(super) fn again(&self) -> Self {
        Self::of(Arc::clone(&self.first), Arc::clone(&self.inventory)).parallel(self.parallel)
    }

    fn of(plan: Arc<Plan>, inventory: Arc<Inventory>) -> Self {
        let (stand, store, registry) = stand();
        Self {
            stand,
            store,
            run: RunId::new("20270115-080000-0001").expect("a run id"),
            stop: watch::channel(Stop::No).0,
            heard: Vec::new(),
            stalls: Vec::new(),
            until: None,
            first: Arc::clone(&plan),
            plan,
            inventory,
            registry: Arc::new(registry),
            clock: Arc::new(PausedClock(Instant::now())),
            parallel: 4,
            lease: None,
            processes: 0,
            next_cut: None,
        }
    }

    /// Gives the inventory another name, as a later process may find it.
    pub(super) fn rename_inventory(&mut self, name: &str) {
        let text = INVENTORY.replace("name: stand", &format!("name: {name}"));
        let loaded = load_inventory(&Source::from_text("inventory.yaml", &text));
        self.inventory = Arc::new(loaded.expect("a good inventory").value);
    }

    pub(super) fn parallel(mut self, parallel: usize) -> Self {
        self.parallel = parallel;
        self
    }

    /// Creates the run and drives it as far as it goes.
    pub(super) async fn apply(&mut self) -> Result<Run, EngineError> {
        self.begin().await;
        self.drive().await
    }

    /// Creates the run.
    pub(super) async fn begin(&mut self) {
        let holder = self.next_process();
        let new = NewRun {
            id: self.run.clone(),
            plan_path: "plan.yaml".to_owned(),
            plan_text: self.plan.file().text().to_owned(),
            inventory_path: "inventory.yaml".to_owned(),
            inventory_text: INVENTORY.to_owned(),
            subjects: vec!["fs01".to_owned(), "fs02".to_owned()],
        };
        let lease = self.store.create(new, &holder).await.expect("a new run");
        let created = EventKind::RunCreated {
            plan: "bench".to_owned(),
            plan_version: "1".to_owned(),
            plan_digest: String::new(),
            inventory: "stand".to_owned(),
            inventory_digest: String::new(),
            source: reach("fs01"),
            destination: reach("fs02"),
            program: "test".to_owned(),
        };
        let taken = lease_taken(&lease, &holder, None);
        self.lease = Some(lease);
        self.write(None, created).await;
        self.write(None, taken).await;
    }

    /// Takes the run over, as a new process does; what was under way is in doubt from here.
    pub(super) async fn take_over(&mut self) {
        self.store.mend();
        self.stop.send_replace(Stop::No);
        let holder = self.next_process();
        let (lease, why) = self
            .store
            .take_lease(&self.run, &holder)
            .await
            .expect("whoever held it is gone");
        let taken = lease_taken(&lease, &holder, why);
        self.lease = Some(lease);
        self.write(None, taken).await;
        if let Some(cut) = self.next_cut.take() {
            self.store.cut(cut);
        }
    }

    /// Cuts the next process off, counting events from its take-over.
    pub(super) fn cut_the_next(&mut self, cut: Cut) {
        self.next_cut = Some(cut);
    }

    /// Takes the run over the way the terminal does, for this very process.
    pub(super) async fn engines_take_over(&mut self, record: &Record) -> Result<Run, EngineError> {
        let (store, clock) = (self.store.as_ref(), self.clock.as_ref());
        let before = Run::read(self.run.clone(), shape_of(&self.plan), &record.events)?;
        let (lease, run) = take_over(store, clock, &before).await?;
        self.lease = Some(lease);
        Ok(run)
    }

    /// Takes the run over and goes on with it.
    pub(super) async fn resume(&mut self) -> Result<Run, EngineError> {
        self.take_over().await;
        self.go_on().await
    }

    /// Takes the run over, turns it round and drives it as far as it goes.
    pub(super) async fn roll_back(&mut self) -> Result<Run, EngineError> {
        self.turn_round().await;
        self.drive().await
    }

    /// Takes the run over and turns it round.
    pub(super) async fn turn_round(&mut self) {
        self.take_over().await;
        let mut run = self.read();
        let subjects = vec!["fs01".to_owned(), "fs02".to_owned()];
        let (by, reason) = ("admin@desk".to_owned(), String::new());
        let (store, clock, lease) = (self.store.as_ref(), self.clock.as_ref(), self.lease());
        turn_round(store, clock, &lease, &mut run, subjects, by, reason)
            .await
            .expect("nobody else has the servers");
    }

    /// Goes on with a run that was taken over.
    pub(super) async fn go_on(&mut self) -> Result<Run, EngineError> {
        let resumed = self.read().resumed("admin@desk".to_owned());
        self.write(None, resumed).await;
        self.drive().await
    }

    /// Drives the run as far as it goes.
    pub(super) async fn drive(&mut self) -> Result<Run, EngineError> {
        let (setup, run) = (self.setup(), self.read());
        let (heard, stalls) = (&mut self.heard, &mut self.stalls);
        drive(
            setup,
            run,
            self.stop.subscribe(),
            &mut |news, run| match news {
                News::Event(event) => {
                    assert_eq!(event.seq, run.seq(), "an event is told before it is folded");
                    heard.push(event.clone());
                }
                News::Stall(stall) => stalls.push(stall.clone()),
            },
        )
        .await
    }

    /// Takes a step that a person did into a run that was taken over.
    pub(super) async fn adopt(&mut self, stage: &str, word: &Word) -> Result<Adopted, AdoptError> {
        let (setup, mut run) = (self.setup(), self.read());
        let stage = StageId::new(stage).expect("a stage id");
        let heard = &mut self.heard;
        adopt(&setup, &mut run, &stage, word, &mut |event, run| {
            assert_eq!(event.seq, run.seq(), "an event is told before it is folded");
            heard.push(event.clone());
        })
        .await
    }

    /// Looks whether the run still stands.
    pub(super) async fn verify(&self) -> Vec<Verdict> {
        let setup = self.setup();
        verify(
            &setup.plan,
            &setup.inventory,
            &setup.registry,
            &setup.world,
            &self.read(),
        )
        .await
    }

    fn setup(&self) -> Drive {
        Drive {
            plan: Arc::clone(&self.plan),
            inventory: Arc::clone(&self.inventory),
            registry: Arc::clone(&self.registry),
            world: Arc::new(
                World::new(
                    Arc::clone(&self.inventory),
                    Credentials::fetch(&self.inventory).expect("credentials"),
                    "desk".to_owned(),
                )
                .with_machines(Arc::new(QuietMachines)),
            ),
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            sealer: Sealer::new(KeySource::Passphrase(Zeroizing::new("test".to_owned()))),
            lease: self.lease(),
            clock: Arc::clone(&self.clock),
            parallel: self.parallel,
            until: self.until.clone(),
        }
    }

    /// Writes one event of the terminal's own, as `approve` and `resume` do.
    pub(super) async fn write(&mut self, stage: Option<&str>, kind: EventKind) {
        self.try_write(stage, kind)
            .await
            .expect("an event that fits");
    }

    /// The same, where the store may be cut off.
    pub(super) async fn try_write(
        &mut self,
        stage: Option<&str>,
        kind: EventKind,
    ) -> Result<Vec<Event>, EngineError> {
        let stage = stage.map(|id| StageId::new(id).expect("a stage id"));
        let mut run = self.read();
        let (store, clock, lease) = (self.store.as_ref(), self.clock.as_ref(), self.lease());
        write(store, clock, &lease, &mut run, vec![(stage, kind)]).await
    }

    /// Takes the run over, lets every stage from one on be looked at again, and goes on.
    pub(super) async fn resume_from(&mut self, stage: &str) -> Result<Run, EngineError> {
        self.take_over().await;
        let from = StageId::new(stage).expect("a stage id");
        let from = self.plan.index_of(&from).expect("a stage of the plan");
        for again in to_look_at_again(&self.plan, &self.registry, &self.read(), from) {
            let accepted = EventKind::OverrideAccepted {
                what: LOOK_AGAIN.to_owned(),
                by: "admin@desk".to_owned(),
                reason: "restored from a backup".to_owned(),
            };
            self.write(Some(again.as_str()), accepted).await;
        }
        self.go_on().await
    }

    /// The time by the bench's clock.
    pub(super) fn now(&self) -> String {
        self.clock.now()
    }

    /// What the journal says.
    pub(super) fn read(&self) -> Run {
        let events = self.store.journal(&self.run);
        Run::read(self.run.clone(), shape_of(&self.first), &events)
            .expect("a journal that fits its plan")
    }

    /// Goes on with the run as a new process does, with an edited plan of these stages: unless the
    /// journal says already that it was taken, it is now. What is refused is accepted where the
    /// stage is named.
    pub(super) async fn resume_edited(
        &mut self,
        stages: &str,
        accept: &[&str],
    ) -> Result<Result<Run, Vec<Refused>>, EngineError> {
        self.take_over().await;
        let before = self.read();
        self.plan = match before.edited_plan() {
            Some(edited) => Arc::new(plan_of(&edited.text)),
            None => Arc::clone(&self.first),
        };
        let edited = plan_of(&plan_text(stages));
        let edits = plan_edits(&compare(&self.plan, &edited));
        if !edits.is_empty() {
            let is_accepted = |one: &Refused| {
                let stage = one.stage.as_ref().map_or("", |stage| stage.as_str());
                one.instead.is_none() && accept.contains(&stage)
            };
            let (accepted, refused) = judge(&edits, &before).into_iter().partition(is_accepted);
            let refused: Vec<Refused> = refused;
            if !refused.is_empty() {
                return Ok(Err(refused));
            }
            let event = edited_event(&Taken {
                plan: Some(&edited),
                edits,
                accepted,
                by: "admin@desk".to_owned(),
                reason: "it was done by hand".to_owned(),
                ..Taken::default()
            });
            self.try_write(None, event).await?;
            self.plan = Arc::new(edited);
        }
        let by = "admin@desk".to_owned();
        self.try_write(
            None,
            EventKind::RunResumed {
                by,
                rolling_back: false,
            },
        )
        .await?;
        self.drive().await.map(Ok)
    }

    /// The lease that the present process holds.
    pub(super) fn lease(&self) -> Lease {
        self.lease.clone().expect("begin comes first")
    }

    /// The journal.
    pub(super) fn journal(&self) -> Vec<Event> {
        self.store.journal(&self.run)
    }

    /// Acts as a process that held this lease.
    pub(super) fn hold(&mut self, lease: Lease) {
        self.lease = Some(lease);
    }

    /// The journal, one line an event: stage, name, and what tests care for.
    pub(super) fn lines(&self) -> Vec<String> {
        let journal = self.store.journal(&self.run);
        journal.iter().map(line).collect()
    }

    /// The same lines, of one stage.
    pub(super) fn lines_of(&self, stage: &str) -> Vec<String> {
        let journal = self.store.journal(&self.run);
        journal
            .iter()
            .filter(|event| event.stage.as_ref().is_some_and(|id| id.as_str() == stage))
            .map(line)
            .collect()
    }

    /// Fails unless the engine kept its promises so far.
    pub(super) fn check(&self, when: &str) {
        let wrongs = self.stand.wrongs();
        assert!(wrongs.is_empty(), "{when}: {wrongs:?}");
        let journal = self.store.journal(&self.run);
        for event in &self.heard {
            assert!(
                journal.contains(event),
                "{when}: told, but not in the journal: {event:?}"
            );
        }
        assert!(
            self.heard.is_sorted_by_key(|event| event.seq),
            "{when}: told out of order"
        );
    }

    /// Runs something beside the engine after some of the paused clock's time.
    pub(super) fn later(after: Duration, act: impl FnOnce() + Send + 'static) {
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            act();
        });
    }

    /// A process of this machine that is gone by the time anybody asks.
    fn next_process(&mut self) -> Holder {
        self.processes += 1;
        Holder {
            pid: self.processes,
            started: "long ago".to_owned(),
            ..Holder::this_process()
        }
    }
}

/// A plan of the actions of these tests.
pub(super) fn plan_of(text: &str) -> Plan {
    let (_, _, registry) = stand();
    load_plan(&Source::from_text("plan.yaml", text), &registry.catalogue())
        .unwrap_or_else(|faults| panic!("{faults:#?}\n{text}"))
        .value
}

/// A new stand, the store whose journal its stages look into, and the actions.
fn stand() -> (Arc<Stand>, Arc<CutStore>, Registry) {
    let stand = Arc::new(Stand::default());
    let store = Arc::new(CutStore::new());
    let step = |changes| Step {
        stand: Arc::clone(&stand),
        store: Arc::clone(&store),
        changes,
    };
    let standard = Registry::standard();
    let mut actions: Vec<Arc<dyn Action>> = vec![Arc::new(step(true)), Arc::new(step(false))];
    let control = ["control.approve", "control.note"];
    actions.extend(control.iter().filter_map(|uses| standard.get(uses)));
    (stand, store, Registry::of(actions))
}

/// Where each stage stands.
pub(super) fn statuses(run: &Run) -> Vec<(String, StageStatus)> {
    run.stages()
        .map(|(shape, state)| (shape.id.to_string(), state.status))
        .collect()
}

fn lease_taken(lease: &Lease, holder: &Holder, took_over: Option<String>) -> EventKind {
    EventKind::LeaseTaken {
        epoch: lease.epoch,
        machine: "desk".to_owned(),
        pid: holder.pid,
        took_over,
    }
}

fn reach(name: &str) -> Reach {
    Reach {
        address: "127.0.0.1".to_owned(),
        name: name.to_owned(),
        account: Account::Given,
    }
}

/// Completes stages: a `description`, and `uses: test.step` where nothing else is said.
fn plan_text(stages: &str) -> String {
    let mut text = String::from(
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: bench, version: '1' }\nbegins: 2\n\
         defaults: { timeout: 1m, retry: { attempts: 3, delay: 5s, factor: 2, jitter: 0 } }\nstages:\n",
    );
    for stage in stages
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let uses = if stage.contains("uses:") {
            ""
        } else {
            ", uses: test.step"
        };
        let place = if stage.contains("on:") {
            ""
        } else {
            ", on: directory"
        };
        writeln!(text, "  - {{ {stage}{place}{uses}, description: d }}")
            .expect("a string takes everything");
    }
    text
}

fn line(event: &Event) -> String {
    let stage = event.stage.as_ref().map_or("-", |id| id.as_str());
    let what = match &event.kind {
        EventKind::RunCreated { .. } => "RunCreated".to_owned(),
        EventKind::LeaseTaken { epoch, .. } => format!("LeaseTaken epoch {epoch}"),
        EventKind::RunResumed { .. } => "RunResumed".to_owned(),
        EventKind::Started {
            attempt, standing, ..
        } => match standing {
            Some(standing) => format!("Started {attempt} seen {standing:?}"),
            None => format!("Started {attempt}"),
        },
        EventKind::Retrying {
            attempt, delay_ms, ..
        } => format!("Retrying {attempt} in {delay_ms} ms"),
        EventKind::Succeeded {
            attempt, settled, ..
        } => match settled {
            Some(_) => format!("Succeeded {attempt} settled"),
            None => format!("Succeeded {attempt}"),
        },
        EventKind::Failed { attempt, error, .. } => {
            format!("Failed {attempt}: {}", error.join(": "))
        }
        EventKind::Waiting { why, .. } => format!("Waiting {why:?}"),
        EventKind::Stopped { reason } => format!("Stopped: {reason}"),
        EventKind::RunEnded { state } => format!("RunEnded {state}"),
        EventKind::Skipped { .. } => "Skipped".to_owned(),
        EventKind::OverrideAccepted { what, .. } => format!("OverrideAccepted {what}"),
        other => format!("{other:?}"),
    };
    format!("{}% {stage} {what}", event.percent)
}
