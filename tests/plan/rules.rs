//! What a checked plan and an inventory promise to the rest of the program.

use std::time::Duration;

use serde_json::json;
use sms_plan::plan::ExpressionError;
use sms_plan::plan::NewName;
use sms_plan::plan::Plan;
use sms_plan::plan::Severity;
use sms_plan::plan::TemplateError;
use sms_plan::plan::TransportKind;
use sms_plan::plan::check_pair;
use sms_plan::run::Place;
use sms_plan::run::StageId;

use super::cutover;
use super::inventory;
use super::pairs::Pair;
use super::plan;
use super::source;

fn with_stages(stages: &str) -> Plan {
    plan(&format!(
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: a, version: b }}\nstages:\n  \
         - {{ id: connect-source, description: Words, on: source, uses: host.connect }}\n{stages}"
    ))
    .unwrap_or_else(|error| panic!("{error}"))
}

fn note(when: &str) -> Plan {
    with_stages(&format!(
        "  - id: note\n    description: Words\n    on: source\n    uses: control.note\n    \
         needs: [connect-source]\n    when: '{when}'\n    with: {{ text: words }}\n"
    ))
}

#[test]
fn a_plan_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Plan>();
    shared::<sms_plan::plan::Inventory>();
    shared::<sms_plan::plan::Roots>();
}

#[test]
fn an_unknown_fact_is_no_failure() {
    let mut pair = Pair::p4a();
    pair.source.as_object_mut().unwrap().remove("clustered");
    pair.source.as_object_mut().unwrap().remove("osVersion");
    let mut roots = pair.roots();
    let ask = |when: &str, roots: &sms_plan::plan::Roots| {
        note(when).stages[1]
            .when
            .as_ref()
            .unwrap()
            .evaluate_bool(roots)
    };
    let unknown = |path: &str| Err(ExpressionError::Unknown { path: path.into() });
    assert_eq!(ask("source.clustered", &roots), unknown("source.clustered"));
    assert_eq!(
        ask("source.osVersion in [\"2003\"]", &roots),
        unknown("source.osVersion")
    );
    assert_eq!(
        ask("source.os == \"windows\" && source.clustered", &roots),
        Ok(false)
    );
    assert_eq!(
        ask("source.clustered && source.os == \"windows\"", &roots),
        Ok(false)
    );
    assert_eq!(
        ask("source.os == \"linux\" || source.clustered", &roots),
        Ok(true)
    );
    assert_eq!(ask("has(source.clustered)", &roots), Ok(false));
    let output = "stages[\"connect-source\"].output.names[0] == \"a\"";
    assert_eq!(
        ask(output, &roots),
        unknown("stages[\"connect-source\"].output.names")
    );
    roots.learn(
        Place::Source,
        &json!({ "clustered": true, "osVersion": "2003" }),
    );
    roots.set_output(
        &StageId::new("connect-source").unwrap(),
        json!({ "names": ["a"] }),
    );
    assert_eq!(ask("source.clustered", &roots), Ok(true));
    assert_eq!(ask(output, &roots), Ok(true));
    roots.set_output(&StageId::new("connect-source").unwrap(), json!(null));
    assert_eq!(
        ask("stages[\"connect-source\"].output == null", &roots),
        Ok(true)
    );
    assert!(matches!(
        ask(output, &roots),
        Err(ExpressionError::Failed { .. })
    ));
    let scope = "inventory.credentials[source.credential].scope == \"local\"";
    assert_eq!(ask(scope, &roots), Ok(true));
}

#[test]
fn words_never_have_holes() {
    let text = |words: &str| {
        with_stages(&format!(
            "  - id: note\n    description: '{words}'\n    on: source\n    uses: control.note\n    \
             needs: [connect-source]\n    with: {{ text: words }}\n"
        ))
        .stages[1]
            .description
            .clone()
    };
    let mut pair = Pair::p4a();
    pair.source.as_object_mut().unwrap().remove("clustered");
    let mut roots = pair.roots();
    let unknown = |path: &str| Err(TemplateError::Unknown { path: path.into() });
    assert_eq!(
        text("{{source.name}} & <{{source.newName}}>")
            .render(&roots)
            .unwrap(),
        "fs01 & <fs01-old>"
    );
    assert_eq!(
        text("{{#if source.clustered}}a{{/if}}").render(&roots),
        unknown("source.clustered")
    );
    assert_eq!(
        text("{{#if (eq source.os \"linux\")}}a{{else}}b{{/if}}")
            .render(&roots)
            .unwrap(),
        "a"
    );
    assert_eq!(text("{{run.id}}").render(&roots), unknown("run.id"));
    roots.set_run("r", "cutover", "1.0.0");
    assert_eq!(
        text("{{run.id}} {{run.plan}}").render(&roots).unwrap(),
        "r cutover"
    );
    let output = text("{{stages.connect-source.output.seen}}");
    assert!(matches!(
        output.render(&roots),
        Err(TemplateError::Unknown { .. })
    ));
    let list = text("{{#each stages.connect-source.output.seen}}[{{this}}]{{/each}}");
    roots.set_output(
        &StageId::new("connect-source").unwrap(),
        json!({ "seen": ["a", "b"] }),
    );
    assert_eq!(list.render(&roots).unwrap(), "[a][b]");
    assert!(matches!(
        output.render(&roots),
        Err(TemplateError::NoText { .. })
    ));
}

