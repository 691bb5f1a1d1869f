//! Rivals for one server: a driver that slept while another one took its run over, in the same state
//! folder and in a copy of it, and two state folders. The server obeys one of them.

use std::path::Path;
use std::time::Duration;

use sms_plan::run::EventKind;

use super::drive::Drive;
use super::machines::SOURCE;
use super::machines::on;
use super::scene::Scene;

/// Two scripts that leave a line each; the first takes its time.
const PLAN: &str = "
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: errands, version: 1.0.0 }
stages:
  - { id: connect-source, description: connect, on: source, uses: host.connect }
  - id: slow
    description: slow
    on: source
    uses: host.run
    needs: [connect-source]
    with: { script: touch /root/begun; sleep 3; echo slow >>/root/errands, probe: grep -qx slow /root/errands }
  - id: next
    description: next
    on: source
    uses: host.run
    needs: [slow]
    with: { script: echo next >>/root/errands, probe: grep -qx next /root/errands }
";

/// A lab with that plan; nothing has run.
fn errands(test: &str) -> Option<Scene> {
    let scene = Scene::new(test)?;
    std::fs::write(scene.path("errands.yaml"), PLAN).unwrap();
    assert_eq!(on(SOURCE, "rm -f /root/errands /root/begun"), "");
    Some(scene)
}

/// Starts that plan with a state folder, and waits until the slow script is at work.
async fn at_work(scene: &Scene, state: &Path) -> Drive {
    let mut drive = Drive::start(scene.apply_plan("errands.yaml", state));
    drive.until_started("slow").await;
    // Durable is not handed over yet.
    for _ in 0..50 {
        if on(SOURCE, "test -e /root/begun").is_empty() {
            return drive;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the script never began");
}

/// The lease is as old as if its holder had slept for longer than that lasts.
fn lease_ends(state: &Path) {
    let database = rusqlite::Connection::open(state.join("state.db")).unwrap();
    let update = "UPDATE leases SET expires_at = unixepoch() - 1";
    assert_eq!(database.execute(update, []).unwrap(), 1);
}

/// What the scripts have left on the server.
fn left() -> String {
    on(SOURCE, "cat /root/errands")
}

#[tokio::test]
async fn a_sleeping_driver_is_taken_over_and_its_operation_is_waited_for() {
    let Some(scene) = errands("a_sleeping_driver_is_taken_over_and_its_operation_is_waited_for")
    else {
        return;
    };
    let sleeper = at_work(&scene, &scene.state()).await;
    sleeper.signal("-STOP").await;
    let refused = scene.resume().await.with(6);
    assert!(refused.err.contains("which is stopped"), "{}", refused.err);

    lease_ends(&scene.state());
    let taken = scene.resume().await.with(0);
    assert!(taken.out.contains("done already"), "{}", taken.out);
    let journal = scene.journal().await;
    let slow = journal.iter().filter(|event| {
        event.stage.as_ref().is_some_and(|id| id.as_str() == "slow")
            && matches!(event.kind, EventKind::Started { .. })
    });
    assert_eq!(slow.count(), 1, "it was not begun again");
    assert_eq!(left(), "slow\nnext");

    sleeper.signal("-CONT").await;
    let woken = sleeper.end().await.with(4);
    assert!(
        woken.err.contains("has lost the right to write"),
        "{}",
        woken.err
    );
    assert_eq!(scene.journal().await, journal, "it wrote something");
    assert_eq!(left(), "slow\nnext");
}

#[tokio::test]
async fn the_server_refuses_a_driver_that_does_not_know_that_it_was_taken_over() {
    let test = "the_server_refuses_a_driver_that_does_not_know_that_it_was_taken_over";
    let Some(scene) = errands(test) else {
        return;
    };
    let sleeper = at_work(&scene, &scene.state()).await;
    sleeper.signal("-STOP").await;
    // The state goes to where it is believed that the first machine is lost.
    let copy = scene.path("copy");
    std::fs::create_dir_all(copy.join("runs")).unwrap();
    for name in ["state.db", "state.db-wal"] {
        std::fs::copy(scene.state().join(name), copy.join(name)).unwrap();
    }
    lease_ends(&copy);
    let mut resume = scene.program_in("resume", &copy);
    resume.args(["--until", "slow"]);
    Drive::start(resume).end().await.with(4);
    assert_eq!(left(), "slow");

    // Its own store knows nothing of that; the server does.
    sleeper.signal("-CONT").await;
    let woken = sleeper.end().await.with(4);
    for part in [
        "obeys driver 2 of this run",
        "/var/lib/sms-plan",
        "since 20",
    ] {
        assert!(woken.err.contains(part), "no `{part}` in {}", woken.err);
    }
    assert_eq!(left(), "slow");

    let resumed = Drive::start(scene.program_in("resume", &copy)).end().await;
    resumed.with(0);
    assert_eq!(left(), "slow\nnext");
}

#[tokio::test]
async fn two_state_folders_and_one_server() {
    let Some(scene) = errands("two_state_folders_and_one_server") else {
        return;
    };
    // The first is at work for as long as the rival needs to be refused, or half a minute.
    let held = PLAN.replace(
        "sleep 3",
        "for _ in $(seq 300); do test -e /root/refused || sleep 0.1; done",
    );
    assert_ne!(held, PLAN);
    std::fs::write(scene.path("errands.yaml"), held).unwrap();
    let first = at_work(&scene, &scene.state()).await;
    let rival = Drive::start(scene.apply_plan("errands.yaml", &scene.path("other")));
    let rival = rival.end().await.with(4);
    let run = first.run().to_string();
    for part in [
        run.as_str(),
        "driven from",
        "since 20",
        "/var/lib/sms-plan",
        "resume",
    ] {
        assert!(rival.err.contains(part), "no `{part}` in {}", rival.err);
    }
    assert!(!rival.out.contains("\"slow\""), "{}", rival.out);
    assert_eq!(on(SOURCE, "touch /root/refused"), "");
    first.end().await.with(0);
    assert_eq!(left(), "slow\nnext");

    // The first run is over, and the server free.
    assert_eq!(on(SOURCE, "rm -f /root/errands"), "");
    let rival = Drive::start(scene.program_in("resume", &scene.path("other")));
    rival.end().await.with(0);
    assert_eq!(left(), "slow\nnext");
}
