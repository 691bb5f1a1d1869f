//! What the engine costs beside the work of its stages: a durable chain and a fan of stages that do
//! nothing (`control.note`), their growth, the start of the program, and a resume.
//!
//! `cargo bench --bench engine` prints the figures with the bars of the design; it fails if one is
//! missed. Times of stages are ratios to one append of 4 KiB and `fdatasync` in the same folder, in
//! turn with them, because disks and machines differ and change. `STATE_FOLDER=DIR` measures on
//! another disk than that of the temporary folder, `STAGES=100000` a longer chain as well.

#![expect(clippy::print_stdout, reason = "a benchmark speaks to whoever ran it")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has failed"
)]

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::ExitCode;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use rustix::time::ClockId;
use rustix::time::clock_gettime;
use sms_plan::action::Credentials;
use sms_plan::action::Registry;
use sms_plan::action::World;
use sms_plan::action::first_reach;
use sms_plan::engine::Drive;
use sms_plan::engine::News;
use sms_plan::engine::Stop;
use sms_plan::engine::SystemClock;
use sms_plan::engine::begin;
use sms_plan::engine::drive;
use sms_plan::engine::runtime;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;
use sms_plan::run::EventKind;
use sms_plan::run::Place;
use sms_plan::run::Run;
use sms_plan::run::RunState;
use sms_plan::store::KeySource;
use sms_plan::store::Sealer;
use sms_plan::store::SqliteStore;
use sms_plan::store::Store;
use tokio::sync::watch;

/// How often a figure is taken that other programs on the machine disturb; the best counts.
const TIMES: usize = 5;

/// How many stages a chain and a fan have.
const STAGES: usize = 1_000;

const INVENTORY: &str = "apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: bench }
hosts:
  source: { name: fs01, address: 127.0.0.1, os: linux, credential: root }
  destination: { name: fs02, address: 127.0.0.2, os: linux, credential: root }
credentials:
  root: { username: root, privateKey: key }
";

fn main() -> ExitCode {
    let folder = match std::env::var_os("STATE_FOLDER") {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    };
    let folder = folder.unwrap();
    let mut table = Table::default();
    durable(&mut table, folder.path());
    growth(&mut table, folder.path());
    program(&mut table, folder.path());
    table.verdict()
}

/// The figures, one line each as soon as it is known.
#[derive(Default)]
struct Table {
    missed: bool,
}

impl Table {
    fn line(&mut self, what: &str, figure: f64, unit: &str, bar: f64) {
        let fits = figure <= bar;
        self.missed |= !fits;
        let verdict = if fits { "ok" } else { "MISSED" };
        println!("{what:<62} {figure:>8.2} {unit:<3} {bar:>6} {unit:<3} {verdict}");
    }

