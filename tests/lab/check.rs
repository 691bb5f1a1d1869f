//! `check` of real servers: it says yes, or everything that is in the way at once, and leaves nothing
//! behind on any machine or in the directory.

use serde_json::Value;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;

use super::drive::Drive;
use super::machines::DESTINATION;
use super::machines::SOURCE;
use super::machines::on;
use super::say;
use super::scene::Scene;
use super::scene::project;
use crate::action::picture::Picture;
use crate::action::walk::directory;

#[tokio::test]
async fn a_check_says_everything_and_leaves_nothing_behind() {
    let Some(scene) = Scene::new("a_check_says_everything_and_leaves_nothing_behind") else {
        return;
    };
    let source = Source::read(scene.inventory()).expect("the inventory");
    let loaded = load_inventory(&source).expect("a sound inventory").value;
    let directory = directory(&loaded);
    let before = Picture::take(&directory).await;
    for inventory in ["inventory.yaml", "inventory-domain.yaml"] {
        scene.inventory_from(inventory, &[]);
        let (code, told) = check(&scene).await;
        assert_eq!(code, Some(0), "{told:#}");
        assert_eq!(trouble(&told), [""; 0]);
    }

    let wrong = [
        ("newName: fs01-old", "newName: dc1"),
        ("eth0: eth0", "eth0: eth9"),
        ("10.98.0.41", "10.98.0.10"),
    ];
    scene.inventory_from("inventory.yaml", &wrong);
    let (code, told) = check(&scene).await;
    assert_eq!(code, Some(1), "{told:#}");
    let found = trouble(&told).join("\n");
    for words in [
        "leave-source: the destination has no adapter `eth9`",
        "map-source-network: One of the source's new addresses already answers.",
        "join-source: The new name of the source, dc1, is taken.",
    ] {
        assert!(found.contains(words), "no `{words}` in:\n{found}");
    }

    for server in [SOURCE, DESTINATION] {
        let left = on(server, "ls -d /var/lib/sms-plan 2>&1");
        assert!(left.contains("No such file"), "{server}: {left}");
    }
    let after = Picture::take(&directory).await;
    assert_eq!(before.differences(&after, &[]), [""; 0]);
    assert!(!scene.state().exists(), "a check keeps nothing");
}

#[tokio::test]
async fn a_server_that_is_off_or_takes_part_in_another_run_is_named() {
    let Some(scene) = Scene::new("a_server_that_is_off_or_takes_part_in_another_run_is_named")
    else {
        return;
    };
    on(
        DESTINATION,
        "mkdir -p /var/lib/sms-plan; printf '20261101-000000-aaaa\\n3\\nelsewhere\\nyesterday\\n' \
         >/var/lib/sms-plan/fence",
    );
    let (code, told) = check(&scene).await;
    assert_eq!(code, Some(1), "{told:#}");
    let rival = "connect-destination: the destination takes part in a run already: it obeys run \
                 20261101-000000-aaaa, driven from elsewhere since yesterday";
    assert_eq!(trouble(&told), [rival]);

    super::machines::lab(&["kill", DESTINATION]);
    let (code, told) = check(&scene).await;
    assert_eq!(code, Some(1), "{told:#}");
    let away = trouble(&told).join("\n");
    assert!(
        away.contains("TCP port 22 of 10.98.0.22 does not answer"),
        "{away}"
    );
}

/// The exit code and the document.
async fn check(scene: &Scene) -> (Option<i32>, Value) {
    let mut program = scene.program("check");
    program
        .arg(project("plans/cutover.yaml"))
        .arg("-i")
        .arg(scene.inventory())
        .args(["--format", "json"]);
    let ended = Drive::start(program).end().await;
    say(&format!("    checked in {:.1} s", ended.took.as_secs_f64()));
    let told = serde_json::from_str(&ended.out);
    (
        ended.code,
        told.unwrap_or_else(|error| panic!("{error}: {}{}", ended.out, ended.err)),
    )
}

/// What was answered with no, one a line.
fn trouble(told: &Value) -> Vec<String> {
    let questions = told["questions"].as_array().unwrap().iter();
    let no = questions.filter(|question| question["answer"] == "no");
    let line = |question: &Value| {
        let why = question["why"].as_array().unwrap().iter();
        let why: Vec<&str> = why.map(|cause| cause.as_str().unwrap()).collect();
        format!(
            "{}: {}",
            question["stage"].as_str().unwrap(),
            why.join(": ")
        )
    };
    no.map(line).collect()
}
