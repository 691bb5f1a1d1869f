//! Going on with an edited plan: what has not begun follows the edit, what has stays as it was.

use proptest::prelude::*;
use sms_plan::run::{EventKind, Run, RunState, StageStatus};

use super::bench::{Bench, statuses};
use super::cut::Cut;
use super::stand::Fault;

const PLAN: &str = "
    id: a, on: source
    id: b, on: source, needs: [a], weight: 1
    id: c, on: destination, needs: [b]
    id: d, needs: [c]
";

/// A run of which `a` has ended and `b` has failed in its first attempt.
async fn failed_at_b() -> Bench {
    let mut bench = Bench::new(PLAN);
    bench.stand.order("b", &[Fault::Final]);
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    bench
}

/// What is refused of an edit, one line each.
async fn refused(stages: &str, accept: &[&str]) -> Vec<String> {
    let mut bench = failed_at_b().await;
    let events = bench.journal().len();
    let refused = bench
        .resume_edited(stages, accept)
        .await
        .expect("no cut")
        .expect_err("it comes too late");
    assert_eq!(
        bench.journal().len(),
        events + 1,
        "only the lease was taken"
    );
    let line = |one: &sms_plan::engine::Refused| {
        let last = if one.instead.is_some() { "; never" } else { "" };
        format!("{}: {}{last}", one.with_stage(), one.why)
    };
    refused.iter().map(line).collect()
}

async fn taken(stages: &str, accept: &[&str]) -> (Bench, Run) {
    let mut bench = failed_at_b().await;
    let run = bench
        .resume_edited(stages, accept)
        .await
        .expect("no cut")
        .unwrap_or_else(|refused| panic!("{refused:?}"));
    bench.check("edited");
    assert_eq!(run.state(), RunState::Succeeded, "{:#?}", bench.lines());
    (bench, run)
}

