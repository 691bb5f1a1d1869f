//! A run fails in the middle because of what its files say; they are mended, and it goes on with them.

use sms_plan::run::EventKind;
use sms_plan::run::RunState;

use super::drive::Drive;
use super::killed::nothing_is_repeated_unseen;
use super::say;
use super::scene::Scene;
use super::scene::project;

/// A check that an administrator put behind the leave, and got wrong.
const CHECK: &str = "
  - id: check-share
    description: Checking that the share is still configured...
    on: source
    uses: host.run
    needs: [leave-source]
    retry: { attempts: 1 }
    with: { script: 'grep -q nowhere /etc/samba/smb.conf', probe: 'false' }

  - id: collect-source-addresses
";

#[tokio::test]
async fn a_run_that_its_files_let_down_is_finished_with_mended_ones() {
    let Some(scene) = Scene::new("a_run_that_its_files_let_down_is_finished_with_mended_ones")
    else {
        return;
    };
    let shipped = std::fs::read_to_string(project("plans/cutover.yaml")).unwrap();
    let with_check = |script: &str| {
        let check = CHECK.replace("grep -q nowhere", script);
        let plan = shipped.replacen("\n  - id: collect-source-addresses\n", &check, 1);
        assert_ne!(plan, shipped);
        std::fs::write(scene.path("plan.yaml"), plan).unwrap();
    };
    with_check("grep -q nowhere");
    scene.inventory_from("inventory.yaml", &[("fs01-old", "fs01-past")]);
    let mut apply = scene.program("apply");
    apply
        .arg(scene.path("plan.yaml"))
        .arg("-i")
        .arg(scene.path("inventory.yaml"))
        .args(["--yes", "--parallel", "1"]);
    let failed = Drive::start(apply).end().await.with(1);
    assert!(failed.out.contains("check-share"), "{}", failed.out);

    // The script is mended, and on second thought the source gets another name.
    with_check("grep -q data");
    scene.inventory_from("inventory.yaml", &[]);
    let resume = |more: &[&str]| {
        let mut program = scene.program("resume");
        program.arg("--use-edited").args(more);
        Drive::start(program).end()
    };
    let refused = resume(&[]).await.with(2);
    assert!(
        refused.err.contains("check-share: with/script"),
        "{}",
        refused.err
    );
    let reason = ["--accept-edit", "check-share", "--reason", "it only looks"];
    let ended = resume(&reason).await.with(0);
    say(&ended.out);

    let journal = scene.journal().await;
    nothing_is_repeated_unseen(&journal);
    let edit = journal
        .iter()
        .find_map(|event| match &event.kind {
            EventKind::PlanEdited {
                changes, accepted, ..
            } => Some((changes, accepted)),
            _ => None,
        })
        .expect("the journal says that it was edited");
    assert_eq!(edit.0.len(), 2, "{edit:?}");
    assert_eq!(edit.1.len(), 1, "{edit:?}");
    assert!(matches!(
        journal.last().map(|event| &event.kind),
        Some(EventKind::RunEnded {
            state: RunState::Succeeded
        })
    ));
    scene.before.ended_well([2, 2]);
}
