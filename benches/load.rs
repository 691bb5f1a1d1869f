//! What it costs to validate a large plan: time and peak memory, beside a reader that makes a value
//! of the same text and checks it against the same schema, and does nothing else.
//!
//! `cargo bench --bench load` prints the figures with the bars of the design; it fails if one is
//! missed. Each figure comes from a process of its own, so that its peak is its own.

#![expect(clippy::print_stdout, reason = "a benchmark speaks to whoever ran it")]
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has failed"
)]

use std::fmt::Write as _;
use std::process::Command;
use std::process::ExitCode;
use std::time::Instant;

use sms_plan::action::Registry;
use sms_plan::plan::Source;
use sms_plan::plan::load_plan;
use sms_plan::plan::schema_of_plan;

/// How many stages, the most seconds, and the most MB (10⁶ bytes) where there is a bar.
const CASES: [(usize, f64, Option<f64>); 2] = [(10_000, 0.3, None), (100_000, 3.0, Some(400.0))];

/// How often each figure is taken; the best counts, as everything else only adds to it.
const TIMES: usize = 3;

/// A chain needs this much stack if anything walks it by recursion, and more.
const SMALL_STACK: usize = 512 * 1024;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, way, stages] = arguments.as_slice()
        && let Ok(stages) = stages.parse()
    {
        measure(way, stages);
        return ExitCode::SUCCESS;
    }
    let mut missed = false;
    println!("  stages   what                   time      bar    peak memory      bar");
    for (stages, most_seconds, most_memory) in CASES {
        let (seconds, memory) = best("sms-plan", stages);
        let (peer_seconds, peer_memory) = best("peer", stages);
        let verdict = |fits: bool| if fits { "ok" } else { "MISSED" };
        let in_time = seconds <= most_seconds;
        let in_memory = most_memory.is_none_or(|most| memory <= most);
        missed |= !in_time || !in_memory;
        let bar = most_memory.map_or(String::new(), |most| {
            format!("{most:>5.0} MB {}", verdict(in_memory))
        });
        println!(
            "{stages:>8}   validated by sms-plan {seconds:>5.2} s {most_seconds:>5.1} s {}  {memory:>6.0} MB {bar}",
            verdict(in_time)
        );
        println!(
            "{stages:>8}   yaml_serde, jsonschema {peer_seconds:>4.2} s             {peer_memory:>6.0} MB"
        );
        println!(
            "           sms-plan : peer       {:>5.2} ×             {:>6.2} ×",
            seconds / peer_seconds,
            memory / peer_memory
        );
    }
    if missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

/// The best seconds and MB of several processes.
fn best(way: &str, stages: usize) -> (f64, f64) {
    let figures: Vec<(f64, f64)> = (0..TIMES)
        .map(|_| {
            let output = Command::new(std::env::current_exe().unwrap())
                .args([way, &stages.to_string()])
                .output()
                .unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let (seconds, memory) = text.trim().split_once(' ').unwrap_or_else(|| {
                panic!("{way}: {}", String::from_utf8_lossy(&output.stderr));
            });
            (seconds.parse().unwrap(), memory.parse().unwrap())
        })
        .collect();
    let least = |of: fn(&(f64, f64)) -> f64| figures.iter().map(of).fold(f64::INFINITY, f64::min);
    (least(|figure| figure.0), least(|figure| figure.1))
}

/// Loads a chain of this length once and prints what it cost.
fn measure(way: &str, stages: usize) {
    let text = chain(stages);
    let peer = way == "peer";
    let worker = std::thread::Builder::new().stack_size(SMALL_STACK);
    let seconds = worker
        .spawn(move || {
            let begun = Instant::now();
            if peer {
                check_only(&text);
            } else {
                let source = Source::from_text("plan.yaml", text);
                let loaded = load_plan(&source, &Registry::standard().catalogue()).unwrap();
                assert_eq!(loaded.value.stages.len(), stages);
            }
            begun.elapsed().as_secs_f64()
        })
        .unwrap()
        .join()
        .unwrap();
    println!("{seconds} {}", peak());
}

fn check_only(text: &str) {
    let schema = schema_of_plan(&Registry::standard().catalogue());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value: serde_json::Value = serde_yaml::from_str(text).unwrap();
    assert!(validator.is_valid(&value));
}

/// The most memory that this process ever had, in MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib * 1024.0 / 1e6
}

fn chain(stages: usize) -> String {
    let mut text =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n"
            .to_owned();
    for n in 0..stages {
        let needs = if n == 0 {
            String::new()
        } else {
            format!("needs: [s{}], ", n - 1)
        };
        writeln!(
            text,
            "  - {{ id: s{n}, description: Words, on: orchestrator, uses: control.note, \
             {needs}with: {{ text: words }} }}"
        )
        .unwrap();
    }
    text
}
