//! Interrupted at every event of the shipped plan's journal, for each kind of pair, and resumed: the
//! end is the same as undisturbed, nothing that a look shows as done is repeated, nothing changes
//! without its durable `Started`, and nobody hears of what the journal does not hold.
//!
//! Every event of every kind takes minutes in a debug build, so a plain run takes a spread of them
//! and `SMS_PLAN_LONG=1` all.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use sms_plan::action::{Action, ActionError, Context, Manual, Pace, Prepared, Registry};
use sms_plan::plan::Signature;
use sms_plan::rehearse::{Interruption, InterruptionKind, Rehearsal, Setting, rehearse};
use sms_plan::run::{Event, Outcome, Probe, RunState, ShapeStage, StageStatus, Standing};
use sms_plan::simulated::{End, Fault, FaultKind, looking_at};

use super::any_run::PAIRS;
use super::{example, held, why};

/// Of how many cases a plain run takes one, so that all of them together last some ten seconds.
const SPREAD: usize = 24;

/// Each case in a long run; in a plain one some of them, others for each kind of pair.
fn spread<T>(cases: Vec<T>, offset: usize) -> Vec<T> {
    if std::env::var_os("SMS_PLAN_LONG").is_some() {
        return cases;
    }
    let cases = cases.into_iter().skip(offset % SPREAD);
    cases.step_by(SPREAD).collect()
}

/// An action that is looked at before each attempt but the first, to see whether it is a repeat.
struct Watched {
    inner: Arc<dyn Action>,
    repeats: Repeats,
}

type Repeats = Arc<Mutex<Vec<String>>>;

#[async_trait]
impl Action for Watched {
    fn signature(&self) -> Signature {
        self.inner.signature()
    }

    fn pace(&self) -> Pace {
        self.inner.pace()
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        self.inner.superseded_by()
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        self.inner.probe(cx).await
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        self.inner.prepare(cx).await
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        if cx.attempt > 1 {
            let id = &cx.stage().id;
            let probe = looking_at(id, self.inner.probe(cx)).await;
            if let Ok(probe) = probe
                && probe.standing == Standing::After
            {
                let repeat = format!("`{id}` is repeated: {}", probe.saw);
                self.repeats.lock().unwrap().push(repeat);
            }
        }
        self.inner.apply(cx).await
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        self.inner.undo(cx).await
    }

    fn book(&self, cx: &Context) -> Manual {
        self.inner.book(cx)
    }
}

/// Everything by which two finished cutovers are compared, one line a thing.
fn final_of(rehearsal: &Rehearsal) -> Vec<String> {
    let Rehearsal { run, end, .. } = rehearsal;
    // How long clients had to wait is the only thing that an interruption may change.
    let end = End {
        outage: Duration::ZERO,
        outage_span: None,
        ..end.clone()
    };
    let stages: Vec<String> = run
        .stages()
        .map(|(shape, stage)| {
            let (id, status, output) = (&shape.id, stage.status, lasting(&stage.output));
            format!("{id} {status:?}: {output}")
        })
        .collect();
    let found: String = stages
        .iter()
        .filter(|line| line.starts_with("connect-"))
        .map(String::as_str)
        .collect();
    let members = rehearsal.end.members.values();
    let made: Vec<&str> = members
        .map(|member| member.guid.as_str())
        .filter(|guid| !found.contains(guid))
        .collect();
    let end = format!("{end:#?}");
    let state = format!("{:?}", run.state());
    let lines = end.lines().map(str::to_owned);
    let lines = [state].into_iter().chain(stages).chain(lines);
    lines.map(|line| made_alike(line, &made)).collect()
}

/// An output without the time that was waited, which is a measure and no state.
fn lasting(output: &Value) -> Value {
    let mut output = output.clone();
    if let Some(fields) = output.as_object_mut() {
        fields.remove("seconds");
    }
    output
}

/// Names the objects that the run itself made: their GUIDs are drawn in the order of events.
fn made_alike(line: String, made: &[&str]) -> String {
    // When a password was set, as the directory counts time: it changes with the time of the join.
    let number = line.trim().trim_end_matches(',');
    if number.len() == 18 && number.chars().all(|sign| sign.is_ascii_digit()) {
        return "a time".to_owned();
    }
    made.iter()
        .fold(line, |line, guid| line.replace(guid, "made by the run"))
}

/// The lines that only one of two ends has.
fn difference(expected: &[String], end: &[String]) -> Vec<String> {
    let without = |these: &[String], those: &[String], sign: char| -> Vec<String> {
        let only = these.iter().filter(|line| !those.contains(line));
        only.map(|line| format!("{sign} {line}")).collect()
    };
    let missing = without(expected, end, '-');
    missing
        .into_iter()
        .chain(without(end, expected, '+'))
        .collect()
}

