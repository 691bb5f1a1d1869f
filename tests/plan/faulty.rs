//! Faulty files, one idea each: what a person reads.

use sms_plan::plan::Diagnostics;
use sms_plan::plan::Severity;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;

use super::catalogue;
use super::project;
use super::source;

/// All faulty files of a folder, in order.
fn files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project(folder)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn check(folder: &str, load: impl Fn(&str) -> Result<Diagnostics, Diagnostics>) {
    let files = files(folder);
    for name in &files {
        let path = format!("{folder}/{name}");
        let diagnostics = match load(&path) {
            Ok(warnings) => warnings,
            Err(errors) => {
                assert!(errors.has_errors(), "{path}");
                errors
            }
        };
        assert!(!diagnostics.is_empty(), "{path} has no fault");
        for one in diagnostics.iter() {
            assert!(
                sms_plan::plan::codes::code(one.code).is_some(),
                "{} is in no table",
                one.code
            );
            assert!(one.severity == Severity::Warning || !one.message.is_empty());
        }
        let kind = if folder.contains("inventory") {
            "inventory"
        } else {
            "plan"
        };
        insta::assert_snapshot!(
            format!("{kind}__{}", name.trim_end_matches(".yaml")),
            diagnostics.render(false)
        );
    }
}

#[test]
fn faulty_plans_say_what_is_wrong() {
    let folder = "tests/fixtures/plan/faulty";
    check(folder, |path| {
        load_plan(&source(path), &catalogue::all()).map(|loaded| loaded.warnings)
    });
    assert!(files(folder).len() >= 20);
}

#[test]
fn faulty_inventories_say_what_is_wrong() {
    check("tests/fixtures/inventory/faulty", |path| {
        load_inventory(&source(path)).map(|loaded| loaded.warnings)
    });
}

#[test]
fn a_secret_is_never_shown() {
    let path = "tests/fixtures/inventory/faulty/secret-in-clear.yaml";
    let errors = load_inventory(&source(path)).unwrap_err();
    for shown in [
        errors.render(false),
        errors.render(true),
        errors.to_json().to_string(),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn other_faults_beside_a_secret_do_not_show_it() {
    let good = source("tests/fixtures/inventory/lab.yaml");
    let reference = "password: { env: LAB_ADMIN_PASSWORD }";
    assert!(good.text().contains(reference));
    for clear in [
        "password: hunter2, scope: locl",
        "pasword: hunter2",
        "password: { evn: hunter2 }",
        "password: [hunter2]",
        "password: hunter2, password: hunter2",
        "password: hunter2, {}",
        "password: !x hunter2",
        "password: \"hunter2",
        "privateKey: \"PRIVATE KEY hunter2\"",
    ] {
        let text = good.text().replace(reference, clear);
        let errors = load_inventory(&Source::from_text("i.yaml", text)).unwrap_err();
        for shown in [errors.render(false), errors.to_json().to_string()] {
            assert!(!shown.contains("hunter2"), "{clear}: {shown}");
        }
    }
}

#[test]
fn machines_get_the_fixed_shape() {
    let path = "tests/fixtures/plan/faulty/unknown-need.yaml";
    let errors = load_plan(&source(path), &catalogue::all()).unwrap_err();
    insta::assert_snapshot!(format!("{:#}", errors.to_json()));
}
