//! Early preconditions: asked before the run's first change, wherever their stage stands.

use sms_plan::run::{EventKind, RunState, StageStatus};

use super::bench::Bench;

#[tokio::test(start_paused = true)]
async fn a_no_leaves_nothing_changed() {
    for parallel in [1, 4] {
        let mut bench = Bench::new(
            "
            id: look, uses: test.look, on: source
            id: first, on: source, needs: [look]
            id: beside, on: destination
            id: last, needs: [first, beside], preconditions: [{ expr: \"inventory.metadata.name == 'other'\", early: true }]
            ",
        )
        .parallel(parallel);
        let run = bench.apply().await.expect("no cut");
        assert_eq!(run.state(), RunState::Failed);
        assert!(
            bench.stand.effects().is_empty(),
            "{:?}",
            bench.stand.effects()
        );
        let changing_starts = bench.heard.iter().any(|event| {
            matches!(event.kind, EventKind::Started { .. })
                && event.stage.as_ref().is_some_and(|id| id.as_str() != "look")
        });
        assert!(!changing_starts, "{:?}", bench.lines());
        let failed = run
            .stages()
            .find(|(_, stage)| stage.status == StageStatus::Failed);
        let (_, failed) = failed.expect("one stage says why");
        assert!(
            failed.error[0].contains("asked early for `last`"),
            "{:?}",
            failed.error
        );
    }
}

#[tokio::test(start_paused = true)]
async fn one_of_a_stage_off_the_path_is_not_asked() {
    let mut bench = Bench::new(
        "
        id: first
        id: never, when: 'false', preconditions: [{ expr: 'false', early: true }]
        ",
    );
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Succeeded, "{:?}", bench.lines());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_early_is_asked_in_its_turn() {
    let mut bench = Bench::new(
        "
        id: first
        id: last, needs: [first], preconditions: [{ expr: 'false' }]
        ",
    );
    let run = bench.apply().await.expect("no cut");
    assert_eq!(run.state(), RunState::Failed);
    assert_eq!(run.stage(0).status, StageStatus::Succeeded);
    assert_eq!(bench.stand.attempts(), ["first"]);
}
