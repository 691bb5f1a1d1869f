//! The closing report: what became of a run, what people decided, what went wrong, and what is left
//! to do, for whoever keeps it. It is read off the journal; nothing is connected.

use std::collections::BTreeMap;

use serde_json::Value;

use super::described;
use super::document::Document;
use super::document::Section;
use super::document::Table;
use super::duration;
use super::seconds_between;
use super::tables::told;
use super::tables::whole;
use crate::directory::Computer;
use crate::host::Facts;
use crate::host::HostSnapshot;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Place;
use crate::run::Run;
use crate::run::RunState;
use crate::run::StageState;
use crate::run::StageStatus;

/// What a closing report is written of.
pub struct Closing<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What its texts see.
    pub roots: &'a Roots,
    /// The run.
    pub run: &'a Run,
    /// Its journal.
    pub events: &'a [Event],
}

const SERVERS: [Place; 2] = [Place::Source, Place::Destination];

/// Writes the closing report.
pub fn closing(of: &Closing<'_>) -> Document {
    let run = of.run;
    let sections = [
        Some(came_to(of)),
        Some(identity(of)),
        some_events("What people decided", of, is_decision),
        some_events("What went wrong, and what was made of it", of, is_trouble),
        left_to_do(of),
        Some(stages(of)),
        skipped(of),
    ];
    Document {
        title: format!(
            "Run {}: {}",
            run.id(),
            run.created()
                .and_then(|created| match &created.kind {
                    EventKind::RunCreated {
                        plan, inventory, ..
                    } => Some(format!("{plan} of {inventory}")),
                    _ => None,
                })
                .unwrap_or_default()
        ),
        sections: sections.into_iter().flatten().collect(),
    }
}

/// How it ended, and by what it can be checked later.
fn came_to(of: &Closing<'_>) -> Section {
    let run = of.run;
    let mut section = Section::new("What it came to");
    let (first, last) = (of.events.first(), of.events.last());
    let lasted = first
        .zip(last)
        .and_then(|(first, last)| seconds_between(&first.at, &last.at))
        .map(|seconds| format!(", {} later", duration(seconds)))
        .unwrap_or_default();
    section.say(format!(
        "State: {}, at {}%.",
        run.state(),
        whole(run.percent())
    ));
    if let Some((first, last)) = first.zip(last) {
        section.say(format!(
            "It began at {} and its journal ends at {}{lasted}.",
            first.at, last.at
        ));
    }
    if let Some(EventKind::RunCreated {
        plan_version,
        plan_digest,
        inventory_digest,
        program,
        ..
    }) = run.created().map(|created| &created.kind)
    {
        section.say(format!(
            "Plan {plan_version} with the SHA-256 `{plan_digest}`, inventory with the SHA-256 \
             `{inventory_digest}`, sms-plan {program}."
        ));
    }
    if let Some(last) = last {
        section.say(format!(
            "The journal has {} events. This says whether it still is what was written:",
            of.events.len()
        ));
        section.type_in(format!(
            "sms-plan events {} --verify --expect {}",
            run.id(),
            last.hash
        ));
    }
    section
}

/// Both servers and their directory objects before the first change, and by now.
fn identity(of: &Closing<'_>) -> Section {
    let mut section = Section::new("The servers, before and now");
    let mut table = Table {
        head: vec![
            "server",
            "what",
            "before the first change",
            "as the run left it",
        ],
        rows: Vec::new(),
    };
    for place in SERVERS {
        let seen = snapshot(of, place);
        let facts = seen.and_then(|data| HostSnapshot::facts(&data["host"]));
        let mut row = |what: &str, before: Option<String>, now: Option<String>| {
            if before.is_some() || now.is_some() {
                table.rows.push(vec![
                    place.to_string(),
                    what.to_owned(),
                    before.unwrap_or_else(|| "-".to_owned()),
                    now.unwrap_or_else(|| "-".to_owned()),
                ]);
            }
        };
        let reach = of.run.reach(place);
        row(
            "name",
            facts.as_ref().map(|facts| facts.name.clone()),
            reach.map(|reach| reach.name.clone()),
        );
        row(
            "answers at",
            facts.as_ref().map(addresses),
            reach.map(|reach| reach.address.clone()),
        );
        let computer = computer(of, place);
        let joined = last_join(of, place);
        let now = |field: &str| {
            let value = joined.and_then(|output| output[field].as_str());
            value.map(str::to_owned)
        };
        row(
            "directory object",
            computer.as_ref().map(|computer| computer.dn.clone()),
            now("account"),
        );
        row(
            "objectGUID",
            computer.as_ref().map(|computer| computer.guid.to_string()),
            now("objectGuid"),
        );
        row(
            "objectSid",
            computer.as_ref().map(|computer| computer.sid.to_string()),
            now("objectSid"),
        );
    }
    if table.rows.is_empty() {
        section.say("Nobody has looked at the servers.");
    }
    section.table = table;
    section
}

/// One line for each event of a kind; no section where there is none.
fn some_events(title: &str, of: &Closing<'_>, which: fn(&EventKind) -> bool) -> Option<Section> {
    let mut section = Section::new(title);
    section.table = Table {
        head: vec!["at", "stage", "what happened"],
        rows: of
            .events
            .iter()
            .filter(|event| which(&event.kind))
            .map(|event| {
                let (name, words) = told(&event.kind);
                vec![
                    event.at.clone(),
                    event
                        .stage
                        .as_ref()
                        .map(ToString::to_string)
                        .unwrap_or_default(),
                    format!("{name}: {words}"),
                ]
            })
            .collect(),
    };
    (!section.table.rows.is_empty()).then_some(section)
}

