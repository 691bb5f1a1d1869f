//! The order in which stages start, and what people see meanwhile.

use insta::assert_snapshot;
use sms_plan::run::{EventKind, RunState};

use super::bench::Bench;

const TWO_SERVERS: &str = "
    id: connect-source, uses: test.look, on: source, weight: 8
    id: connect-destination, uses: test.look, on: destination, weight: 10
    id: windows-only, on: source, needs: [connect-source], when: \"inventory.metadata.name == 'other'\", weight: 30
    id: move-source, on: source, needs: [windows-only], weight: 25
    id: move-destination, on: destination, needs: [connect-destination, move-source], weight: 25
";

#[tokio::test(start_paused = true)]
async fn the_journal_of_an_undisturbed_run() {
    let mut bench = Bench::new(TWO_SERVERS);
    let run = bench.apply().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Succeeded);
    bench.check("undisturbed");
    assert_snapshot!(bench.lines().join("\n"), @"
    2% - RunCreated
    2% - LeaseTaken epoch 1
    2% connect-source Started 1
    2% connect-destination Started 1
    10% connect-source Succeeded 1
    20% connect-destination Succeeded 1
    50% windows-only Skipped
    50% move-source Started 1
    75% move-source Succeeded 1
    75% move-destination Started 1
    100% move-destination Succeeded 1
    100% - RunEnded succeeded
    ");
}

#[tokio::test(start_paused = true)]
async fn the_shape_of_stored_events() {
    let mut bench = Bench::new("id: only, on: source, weight: 1");
    bench.apply().await.expect("nothing cuts it off");
    let events: Vec<String> = bench
        .heard
        .iter()
        .map(|event| {
            let text = serde_json::to_string(event).expect("an event is JSON");
            text.replace(&event.hash, "…")
        })
        .collect();
    assert_snapshot!(events.join("\n"), @r#"
    {"v":1,"seq":3,"at":"2027-01-15T08:00:00.000Z","run":"20270115-080000-0001","percent":2.0,"stage":"only","event":"Started","attempt":1,"token":{"noted":"only"},"hash":"…"}
    {"v":1,"seq":4,"at":"2027-01-15T08:00:00.030Z","run":"20270115-080000-0001","percent":100.0,"stage":"only","event":"Succeeded","attempt":1,"output":{"by":"only"},"durationMs":30,"hash":"…"}
    {"v":1,"seq":5,"at":"2027-01-15T08:00:00.030Z","run":"20270115-080000-0001","percent":100.0,"stage":null,"event":"RunEnded","state":"succeeded","hash":"…"}
    "#);
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_stages_start_in_file_order_at_the_tables_percents() {
    let mut bench = Bench::new(TWO_SERVERS).parallel(1);
    bench.apply().await.expect("nothing cuts it off");
    let started: Vec<(String, f64)> = bench
        .heard
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Started { .. }))
        .map(|event| {
            (
                event.stage.clone().expect("a stage").to_string(),
                event.percent,
            )
        })
        .collect();
    let table = [
        ("connect-source", 2.0),
        ("connect-destination", 10.0),
        ("move-source", 50.0),
        ("move-destination", 75.0),
    ];
    assert_eq!(started, table.map(|(id, percent)| (id.to_owned(), percent)));
    assert_eq!(bench.stand.most_at_work(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_skip_frees_goes_before_what_stands_later_in_the_file() {
    let mut bench = Bench::new(
        "
        id: look, uses: test.look, on: source
        id: skipped, on: source, needs: [look], when: 'false'
        id: early, on: source, needs: [skipped]
        id: late, on: source, needs: [look]
        ",
    )
    .parallel(1);
    bench.apply().await.expect("nothing cuts it off");
    assert_eq!(bench.stand.attempts(), ["look", "early", "late"]);
}

#[tokio::test(start_paused = true)]
async fn the_first_change_waits_for_looks_before_it_in_the_file_only() {
    let mut bench = Bench::new(
        "
        id: look, uses: test.look, on: source
        id: change, on: directory, needs: [look]
        id: look-late, uses: test.look, on: source, needs: [look]
        id: last, on: source, needs: [look-late], preconditions: [{ expr: 'true', early: true }]
        ",
    )
    .parallel(1);
    bench.apply().await.expect("nothing cuts it off");
    assert_eq!(
        bench.stand.attempts(),
        ["look", "change", "look-late", "last"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_has_one_stage_at_a_time_and_two_hosts_go_side_by_side() {
    let mut bench = Bench::new(
        "
        id: s1, on: source
        id: s2, on: source
        id: d1, on: destination
        id: d2, on: destination
        ",
    );
    bench.apply().await.expect("nothing cuts it off");
    // The stand notes a second stage on a taken host as a wrong.
    bench.check("four stages on two hosts");
    assert_eq!(bench.stand.most_at_work(), 2);
    assert_eq!(bench.stand.attempts(), ["s1", "d1", "s2", "d2"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_stages_than_allowed_are_under_way() {
    let stages = "id: s1\nid: s2\nid: s3\nid: s4\nid: s5\nid: s6\nid: s7";
    let mut bench = Bench::new(stages).parallel(3);
    bench.apply().await.expect("nothing cuts it off");
    assert_eq!(bench.stand.most_at_work(), 3);
}

/// How many appends the loop makes for a plan, its end included.
async fn appends(stages: &str, parallel: usize) -> usize {
    let mut bench = Bench::new(stages).parallel(parallel);
    bench.begin().await;
    let before = bench.store.appends();
    let run = bench.drive().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Succeeded, "{:?}", bench.lines());
    bench.check("undisturbed");
    bench.store.appends() - before
}

#[tokio::test(start_paused = true)]
async fn one_append_ends_a_stage_that_asks_nothing_and_begins_the_next() {
    let chain = |uses: &str| {
        let stage = |n: usize| match n {
            0 => format!("id: s0, uses: {uses}\n"),
            n => format!("id: s{n}, uses: {uses}, needs: [s{}]\n", n - 1),
        };
        (0..10).map(stage).collect::<String>()
    };
    // The first start, nine ends that are starts, the last end, and the run's.
    assert_eq!(appends(&chain("test.look"), 4).await, 12);
    // What changes something is looked at first, when the end before is durable.
    assert_eq!(appends(&chain("test.step"), 4).await, 21);
}

#[tokio::test(start_paused = true)]
async fn stages_that_start_and_end_together_share_appends() {
    let fan: Vec<String> = (0..100)
        .map(|n| format!("id: s{n}, uses: test.look\n"))
        .collect();
    let fan = fan.concat();
    // All starts, the run's end, and the ends as they come: two or three times, not a hundred.
    let appends = appends(&fan, 100).await;
    assert!(appends <= 5, "{appends}");
}

#[tokio::test(start_paused = true)]
async fn a_condition_knows_that_a_stage_was_skipped() {
    let mut bench = Bench::new(
        "
        id: first, uses: test.look
        id: never, needs: [first], when: 'stages[\"first\"].output.by == \"nobody\"'
        id: last, needs: [never], when: 'stages[\"never\"].output == null'
        ",
    );
    let run = bench.apply().await.expect("nothing cuts it off");
    assert_eq!(run.state(), RunState::Succeeded, "{:?}", bench.lines());
    assert_eq!(bench.lines_of("last").len(), 2, "{:?}", bench.lines());
}
