//! What breaks beside the program: a server loses power, the domain controller is away.

use std::process::Command;
use std::time::Duration;

use super::killed::nothing_is_repeated_unseen;
use super::machines::DC;
use super::machines::SOURCE;
use super::machines::lab;
use super::say;
use super::scene::Scene;

#[tokio::test]
async fn the_source_loses_power_during_its_rename() {
    let Some(scene) = Scene::new("the_source_loses_power_during_its_rename") else {
        return;
    };
    let mut drive = scene.start();
    // The source restarts several times; the machine that is cut is the one of this moment.
    drive.until_started("rename-source").await;
    let leader = lab(&["leader", SOURCE]);
    let cut = Command::new("kill").args(["-KILL", leader.trim()]).status();
    assert!(cut.unwrap().success());
    lab(&["kill", SOURCE]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    lab(&["power", SOURCE]);
    let ended = drive.end().await;
    if ended.code != Some(0) {
        say(&format!("    the run ended with {:?}", ended.code));
        scene.resume_until_done(2).await;
    }
    let journal = scene.journal().await;
    nothing_is_repeated_unseen(&journal);
    // One boot more than the plan's two: the power cut's own.
    scene.before.ended_well([3, 2]);
}

#[tokio::test]
async fn the_domain_controller_is_away_at_the_join() {
    let Some(scene) = Scene::new("the_domain_controller_is_away_at_the_join") else {
        return;
    };
    let mut drive = scene.start();
    drive.until_started("restart-source-after-rename").await;
    lab(&["kill", DC]);
    let ended = drive.end().await.with(1);
    say(&format!(
        "    without a domain controller the run fails after {:.0} s",
        ended.took.as_secs_f64()
    ));
    let told = scene.status().await;
    assert!(told.contains("failed"), "{told}");
    assert!(told.contains("dc1.lab.test"), "the cause is named: {told}");
    lab(&["power", DC]);
    scene.resume_until_done(3).await;
    nothing_is_repeated_unseen(&scene.journal().await);
    scene.before.ended_well([2, 2]);
}
