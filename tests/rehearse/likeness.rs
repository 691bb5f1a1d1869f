//! A real run and the rehearsal on its twin, side by side: everything that must be the same.
//!
//! What differs between any two runs (names of runs and boots, new objects, times, new keys) is
//! replaced by names that say which one it is: "boot 2" is the second that the journal speaks of.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sms_plan::action::Registry;
use sms_plan::engine::shape_of;
use sms_plan::plan::Plan;
use sms_plan::rehearse::{Rehearsal, Setting, Then, rehearse};
use sms_plan::run::{Event, EventKind, Place, Run};
use sms_plan::simulated::{Assumptions, End, Observed, Tempo};

/// A run as it was kept.
pub(crate) struct Recorded {
    pub(crate) plan: String,
    pub(crate) inventory: String,
    pub(crate) events: Vec<Event>,
}

/// How servers and domain stand after a run, in the words of nobody.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    pub(crate) names: BTreeMap<Place, String>,
    pub(crate) addresses: BTreeMap<Place, Vec<String>>,
    pub(crate) alternates: BTreeMap<Place, Vec<String>>,
    /// The account that each server is a member by.
    pub(crate) members: BTreeMap<Place, String>,
    pub(crate) accounts: BTreeMap<String, Account>,
    pub(crate) dns: BTreeMap<String, Vec<IpAddr>>,
    pub(crate) restarts: BTreeMap<Place, u32>,
    /// Local accounts of the run, and fences, that are left.
    pub(crate) left: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) dn: String,
    /// `objectGUID` and `objectSid`; `None` for one that the run has made.
    pub(crate) identity: Option<(String, String)>,
    pub(crate) enabled: bool,
    pub(crate) spns: Vec<String>,
    pub(crate) dns_host_name: Option<String>,
    pub(crate) additional_dns_host_names: Vec<String>,
    pub(crate) groups: Vec<String>,
}

impl Recorded {
    /// One of the runs that were made in the lab.
    pub(crate) fn fixture(name: &str) -> Self {
        let text = |ending: &str| {
            let path = fixture(name, ending);
            std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        let lines = text("jsonl");
        let lines = lines.lines();
        Self {
            plan: text("plan.yaml"),
            inventory: text("inventory.yaml"),
            events: lines
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        }
    }

    /// Keeps the run for [`Recorded::fixture`].
    pub(crate) fn keep(&self, name: &str, end: &Standing) {
        let write = |ending: &str, text: &str| std::fs::write(fixture(name, ending), text).unwrap();
        let lines = self.events.iter().map(sms_plan::report::event_json);
        write("jsonl", &lines.collect::<String>());
        write("plan.yaml", &self.plan);
        write("inventory.yaml", &self.inventory);
        let end = serde_json::to_string_pretty(end).unwrap();
        write("end.json", &format!("{end}\n"));
    }

    /// Rehearses the run on its twin.
    pub(crate) fn rehearsed(&self, parallel: usize) -> Rehearsal {
        let registry = Registry::standard();
        let plan = super::plan(&self.plan, &registry);
        let run = self.run(&plan);
        let setting = Setting {
            until: None,
            then: Then::Nothing,
            observed: Some(Arc::new(Observed::of(&plan, &run).unwrap())),
            plan: Arc::new(plan),
            inventory: Arc::new(super::inventory("run.yaml", &self.inventory)),
            registry: Arc::new(registry),
            assumptions: Assumptions::default(),
            tempo: Tempo::default(),
            seed: 1,
            faults: Vec::new(),
            interruptions: Vec::new(),
            decisions: Vec::new(),
            parallel,
            resumes: 0,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime
            .block_on(rehearse(&setting, &mut |_, _| {}))
            .unwrap()
    }

    fn run(&self, plan: &Plan) -> Run {
        let id = self.events[0].run.clone();
        Run::read(id, shape_of(plan), &self.events).unwrap()
    }

    /// `objectGUID` of each account that was there at the beginning.
    pub(crate) fn objects(&self) -> Vec<String> {
        let snapshots = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Snapshot { data } => data["computer"]["guid"].as_str(),
            _ => None,
        });
        snapshots.map(str::to_owned).collect()
    }

    /// What happened on each host and off them: in its order and with the percents where stages ran
    /// one at a time, else stage by stage, for then both depend on which host was faster.
    pub(crate) fn told(
        &self,
        events: &[Event],
        one_at_a_time: bool,
    ) -> BTreeMap<(Place, String), Vec<String>> {
        let plan = super::plan(&self.plan, &Registry::standard());
        let mut names = BTreeMap::<Place, Names>::new();
        let mut told = BTreeMap::<(Place, String), Vec<String>>::new();
        for event in events {
            let place = event.stage.as_ref().map_or(Place::Orchestrator, |stage| {
                plan.stage(stage).expect("a stage of the plan").on
            });
            let names = names.entry(place).or_insert_with(|| Names {
                objects: self.objects(),
                ..Names::default()
            });
            let line = names.line(event);
            let stage = event.stage.as_ref().map_or("", |stage| stage.as_str());
            let (part, line) = if one_at_a_time {
                let line = line.map(|line| format!("{:.0}% {stage} {line}", event.percent));
                ("", line)
            } else {
                (stage, line)
            };
            told.entry((place, part.to_owned()))
                .or_default()
                .extend(line);
        }
        told
    }
}

