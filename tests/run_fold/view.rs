//! What actions may know, kept up event by event, against the same read off the run anew.

use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};
use sms_plan::action::{Registry, View};
use sms_plan::plan::{Inventory, Plan, Source, load_inventory, load_plan};
use sms_plan::run::{EventKind, Run, Shape};

use super::events::{config, happening, next_event, run_id, shape};

/// A plan of this shape whose stages are notes.
fn plan_of(shape: &Shape) -> Plan {
    let mut text =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n"
            .to_owned();
    for stage in &shape.stages {
        writeln!(
            text,
            "  - {{ id: {}, description: x, on: {}, uses: control.note, with: {{ text: x }} }}",
            stage.id, stage.on
        )
        .expect("a text takes everything");
    }
    let source = Source::from_text("plan.yaml", text);
    load_plan(&source, &Registry::standard().catalogue())
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
        .value
}

fn inventory() -> Inventory {
    let text = "
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: pair }
hosts:
  source: { name: fs01, address: 127.0.0.1, os: linux, credential: root }
  destination: { name: fs02, address: 127.0.0.2, os: linux, credential: root }
credentials:
  root: { username: root, privateKey: key }
";
    load_inventory(&Source::from_text("inventory.yaml", text))
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
        .value
}

/// What a stage may hand back, from nothing to what concerns its host.
fn output() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        4 => (0..9).prop_map(|n| json!({ "n": n })),
        1 => (0..9).prop_map(|n| json!({ "facts": { "n": n } })),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_view_that_is_kept_up_equals_one_that_is_read_anew(
        shape in shape(),
        happenings in prop::collection::vec((happening(), output(), any::<bool>()), 0..60),
    ) {
        let (plan, inventory) = (plan_of(&shape), inventory());
        let mut run = Run::new(run_id(), Arc::clone(&shape));
        let mut view = View::of(&plan, &inventory, &run);
        for (mut happening, handed_back, moves) in happenings {
            // An engine meets no edit: it begins with the edited plan.
            if matches!(happening.kind, EventKind::PlanEdited { .. }) {
                continue;
            }
            match &mut happening.kind {
                EventKind::Started { token, reach, .. } => {
                    *token = handed_back;
                    reach.take_if(|_| !moves);
                }
                EventKind::Succeeded { output, reach, .. } => {
                    *output = handed_back;
                    reach.take_if(|_| !moves);
                }
                EventKind::Adopted { output, .. } => *output = handed_back,
                _ => {}
            }
            let event = next_event(&run, &happening);
            if run.fold(&event).is_err() {
                continue;
            }
            let anew = View::of(&plan, &inventory, &run);
            if view.learn(&event, &run) {
                prop_assert_eq!(&view, &anew, "{:?}", event);
            } else {
                view = anew;
            }
        }
    }
}

#[test]
fn most_of_what_a_run_learns_needs_no_reading_anew() {
    let stages = "on: orchestrator, uses: control.note, with: { text: x }, description: x }";
    let text = format!(
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: a, version: b }}\nstages:\n  - {{ id: s0, {stages}\n  - {{ id: s1, {stages}\n"
    );
    let source = Source::from_text("plan.yaml", text);
    let plan = load_plan(&source, &Registry::standard().catalogue())
        .unwrap_or_else(|faults| panic!("{faults:#?}"))
        .value;
    let mut run = Run::new(run_id(), sms_plan::engine::shape_of(&plan));
    let mut view = View::of(&plan, &inventory(), &run);
    let kinds = [
        EventKind::Started {
            attempt: 1,
            token: json!(1),
            reach: None,
            standing: None,
            saw: None,
        },
        EventKind::Succeeded {
            attempt: 1,
            output: json!({ "text": "x" }),
            reach: None,
            duration_ms: 1,
            settled: None,
        },
    ];
    for stage in 0..2 {
        for kind in &kinds {
            let happening = super::events::Happening {
                stage: Some(stage),
                kind: kind.clone(),
                spoilt: None,
            };
            let event = next_event(&run, &happening);
            run.fold(&event).expect("it fits");
            assert!(view.learn(&event, &run), "{event:?}");
        }
    }
}
