//! What each change of a plan or an inventory means for a run that is under way.

use insta::assert_snapshot;
use sms_plan::plan::{
    Edit, EditKind, How, compare, compare_inventories, inventory_edits, plan_edits,
};

use super::{cutover, inventory, plan, source};

/// One line an edit: what it comes to, which stages it is about, and its words.
fn told(edits: &[Edit]) -> String {
    let line = |edit: &Edit| {
        let kind = match &edit.kind {
            EditKind::Working => "working".to_owned(),
            EditKind::Meaning(concerns) => {
                let concerns: Vec<String> = concerns
                    .iter()
                    .map(|one| {
                        let how = match one.how {
                            How::Effect => "",
                            How::Condition => " (condition)",
                            How::Action => " (action)",
                        };
                        format!("{}{how}", one.stage)
                    })
                    .collect();
                format!("meaning [{}]", concerns.join(", "))
            }
            EditKind::Added(stage) => format!("added [{stage}]"),
            EditKind::Removed(stage) => format!("removed [{stage}]"),
            EditKind::Renamed { now, was } => format!("renamed [{was} -> {now}]"),
            EditKind::Moved(stage) => format!("moved [{stage}]"),
            EditKind::Servers => "servers".to_owned(),
        };
        format!("{kind}\n    {}", edit.words)
    };
    edits.iter().map(line).collect::<Vec<_>>().join("\n")
}

const PLAN: &str = "
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: words, version: 1.0.0 }
defaults: { timeout: 15m }
stages:
  - { id: a, description: A, on: orchestrator, uses: control.note, with: { text: one } }
  - { id: b, description: B, on: orchestrator, uses: control.note, needs: [a], with: { text: two } }
  - { id: c, description: C, on: orchestrator, uses: control.note, with: { text: three } }
  - { id: d, description: D, on: orchestrator, uses: control.note, with: { text: four } }
";

fn of_plan(changes: &[(&str, &str)]) -> String {
    let mut text = PLAN.to_owned();
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let parsed = |text: &str| plan(text).unwrap_or_else(|error| panic!("{error}"));
    told(&plan_edits(&compare(&parsed(PLAN), &parsed(&text))))
}

#[test]
fn words_weights_timeouts_and_retries_are_how_a_run_works() {
    assert_snapshot!(of_plan(&[
        ("timeout: 15m", "timeout: 20m, retry: { attempts: 9 }"),
        ("version: 1.0.0", "version: 1.0.1"),
        (
            "description: A,",
            "description: Alpha, weight: 4, note: N, timeout: 1m, retry: { delay: 9s },"
        ),
    ]));
}

#[test]
fn all_else_of_a_plan_is_what_stages_do() {
    let d = "  - { id: d, description: D, on: orchestrator, uses: control.note, with: { text: four } }\n";
    assert_snapshot!(of_plan(&[
        (d, ""),
        ("stages:\n", &format!("stages:\n{d}")),
        ("text: one", "text: eins"),
        ("id: b,", "id: bb,"),
        (
            "id: c, description: C, on: orchestrator, uses: control.note, with: { text: three }",
            "id: c, when: run.id == 'x', needs: [a], description: C, on: source, uses: control.note, with: { text: drei }"
        ),
    ]));
}

fn of_inventory(changes: &[(&str, &str)]) -> String {
    let text = source("examples/lab/inventory.yaml").text().to_owned();
    let mut edited = text.clone();
    for (old, new) in changes {
        assert!(edited.contains(old), "{old}");
        edited = edited.replace(old, new);
    }
    let (old, new) = (inventory(&text), inventory(&edited));
    told(&inventory_edits(
        &compare_inventories(&old, &new),
        &old,
        &new,
        &cutover(),
    ))
}

#[test]
fn credentials_the_domain_controller_and_dns_are_how_a_run_works() {
    assert_snapshot!(of_inventory(&[
        ("server: dc1.lab.test", "server: dc2.lab.test"),
        ("address: 10.98.0.10", "address: 10.98.0.11"),
        ("dns: [10.98.0.10]", "dns: [10.98.0.11]"),
        ("caFile: ca.pem", "caFile: other.pem\n  security: starttls"),
        ("{ env: LAB_ADMIN_PASSWORD }", "{ file: secret.txt }"),
        ("metadata: { name: fs01 }", "metadata: { name: night }"),
        (
            "    credential: destination-root",
            "    credential: source-root"
        ),
    ]));
}

#[test]
fn names_addresses_and_mapping_are_edits_of_the_stages_that_use_them() {
    assert_snapshot!(of_inventory(&[
        ("newName: fs01-old", "newName: fs01-past"),
        ("10.98.0.41/24", "10.98.0.42/24"),
        (
            "networkMapping: { eth0: eth0 }",
            "networkMapping: { eth0: eth1 }"
        ),
        ("restartAfterJoin: true", "restartAfterJoin: false"),
    ]));
}

#[test]
fn facts_are_what_the_first_connection_found() {
    assert_snapshot!(of_inventory(&[
        (
            "osVersion: \"12\"             # Debian 12",
            "osVersion: \"13\""
        ),
        ("newName: fs01-old", "newName: random"),
        (
            "source-root: { username: root, scope: local,",
            "source-root: { username: root, scope: domain,"
        ),
    ]));
}

#[test]
fn other_servers_are_another_run() {
    assert_snapshot!(of_inventory(&[
        ("name: fs02", "name: fs03"),
        ("address: 10.98.0.22", "address: 10.98.0.23"),
        ("domain: lab.test", "domain: other.test"),
    ]));
}