/// Where a recorded run is kept.
pub(crate) fn fixture(name: &str, ending: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/lab");
    PathBuf::from(folder).join(format!("{name}.{ending}"))
}

/// How the twin stands at the end; `before` are the objects that were there at the beginning.
pub(crate) fn standing(end: &End, before: &[String]) -> Standing {
    let accounts = end.accounts.iter().map(|(name, computer)| {
        let guid = computer.guid.to_string();
        let identity = before.contains(&guid);
        let account = Account {
            dn: computer.dn.clone(),
            identity: identity.then(|| (guid, computer.sid.to_string())),
            enabled: computer.enabled,
            spns: computer.spns.clone(),
            dns_host_name: computer.dns_host_name.clone(),
            additional_dns_host_names: computer.additional_dns_host_names.clone(),
            groups: computer.groups.clone(),
        };
        (name.clone(), account)
    });
    let members = end.members.iter().filter(|(_, member)| member.trusted);
    let members = members.map(|(place, member)| {
        let named = end.accounts.iter();
        let name = named
            .filter(|(_, computer)| computer.guid.to_string() == member.guid)
            .map(|(name, _)| name.clone());
        (*place, name.collect())
    });
    let accounts_left = end
        .temporary_accounts
        .iter()
        .map(|at| format!("account: {at}"));
    let fences = end.fences.iter().map(|at| format!("fence: {at}"));
    Standing {
        names: end.names.clone(),
        addresses: end.addresses.clone(),
        alternates: end.alternates.clone(),
        members: members.collect(),
        accounts: accounts.collect(),
        dns: end.dns.clone(),
        restarts: end.restarts.clone(),
        left: accounts_left.chain(fences).collect(),
    }
}

/// Both line by line, what they share left out; nothing where they are the same.
pub(crate) fn differences(lab: &impl Debug, twin: &impl Debug) -> String {
    let mut out = String::new();
    let (lab, twin) = (format!("{lab:#?}"), format!("{twin:#?}"));
    let (lab, twin): (Vec<_>, Vec<_>) = (lab.lines().collect(), twin.lines().collect());
    for at in 0..lab.len().max(twin.len()) {
        let (is, should_be) = (twin.get(at), lab.get(at));
        if is != should_be {
            out.extend(["lab:  ", should_be.unwrap_or(&"nothing"), "\n"]);
            out.extend(["twin: ", is.unwrap_or(&"nothing"), "\n"]);
        }
    }
    out
}

/// The names that are given to what differs between runs.
#[derive(Default)]
struct Names {
    /// `objectGUID` of the accounts that were there before.
    objects: Vec<String>,
    given: BTreeMap<(&'static str, String), usize>,
}

impl Names {
    fn name(&mut self, kind: &'static str, value: &str) -> String {
        let same = self.given.keys().filter(|(of, _)| *of == kind).count();
        let number = self
            .given
            .entry((kind, value.to_owned()))
            .or_insert(same + 1);
        format!("{kind} {number}")
    }

    /// An event in one line; `None` for what says who drives.
    fn line(&mut self, event: &Event) -> Option<String> {
        let mut value = match &event.kind {
            EventKind::LeaseTaken { .. } => return None,
            // The files that a snapshot of Linux keeps (smb.conf, hosts and others) are texts of
            // their own to a twin: it keeps what they mean. Its facts are what matters to the run.
            EventKind::Snapshot { data } => json!({
                "facts": data["host"]["facts"],
                "computer": data["computer"],
                "descriptor": data["descriptor"],
            }),
            kind => serde_json::to_value(kind).unwrap(),
        };
        if let Some(fields) = value.as_object_mut() {
            // Times, the version of the program, and what a look saw in its own words.
            for field in ["durationMs", "delayMs", "program", "saw"] {
                fields.remove(field);
            }
        }
        self.rename(&mut value, "", event.run.as_str());
        Some(format!("{} {value}", event.kind.name()))
    }

    fn rename(&mut self, value: &mut Value, key: &str, run: &str) {
        match value {
            Value::Object(fields) => {
                // An object of the directory that a join has made: its identifiers are drawn anew.
                let guid = fields.get("objectGuid").and_then(Value::as_str);
                let made = guid.is_some_and(|guid| !self.objects.iter().any(|known| known == guid));
                if made {
                    fields.insert("objectGuid".to_owned(), json!("a new one"));
                }
                for (key, field) in fields.iter_mut() {
                    if made && key == "objectSid" {
                        *field = json!("a new one");
                    }
                    self.rename(field, key, run);
                }
            }
            Value::Array(items) => {
                // In whatever order a machine lists its accounts.
                if key == "accounts" {
                    items.sort_by_key(ToString::to_string);
                }
                for item in items {
                    self.rename(item, key, run);
                }
            }
            Value::String(text) => match key {
                "boot" | "endedBoot" => *text = self.name("boot", text),
                "publicKey" => *text = self.name("key", text),
                _ => *text = text.replace(run, "RUN"),
            },
            Value::Number(_) if key == "seconds" => *value = json!("some"),
            _ => {}
        }
    }
}