#[tokio::test(start_paused = true)]
async fn what_has_not_begun_follows_the_edit() {
    let (bench, run) = taken(
        "
        id: first
        id: a, on: source
        id: b, on: source, needs: [a], timeout: 9m
        id: between, on: source, needs: [b]
        id: e, needs: [between], weight: 3
        ",
        &[],
    )
    .await;
    // `d` did nothing that `e` does not do, but it needed `c`, which is gone.
    assert_eq!(
        bench.stand.attempts(),
        ["a", "b", "first", "b", "between", "e"]
    );
    let ended: Vec<String> = statuses(&run).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ended, ["first", "a", "b", "between", "e"]);
    assert!(
        run.stages()
            .all(|(_, stage)| stage.status == StageStatus::Succeeded)
    );
    let Some(EventKind::PlanEdited {
        changes,
        by,
        reason,
        accepted,
        shape,
        plan,
        ..
    }) = bench
        .journal()
        .into_iter()
        .map(|event| event.kind)
        .find(|kind| matches!(kind, EventKind::PlanEdited { .. }))
    else {
        panic!("{:#?}", bench.lines());
    };
    insta::assert_snapshot!(changes.join("\n"));
    assert_eq!((by.as_str(), reason.as_str()), ("admin@desk", ""));
    assert!(accepted.is_empty() && shape.is_some() && plan.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_has_begun_is_refused_with_its_stage_and_field() {
    let edited = PLAN
        .replace(
            "id: a, on: source",
            "id: a, on: source, with: { secret: x }",
        )
        .replace("needs: [a], weight: 1", "needs: [], weight: 2")
        .replace("id: d, needs: [c]", "id: d, needs: [c], timeout: 2m");
    assert_eq!(
        refused(&edited, &[]).await,
        [
            "a: with/secret: + x: it has ended",
            "b: needs: - a: it has begun"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn accepted_stage_by_stage_it_is_taken_and_journaled() {
    let edited = PLAN
        .replace(
            "id: a, on: source",
            "id: a, on: source, with: { secret: x }",
        )
        .replace("needs: [a], weight: 1", "needs: [a], with: { forget: y }");
    assert_eq!(
        refused(&edited, &["a"]).await,
        ["b: with/forget: + y: it has begun"]
    );
    let (bench, run) = taken(&edited, &["a", "b"]).await;
    assert_eq!(
        bench.stand.attempts(),
        ["a", "b", "b", "c", "d"],
        "`a` stays as it was"
    );
    let accepted: Vec<&str> = run.accepted().iter().map(|one| one.what.as_str()).collect();
    assert_eq!(
        accepted,
        ["edit: a: with/secret: + x", "edit: b: with/forget: + y"]
    );
    assert!(
        run.accepted()
            .iter()
            .all(|one| one.reason == "it was done by hand")
    );
}

#[tokio::test(start_paused = true)]
async fn another_action_another_name_or_none_is_never_accepted() {
    let all = ["a", "b"];
    let other = PLAN.replace("id: a, on: source", "id: a, on: source, uses: test.look");
    assert_eq!(
        refused(&other, &all).await,
        ["a: uses: test.step -> test.look: it has ended; never"]
    );
    let gone = "
        id: a, on: source
        id: c, on: destination
        id: d, needs: [c]
    ";
    assert_eq!(
        refused(gone, &all).await,
        ["b: removed: it has begun; never"]
    );
    let renamed = PLAN.replace("id: a,", "id: z,").replace("[a]", "[z]");
    assert_eq!(
        refused(&renamed, &all).await,
        ["a: z: was a: it has ended; never"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_stage_that_an_ended_one_would_need_is_an_edit_of_that_one() {
    let edited = PLAN.replace(
        "id: a, on: source",
        "id: new\n    id: a, on: source, needs: [new]",
    );
    assert_eq!(
        refused(&edited, &[]).await,
        ["a: needs: + new: it has ended"]
    );
    let (bench, _) = taken(&edited, &["a"]).await;
    assert_eq!(bench.stand.attempts()[2..], ["new", "b", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_skipped_stage_may_say_what_it_likes_but_when_it_runs() {
    let plan = "
        id: a
        id: never, when: 'false'
        id: b, needs: [never]
        ";
    for (edited, expected) in [
        (
            plan.replace("'false'", "'false', with: { secret: x }"),
            Ok(()),
        ),
        (
            plan.replace("'false'", "'true'"),
            Err("never: when: false -> true: it was skipped"),
        ),
    ] {
        let mut bench = Bench::new(plan);
        bench.stand.order("b", &[Fault::Final]);
        bench.apply().await.expect("no cut");
        let told = bench.resume_edited(&edited, &[]).await.expect("no cut");
        let told = told.map(drop);
        let told = told.map_err(|refused| format!("{}: {}", refused[0].change, refused[0].why));
        assert_eq!(told, expected.map_err(str::to_owned));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_loses_the_stage_before_which_they_want_to_be_asked() {
    let mut bench = Bench::new(PLAN);
    bench.stand.order("b", &[Fault::Final]);
    bench.begin().await;
    let by = "me".to_owned();
    bench.write(Some("d"), EventKind::HeldBack { by }).await;
    bench.drive().await.expect("no cut");
    let edited = PLAN.replace("id: d,", "id: e,");
    let refused = bench.resume_edited(&edited, &[]).await.expect("no cut");
    let refused = refused.expect_err("it is held back");
    assert_eq!(
        refused[0].why,
        "somebody asked to be asked before it begins"
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_edit_touches_is_asked_early_before_the_next_change() {
    let no = "preconditions: [{ expr: \"inventory.metadata.name == 'other'\", early: true }]";
    let edited = PLAN.replace("id: d, needs: [c]", &format!("id: d, needs: [c], {no}"));
    let mut bench = failed_at_b().await;
    let run = bench
        .resume_edited(&edited, &[])
        .await
        .expect("no cut")
        .expect("taken");
    assert_eq!(run.state(), RunState::Failed);
    let b = run.stage(1);
    assert!(b.error[0].contains("asked early for `d`"), "{:?}", b.error);
    assert_eq!(
        bench.stand.attempts(),
        ["a", "b"],
        "nothing more was changed"
    );
    // The same question is not asked for what nobody edited.
    let yes = PLAN.replace(
        "id: d, needs: [c]",
        &format!("id: d, needs: [c], timeout: 2m, {no}"),
    );
    let mut bench = Bench::new(&yes.replace("== 'other'", "!= 'other'"));
    bench.stand.order("b", &[Fault::Final]);
    bench.apply().await.expect("no cut");
    let working = yes.replace("== 'other'", "!= 'other'").replace("2m", "3m");
    let run = bench
        .resume_edited(&working, &[])
        .await
        .expect("no cut")
        .expect("taken");
    assert_eq!(run.state(), RunState::Succeeded);
}

/// A name that was free before the stage took it is not free any more.
#[tokio::test(start_paused = true)]
async fn what_has_begun_is_not_asked_early_again_though_an_edit_touches_it() {
    let asks = |answer| format!(", preconditions: [{{ expr: '{answer}', early: true }}]");
    let edited = PLAN
        .replace(
            "id: a, on: source",
            &format!("id: a, on: source{}", asks("1 == 2")),
        )
        .replace(
            "id: d, needs: [c]",
            &format!("id: d, needs: [c]{}", asks("1 == 1")),
        );
    let (bench, _) = taken(&edited, &["a"]).await;
    assert_eq!(bench.stand.attempts(), ["a", "b", "b", "c", "d"]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_at_the_edit_takes_it_whole_or_not_at_all() {
    let edited = PLAN.replace(
        "id: d, needs: [c]",
        "id: e, needs: [c], weight: 5\n    id: f, needs: [e]",
    );
    let (calm, expected) = taken(&edited, &[]).await;
    for cut in (0..12).flat_map(|n| [Cut::Before(n), Cut::After(n)]) {
        let mut bench = failed_at_b().await;
        bench.cut_the_next(cut);
        let first = bench.resume_edited(&edited, &[]).await;
        let events = bench.journal();
        let kept = events
            .iter()
            .filter(|event| matches!(event.kind, EventKind::PlanEdited { .. }));
        assert!(kept.count() <= 1, "{cut:?}");
        let mut run = match first {
            Ok(done) => done.unwrap_or_else(|refused| panic!("{refused:?}")),
            Err(_) => bench.read(),
        };
        for _ in 0..3 {
            if run.state() == RunState::Succeeded {
                break;
            }
            let resumed = bench.resume_edited(&edited, &[]).await.expect("no cut");
            run = resumed.unwrap_or_else(|refused| panic!("{cut:?}: {refused:?}"));
        }
        bench.check(&format!("{cut:?}"));
        assert_eq!(
            statuses(&run),
            statuses(&expected),
            "{cut:?}: {:#?}",
            bench.lines()
        );
        assert_eq!(bench.stand.effects(), calm.stand.effects(), "{cut:?}");
    }
}

/// What becomes of one stage that has not begun.
#[derive(Clone, Copy, Debug)]
enum Change {
    Keep,
    Remove,
    Rename,
    Say,
    InsertBefore,
    Weigh,
}

const STAGES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// A chain of stages; those from `ended` on are changed.
fn edited(ended: usize, changes: &[Change]) -> String {
    let mut lines = Vec::new();
    let mut before: Option<String> = None;
    let mut add = |id: String, more: &str| {
        let needs = before
            .as_ref()
            .map_or(String::new(), |id| format!(", needs: [{id}]"));
        lines.push(format!("id: {id}{needs}{more}"));
        before = Some(id);
    };
    for (position, id) in STAGES.iter().enumerate() {
        let change = if position < ended {
            Change::Keep
        } else {
            changes[position]
        };
        match change {
            Change::Keep => add((*id).to_owned(), ""),
            Change::Remove => {}
            Change::Rename => add(format!("{id}2"), ""),
            Change::Say => add((*id).to_owned(), ", with: { secret: s }"),
            Change::InsertBefore => {
                add(format!("new-{id}"), "");
                add((*id).to_owned(), "");
            }
            Change::Weigh => add((*id).to_owned(), ", weight: 7"),
        }
    }
    lines.join("\n")
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        Just(Change::Keep),
        Just(Change::Remove),
        Just(Change::Rename),
        Just(Change::Say),
        Just(Change::InsertBefore),
        Just(Change::Weigh),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_edit_and_any_cut_ends_like_a_fresh_run_of_the_edited_plan(
        ended in 1_usize..5,
        changes in prop::collection::vec(change(), 6),
        cut in 0_usize..16,
        durable in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let text = edited(ended, &changes);
            let mut fresh = Bench::new(&text);
            let expected = fresh.apply().await.expect("no cut");

            let mut bench = Bench::new(&edited(6, &changes));
            bench.until = Some(sms_plan::run::StageId::new(STAGES[ended - 1]).expect("a stage id"));
            bench.apply().await.expect("no cut");
            bench.until = None;
            bench.cut_the_next(if durable { Cut::After(cut) } else { Cut::Before(cut) });
            for _ in 0..3 {
                if let Ok(taken) = bench.resume_edited(&text, &[]).await {
                    taken.unwrap_or_else(|refused| panic!("{refused:?}"));
                }
            }
            bench.check("edited");
            let run = bench.read();
            assert_eq!(run.state(), RunState::Succeeded, "{text}\n{:#?}", bench.lines());
            assert_eq!(statuses(&run), statuses(&expected));
            let outputs = |run: &Run| -> Vec<_> { run.stages().map(|(_, s)| s.output.clone()).collect() };
            assert_eq!(outputs(&run), outputs(&expected));
            assert_eq!(bench.stand.effects(), fresh.stand.effects());
            assert!((run.percent() - 100.0).abs() < f64::EPSILON);
        });
    }
}
