//! The catalogue of faults: one faulty file per fault, and beside it what a person reads.
//!
//! `UPDATE_FAULTY=1 cargo test faulty` writes the messages anew.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sms_plan::plan::Diagnostics;
use sms_plan::plan::Source;
use sms_plan::plan::check_pair;
use sms_plan::plan::codes::CODES;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;

use super::catalogue;
use super::cutover;
use super::inventory;
use super::plan;
use super::project;
use super::source;

const FOLDER: &str = "tests/fixtures/faulty";

/// Codes that no file of the catalogue can show, and the test that shows them.
const ELSEWHERE: [(&str, &str); 2] = [
    // In src/plan/source.rs.
    ("P001", "what_is_no_text_is_refused_with_words"),
    ("P004", "what_is_no_text_is_refused_with_words"),
];

fn is(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|own| own == extension)
}

/// The faulty files, in order.
fn files() -> Vec<String> {
    let entries = fs::read_dir(project(FOLDER)).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| is(name, "yaml") && !name.ends_with(".after.yaml"))
        .collect();
    names.sort();
    names
}

/// Everything that is wrong with a text, alone and, if it is good, together with a good other
/// file.
fn look(path: &str) -> Diagnostics {
    let text = match Source::read(project(path)) {
        Ok(read) => Source::from_text(path, read.text()),
        Err(errors) => return errors,
    };
    look_at(&text)
}

fn look_at(text: &Source) -> Diagnostics {
    let mut found;
    if text.text().contains("\nhosts:\n") {
        match load_inventory(text) {
            Err(errors) => return errors,
            Ok(loaded) => {
                found = loaded.warnings;
                if found.is_empty() {
                    found.extend(check_pair(&cutover(), &loaded.value));
                }
            }
        }
    } else {
        match load_plan(text, &catalogue::all()) {
            Err(errors) => return errors,
            Ok(loaded) => {
                found = loaded.warnings;
                if found.is_empty() {
                    let lab = inventory(source("tests/fixtures/inventory/lab.yaml").text());
                    found.extend(check_pair(&loaded.value, &lab));
                }
            }
        }
    }
    found
}

#[test]
fn every_faulty_file_says_what_is_wrong_and_nothing_else() {
    let update = std::env::var_os("UPDATE_FAULTY").is_some();
    let mut wrong = Vec::new();
    for name in files() {
        let path = format!("{FOLDER}/{name}");
        let found = look(&path);
        if found.is_empty() || found.iter().any(|one| !name.starts_with(one.code)) {
            wrong.push(format!(
                "{name} has other faults than its name says:\n{found}"
            ));
        }
        // The folder is the project's; what the program calls it is not the reader's.
        let shown = found
            .render(false)
            .replace(&project("").display().to_string(), "");
        let beside = project(&path.replace(".yaml", ".txt"));
        if update {
            fs::write(&beside, &shown).unwrap();
        }
        let told = fs::read_to_string(&beside).unwrap_or_default();
        if told != shown {
            wrong.push(format!("{name} says now:\n{shown}\nand said:\n{told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_catalogue_reads_like_documentation() {
    for name in files() {
        let bytes = fs::read(project(&format!("{FOLDER}/{name}"))).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let first = text.lines().next().unwrap_or_default();
        assert!(
            first.starts_with("# ") && first.ends_with('.'),
            "{name} does not begin with a sentence that says what is wrong"
        );
    }
    let messages = fs::read_dir(project(FOLDER))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| is(name, "txt"));
    let files: BTreeSet<String> = files().into_iter().collect();
    for message in messages {
        assert!(
            files.contains(&message.replace(".txt", ".yaml")),
            "{message} has no file"
        );
    }
}

#[test]
fn every_code_has_a_faulty_file() {
    let files = files();
    for entry in CODES {
        let shown = files.iter().any(|name| name.starts_with(entry.code));
        let elsewhere = ELSEWHERE.iter().any(|(code, _)| *code == entry.code);
        assert!(
            shown != elsewhere,
            "{} has no file in {FOLDER}, or one too many",
            entry.code
        );
    }
}

#[test]
fn every_example_has_its_fault_and_then_has_not() {
    for entry in CODES {
        let Some(example) = entry.example else {
            continue;
        };
        let codes = |text: &str| -> Vec<&str> {
            let found = look_at(&Source::from_text("example.yaml", text));
            found.iter().map(|one| one.code).collect()
        };
        let before: BTreeSet<&str> = codes(example.before).into_iter().collect();
        assert_eq!(before, BTreeSet::from([entry.code]));
        assert!(
            codes(example.after).is_empty(),
            "{}: {:?}",
            entry.code,
            codes(example.after)
        );
        let (before, after) = example.difference();
        assert!(
            before != after && after.lines().count() < 16,
            "{}: {after}",
            entry.code
        );
    }
}

#[test]
fn no_fault_hides_another() {
    let errors = plan(
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n  \
         - { id: a, description: Words, on: source, uses: host.conect, needs: [b], when: sorce.os }\n  \
         - { id: b, description: Words, on: sorce, uses: host.connect, neds: [c] }\n",
    )
    .unwrap_err();
    let codes: Vec<&str> = errors
        .lines()
        .filter_map(|line| line.strip_prefix("error["))
        .map(|line| &line[..4])
        .collect();
    assert_eq!(codes, ["P030", "P024", "P041", "P013", "P010"], "{errors}");
}

#[test]
fn a_secret_is_never_shown() {
    for name in files().iter().filter(|name| name.starts_with("P060")) {
        let found = look(&format!("{FOLDER}/{name}"));
        for shown in [
            found.render(false),
            found.render(true),
            found.to_json().to_string(),
        ] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
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
    let path = "tests/fixtures/faulty/P021-unknown-need.yaml";
    let errors = load_plan(&source(path), &catalogue::all()).unwrap_err();
    insta::assert_snapshot!(format!("{:#}", errors.to_json()));
}
