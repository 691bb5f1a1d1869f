//! `diff` as a person meets it, and as git does.

use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;

use super::Desk;

/// The shipped plan, edited in every way that means something, and in some that mean nothing.
fn edit(text: &str) -> String {
    let edits = [
        ("version: 1.0.0", "version: '1.1.0'   # the next one"),
        (
            "timeout: 15m\n  runTimeout: 4h",
            "runTimeout: 240m\n  timeout: 20m",
        ),
        (
            "needs: [copy-permissions, logon-source-account",
            "needs: [copy-permissions, logon-src",
        ),
        (
            "    needs: [copy-permissions, logon-source-account",
            "    needs: [copy-permissions, logon-src",
        ),
        ("  - id: logon-source-account\n", "  - id: logon-src\n"),
        (
            "retry: { attempts: 3, delay: 15s }",
            "retry: { attempts: 5, delay: 15s }",
        ),
        (
            "with: { answersAs: \"{{source.name}}\" }",
            "with: { answersAs: \"{{ source.name }}\" }",
        ),
        (
            "    when: source.os == \"linux\"\n    note: >-\n      Applies only to Linux",
            "    when: source.os == \"linux\" && source.domainJoined\n    note: >-\n      Applies only to Linux",
        ),
        (
            "  - id: rename-source\n",
            "  - { id: say, description: Half-way., on: orchestrator, uses: control.note, with: { text: x } }\n  - id: rename-source\n",
        ),
    ];
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        text.replacen(from, to, 1)
    })
}

fn desk() -> Desk {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("plan.yaml")).unwrap();
    desk.write("new.yaml", edit(&text));
    desk
}

#[test]
fn two_plans() {
    assert_snapshot!(desk().printed(&["diff", "plan.yaml", "new.yaml"]));
}

#[test]
fn two_plans_for_machines() {
    let printed = desk().printed(&["diff", "plan.yaml", "new.yaml", "--format", "json"]);
    let (exit, json) = printed.split_once('\n').unwrap();
    assert_eq!(exit, "exit 1");
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(json["kind"], "plan");
    assert_eq!(json["same"], false);
    let stage = |id: &str| {
        let stages = json["stages"].as_array().unwrap().iter();
        stages
            .clone()
            .find(|stage| stage["id"] == id)
            .unwrap()
            .clone()
    };
    assert_eq!(stage("say")["presence"], "added");
    assert_eq!(stage("logon-src")["was"], "logon-source-account");
    assert_eq!(
        stage("collect-source-addresses")["fields"][0]["field"],
        "/when"
    );
    assert_eq!(json["paths"].as_array().unwrap().len(), 20);
}

#[test]
fn two_inventories() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("inventory.yaml")).unwrap();
    let edited = text
        .replacen("{ env: LAB_ADMIN_PASSWORD }", "{ file: secret }", 1)
        .replacen("10.98.0.22", "10.98.0.23", 1);
    desk.write("new.yaml", format!("# A comment.\n{edited}"));
    assert_snapshot!(desk.printed(&["diff", "inventory.yaml", "new.yaml"]));
}

#[test]
fn what_means_the_same() {
    let desk = Desk::new();
    let text = std::fs::read_to_string(desk.path("plan.yaml")).unwrap();
    desk.write(
        "new.yaml",
        text.replace("    weight", "    # heavy\n    weight"),
    );
    assert_snapshot!(desk.printed(&["diff", "plan.yaml", "new.yaml"]));
}

