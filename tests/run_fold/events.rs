//! Arbitrary plans and events.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use sms_plan::run::{
    Account, EVENT_VERSION, Event, EventKind, LOOK_AGAIN, Place, RETRY, Reach, Run, RunId,
    RunState, Shape, ShapeStage, StageId, WaitingFor,
};

/// A failing case belongs into a test of its own, not into a file beside the sources.
pub(super) fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

pub(super) fn run_id() -> RunId {
    RunId::new("r").expect("a run id")
}

pub(super) fn stage_id(position: usize) -> StageId {
    StageId::new(format!("s{position}")).expect("a stage id")
}

/// A plan of up to eight stages; each needs any of those before it.
pub(super) fn shape() -> impl Strategy<Value = Arc<Shape>> {
    let weight = prop_oneof![Just(0.0), 0.1..50.0_f64];
    let stage = (weight, any::<u8>(), 0..4_usize);
    (0.0..=100.0_f64, prop::collection::vec(stage, 1..8)).prop_map(|(begins, stages)| {
        let places = [
            Place::Source,
            Place::Destination,
            Place::Directory,
            Place::Orchestrator,
        ];
        let stages = stages.into_iter().enumerate();
        let stages = stages.map(|(position, (weight, needs, place))| ShapeStage {
            id: stage_id(position),
            weight,
            needs: (0..position)
                .filter(|need| needs >> need & 1 == 1)
                .collect(),
            on: places[place],
        });
        Arc::new(Shape {
            begins,
            stages: stages.collect(),
        })
    })
}

/// What may happen, to which stage, and what spoils the event's frame.
#[derive(Clone, Debug)]
pub(super) struct Happening {
    pub(super) stage: Option<usize>,
    pub(super) kind: EventKind,
    pub(super) spoilt: Option<Spoilt>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Spoilt {
    Version,
    Number,
    Run,
}

/// Anything at all; mostly to a stage of the plan.
pub(super) fn happening() -> impl Strategy<Value = Happening> {
    let stage = prop_oneof![8 => (0..8_usize).prop_map(Some), 3 => Just(None)];
    let spoilt = prop_oneof![
        30 => Just(None),
        1 => Just(Some(Spoilt::Version)),
        1 => Just(Some(Spoilt::Number)),
        1 => Just(Some(Spoilt::Run)),
    ];
    (stage, kind(), spoilt).prop_map(|(stage, kind, spoilt)| Happening {
        stage,
        kind,
        spoilt,
    })
}

fn kind() -> impl Strategy<Value = EventKind> {
    (0..KINDS).prop_map(kind_of)
}

const KINDS: usize = 25;

fn kind_of(number: usize) -> EventKind {
    let text = || "x".to_owned();
    let reach = || Reach {
        address: text(),
        name: text(),
        account: Account::Temporary,
    };
    match number {
        0 => EventKind::Skipped { reason: text() },
        1 => EventKind::Started {
            attempt: 1,
            token: Value::Bool(true),
            reach: Some(reach()),
            standing: None,
            saw: None,
        },
        2 => EventKind::Retrying {
            in_doubt: false,
            attempt: 1,
            delay_ms: 5,
            error: vec![text()],
        },
        3 => EventKind::Succeeded {
            attempt: 1,
            output: Value::Bool(true),
            reach: Some(reach()),
            duration_ms: 1,
            settled: None,
        },
        4 => EventKind::Adopted {
            by: text(),
            reason: text(),
            verified: false,
            output: Value::Null,
            reach: None,
        },
        5 => EventKind::Failed {
            in_doubt: false,
            attempt: 1,
            error: vec![text()],
        },
        6 => EventKind::Waiting {
            why: WaitingFor::Approval,
            message: text(),
            until: None,
        },
        7 => EventKind::Approved {
            by: text(),
            reason: text(),
            begins: false,
        },
        8 => EventKind::Rejected {
            by: text(),
            reason: text(),
        },
        9 => EventKind::OverrideAccepted {
            what: text(),
            by: text(),
            reason: text(),
        },
        10 => EventKind::UndoStarted {
            attempt: 1,
            standing: None,
            saw: None,
        },
        11 => EventKind::Undone { settled: None },
        12 => EventKind::UndoFailed {
            attempt: 1,
            delay_ms: None,
            in_doubt: false,
            waiting: None,
            error: vec![text()],
        },
        13 => EventKind::Snapshot { data: Value::Null },
        14 => EventKind::LeaseTaken {
            epoch: 7,
            machine: text(),
            pid: 1,
            took_over: None,
        },
        15 => EventKind::RunResumed {
            by: text(),
            rolling_back: false,
        },
        16 => EventKind::Stopped { reason: text() },
        17 => edit(None),
        22 => edit(Some(&[1, 0])),
        23 => edit(Some(&[0, 1, 2, 3, 4, 5, 6, 7, 8])),
        18 => EventKind::Approved {
            by: text(),
            reason: text(),
            begins: true,
        },
        19 => EventKind::HeldBack { by: text() },
        20 => EventKind::OverrideAccepted {
            what: LOOK_AGAIN.to_owned(),
            by: text(),
            reason: text(),
        },
        21 => EventKind::OverrideAccepted {
            what: RETRY.to_owned(),
            by: text(),
            reason: text(),
        },
        _ => EventKind::RunEnded {
            state: RunState::Failed,
        },
    }
}

/// An edit, to a plan of these stages, in this order and without needs.
fn edit(stages: Option<&[usize]>) -> EventKind {
    let shape = stages.map(|stages| Shape {
        begins: 1.0,
        stages: stages
            .iter()
            .map(|stage| ShapeStage {
                id: stage_id(*stage),
                weight: 2.0,
                needs: Vec::new(),
                on: Place::Source,
            })
            .collect(),
    });
    EventKind::PlanEdited {
        changes: vec!["x".to_owned()],
        by: "x".to_owned(),
        reason: String::new(),
        accepted: Vec::new(),
        touched: vec![stage_id(0)],
        plan: None,
        inventory: None,
        shape,
    }
}

/// The event that would come next in the journal of `run`.
pub(super) fn next_event(run: &Run, happening: &Happening) -> Event {
    let stages = run.shape().stages.len();
    let mut event = Event {
        v: EVENT_VERSION,
        seq: run.seq() + 1,
        at: "2027-01-15T08:00:00.000Z".to_owned(),
        run: run_id(),
        percent: 0.0,
        // One past the last stage is a stage that the plan does not have.
        stage: happening
            .stage
            .map(|position| stage_id(position % (stages + 1))),
        kind: happening.kind.clone(),
        hash: String::new(),
    };
    match happening.spoilt {
        Some(Spoilt::Version) => event.v += 1,
        Some(Spoilt::Number) => event.seq += 1,
        Some(Spoilt::Run) => event.run = RunId::new("other").expect("a run id"),
        None => {}
    }
    event
}
