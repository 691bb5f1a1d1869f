//! A run whose plan was edited: what it knows of its stages stays with their names.

use std::sync::Arc;

use serde_json::{Value, json};
use sms_plan::run::{
    EVENT_VERSION, EditedFile, Event, EventKind, FoldError, Place, Run, Shape, ShapeStage, StageId,
    StageStatus,
};

use super::events::run_id;

fn stage(id: &str) -> StageId {
    StageId::new(id).expect("a stage id")
}

/// Stages of weight 1, each needing the one before it.
fn chain(ids: &[&str]) -> Shape {
    let stages = ids.iter().enumerate().map(|(position, id)| ShapeStage {
        id: stage(id),
        weight: 1.0,
        needs: position.checked_sub(1).into_iter().collect(),
        on: Place::Source,
    });
    Shape {
        begins: 0.0,
        stages: stages.collect(),
    }
}

fn edit(shape: Option<Shape>) -> EventKind {
    EventKind::PlanEdited {
        changes: vec!["b: timeout: 1m -> 2m".to_owned()],
        by: "me@desk".to_owned(),
        reason: "mended by hand".to_owned(),
        accepted: vec!["a: with/text: x -> y".to_owned()],
        touched: vec![stage("b")],
        plan: shape.is_some().then(|| EditedFile {
            digest: "0".repeat(64),
            text: "a: plan".to_owned(),
        }),
        inventory: None,
        shape,
    }
}

fn happens(run: &mut Run, of: Option<&str>, kind: EventKind) -> Result<(), FoldError> {
    run.fold(&Event {
        v: EVENT_VERSION,
        seq: run.seq() + 1,
        at: "2027-01-15T08:00:00.000Z".to_owned(),
        run: run_id(),
        percent: 0.0,
        stage: of.map(stage),
        kind,
        hash: String::new(),
    })
}

fn started() -> EventKind {
    EventKind::Started {
        attempt: 1,
        token: Value::Null,
        reach: None,
        standing: None,
        saw: None,
    }
}

fn succeeded() -> EventKind {
    EventKind::Succeeded {
        attempt: 1,
        output: json!({ "by": "a" }),
        reach: None,
        duration_ms: 1,
        settled: None,
    }
}

/// A run of `a -> b -> c` in which `a` has ended.
fn begun() -> Run {
    let mut run = Run::new(run_id(), Arc::new(chain(&["a", "b", "c"])));
    happens(&mut run, Some("a"), started()).expect("it fits");
    happens(&mut run, Some("a"), succeeded()).expect("it fits");
    run
}

fn statuses(run: &Run) -> Vec<(String, StageStatus)> {
    let stages = run.stages();
    stages
        .map(|(shape, state)| (shape.id.to_string(), state.status))
        .collect()
}

#[test]
fn stages_keep_what_is_known_of_them_by_their_names() {
    let mut run = begun();
    let shape = chain(&["new", "a", "c", "d"]);
    let foreseen = run
        .foresee(&[(None, edit(Some(shape.clone())))])
        .expect("it fits");
    happens(&mut run, None, edit(Some(shape))).expect("it fits");
    let expected = [
        ("new", StageStatus::Pending),
        ("a", StageStatus::Succeeded),
        ("c", StageStatus::Pending),
        ("d", StageStatus::Pending),
    ];
    assert_eq!(
        statuses(&run),
        expected.map(|(id, status)| (id.to_owned(), status))
    );
    assert_eq!(run.stage(1).output, json!({ "by": "a" }));
    assert_eq!(run.position(&stage("b")), None);
    assert!(
        (run.percent() - 25.0).abs() < f64::EPSILON,
        "{}",
        run.percent()
    );
    assert!((foreseen[0] - run.percent()).abs() < f64::EPSILON);
    assert_eq!(run.edits(), 1);
    assert_eq!(
        run.edited_plan().map(|file| file.text.as_str()),
        Some("a: plan")
    );
    assert_eq!(run.edited_inventory(), None);
    let accepted = &run.accepted()[0];
    assert_eq!(
        (
            accepted.what.as_str(),
            accepted.by.as_str(),
            accepted.reason.as_str()
        ),
        ("edit: a: with/text: x -> y", "me@desk", "mended by hand")
    );
}