fn is_decision(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::OverrideAccepted { .. }
            | EventKind::Adopted { .. }
            | EventKind::Approved { .. }
            | EventKind::Rejected { .. }
            | EventKind::HeldBack { .. }
            | EventKind::PlanEdited { .. }
            | EventKind::ConfirmationWanted { .. }
            | EventKind::Confirmed { .. }
            | EventKind::RollBackBegun { .. }
            | EventKind::RunResumed { .. }
            | EventKind::Stopped { .. }
    )
}

fn is_trouble(kind: &EventKind) -> bool {
    match kind {
        EventKind::Retrying { .. }
        | EventKind::Failed { .. }
        | EventKind::Waiting { .. }
        | EventKind::UndoFailed { .. } => true,
        EventKind::LeaseTaken { took_over, .. } => took_over.is_some(),
        EventKind::Started { standing, .. } => standing.is_some(),
        EventKind::Succeeded { settled, .. } => settled.is_some(),
        _ => false,
    }
}

/// Every stage on the path: when it began, how long it took, and how it stands.
fn stages(of: &Closing<'_>) -> Section {
    let mut section = Section::new("Every stage");
    section.table.head = vec!["percent", "began", "took", "tries", "stands", "stage"];
    for (position, stage) in of.plan.stages.iter().enumerate() {
        let state = of.run.stage(position);
        if state.status == StageStatus::Skipped {
            continue;
        }
        section.table.rows.push(vec![
            percent(of, position),
            state.started_at.as_deref().map(clock).unwrap_or_default(),
            took(state),
            match state.attempts {
                0 => String::new(),
                tries => tries.to_string(),
            },
            state.status.to_string(),
            format!("`{}` {}", stage.id, described(stage, of.roots)),
        ]);
    }
    section
}

/// The stages that these servers do not need, and why.
fn skipped(of: &Closing<'_>) -> Option<Section> {
    let mut section = Section::new("Not on the path of these servers");
    section.table.head = vec!["percent", "stage", "why"];
    for (position, stage) in of.plan.stages.iter().enumerate() {
        let state = of.run.stage(position);
        if state.status == StageStatus::Skipped {
            let why = state.remark.clone().unwrap_or_default();
            let row = vec![percent(of, position), stage.id.to_string(), why];
            section.table.rows.push(row);
        }
    }
    (!section.table.rows.is_empty()).then_some(section)
}

/// What a finished cutover leaves for people to do.
fn left_to_do(of: &Closing<'_>) -> Option<Section> {
    if of.run.state() != RunState::Succeeded {
        return None;
    }
    let mut section = Section::new("What is left to do");
    for place in SERVERS {
        let dns = last_join(of, place).map(|output| &output["dns"]);
        if dns.is_some_and(|dns| dns["registered"] == Value::Bool(false)) {
            let name = of.run.reach(place).map(|reach| reach.name.as_str());
            section.say(format!(
                "The DNS record of the {place}, {}, did not show its new address when the run looked: \
                 look it up, and register it by hand if it is still wrong.",
                name.unwrap_or_default()
            ));
        }
    }
    if let Some(old) = computer(of, Place::Destination) {
        section.say(format!(
            "The destination's own old computer object `{}` is still in the directory, disabled. Delete \
             it when the cutover is accepted.",
            old.dn
        ));
    }
    if of.roots.host(Place::Destination)["os"] == "linux"
        && last_join(of, Place::Destination).is_some()
    {
        section.say(
            "The destination still holds the source's former keys in its keytab, so that clients with \
             older tickets are served. Remove them when the longest ticket lifetime is over.",
        );
    }
    section.say(
        "Certificates with the servers' names, DNS aliases that somebody made by hand, and backup and \
         monitoring that know the servers by address are not touched by a cutover: look at them.",
    );
    section.say(
        "Sealed secrets of this run stay in the state folder, useless without the key. Delete the folder, \
         or the key, when the cutover is accepted.",
    );
    Some(section)
}

fn snapshot<'a>(of: &Closing<'a>, place: Place) -> Option<&'a Value> {
    let taken: BTreeMap<_, _> = of.run.snapshots().iter().collect();
    let mut stages = of.plan.stages.iter().filter(|stage| stage.on == place);
    stages.find_map(|stage| taken.get(&stage.id).copied())
}

fn computer(of: &Closing<'_>, place: Place) -> Option<Computer> {
    serde_json::from_value(snapshot(of, place)?["computer"].clone()).ok()
}

/// What the last join of a server handed back.
fn last_join<'a>(of: &Closing<'a>, place: Place) -> Option<&'a Value> {
    let joins = of.plan.stages.iter().enumerate().rev();
    joins
        .filter(|(_, stage)| stage.on == place && stage.uses == "domain.join")
        .map(|(position, _)| of.run.stage(position))
        .find(|state| state.status.has_ended() && state.output.is_object())
        .map(|state| &state.output)
}

fn addresses(facts: &Facts) -> String {
    let all = facts.adapters.iter().flat_map(|adapter| &adapter.addresses);
    all.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn percent(of: &Closing<'_>, position: usize) -> String {
    format!("{}%", whole(of.plan.starts_at(position)))
}

/// The time of day, to the second.
fn clock(at: &str) -> String {
    at.get(11..19).unwrap_or(at).to_owned()
}

fn took(state: &StageState) -> String {
    let both = state.started_at.as_deref().zip(state.ended_at.as_deref());
    both.and_then(|(from, to)| seconds_between(from, to))
        .map(duration)
        .unwrap_or_default()
}
