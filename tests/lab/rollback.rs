//! A run that is stopped at a point, or has ended, is taken back: a client reads the old server's
//! marker under the old name again, and everything that can return has.

use std::time::Duration;
use std::time::Instant;

use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;

use super::drive::Drive;
use super::machines::SOURCE;
use super::machines::on;
use super::say;
use super::scene::Scene;
use crate::action::picture::NEVER_RETURNS;
use crate::action::picture::Picture;
use crate::action::picture::client_reads;
use crate::action::walk::directory;

/// Where the run stands when it is taken back.
#[derive(Clone, Copy, Debug)]
enum Point {
    /// Every stage up to this one has ended.
    After(&'static str),
    /// The program was killed while this stage was under way.
    Within(&'static str),
    /// The program was killed, and its operation with it, when the rename of the source had written
    /// its first file.
    FirstFile,
    /// It has succeeded.
    End,
}

/// Longer than an orphan of the killed program lives.
const ORPHANS: Duration = Duration::from_secs(6);
/// Longer than a rename takes to its first file; it is then held up for longer.
const FIRST_FILE: Duration = Duration::from_secs(50);

/// Holds a rename up before it replaces its second file.
const STOP_AT_THE_SECOND: &str = "cat >/usr/local/sbin/mv <<'MV'
#!/bin/sh
case \"$*\" in *' /etc/hostname') sleep 61 || exit 1 ;; esac
exec /bin/mv \"$@\"
MV
chmod 755 /usr/local/sbin/mv";

async fn comes_back(test: &str, inventory: &str, point: Point, killed: bool) {
    let Some(scene) = Scene::new(test) else {
        return;
    };
    scene.inventory_from(inventory, &[]);
    let source = Source::read(scene.inventory()).expect("the inventory");
    let loaded = load_inventory(&source).expect("a sound inventory").value;
    let directory = directory(&loaded);
    let before = Picture::take(&directory).await;
    match point {
        Point::After(stage) => {
            scene.apply(&["--until", stage]).await.with(4);
        }
        Point::Within(stage) => {
            let mut drive = scene.start();
            drive.until_started(stage).await;
            tokio::time::sleep(Duration::from_millis(150)).await;
            drive.kill();
            drive.end().await;
        }
        Point::FirstFile => {
            on(SOURCE, STOP_AT_THE_SECOND);
            let mut drive = scene.start();
            drive.until_started("rename-source").await;
            let until = Instant::now() + FIRST_FILE;
            while !on(SOURCE, "cat /etc/hosts").contains("fs01-old") {
                assert!(Instant::now() < until, "the first file is not written");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            drive.kill();
            drive.end().await;
            on(SOURCE, "rm /usr/local/sbin/mv; pkill -x sleep");
            tokio::time::sleep(ORPHANS).await;
            assert_eq!(on(SOURCE, "cat /etc/hostname"), "fs01");
        }
        Point::End => {
            scene.apply(&[]).await.with(0);
        }
    }
    let rollback = || {
        let mut program = scene.program("rollback");
        program.args(["--yes", "--format", "json"]);
        Drive::start(program)
    };
    if killed {
        let mut drive = rollback();
        let last = drive.until_events(6).await;
        drive.kill();
        drive.end().await;
        say(&format!("{test}: the roll back was killed after {last}"));
    }
    let ended = rollback().end().await.with(7);
    let after = Picture::take(&directory).await;
    let differences = before.differences(&after, &NEVER_RETURNS);
    assert!(
        differences.is_empty(),
        "{point:?}:\n{}\n{}",
        differences.join("\n"),
        ended.out
    );
    let told = scene.journal().await;
    let compared = told
        .iter()
        .find_map(|event| match &event.kind {
            sms_plan::run::EventKind::Compared { differences, .. } => Some(differences.clone()),
            _ => None,
        })
        .expect("a comparison");
    assert_eq!(compared, Vec::<String>::new(), "{point:?}");
    client_reads("fs01")
        .await
        .unwrap_or_else(|said| panic!("{point:?}: a client reads `{said}`"));
    say(&format!(
        "{test}: {point:?} taken back in {:.1} s",
        ended.took.as_secs_f64()
    ));
    let events = told.len();
    rollback().end().await.with(7);
    assert_eq!(
        scene.journal().await.len(),
        events,
        "a second one changes nothing"
    );
}

#[tokio::test]
async fn after_the_destination_took_the_name() {
    let test = "after_the_destination_took_the_name";
    comes_back(
        test,
        "inventory.yaml",
        Point::After("join-destination"),
        true,
    )
    .await;
}

#[tokio::test]
async fn when_a_rename_has_written_its_first_file() {
    let test = "when_a_rename_has_written_its_first_file";
    comes_back(test, "inventory.yaml", Point::FirstFile, false).await;
}

#[tokio::test]
async fn at_the_end_of_a_finished_run() {
    let test = "at_the_end_of_a_finished_run";
    comes_back(test, "inventory.yaml", Point::End, false).await;
}

#[tokio::test]
async fn at_further_points() {
    let test = "at_further_points";
    if std::env::var_os("SMS_PLAN_LONG").is_none() {
        say(&format!("SKIPPED (SMS_PLAN_LONG is not set): {test}"));
        return;
    }
    for point in [
        Point::After("copy-permissions"),
        Point::After("leave-source"),
        Point::After("map-source-network"),
        Point::Within("rename-source"),
        Point::After("join-source"),
        Point::After("map-destination-network"),
    ] {
        comes_back(test, "inventory.yaml", point, false).await;
    }
    comes_back(test, "inventory-domain.yaml", Point::End, false).await;
}
