//! The schemas in the eyes of another implementation of JSON Schema, which reads YAML with another
//! library too.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sms_plan::action::Registry;
use sms_plan::plan::Diagnostics;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;

use super::root;
use super::shipped;
use super::tools;
use super::yaml_files;

/// What our own pass over the schema says; every one of these is in the schema to be seen.
const OF_THE_SCHEMA: [&str; 6] = ["P010", "P011", "P012", "P014", "P030", "P031"];

/// Files whose fault has a code of the schema and needs more than one to be seen: of several fields
/// one must be there.
const BY_RULE: [&str; 1] = ["tests/fixtures/faulty/P011-secret.yaml"];

const PLAN: &str = "schemas/plan.schema.json";
const INVENTORY: &str = "schemas/inventory.schema.json";

/// Returns those of the files that the second validator refuses, and why.
fn refused(tools: &Path, schema: &str, files: &[String]) -> Vec<(String, String)> {
    let output = Command::new(tools.join("venv/bin/check-jsonschema"))
        .args([
            "--output-format",
            "json",
            "--verbose",
            "--schemafile",
            schema,
        ])
        .args(files)
        .current_dir(root())
        .output()
        .unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let list = |field: &str| answer[field].as_array().cloned().unwrap_or_default();
    assert_eq!(list("parse_errors"), [Value::Null; 0]);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let refused: Vec<(String, String)> = list("errors")
        .iter()
        .map(|error| {
            (
                text(&error["filename"]),
                format!("{} {}", error["path"], error["message"]),
            )
        })
        .collect();
    assert_eq!(output.status.success(), refused.is_empty(), "{answer}");
    refused
}

/// Whether a file is meant as an inventory, whatever it says of itself.
fn is_inventory(path: &str) -> bool {
    let bytes = std::fs::read(root().join(path)).unwrap();
    String::from_utf8_lossy(&bytes).contains("\nhosts:\n")
}

fn load(path: &str) -> Diagnostics {
    let source = match Source::read(root().join(path)) {
        Ok(source) => source,
        Err(faults) => return faults,
    };
    let loaded = if is_inventory(path) {
        load_inventory(&source).map(|loaded| loaded.warnings)
    } else {
        let catalogue = Registry::standard().catalogue();
        load_plan(&source, &catalogue).map(|loaded| loaded.warnings)
    };
    loaded.unwrap_or_else(|faults| faults)
}

#[test]
fn the_schemas_are_schemas_to_another_validator() {
    let Some(tools) = tools("the_schemas_are_schemas_to_another_validator") else {
        return;
    };
    let output = Command::new(tools.join("venv/bin/check-jsonschema"))
        .args(["--check-metaschema", PLAN, INVENTORY])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
fn another_validator_takes_every_good_file() {
    let Some(tools) = tools("another_validator_takes_every_good_file") else {
        return;
    };
    let mut files = shipped();
    files.push("tests/fixtures/inventory/lab.yaml".to_owned());
    let (inventories, plans): (Vec<String>, Vec<String>) =
        files.into_iter().partition(|path| is_inventory(path));
    assert_eq!(refused(&tools, PLAN, &plans), []);
    assert_eq!(refused(&tools, INVENTORY, &inventories), []);
}

#[test]
fn another_validator_refuses_what_the_schema_can_see() {
    let Some(tools) = tools("another_validator_refuses_what_the_schema_can_see") else {
        return;
    };
    let (mut checked, mut only_ours) = (0, Vec::new());
    let (inventories, plans): (Vec<String>, Vec<String>) = yaml_files("tests/fixtures/faulty")
        .into_iter()
        .partition(|path| is_inventory(path));
    for (schema, paths) in [(PLAN, plans), (INVENTORY, inventories)] {
        // What is no sound YAML never comes to a schema; a bomb would keep this validator busy.
        let files: Vec<(String, Diagnostics)> = paths
            .into_iter()
            .map(|path| (path.clone(), load(&path)))
            .filter(|(_, faults)| {
                !faults
                    .iter()
                    .any(|fault| ("P002".."P010").contains(&fault.code))
            })
            .collect();
        let paths: Vec<String> = files.iter().map(|(path, _)| path.clone()).collect();
        let refusals = refused(&tools, schema, &paths);
        let theirs: BTreeSet<&String> = refusals.iter().map(|(path, _)| path).collect();
        for (path, faults) in &files {
            let codes: BTreeSet<&str> = faults.iter().map(|fault| fault.code).collect();
            if OF_THE_SCHEMA.iter().any(|code| codes.contains(code)) {
                if !theirs.contains(path) {
                    only_ours.push(path.clone());
                }
                checked += 1;
            }
            if theirs.contains(path) {
                assert!(faults.has_errors(), "only they refuse {path}: {refusals:?}");
            }
        }
    }
    assert!(checked > 10, "{checked}");
    assert_eq!(only_ours, BY_RULE, "no schema sees what is wrong in these");
}