    fn verdict(&self) -> ExitCode {
        if self.missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// Chain and fan against appends of the same disk.
fn durable(table: &mut Table, folder: &Path) {
    let mut probe = Probe::new(folder);
    let mut stages = Vec::new();
    let mut appends = Vec::new();
    let plan = chain(STAGES);
    let mut since = Instant::now();
    run(folder, &plan, 4, &mut |event| match event {
        EventKind::Started { .. } if stages.is_empty() => since = Instant::now(),
        EventKind::Succeeded { .. } => {
            stages.push(since.elapsed());
            appends.push(probe.append());
            since = Instant::now();
        }
        _ => {}
    });
    let what = format!("chain of {STAGES}: a stage : an append and fdatasync");
    let ratio = |of: fn(&mut [Duration]) -> f64,
                 stages: &mut [Duration],
                 appends: &mut [Duration]| { of(stages) / of(appends) };
    let p50 = ratio(median, &mut stages, &mut appends);
    table.line(&format!("{what}, p50"), p50, "×", 1.5);
    let means = ratio(mean, &mut stages, &mut appends);
    table.line(&format!("{what}, mean"), means, "×", 2.0);

    let plan = fan(STAGES);
    let mut ratios = Vec::new();
    for _ in 0..TIMES {
        let before = probe.appends(STAGES / 10);
        let took = run(folder, &plan, STAGES, &mut |_| {}).took / as_f64(STAGES);
        ratios.push(took / f64::midpoint(before, probe.appends(STAGES / 10)));
    }
    ratios.sort_by(f64::total_cmp);
    let what = format!("fan of {STAGES}: a stage : an append and fdatasync, mean");
    table.line(&what, ratios[TIMES / 2], "×", 0.25);
}

/// Processor time of chains, and how it grows with them.
fn growth(table: &mut Table, folder: &Path) {
    let cpu = |stages: usize, times: usize| {
        let plan = chain(stages);
        let Used { processor, took } = (0..times)
            .map(|_| run(folder, &plan, 4, &mut |_| {}))
            .min_by(|one, other| one.processor.total_cmp(&other.processor))
            .unwrap();
        println!("chain of {stages}: {processor:.2} s of processor time, {took:.2} s in all");
        processor
    };
    let short = cpu(STAGES, TIMES);
    let what = format!("chain of {STAGES}: processor time of a stage");
    table.line(&what, short / as_f64(STAGES) * 1e3, "ms", 0.3);
    let long = cpu(STAGES * 10, 1);
    let what = format!(
        "processor time, chain of {} : chain of {STAGES}",
        STAGES * 10
    );
    table.line(&what, long / short, "×", 12.0);
    if let Ok(stages) = std::env::var("STAGES") {
        let stages: usize = stages.parse().unwrap();
        let used = cpu(stages, 1);
        println!(
            "chain of {stages}: {:.2} ms of processor time a stage",
            used / as_f64(stages) * 1e3
        );
    }
}

/// The program itself, as a person starts it.
fn program(table: &mut Table, folder: &Path) {
    let files = folder.join("files");
    std::fs::create_dir(&files).unwrap();
    let write = |name: &str, text: &str| {
        let path = files.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    write("key", "no key");
    let inventory = write("inventory.yaml", INVENTORY);
    let short = write("short.yaml", &chain(10));
    let long = write("long.yaml", &chain(STAGES + 1));
    let apply = |plan: &Path, state: &Path, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sms-plan"));
        command
            .arg("apply")
            .arg(plan)
            .arg("--inventory")
            .arg(&inventory);
        command.arg("--state").arg(state);
        command.args(["--yes", "--format", "json"]).args(more);
        command
    };
    let started: Vec<(f64, f64)> = (0..TIMES)
        .map(|n| first_stage(&mut apply(&short, &files.join(format!("short-{n}")), &[])))
        .collect();
    table.line(
        "start of the program to its first stage",
        least(&started).0,
        "ms",
        20.0,
    );
    table.line(
        "peak memory of a run of 10 stages",
        least(&started).1,
        "MB",
        20.0,
    );

    let last = format!("s{}", STAGES - 1);
    let resumed: Vec<(f64, f64)> = (0..TIMES)
        .map(|n| {
            let state = files.join(format!("long-{n}"));
            first_stage(&mut apply(&long, &state, &["--until", &last]));
            let mut resume = Command::new(env!("CARGO_BIN_EXE_sms-plan"));
            resume.arg("resume").arg("--state").arg(&state);
            resume.args(["--format", "json"]);
            first_stage(&mut resume)
        })
        .collect();
    let what = format!("resume of {STAGES} finished stages to the first that is left");
    table.line(&what, least(&resumed).0, "ms", 50.0);
}

/// Runs the program to its end. Milliseconds until it says that a stage has begun, and its peak
/// memory in MB (10⁶ bytes) so far as it was seen while it spoke.
fn first_stage(command: &mut Command) -> (f64, f64) {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut first = None;
    let mut peak = 0.0_f64;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        if first.is_none() && line.unwrap().contains("\"Started\"") {
            first = Some(begun.elapsed());
        }
        peak = peak.max(peak_of(child.id()).unwrap_or(0.0));
    }
    child.wait().unwrap();
    let first = first.unwrap_or_else(|| panic!("{command:?} began no stage"));
    (first.as_secs_f64() * 1e3, peak)
}

/// The most memory that a process ever had, in MB; nothing once it has ended.
fn peak_of(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024.0 / 1e6)
}

fn least(figures: &[(f64, f64)]) -> (f64, f64) {
    let least = |of: fn(&(f64, f64)) -> f64| figures.iter().map(of).fold(f64::INFINITY, f64::min);
    (least(|figure| figure.0), least(|figure| figure.1))
}

