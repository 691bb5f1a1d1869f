//! A roll back is killed on its way, a person takes everything else back on the
//! machines, with the commands of the book and nothing else, and the run finds it so and ends.

use std::time::Duration;

use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::run::EventKind;

use super::drive::Drive;
use super::machines::DESTINATION;
use super::machines::SOURCE;
use super::machines::value;
use super::person::commands;
use super::person::types;
use super::say;
use super::scene::Scene;
use crate::action::picture::NEVER_RETURNS;
use crate::action::picture::Picture;
use crate::action::picture::client_reads;
use crate::action::walk::directory;

/// Longer than an orphan of the killed program lives.
const ORPHANS: Duration = Duration::from_secs(6);

const LEFT_TO_THE_RUN: &str = "copy-permissions";

#[tokio::test]
async fn a_person_takes_everything_back_and_the_run_finds_it_so() {
    let test = "a_person_takes_everything_back_and_the_run_finds_it_so";
    taken_back_by_hand(test, "join-destination").await;
}

#[tokio::test]
async fn a_person_goes_on_from_an_undo_that_was_cut() {
    let test = "a_person_goes_on_from_an_undo_that_was_cut";
    taken_back_by_hand(test, "rename-destination").await;
}

/// The roll back is killed while `cut` is being undone.
async fn taken_back_by_hand(test: &str, cut: &str) {
    let Some(scene) = Scene::new(test) else {
        return;
    };
    let source = Source::read(scene.inventory()).expect("the inventory");
    let loaded = load_inventory(&source).expect("a sound inventory").value;
    let directory = directory(&loaded);
    let before = Picture::take(&directory).await;
    scene.apply(&["--until", "join-destination"]).await.with(4);
    let mut rollback = scene.program("rollback");
    rollback.args(["--yes", "--format", "json"]);
    let mut drive = Drive::start(rollback);
    drive.until_undo_started(cut).await;
    drive.kill();
    drive.end().await;
    tokio::time::sleep(ORPHANS).await;

    let mut write = scene.program("book");
    write.args(["--format", "markdown"]);
    let book = Drive::start(write).end().await.with(0).out;
    assert!(book.starts_with("# Taking run "), "{book}");
    assert!(
        !book.contains(&value("LAB_ADMIN_PASSWORD")),
        "a password is in the book"
    );
    for line in book.lines() {
        let Some((step, place)) = line
            .strip_prefix('`')
            .and_then(|rest| rest.split_once("` on "))
        else {
            continue;
        };
        let machine = if place.starts_with("the source") {
            SOURCE
        } else {
            DESTINATION
        };
        // What no person can take back to the byte is left to the run.
        if step == LEFT_TO_THE_RUN {
            continue;
        }
        say(&format!("    by hand: taking {step} back"));
        types(machine, &commands(&book, step));
    }
    let begun = scene.journal().await.len();
    let ended = scene.resume().await.with(7);
    say(&format!(
        "    found so in {:.1} s",
        ended.took.as_secs_f64()
    ));

    let journal = scene.journal().await;
    let undone_by_the_run: Vec<&str> = journal[begun..]
        .iter()
        .filter(|event| matches!(event.kind, EventKind::UndoStarted { .. }))
        .filter_map(|event| Some(event.stage.as_ref()?.as_str()))
        // There is nothing to be undone of these, and no look says so.
        .filter(|id| !id.starts_with("restart-") && *id != "remove-source-alternates")
        // What was cut is in doubt, and undone once more: that changes nothing any more.
        .filter(|id| *id != cut)
        .collect();
    assert_eq!(undone_by_the_run, [LEFT_TO_THE_RUN]);
    let compared = journal.iter().find_map(|event| match &event.kind {
        EventKind::Compared { differences, .. } => Some(differences.clone()),
        _ => None,
    });
    assert_eq!(compared, Some(Vec::new()));
    let after = Picture::take(&directory).await;
    let differences = before.differences(&after, &NEVER_RETURNS);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    client_reads("fs01")
        .await
        .unwrap_or_else(|said| panic!("a client reads `{said}`"));
}
