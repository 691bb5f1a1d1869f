//! What people read of a path before it is taken, for every kind of pair.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use sms_plan::plan::Runs;
use sms_plan::plan::kinds;
use sms_plan::plan::outlook;
use sms_plan::plan::path;
use sms_plan::report::Preview;

use super::cutover;

/// Every stage with everything that is said of it, and of which kinds.
#[test]
fn reasons_name_the_facts_of_the_servers() {
    let plan = cutover();
    let mut told: Vec<BTreeMap<(&str, String), Vec<&str>>> = vec![BTreeMap::new(); 49];
    for kind in kinds() {
        for (row, told) in path(&plan, &kind.roots()).into_iter().zip(&mut told) {
            let runs = match row.runs {
                Runs::Yes => "runs",
                Runs::No => "skip",
                Runs::Unknown => "?",
            };
            told.entry((runs, row.reason)).or_default().push(kind.code);
        }
    }
    let mut text = String::new();
    for (stage, told) in plan.stages.iter().zip(&told[1..]) {
        writeln!(text, "{}", stage.id).unwrap();
        for ((runs, reason), kinds) in told {
            writeln!(text, "  {runs}  {reason}\n        {}", kinds.join(" ")).unwrap();
        }
    }
    insta::assert_snapshot!(text);
}

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

/// What machines read: the five fields of a row never change, and others may follow them.
#[test]
fn every_kind_has_the_fixed_shape() {
    let plan = cutover();
    for kind in kinds() {
        let inventory = kind.inventory();
        let rows = path(&plan, &inventory.roots());
        let shown = serde_json::json!(Preview::new(&plan, &inventory, &rows).json());
        let stages = shown["stages"].as_array().unwrap();
        assert_eq!(stages.len(), 49, "{}", kind.code);
        assert_eq!(stages[0]["id"], "idle");
        assert_eq!(stages[48]["id"], "succeeded");
        for stage in stages {
            let fixed = ["id", "percent", "description", "runs", "reason"];
            assert_eq!(keys(stage)[..5], fixed, "{stage}");
            assert!(stage["percent"].is_number(), "{stage}");
            assert!(stage["runs"].is_boolean() || stage["runs"] == "unknown");
            assert!(!stage["reason"].as_str().unwrap().is_empty(), "{stage}");
        }
        let text = Preview::new(&plan, &inventory, &rows).text(false);
        for stage in &stages[1..48] {
            assert!(text.contains(stage["id"].as_str().unwrap()));
        }
        assert!(
            text.lines().all(|line| line.chars().count() <= 96),
            "{text}"
        );
    }
}

/// The outage, the point of no return and the longest chain of every kind.
#[test]
fn every_kind_has_its_outlook() {
    let plan = cutover();
    let mut text = String::new();
    for kind in kinds() {
        let rows = path(&plan, &kind.roots());
        let seen = outlook(&plan, &rows);
        let outage = seen.outage.unwrap();
        let ends = outage.ends.unwrap();
        assert_eq!(seen.cannot_be_undone, []);
        let taken: usize = seen.steps.iter().map(Vec::len).sum();
        assert_eq!(
            taken,
            rows.iter().filter(|row| row.runs == Runs::Yes).count() - 2
        );
        assert!(seen.longest_chain.len() <= seen.steps.len());
        writeln!(
            text,
            "{:<4} outage {} to {}, no return {}, {taken} stages in {} steps, longest chain {}",
            kind.code,
            outage.begins.id,
            ends.id,
            seen.point_of_no_return
                .map_or_else(|| "-".to_owned(), |point| point.at.id.to_string()),
            seen.steps.len(),
            seen.longest_chain.len()
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

const SCRIPTS: &str = "apiVersion: sms-plan/v1
kind: Plan
metadata: { name: scripts, version: 1.0.0 }
stages:
  - { id: look, description: Look, on: source, uses: host.connect }
  - { id: first, description: First, on: source, uses: host.run, needs: [look], with: { script: 'true', undo: 'true' } }
  - { id: second, description: Second, on: destination, uses: host.run, with: { script: 'true' } }
  - { id: third, description: Third, on: source, uses: host.run, needs: [first], with: { script: 'true' } }
  - { id: fourth, description: Fourth, on: destination, uses: host.run, needs: [third], when: source.os == \"windows\", with: { script: 'true' } }
  - { id: fifth, description: Fifth, on: destination, uses: host.rename, needs: [fourth] }
";

/// What an author's own plan means is seen from what its actions declare.
#[test]
fn an_own_plan_is_looked_ahead_along() {
    let plan = super::plan(SCRIPTS).unwrap();
    let kind = kinds().iter().find(|kind| kind.code == "L1a").unwrap();
    let seen = outlook(&plan, &path(&plan, &kind.roots()));
    assert_eq!(seen.outage, None, "the source keeps its identity");
    let ids = |ids: &[sms_plan::run::StageId]| -> Vec<String> {
        ids.iter().map(ToString::to_string).collect()
    };
    assert_eq!(ids(&seen.cannot_be_undone), ["second", "third"]);
    let point = seen.point_of_no_return.unwrap();
    assert_eq!(point.at.id.as_str(), "second");
    assert_eq!(
        ids(&seen.longest_chain),
        ["look", "first", "third", "fifth"]
    );
    let steps: Vec<Vec<String>> = seen.steps.iter().map(|step| ids(step)).collect();
    assert_eq!(
        steps,
        [
            vec!["look", "second"],
            vec!["first"],
            vec!["third"],
            vec!["fifth"]
        ]
    );
}

/// Conditions that ask for more than facts are quoted with what they read.
#[test]
fn other_conditions_are_quoted() {
    let reason = |when: &str| {
        let text = format!(
            "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: x, version: 1.0.0 }}\nstages:\n  \
             - {{ id: a, description: A, on: source, uses: host.connect }}\n  \
             - {{ id: c, description: C, on: destination, uses: host.connect }}\n  \
             - {{ id: b, description: B, on: orchestrator, uses: control.note, needs: [a, c], with: {{ text: b }}, \
             when: '{when}' }}\n"
        );
        let plan = super::plan(&text).unwrap();
        let kind = kinds().iter().find(|kind| kind.code == "P1").unwrap();
        path(&plan, &kind.roots())[3].reason.clone()
    };
    insta::assert_snapshot!(
        [
            r#"source.name.startsWith("x")"#,
            r#"source.name == "x""#,
            r#"source.name != "x""#,
            r#"source.transport == "ssh""#,
            r#"source.osVersion in ["2008", "2008 R2"] || destination.clustered"#,
            "source.clustered && destination.clustered",
            r#"inventory.credentials["fs01"].scope == "local""#,
            r#"has(source.name) && source.os == "linux""#,
            r#"stages["a"].output == "x""#,
            r#"source.os == "windows" && stages["a"].output == "x""#,
        ]
        .map(|when| format!("{when}\n  {}", reason(when)))
        .join("\n")
    );
}
