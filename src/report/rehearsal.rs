//! What a rehearsal shows: how long it takes, who is served meanwhile, and how everything stands.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;

use super::duration;
use super::tables::whole;
use crate::plan::Plan;
use crate::rehearse::Basis;
use crate::rehearse::FaultRow;
use crate::rehearse::Rehearsal;
use crate::rehearse::Stopped;
use crate::rehearse::timing as timing_of;
use crate::run::EventKind;
use crate::run::RunState;
use crate::simulated::Fault;
use crate::simulated::Tempo;

/// Stages of the critical path that take less are not worth a line.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// The summary of one rehearsal; `alone` is the same with one stage at a time.
pub fn rehearsed(
    plan: &Plan,
    parallel: usize,
    rehearsal: &Rehearsal,
    tempo: &Tempo,
    alone: Option<&Rehearsal>,
) -> String {
    let Rehearsal { run, end, .. } = rehearsal;
    let mut text = "\n".to_owned();
    let mut line = |label: &str, words: &str| {
        let _infallible = writeln!(text, "{label:<15}{words}");
    };
    for stop in &rehearsal.stops {
        let why = stop.why.as_ref();
        let why = why.map(|(stage, words)| format!(" at `{stage}`: {}", words.join(": ")));
        let why = why.unwrap_or_default();
        let then = match (&stop.mended, stop.state) {
            (_, RunState::Running) => "power cut of the orchestrator; resumed by itself".to_owned(),
            (Some(mended), state) if mended.is_empty() => format!("{state}{why}; resumed"),
            (Some(mended), state) => format!("{state}{why}; {}; resumed", mended.join(", ")),
            (None, state) => format!("{state}{why}"),
        };
        line("stood still", &then);
    }
    for fault in &rehearsal.missed {
        let why = "the stage did not run, or does nothing that can fail so";
        line("did not strike", &format!("{fault}: {why}"));
    }
    let timing = timing_of(plan, run);
    if run.state() == RunState::Succeeded {
        line(
            "rehearsed",
            "100%, succeeded; nothing outside of this program was touched",
        );
    } else {
        let percent = whole(run.percent());
        let words = format!(
            "{percent}%, {}; nothing outside of this program was touched",
            run.state()
        );
        line("rehearsed", &words);
        line(
            "",
            "in earnest, mend the cause and go on with `sms-plan resume`",
        );
    }
    let mut lasted = if run.state() == RunState::Succeeded {
        span(timing.in_all)
    } else {
        format!("{} so far", span(rehearsal.lasted))
    };
    if let Some(alone) = alone.filter(|_| run.state() == RunState::Succeeded) {
        let slower = timing_of(plan, &alone.run).in_all;
        let saved = slower.saturating_sub(timing.in_all);
        let _infallible = write!(
            lasted,
            " with --parallel {parallel}; --parallel 1 takes {}, {} more",
            span(slower),
            span(saved)
        );
    }
    line("duration", &lasted);
    line("outage", &outage(rehearsal));
    if let Some(kept) = end
        .old_tickets
        .filter(|_| run.state() == RunState::Succeeded)
    {
        let words = if kept {
            "clients with tickets from before are served without logging on anew"
        } else {
            "clients with tickets from before must log on anew"
        };
        line("", words);
    }
    let mut label = "critical path";
    let told = timing.critical.iter();
    let told: Vec<_> = told.filter(|(_, took)| *took >= WORTH_TELLING).collect();
    let widest = told.iter().map(|(stage, _)| stage.as_str().len()).max();
    let widest = widest.unwrap_or_default();
    for (stage, took) in told {
        let from = rehearsal.bases.get(stage).map_or("", |basis| from(*basis));
        let stage = stage.as_str();
        line(
            label,
            &format!("{:>9}  {stage:<widest$}  {from}", span(*took)),
        );
        label = "";
    }
    let mut label = "times";
    for words in times(rehearsal, tempo) {
        line(label, &words);
        label = "";
    }
    let restarts = end
        .restarts
        .iter()
        .map(|(place, count)| format!("{place} {count}"));
    line("restarts", &restarts.collect::<Vec<_>>().join(", "));
    let mut label = "end state";
    for words in &end.words {
        line(label, words);
        label = "";
    }
    let mut label = "assumed";
    for words in &end.assumed {
        line(label, words);
        label = "";
    }
    for wrong in &end.wrongs {
        line("WRONG", wrong);
    }
    text
}

