//! What a person sees of a rehearsal.

use std::path::Path;
use std::process::{Command, Output};

use sms_plan::plan::Source;
use sms_plan::rehearse::{Setting, every_fault};
use sms_plan::report::{fault_table, rehearsed};
use sms_plan::run::RunState;

use super::{example, held};

/// The program in an empty folder, without any secret that an inventory refers to.
fn program(folder: &Path, arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_sms-plan"));
    let arguments = arguments
        .iter()
        .map(|argument| match argument.strip_prefix('@') {
            Some(file) => root.join(file).display().to_string(),
            None => (*argument).to_owned(),
        });
    program
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/nonexistent")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_program_rehearses_without_anything_else() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "rehearse",
        "@plans/cutover.yaml",
        "-i",
        "@examples/windows-2019-domain.yaml",
    ];
    let output = program(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is written"
    );
    insta::assert_snapshot!(text(&output.stdout));
}

/// `examples/picture` makes it anew.
#[test]
fn the_picture_in_the_readme_shows_what_the_program_prints() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "rehearse",
        "@plans/cutover.yaml",
        "-i",
        "@examples/windows-2019-domain.yaml",
    ];
    let printed = text(&program(folder.path(), &arguments).stdout);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/rehearsal.svg");
    let picture = std::fs::read_to_string(path).unwrap();
    assert!(picture.len() < 100_000, "it is kept small");
    let pieces = picture.split('<').filter_map(|piece| piece.split_once('>'));
    let shown: String = pieces.map(|(_, text)| text).collect();
    let entities = [
        ("&#160;", " "),
        ("&#x27;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let shown = entities
        .iter()
        .fold(shown, |shown, (entity, plain)| shown.replace(entity, plain));
    for line in printed.lines().map(str::trim_end) {
        assert!(shown.contains(line), "the picture has no `{line}`");
    }
}

#[test]
fn a_fault_ends_it_as_it_would_end_in_earnest() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = [
        "rehearse",
        "@plans/cutover.yaml",
        "-i",
        "@examples/linux-to-linux-domain.yaml",
        "--parallel=1",
        "--fault=restart-source-after-join=restart-never-returns",
        "--fault=leave-source=power-cut",
    ];
    let output = program(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output.stderr));
    insta::assert_snapshot!(text(&output.stdout));
}

#[test]
fn two_processes_tell_the_same_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let told = |seed: &str| {
        let arguments = [
            "rehearse",
            "@plans/cutover.yaml",
            "-i",
            "@examples/linux-domain.yaml",
            "--format=json",
            "--fault=random:5",
            seed,
        ];
        program(folder.path(), &arguments).stdout
    };
    let first = told("--seed=3");
    assert!(text(&first).lines().count() > 50, "{}", text(&first));
    assert_eq!(first, told("--seed=3"));
    assert_ne!(first, told("--seed=4"));
}

#[test]
fn mistakes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let said = |extra: &str| {
        let arguments = [
            "rehearse",
            "@plans/cutover.yaml",
            "-i",
            "@examples/linux-domain.yaml",
            extra,
        ];
        let output = program(folder.path(), &arguments);
        assert_eq!(output.status.code(), Some(2), "{extra}");
        text(&output.stderr)
    };
    let all: Vec<String> = [
        "--fault=join-sauce=timeout",
        "--fault=join-source=typo",
        "--fault=join-source",
        "--fault=random:x",
        "--assume=source.colour=red",
        "--assume=source.restart=soon",
    ]
    .map(said)
    .to_vec();
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_the_inventory_leaves_out_is_assumed_and_said() {
    let inventory = "
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: short }
hosts:
  source: { address: 192.0.2.21, transport: winrm, credential: admin, network: { Ethernet0: { addresses: [192.0.2.41/24] } } }
  destination: { address: 192.0.2.22, transport: winrm, credential: admin }
networkMapping: { Ethernet0: Ethernet0 }
directory: { domain: example.test, server: dc1.example.test, dns: [192.0.2.10], credential: admin }
credentials: { admin: { username: EXAMPLE\\admin, password: { env: X } } }
";
    let path = Source::from_text("short.yaml", inventory);
    let setting = super::setting(&path.path().display().to_string(), inventory);
    let rehearsal = held(&setting).await;
    assert_eq!(
        rehearsal.run.state(),
        RunState::Succeeded,
        "{}",
        super::why(&rehearsal.run)
    );
    insta::assert_snapshot!(rehearsed(
        &setting.plan,
        1,
        &rehearsal,
        &setting.tempo,
        None
    ));
}

#[tokio::test(start_paused = true)]
async fn every_fault_has_its_line() {
    let setting = Setting {
        parallel: 4,
        ..example("linux-to-linux-workgroup")
    };
    // All of them take a while; `rehearse --every-fault` tries them.
    let chosen = [
        "map-source-network",
        "rename-source",
        "restart-source-after-rename",
    ];
    let (undisturbed, rows) = every_fault(&setting, |fault| chosen.contains(&fault.stage.as_str()))
        .await
        .unwrap();
    for row in &rows {
        assert_eq!(row.rehearsal.end.wrongs, [""; 0], "{}", row.fault);
        assert_eq!(
            row.rehearsal.run.state(),
            RunState::Succeeded,
            "{}",
            row.fault
        );
    }
    insta::assert_snapshot!(fault_table(&setting.plan, &undisturbed, &rows));
}

#[test]
fn a_fault_that_finds_nothing_to_strike_is_said() {
    let told = |fault: &str| {
        let arguments = ["rehearse", "plans/cutover.yaml", "-i"];
        let out = Command::new(env!("CARGO_BIN_EXE_sms-plan"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .args(arguments)
            .args(["examples/linux-domain.yaml", "--fault", fault])
            .output()
            .unwrap();
        String::from_utf8(out.stdout).unwrap()
    };
    let missed = "did not strike restart-source-after-leave=refused: ";
    assert!(told("restart-source-after-leave=refused").contains(missed));
    assert!(!told("leave-source=timeout").contains("did not strike"));
}
