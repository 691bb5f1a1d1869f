//! `--from-run` and `--timing-from`, on runs that were made in the lab and are kept here.

use std::path::Path;
use std::process::{Command, Output};

use sms_plan::action::Registry;
use sms_plan::engine::{SystemClock, begin, write};
use sms_plan::run::EventKind;
use sms_plan::store::SqliteStore;

use super::likeness::Recorded;

/// Puts the first events of a kept run into a new state folder; says what the run is called there.
async fn replayed(name: &str, folder: &Path, events: usize) -> String {
    let recorded = Recorded::fixture(name);
    let plan = super::plan(&recorded.plan, &Registry::standard());
    let inventory = super::inventory("fs01.yaml", &recorded.inventory);
    let mut kinds = Vec::new();
    let mut reaches = None;
    for event in recorded.events.into_iter().take(events) {
        match event.kind {
            EventKind::RunCreated {
                source,
                destination,
                ..
            } => reaches = Some((source, destination)),
            EventKind::LeaseTaken { .. } => {}
            kind => kinds.push((event.stage, kind)),
        }
    }
    let store = SqliteStore::open(folder).unwrap();
    let (none, clock) = (Vec::new(), SystemClock);
    let begun = begin(
        &store,
        &clock,
        &plan,
        &inventory,
        reaches.unwrap(),
        none,
        Vec::new(),
    );
    let (lease, mut run) = begun.await.unwrap();
    let written = write(&store, &clock, &lease, &mut run, kinds);
    written.await.unwrap();
    run.id().to_string()
}

fn rehearse(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sms-plan"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rehearse", "--state"])
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_run_is_rehearsed_again_on_its_servers_and_takes_as_long() {
    let folder = tempfile::tempdir().unwrap();
    let run = replayed("local", folder.path(), usize::MAX).await;
    let output = rehearse(folder.path(), &["--from-run", &run, "--parallel=1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let told = text(&output.stdout);
    insta::assert_snapshot!(told.replace(&run, "RUN"));
}

#[tokio::test]
async fn own_runs_of_the_same_kind_say_how_long_things_take() {
    let folder = tempfile::tempdir().unwrap();
    let run = replayed("local", folder.path(), usize::MAX).await;
    let told = |example: &str, more: &[&str]| {
        let example = format!("examples/{example}.yaml");
        let mut arguments = vec!["plans/cutover.yaml", "-i", &example];
        arguments.extend(more);
        text(&rehearse(folder.path(), &arguments).stdout)
    };
    let measured = format!("your run: as measured in run {run}");
    assert!(told("linux-to-linux-domain", &[]).contains(&measured));
    // A run of Linux servers says nothing of Windows, unless somebody wants it to.
    assert!(!told("windows-2019-domain", &[]).contains(&measured));
    let wanted = told("windows-2019-domain", &["--timing-from", &run]);
    assert!(wanted.contains(&measured), "{wanted}");
    let given = told("windows-2019-domain", &["--assume=source.restart=9m"]);
    assert!(given.contains("given: by --assume"), "{given}");
}

#[tokio::test]
async fn what_cannot_be_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let early = replayed("local", folder.path(), 3).await;
    let said = |arguments: &[&str]| {
        let output = rehearse(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr).replace(&early, "RUN");
        said.replace(&folder.path().display().to_string(), "STATE")
    };
    let pair = ["plans/cutover.yaml", "-i", "examples/linux-domain.yaml"];
    let all = [
        said(&["--from-run", &early]),
        said(&["--from-run", "20260101-000000-0000"]),
        said(&[&pair[..], &["--timing-from", &early]].concat()),
        said(&[&pair[..], &["--from-run", &early]].concat()),
        said(&[]),
    ];
    insta::assert_snapshot!(all.join("\n"));
    let finished = replayed("local", folder.path(), usize::MAX).await;
    let seen = said(&["--from-run", &finished, "--assume=source.owner=us"]);
    assert!(seen.contains("the run has seen how it was"), "{seen}");
}
