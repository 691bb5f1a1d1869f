//! The program is killed at 41%, a person does the next five steps on the machines, with the commands
//! of the book and nothing else, and the run takes them in and goes on.

use std::time::Duration;
use std::time::Instant;

use sms_plan::run::EventKind;

use super::drive::Drive;
use super::killed::nothing_is_repeated_unseen;
use super::machines::SOURCE;
use super::machines::boots;
use super::machines::on;
use super::machines::value;
use super::person::commands;
use super::person::types;
use super::say;
use super::scene::Scene;

/// What the person does, in order.
const STEPS: [&str; 5] = [
    "rename-source",
    "restart-source-after-rename",
    "wait-source-after-rename",
    "join-source",
    "restart-source-after-join",
];
/// Longer than an orphan of the killed program lives.
const ORPHANS: Duration = Duration::from_secs(6);
const BACK: Duration = Duration::from_mins(2);

#[tokio::test]
async fn a_person_does_five_steps_and_the_run_goes_on() {
    let Some(scene) = Scene::new("a_person_does_five_steps_and_the_run_goes_on") else {
        return;
    };
    let mut drive = Drive::start(scene.apply_command(&["--parallel", "1", "--format", "json"]));
    drive.until_started(STEPS[0]).await;
    let run = drive.run();
    drive.kill();
    drive.end().await;
    tokio::time::sleep(ORPHANS).await;

    let mut write = scene.program("book");
    write.arg(run.as_str()).args(["--format", "markdown"]);
    let book = Drive::start(write).end().await.with(0).out;
    assert!(
        book.contains("`rename-source` (41%, step 6 of the summary) is in doubt"),
        "{book}"
    );
    assert!(
        !book.contains(&value("LAB_ADMIN_PASSWORD")),
        "a password is in the book"
    );
    // In two halves: after a second restart nobody could tell it from the first.
    for half in [&STEPS[..3], &STEPS[3..]] {
        for step in half {
            by_hand(step, &commands(&book, step)).await;
        }
        let mut adopt = scene.program("adopt");
        let word = ["--by", "a person", "--reason", "the program was killed"];
        adopt.arg(run.as_str()).args(half).args(word);
        say(&Drive::start(adopt).end().await.with(0).out);
    }
    let ended = scene.resume_until_done(1).await;
    assert!(ended.out.contains("100%  Succeeded"), "{}", ended.out);

    let journal = scene.journal().await;
    nothing_is_repeated_unseen(&journal);
    for step in STEPS {
        let of_step = journal
            .iter()
            .filter(|event| event.stage.as_ref().is_some_and(|id| id.as_str() == step));
        let kinds: Vec<&EventKind> = of_step.map(|event| &event.kind).collect();
        let adopted = matches!(
            kinds.last(),
            Some(EventKind::Adopted { verified: true, by, .. }) if by == "a person"
        );
        assert!(adopted, "{step}: {kinds:?}");
        let begun = kinds
            .iter()
            .filter(|kind| matches!(kind, EventKind::Started { .. }));
        assert_eq!(
            begun.count(),
            usize::from(step == STEPS[0]),
            "{step}: {kinds:?}"
        );
    }
    scene.before.ended_well([2, 2]);
}

/// A person at the console of the source.
async fn by_hand(step: &str, commands: &[String]) {
    say(&format!("    by hand: {step}"));
    let before = boots(SOURCE);
    types(SOURCE, commands);
    if step.starts_with("restart") {
        let until = Instant::now() + BACK;
        while boots(SOURCE) == before || !is_back() {
            assert!(Instant::now() < until, "{step}: it does not come back");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}

fn is_back() -> bool {
    on(SOURCE, "systemctl is-active ssh smbd")
        .lines()
        .all(|line| line == "active")
}