/// Holds a rehearsal and asks what no run may do whatever becomes of it.
async fn watched(setting: &Setting, what: &str) -> Rehearsal {
    let repeats = Repeats::default();
    let watch = |inner| -> Arc<dyn Action> {
        let repeats = Arc::clone(&repeats);
        Arc::new(Watched { inner, repeats })
    };
    let setting = Setting {
        registry: Arc::new(Registry::of(setting.registry.all().map(watch).collect())),
        ..setting.clone()
    };
    let mut heard: Vec<Event> = Vec::new();
    let rehearsal = rehearse(&setting, &mut |event, _| heard.push(event.clone()))
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!(repeats.lock().unwrap()[..], [""; 0], "{what}");
    // The twin has compared each change with the journal of that moment.
    assert_eq!(rehearsal.end.wrongs, [""; 0], "{what}");
    for event in &heard {
        let durable = rehearsal.events.contains(event);
        assert!(durable, "{what}: told, and not in the journal: {event:?}");
    }
    assert!(heard.is_sorted_by_key(|event| event.seq), "{what}");
    rehearsal
}

/// Disturbs each pair's run in each way that it offers, and compares the ends.
async fn disturbed(resumes: u32, ways: impl Fn(&Rehearsal) -> Vec<Way>) {
    let mut wrong: Vec<String> = Vec::new();
    for (offset, pair) in PAIRS.iter().enumerate() {
        for parallel in [1, 4] {
            let calm = Setting {
                parallel,
                resumes,
                ..example(pair)
            };
            let undisturbed = held(&calm).await;
            let expected = final_of(&undisturbed);
            assert_eq!(undisturbed.run.state(), RunState::Succeeded, "{pair}");
            for way in spread(ways(&undisturbed), offset) {
                let what = format!("{pair}, --parallel {parallel}, {way:?}");
                let (interruptions, faults) = match way {
                    Way::Interrupted(interruption) => (vec![interruption], Vec::new()),
                    Way::Fault(fault) => (Vec::new(), vec![fault]),
                };
                let setting = Setting {
                    interruptions,
                    faults,
                    ..calm.clone()
                };
                let rehearsal = watched(&setting, &what).await;
                assert_eq!(rehearsal.unreached, [], "{what}");
                let differs = difference(&expected, &final_of(&rehearsal));
                if !differs.is_empty() {
                    let why = why(&rehearsal.run);
                    wrong.push(format!("{what}: {why}\n{}", differs.join("\n")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[derive(Debug)]
enum Way {
    Interrupted(Interruption),
    Fault(Fault),
}

/// Each of these at each event.
fn at_every_event(calm: &Rehearsal, kinds: &[InterruptionKind]) -> Vec<Way> {
    let events = 1..=calm.run.seq();
    let each = |event| {
        kinds.iter().map(move |kind| {
            let kind = *kind;
            Way::Interrupted(Interruption { event, kind })
        })
    };
    events.flat_map(each).collect()
}

/// Each of these at each stage that ran.
fn at_every_stage(calm: &Rehearsal, kinds: &[FaultKind]) -> Vec<Way> {
    let ran = calm.run.stages();
    let ran = ran.filter(|(_, stage)| stage.status == StageStatus::Succeeded);
    let each = |(shape, _): (&ShapeStage, _)| {
        let stage = shape.id.clone();
        kinds.iter().map(move |kind| {
            let (stage, kind) = (stage.clone(), *kind);
            Way::Fault(Fault { stage, kind })
        })
    };
    ran.flat_map(each).collect()
}

#[tokio::test(start_paused = true)]
async fn power_is_lost_before_and_after_every_event() {
    let cuts = [InterruptionKind::PowerBefore, InterruptionKind::PowerAfter];
    // The orchestrator comes back by itself: nobody resumes anything.
    disturbed(0, |calm| at_every_event(calm, &cuts)).await;
}

#[tokio::test(start_paused = true)]
async fn power_is_lost_while_any_stage_acts() {
    disturbed(0, |calm| at_every_stage(calm, &[FaultKind::PowerCut])).await;
}

#[tokio::test(start_paused = true)]
async fn a_person_stops_it_at_every_event() {
    let stops = [InterruptionKind::Finish, InterruptionKind::Abort];
    disturbed(1, |calm| at_every_event(calm, &stops)).await;
}

#[tokio::test(start_paused = true)]
async fn any_stage_fails_and_is_resumed() {
    disturbed(1, |calm| at_every_stage(calm, &[FaultKind::Refused])).await;
}