/// Where a time comes from, in a word.
fn from(basis: Basis) -> &'static str {
    match basis {
        Basis::Runs => "your run",
        Basis::Given => "given",
        Basis::Lab => "lab",
        Basis::Assumption => "assumption",
    }
}

/// What the words of [`from`] mean, those that occur.
fn times(rehearsal: &Rehearsal, tempo: &Tempo) -> Vec<String> {
    let bases: BTreeSet<Basis> = rehearsal.bases.values().copied().collect();
    let mut servers = rehearsal.end.windows.values();
    let windows_only = servers.all(|windows| *windows);
    let words = bases.into_iter().map(|basis| {
        let meaning = match basis {
            Basis::Runs => return format!("{}: as measured in {}", from(basis), tempo.from),
            Basis::Given => "by --assume",
            Basis::Lab if windows_only => "answers of a domain controller, on Debian 12",
            Basis::Lab => "Debian 12 in containers, which restart fast; --assume source.restart=2m",
            Basis::Assumption => {
                "never measured on Windows; --assume source.restart=4m, --timing-from RUN"
            }
        };
        format!("{}: {meaning}", from(basis))
    });
    words.collect()
}

fn outage(rehearsal: &Rehearsal) -> String {
    let end = &rehearsal.end;
    match (end.outage_span, end.served_by) {
        (Some((from, to)), Some(_)) => format!(
            "{}: nobody serves the old name from {} to {}",
            span(end.outage),
            span(from),
            span(to)
        ),
        (_, None) => format!(
            "{} so far, and still nobody serves the old name",
            span(end.outage)
        ),
        (None, Some(_)) => "none".to_owned(),
    }
}

fn span(length: Duration) -> String {
    duration(length.as_secs_f64())
}

/// The same for machines: one line after the events.
pub fn rehearsed_json(plan: &Plan, rehearsal: &Rehearsal, alone: Option<&Rehearsal>) -> Value {
    let timing = timing_of(plan, &rehearsal.run);
    let end = &rehearsal.end;
    let critical: Vec<Value> = timing
        .critical
        .iter()
        .map(|(stage, took)| {
            let from = rehearsal.bases.get(stage);
            json!({ "stage": stage, "seconds": took.as_secs_f64(), "from": from })
        })
        .collect();
    let alone = alone.map(|alone| timing_of(plan, &alone.run).in_all.as_secs_f64());
    let words = |faults: &[Fault]| faults.iter().map(ToString::to_string).collect::<Vec<_>>();
    let (struck, missed) = (words(&rehearsal.struck), words(&rehearsal.missed));
    let lasted = if rehearsal.run.state() == RunState::Succeeded {
        timing.in_all
    } else {
        rehearsal.lasted
    };
    json!({
        "rehearsal": {
            "run": rehearsal.run.id(),
            "state": rehearsal.run.state(),
            "percent": rehearsal.run.percent(),
            "seconds": lasted.as_secs_f64(),
            "secondsOneByOne": alone,
            "outageSeconds": end.outage.as_secs_f64(),
            "criticalPath": critical,
            "restarts": end.restarts,
            "servedBy": end.served_by,
            "oldTickets": end.old_tickets,
            "faults": struck,
            "missed": missed,
            "endState": end.words,
            "assumed": end.assumed,
            "wrongs": end.wrongs,
        }
    })
}