#[test]
fn each_edit_counts_and_keeps_the_other_file_as_it_was() {
    let mut run = begun();
    happens(&mut run, None, edit(Some(chain(&["a", "b", "c"])))).expect("it fits");
    let EventKind::PlanEdited { plan, .. } = edit(Some(Shape::default())) else {
        unreachable!("it is an edit")
    };
    let mut of_the_inventory = edit(None);
    if let EventKind::PlanEdited { inventory, .. } = &mut of_the_inventory {
        inventory.clone_from(&plan);
    }
    happens(&mut run, None, of_the_inventory).expect("it fits");
    assert_eq!(run.edits(), 2);
    assert_eq!(run.edited_plan(), plan.as_ref());
    assert_eq!(run.edited_inventory(), plan.as_ref());
}

#[test]
fn what_follows_an_edit_happens_to_the_edited_plan() {
    let run = begun();
    let kinds = vec![
        (None, edit(Some(chain(&["a", "new"])))),
        (Some(stage("new")), succeeded()),
    ];
    let drafts = run.drafts("2027", kinds.clone()).expect("they fit");
    let percents: Vec<f64> = drafts.iter().map(|draft| draft.percent).collect();
    assert_eq!(percents, [50.0, 100.0]);
    // An edit is never hidden among other events: what stands before it is of another plan.
    let late = kinds.into_iter().rev().collect();
    assert!(run.drafts("2027", late).is_err());
}

#[test]
fn a_stage_that_has_begun_is_not_lost() {
    for status in ["ended", "begun", "held back"] {
        let mut run = begun();
        let lost = match status {
            "ended" => "a",
            "begun" => {
                happens(&mut run, Some("b"), started()).expect("it fits");
                "b"
            }
            _ => {
                let by = "me".to_owned();
                happens(&mut run, Some("b"), EventKind::HeldBack { by }).expect("it fits");
                "b"
            }
        };
        let rest: Vec<&str> = ["a", "b", "c"]
            .into_iter()
            .filter(|id| *id != lost)
            .collect();
        let before = format!("{run:?}");
        let refused = happens(&mut run, None, edit(Some(chain(&rest))));
        assert!(
            matches!(&refused, Err(FoldError::LosesStage { stage, .. }) if stage.as_str() == lost),
            "{status}: {refused:?}"
        );
        assert_eq!(format!("{run:?}"), before, "{status}");
    }
}

#[test]
fn a_shape_that_no_plan_has_is_refused() {
    let mut twice = chain(&["a", "b", "b"]);
    twice.stages[2].needs.clear();
    let mut forwards = chain(&["a", "b", "c"]);
    forwards.stages[1].needs = vec![2];
    let mut itself = chain(&["a", "b", "c"]);
    itself.stages[1].needs = vec![1];
    for shape in [twice, forwards, itself] {
        let refused = happens(&mut begun(), None, edit(Some(shape)));
        assert!(
            matches!(refused, Err(FoldError::Unsound { .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn an_edit_of_before_this_version_changes_nothing_and_is_written_as_it_was_read() {
    let old = r#"{"event":"PlanEdited","changes":["/defaults/timeout 15m -> 30m"]}"#;
    let kind: EventKind = serde_json::from_str(old).expect("an old event");
    assert_eq!(serde_json::to_string(&kind).expect("JSON"), old);
    let mut run = begun();
    let before = statuses(&run);
    happens(&mut run, None, kind).expect("it fits");
    assert_eq!(statuses(&run), before);
    assert_eq!(run.edited_plan(), None);
}

#[test]
fn a_run_knows_what_an_edit_touched_and_what_has_begun_since() {
    let mut run = begun();
    happens(&mut run, None, edit(None)).expect("it fits");
    let marks = |run: &Run| -> Vec<(bool, bool)> {
        run.stages()
            .map(|(_, s)| (s.touched, s.begun_since))
            .collect()
    };
    assert_eq!(marks(&run), [(false, false), (true, false), (false, false)]);
    happens(&mut run, Some("b"), started()).expect("it fits");
    assert_eq!(marks(&run), [(false, false), (true, true), (false, false)]);
}