#[test]
fn defaults_are_those_of_the_file_then_ours() {
    let ours = note("true");
    assert_eq!(ours.run_timeout, Duration::from_hours(4));
    assert_eq!(ours.stages[1].timeout, Duration::from_mins(15));
    assert_eq!(ours.stages[1].retry.attempts, 3);
    let plan = cutover();
    let stage = |id: &str| plan.stage(&StageId::new(id).unwrap()).unwrap();
    assert_eq!(
        stage("wait-destination-new-name").timeout,
        Duration::from_mins(30)
    );
    let retry = stage("wait-source").retry;
    assert_eq!((retry.attempts, retry.delay), (2, Duration::from_secs(10)));
    assert!((retry.factor - 2.0).abs() < f64::EPSILON);
    assert!(stage("rename-source").with.is_object());
}

#[test]
fn a_digest_is_of_what_a_stage_does() {
    let digest = |text: &str| with_stages(text).stages[1].digest.clone();
    let stage = "  - { id: a, description: Words, on: source, uses: host.restart, needs: [connect-source], with: { ordinal: 1 } }\n";
    let first = digest(stage);
    assert_eq!(first.len(), 64);
    assert_eq!(
        first,
        digest(&stage.replace("Words", "Other words, timeout: 3m, weight: 4, note: x"))
    );
    assert_eq!(
        first,
        digest(
            "  - { with: { ordinal: 1 }, needs: [connect-source], uses: host.restart, on: source, description: Words, id: a }\n"
        )
    );
    let note = stage.replace("host.restart", "control.note");
    let note = |text: &str| digest(&note.replace("ordinal: 1", &format!("text: {text}")));
    assert_ne!(note("a"), note("b"));
    assert_ne!(
        first,
        digest(&stage.replace("uses:", "when: source.domainJoined, uses:"))
    );
    assert_ne!(
        first,
        digest(&stage.replace("on: source", "on: destination"))
    );
}

#[test]
fn dependants_are_the_needs_turned_round() {
    let plan = cutover();
    for (index, stage) in plan.stages.iter().enumerate() {
        assert_eq!(plan.index_of(&stage.id), Some(index));
        assert!(stage.needs.iter().all(|need| *need < index));
        assert!(
            stage
                .needs
                .iter()
                .all(|need| plan.dependants(*need).contains(&index))
        );
    }
}

#[test]
fn the_designs_inventory_loads() {
    let read = inventory(source("tests/fixtures/inventory/lab.yaml").text());
    assert_eq!(read.source.new_name(), NewName::Name("fs01-old".into()));
    assert_eq!(
        read.host(Place::Destination).unwrap().transport(),
        TransportKind::Ssh
    );
    assert_eq!(read.destination.clustered, None);
    let roots = read.roots();
    assert_eq!(roots.get(&["source", "osVersion"]), Some(&json!("12")));
    assert_eq!(roots.get(&["destination", "osVersion"]), None);
    assert_eq!(
        roots.get(&["inventory", "credentials", "domain-admin", "scope"]),
        Some(&json!("domain"))
    );
    assert!(!format!("{roots:?}").contains("LAB_ADMIN_PASSWORD"));
    assert!(
        check_pair(&cutover(), &read).is_empty(),
        "{}",
        check_pair(&cutover(), &read)
    );
}

#[test]
fn merges_are_applied() {
    let text = source("tests/fixtures/inventory/lab.yaml").text().replace(
        "  source-root: { username: root, scope: local, privateKey: id_ed25519 }",
        "  source-root: &root { username: root, scope: local, privateKey: id_ed25519 }",
    );
    let text = text.replace(
        "  destination-root: { username: root, scope: local, privateKey: id_ed25519 }",
        "  destination-root: { <<: *root, username: admin }",
    );
    let read = inventory(&text);
    assert_eq!(read.credentials["destination-root"].username, "admin");
    assert!(read.credentials["destination-root"].private_key.is_some());
}

#[test]
fn pairs_that_cannot_be_cut_over_are_refused() {
    let refused = |pair: &Pair| -> Vec<&'static str> {
        let found = check_pair(&cutover(), &pair.inventory());
        found
            .iter()
            .filter(|one| one.severity == Severity::Error)
            .map(|one| one.code)
            .collect()
    };
    for good in [
        Pair::p1(),
        Pair::p2(),
        Pair::p3(),
        Pair::p4a(),
        Pair::p4b(),
        Pair::p5(),
    ] {
        assert!(refused(&good).is_empty(), "{good:?}");
    }
    assert_eq!(refused(&Pair::p6()), ["P080", "P080"]);
    let mut mixed = Pair::p4a();
    mixed.destination["domainJoined"] = json!(false);
    assert_eq!(refused(&mixed), ["P080"]);
    let asked = note("inventory.credentials[\"nobody\"].scope == \"local\"");
    let found = check_pair(&asked, &Pair::p4a().inventory());
    assert_eq!(
        found.iter().map(|one| one.code).collect::<Vec<_>>(),
        ["P082"]
    );
}