/// What every fault at every stage comes to.
pub fn fault_table(plan: &Plan, undisturbed: &Rehearsal, rows: &[FaultRow]) -> String {
    let mut text = String::new();
    if undisturbed.run.state() != RunState::Succeeded {
        let stop = undisturbed.stops.last().map(seen).unwrap_or_default();
        let _infallible = writeln!(
            text,
            "the rehearsal does not end even without a fault: {stop}"
        );
        return text;
    }
    let widest = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
    let stages = widest(&mut rows.iter().map(|row| row.fault.stage.as_str().len()));
    let kinds = widest(&mut rows.iter().map(|row| row.fault.kind.as_str().len()));
    let ends = widest(&mut rows.iter().map(|row| ending(row).len()));
    for row in rows {
        let _infallible = writeln!(
            text,
            "{:<stages$}  {:<kinds$}  {:<ends$}  {}",
            row.fault.stage.as_str(),
            row.fault.kind.as_str(),
            ending(row),
            what_is_seen(row)
        );
    }
    let finished = rows
        .iter()
        .filter(|row| row.rehearsal.run.state() == RunState::Succeeded)
        .count();
    let stages: BTreeSet<&str> = rows.iter().map(|row| row.fault.stage.as_str()).collect();
    let _infallible = writeln!(
        text,
        "\n{} faults at {} of {} stages of the plan: {finished} end with the finished cutover, {} stand \
         still and say why",
        rows.len(),
        stages.len(),
        plan.stages.len(),
        rows.len() - finished
    );
    text
}

/// Whether the cutover was reached, and how often somebody had to resume.
fn ending(row: &FaultRow) -> String {
    let Rehearsal {
        run, stops, end, ..
    } = &row.rehearsal;
    let resumes = stops.iter().filter(|stop| stop.mended.is_some()).count();
    let wrong = if end.wrongs.is_empty() { "" } else { ", WRONG" };
    match (run.state(), resumes) {
        (RunState::Succeeded, 0) => format!("finished by itself{wrong}"),
        (RunState::Succeeded, 1) => format!("finished after a resume{wrong}"),
        (RunState::Succeeded, n) => format!("finished after {n} resumes{wrong}"),
        (state, _) => format!("{state}{wrong}"),
    }
}

/// What the operator sees first.
fn what_is_seen(row: &FaultRow) -> String {
    if let Some(wrong) = row.rehearsal.end.wrongs.first() {
        return wrong.clone();
    }
    if let Some(stop) = row.rehearsal.stops.first() {
        return seen(stop);
    }
    let retried = row
        .rehearsal
        .events
        .iter()
        .find_map(|event| match &event.kind {
            EventKind::Retrying { error, .. } => error.last(),
            _ => None,
        });
    match retried {
        Some(words) => format!("tried again: {words}"),
        None => "nothing but a longer wait".to_owned(),
    }
}

fn seen(stop: &Stopped) -> String {
    let mended = stop.mended.as_deref().unwrap_or_default();
    let mended = if mended.is_empty() {
        String::new()
    } else {
        format!("; {}", mended.join(", "))
    };
    match (&stop.why, stop.state) {
        (_, RunState::Running) => "the journal stops; a new process takes over".to_owned(),
        (Some((stage, words)), state) => {
            let words = words.last().map(String::as_str).unwrap_or_default();
            format!("{state} at `{stage}`: {words}{mended}")
        }
        (None, state) => format!("{state}{mended}"),
    }
}

/// The same for machines.
pub fn fault_table_json(undisturbed: &Rehearsal, rows: &[FaultRow]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let Rehearsal {
                run, end, stops, ..
            } = &row.rehearsal;
            json!({
                "stage": row.fault.stage,
                "fault": row.fault.kind.as_str(),
                "state": run.state(),
                "resumes": stops.iter().filter(|stop| stop.mended.is_some()).count(),
                "seen": what_is_seen(row),
                "wrongs": end.wrongs,
            })
        })
        .collect();
    json!({ "undisturbed": undisturbed.run.state(), "faults": rows })
}