#[test]
fn an_older_file_is_compared_as_it_would_be_rewritten() {
    let desk = Desk::new();
    let old = format!(
        "{}/tests/fixtures/upgrade/plan-v0.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    desk.run(&["upgrade", &old, "-o", "new.yaml"]);
    assert_eq!(
        desk.printed(&["diff", &old, "new.yaml"]),
        "exit 0\nboth mean the same\n"
    );
}

#[test]
fn files_that_cannot_be_compared() {
    let desk = Desk::new();
    desk.write("bad.yaml", "apiVersion: sms-plan/v1\nkind: Plan\n");
    let mut told = desk.run(&["diff", "plan.yaml", "inventory.yaml"]);
    told += &desk.run(&["diff", "plan.yaml"]);
    told += &desk.run(&["diff", "bad.yaml", "missing.yaml"]);
    assert_snapshot!(told);
}

/// Git in the desk's folder, with no settings but the desk's; what it printed and its exit code.
fn git(desk: &Desk, arguments: &[&str]) -> (String, Option<i32>) {
    let out = Command::new("git")
        .args(arguments)
        .current_dir(desk.path("."))
        .env("HOME", desk.path("."))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap() + &String::from_utf8(out.stderr).unwrap();
    (text, out.status.code())
}

fn repository() -> Desk {
    let desk = desk();
    let program = Path::new(env!("CARGO_BIN_EXE_sms-plan"))
        .display()
        .to_string();
    std::fs::rename(desk.path("new.yaml"), desk.path("edited")).unwrap();
    desk.write(".gitattributes", "*.yaml diff=sms-plan\n");
    for arguments in [
        &["init", "-q", "-b", "main"][..],
        &["config", "user.name", "somebody"],
        &["config", "user.email", "somebody@example.test"],
        &[
            "config",
            "diff.sms-plan.command",
            &format!("'{program}' diff --git"),
        ],
        &["add", ".gitattributes", "plan.yaml", "inventory.yaml"],
        &["commit", "-q", "-m", "first"],
    ] {
        let (said, code) = git(&desk, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {said}");
    }
    desk
}

#[test]
fn git_shows_what_a_plan_means() {
    let desk = repository();
    std::fs::rename(desk.path("edited"), desk.path("plan.yaml")).unwrap();
    std::fs::remove_file(desk.path("inventory.yaml")).unwrap();
    let draft = format!(
        "{}/tests/fixtures/upgrade/plan-v0.yaml",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::copy(draft, desk.path("draft.yaml")).unwrap();
    desk.write("faulty.yaml", "kind: Plan\n");
    git(&desk, &["add", "-N", "draft.yaml", "faulty.yaml"]);
    let (said, code) = git(&desk, &["diff"]);
    assert_eq!(code, Some(0), "{said}");
    assert_snapshot!(said);
}

#[test]
fn git_follows_a_renamed_file() {
    let desk = repository();
    std::fs::rename(desk.path("edited"), desk.path("moved.yaml")).unwrap();
    std::fs::remove_file(desk.path("plan.yaml")).unwrap();
    git(&desk, &["add", "-A"]);
    let (said, code) = git(&desk, &["diff", "--cached", "-M"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("\nmoved.yaml\nmetadata/version: 1.0.0 -> 1.1.0\n"),
        "{said}"
    );
}

#[test]
fn git_takes_the_exit_code_where_it_is_told_to() {
    let desk = repository();
    let program = Path::new(env!("CARGO_BIN_EXE_sms-plan"))
        .display()
        .to_string();
    let text = std::fs::read_to_string(desk.path("plan.yaml")).unwrap();
    let command = format!("'{program}' diff --git --exit-code");
    git(&desk, &["config", "diff.sms-plan.command", &command]);
    git(&desk, &["config", "diff.sms-plan.trustExitCode", "true"]);
    desk.write("plan.yaml", format!("# A comment.\n{text}"));
    let (said, code) = git(&desk, &["diff", "--exit-code", "--ext-diff"]);
    assert_eq!(
        (said.as_str(), code),
        ("plan.yaml\nboth mean the same\n", Some(0))
    );
    desk.write("plan.yaml", edit(&text));
    let (said, code) = git(&desk, &["diff", "--exit-code", "--ext-diff"]);
    assert_eq!(code, Some(1), "{said}");
}
