//! Texts that nobody wrote in good faith, and plans larger than anybody writes.

use std::fmt::Write;

use proptest::prelude::*;
use sms_plan::plan::Source;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;

use super::catalogue;
use super::plan;
use super::source;

/// Loads a text as both kinds of file and renders what is wrong; nothing of that may panic.
fn load_all(text: &str) {
    let source = Source::from_text("any.yaml", text);
    if let Err(errors) = load_plan(&source, &catalogue::all()) {
        assert!(!errors.render(true).is_empty());
    }
    if let Err(errors) = load_inventory(&source) {
        assert!(!errors.render(true).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        load_all(&text);
    }

    #[test]
    fn arbitrary_yaml_words_never_panic(words in prop::collection::vec(
        prop::sample::select(vec![
            "a", ":", "- ", "\n", "  ", "{", "}", "[", "]", "&x ", "*x", "\"", "'", "|", ">", "#",
            "? ", "!t ", "---\n", "<<", "stages", "apiVersion: sms-plan/v1\n", "kind: Plan\n", "ü",
            "{{", "}}", "\t", "%", "@", "null", "\r\n", ",",
        ]),
        0..60,
    )) {
        load_all(&words.concat());
    }

    /// One cut or one strange character anywhere in a good file.
    #[test]
    fn a_damaged_plan_never_panics(at in 0_usize..22_000, with in prop::sample::select(vec![
        "", "ü", "\"", "{{", "}", ":", "\n", "- ", "*a", "&a ", "\t",
    ]), cut in 0_usize..200) {
        let good = source("plans/cutover.yaml");
        let mut text = good.text().to_owned();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, with);
        load_all(&text);
    }

    #[test]
    fn arbitrary_conditions_and_words_never_panic(when in "\\PC{0,60}", words in "\\PC{0,60}") {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        load_all(&format!(
            "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: a, version: b }}\nstages:\n  \
             - id: a\n    on: source\n    uses: host.connect\n    when: {}\n    description: {}\n",
            quoted(&when),
            quoted(&words),
        ));
    }
}

fn chain(stages: usize) -> String {
    let mut text =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n"
            .to_owned();
    for n in 0..stages {
        let needs = if n == 0 {
            String::new()
        } else {
            format!("needs: [s{}], ", n - 1)
        };
        writeln!(
            text,
            "  - {{ id: s{n}, description: Words, on: orchestrator, uses: control.note, {needs}with: {{ text: words }} }}"
        )
        .unwrap();
    }
    text
}

#[test]
fn a_long_chain_loads_on_a_small_stack() {
    let text = chain(20_000);
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    let loaded = thread
        .spawn(move || plan(&text).map(|plan| plan.stages.len()))
        .unwrap();
    assert_eq!(loaded.join().unwrap(), Ok(20_000));
}

#[test]
fn a_long_cycle_is_named_on_a_small_stack() {
    let text = chain(20_000).replacen("id: s0,", "id: s0, needs: [s19999],", 1);
    let thread = std::thread::Builder::new().stack_size(512 * 1024);
    let errors = thread
        .spawn(move || plan(&text).unwrap_err())
        .unwrap()
        .join()
        .unwrap();
    assert!(
        errors.contains("dependency cycle: s0 -> s19999 -> s19998"),
        "{}",
        &errors[..200]
    );
}

#[test]
fn brackets_bombs_and_many_faults_end() {
    load_all(&"[".repeat(100_000));
    load_all(&"{a: ".repeat(100_000));
    load_all(&format!(
        "a: &a [{}]\nb: [{}]\n",
        "x,".repeat(20_000),
        "*a,".repeat(2_000)
    ));
    load_all(&format!(
        "apiVersion: sms-plan/v1\nkind: Plan\nstages: [{}]\n",
        "{},".repeat(300)
    ));
}