/// What a run took from its creation to its end, in seconds; to load the plan is not in it.
struct Used {
    processor: f64,
    took: f64,
}

/// Runs a plan in a state folder of its own, and tells every event that happens to a stage.
fn run(
    folder: &Path,
    plan: &str,
    parallel: usize,
    hear: &mut (dyn FnMut(&EventKind) + Send),
) -> Used {
    let state = tempfile::tempdir_in(folder).unwrap();
    std::fs::write(state.path().join("key"), "no key").unwrap();
    let registry = Registry::standard();
    let plan = load_plan(&Source::from_text("plan.yaml", plan), &registry.catalogue()).unwrap();
    let inventory = Source::from_text(state.path().join("inventory.yaml"), INVENTORY);
    let inventory = Arc::new(load_inventory(&inventory).unwrap().value);
    let plan = Arc::new(plan.value);
    let credentials = Credentials::fetch(&inventory).unwrap();
    let world = World::new(Arc::clone(&inventory), credentials, "bench".to_owned());
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(state.path()).unwrap());
    let mut reach = first_reach(&inventory);
    let reach = [Place::Source, Place::Destination].map(|place| reach.remove(&place).unwrap());
    let runtime = runtime().unwrap();
    let (before, begun) = (processor_time(), Instant::now());
    runtime.block_on(async {
        let (source, destination) = reach.into();
        let (lease, run) = begin(
            store.as_ref(),
            &SystemClock,
            &plan,
            &inventory,
            (source, destination),
            Vec::new(),
            Vec::new(),
        )
        .await
        .unwrap();
        let (_keep, stop) = watch::channel(Stop::No);
        let ready = Drive {
            plan,
            inventory,
            registry: Arc::new(registry),
            world: Arc::new(world),
            store,
            sealer: Sealer::new(KeySource::from_environment().unwrap()),
            lease,
            clock: Arc::new(SystemClock),
            parallel,
            until: None,
        };
        let mut report = |news: News<'_>, _: &Run| {
            if let News::Event(event) = news
                && event.stage.is_some()
            {
                hear(&event.kind);
            }
        };
        let run = drive(ready, run, stop, &mut report).await.unwrap();
        assert_eq!(run.state(), RunState::Succeeded);
    });
    Used {
        processor: processor_time() - before,
        took: begun.elapsed().as_secs_f64(),
    }
}

fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap().as_secs_f64()
}

/// What one durable write costs on this disk without any of our code.
struct Probe {
    file: File,
    path: PathBuf,
}

impl Probe {
    fn new(folder: &Path) -> Self {
        let path = folder.join("probe");
        let file = File::create(&path).unwrap();
        Self { file, path }
    }

    fn append(&mut self) -> Duration {
        let begun = Instant::now();
        self.file.write_all(&[b'x'; 4096]).unwrap();
        self.file.sync_data().unwrap();
        begun.elapsed()
    }

    /// The mean of several, in seconds.
    fn appends(&mut self, times: usize) -> f64 {
        mean(&mut (0..times).map(|_| self.append()).collect::<Vec<_>>())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        std::fs::remove_file(&self.path).unwrap();
    }
}

fn median(of: &mut [Duration]) -> f64 {
    of.sort();
    of[of.len() / 2].as_secs_f64()
}

fn mean(of: &mut [Duration]) -> f64 {
    of.iter().sum::<Duration>().as_secs_f64() / as_f64(of.len())
}

#[expect(clippy::cast_precision_loss, reason = "a plan never has 2^52 stages")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

fn chain(stages: usize) -> String {
    plan(stages, |n| n.checked_sub(1))
}

fn fan(stages: usize) -> String {
    plan(stages, |_| None)
}

fn plan(stages: usize, need: impl Fn(usize) -> Option<usize>) -> String {
    let mut text =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n"
            .to_owned();
    for n in 0..stages {
        let needs = need(n).map_or(String::new(), |need| format!("needs: [s{need}], "));
        writeln!(
            text,
            "  - {{ id: s{n}, description: Words, on: orchestrator, uses: control.note, \
             {needs}with: {{ text: words }} }}"
        )
        .unwrap();
    }
    text
}
