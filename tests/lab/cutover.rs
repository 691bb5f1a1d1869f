//! The main job: the identity moves, whole, and the stages start where the document says.

use std::collections::BTreeMap;

use sms_plan::run::EventKind;

use super::say;
use super::scene::Scene;
use super::scene::project;
use super::twin;

#[tokio::test]
async fn a_server_is_replaced_and_its_clients_notice_only_a_pause() {
    let Some(scene) = Scene::new("a_server_is_replaced_and_its_clients_notice_only_a_pause") else {
        return;
    };
    let ended = scene.apply(&[]).await.with(0);
    assert!(ended.out.contains("100%  Succeeded"), "{}", ended.out);
    assert_eq!(ended.err, "");
    say(&format!(
        "FIGURE: a cutover takes {:.1} s",
        ended.took.as_secs_f64()
    ));
    scene.before.ended_well([2, 2]);
}

#[tokio::test]
async fn one_at_a_time_the_stages_start_at_the_documents_percents() {
    let Some(scene) = Scene::new("one_at_a_time_the_stages_start_at_the_documents_percents") else {
        return;
    };
    let plan = std::fs::read_to_string(project("plans/cutover.yaml")).unwrap();
    let ids = plan
        .lines()
        .filter_map(|line| line.strip_prefix("  - id: "));
    let rows = std::fs::read_to_string(project("tests/fixtures/plan/rows.tsv")).unwrap();
    // The first row is a state of the run, not a stage.
    let percents = rows
        .lines()
        .skip(1)
        .map(|row| row.split_once('%').unwrap().0);
    let document: BTreeMap<&str, &str> = ids.zip(percents).collect();

    let expected = scene.path_of_this_pair().await;
    scene.apply(&["--parallel", "1"]).await.with(0);
    let mut started = Vec::new();
    for event in scene.journal().await {
        if let EventKind::Started { attempt: 1, .. } = event.kind {
            let stage = event.stage.unwrap();
            let percent = format!("{:.0}", event.percent);
            assert_eq!(percent, document[stage.as_str()], "{stage}");
            started.push(stage.to_string());
        }
    }
    assert_eq!(started, expected);
    scene.before.ended_well([2, 2]);
    twin::agrees(&scene, "local", 1).await;
}
