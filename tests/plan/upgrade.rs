//! Files of older versions, rewritten: what has to change does, and nothing else.

use proptest::prelude::*;
use sms_plan::plan::Opening;
use sms_plan::plan::Source;
use sms_plan::plan::compare;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;
use sms_plan::plan::upgrade;

use super::catalogue;
use super::plan;
use super::source;

fn upgraded(text: &str) -> String {
    let source = Source::from_text("old.yaml", text);
    let new = upgrade(&source).unwrap_or_else(|error| panic!("{error}"));
    new.expect("an old file is rewritten").text().to_owned()
}

/// The lines that differ, old above new.
fn changed(old: &str, new: &str) -> String {
    let pairs = old.lines().zip(new.lines()).filter(|(old, new)| old != new);
    let lines: Vec<String> = pairs
        .map(|(old, new)| format!("- {old}\n+ {new}\n"))
        .collect();
    lines.concat()
}

#[test]
fn a_plan_of_the_draft() {
    let old = source("tests/fixtures/upgrade/plan-v0.yaml");
    let new = upgraded(old.text());
    assert_eq!(old.text().lines().count(), new.lines().count());
    insta::assert_snapshot!(changed(old.text(), &new));
    load_plan(&Source::from_text("new.yaml", new), &catalogue::all())
        .unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn an_inventory_of_the_draft() {
    let old = source("tests/fixtures/upgrade/inventory-v0.yaml");
    let new = upgraded(old.text());
    assert_eq!(old.text().lines().count(), new.lines().count());
    insta::assert_snapshot!(changed(old.text(), &new));
    load_inventory(&Source::from_text("new.yaml", new)).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_file_of_this_version_stays() {
    for path in ["plans/cutover.yaml", "examples/lab/inventory.yaml"] {
        assert!(upgrade(&source(path)).unwrap().is_none(), "{path}");
    }
    let rewritten = Source::from_text("x.yaml", upgraded(DRAFT));
    assert!(upgrade(&rewritten).unwrap().is_none());
}

#[test]
fn a_file_of_an_unknown_version_is_left_to_the_loader() {
    for version in ["sms-plan/v9", "sms-plan/v00", "other/v0", "0"] {
        let text = DRAFT.replace("sms-plan/v0", version);
        let source = Source::from_text("x.yaml", text);
        assert!(upgrade(&source).unwrap().is_none(), "{version}");
    }
}

#[test]
fn an_older_file_is_told_the_way() {
    insta::assert_snapshot!(plan(DRAFT).unwrap_err());
}

#[test]
fn line_ends_and_the_byte_order_mark_stay() {
    let text = format!("\u{feff}{}", DRAFT.replace('\n', "\r\n"));
    let source = Source::from_text("x.yaml", text.as_str());
    let new = upgrade(&source).unwrap().unwrap();
    let expected = format!("\u{feff}{}", upgraded(DRAFT).replace('\n', "\r\n"));
    assert_eq!(String::from_utf8(new.bytes()).unwrap(), expected);
}

const DRAFT: &str = "\
apiVersion: sms-plan/v0
kind: Plan
metadata: { name: x, version: '1' }
stages:
  - id: a
    description: A
    on: orchestrator
    action: control.note
    params: { text: x }
    timeout: 5400
";

/// One way to write a draft: quotes, order, layout and comments are chosen freely.
fn drafts() -> impl Strategy<Value = (String, Vec<String>)> {
    let quotes = prop::sample::select(vec!["", "'", "\""]);
    let comment = prop::option::of("# [a-z: {}&*'\"é]{0,20}");
    let stage = (
        prop::collection::vec((quotes, comment, 0_usize..4), 7),
        Just([0, 1, 2, 3, 4, 5, 6]).prop_shuffle(),
        any::<bool>(),
        1_u32..100_000,
    );
    prop::collection::vec(stage, 1..5).prop_map(|stages| {
        let mut text = String::from("# top\napiVersion: sms-plan/v0 # version\nkind: Plan\n");
        let mut comments = vec!["# top".to_owned(), "# version".to_owned()];
        text.push_str("metadata: { name: x, version: '1' }\nstages:\n");
        for (number, (looks, order, flow, seconds)) in stages.into_iter().enumerate() {
            let fields = [
                ("id", format!("s{number}")),
                ("description", format!("\"# no comment {number}\"")),
                ("on", "orchestrator".to_owned()),
                ("action", "control.note".to_owned()),
                ("params", "{ text: \"action: 'x'\" }".to_owned()),
                (
                    "depends_on",
                    if number == 0 {
                        "[]".to_owned()
                    } else {
                        format!("[ s{} ]", number - 1)
                    },
                ),
                ("timeout", seconds.to_string()),
            ];
            for (line, field) in order.into_iter().enumerate() {
                let (quote, comment, blanks) = &looks[field];
                let (name, value) = &fields[field];
                let open = match (flow, line) {
                    (true, 0) => "  - {",
                    (false, 0) => "  - ",
                    _ => "    ",
                };
                let close = match (flow, line) {
                    (true, 6) => "}",
                    (true, _) => ",",
                    (false, _) => "",
                };
                let gap = " ".repeat(1 + blanks);
                text.extend([format!("{open}{quote}{name}{quote}:{gap}{value}{close}")]);
                if let Some(comment) = comment {
                    text.extend([format!(" {comment}")]);
                    comments.push(comment.clone());
                }
                text.push('\n');
            }
        }
        (text, comments)
    })
}

proptest! {
    // Loading costs most of it.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn comments_stay_in_their_order_and_the_rest_means_the_same((old, comments) in drafts()) {
        let new = upgraded(&old);
        let mut rest = new.as_str();
        for comment in &comments {
            let at = rest.find(comment.as_str());
            prop_assert!(at.is_some(), "{comment} is gone from\n{new}");
            rest = &rest[at.unwrap() + comment.len()..];
        }
        // The obvious way: the whole lines, where nothing else could be meant.
        let mut obvious = old.replace("sms-plan/v0", "sms-plan/v1");
        for (from, to) in [("action", "uses"), ("params", "with"), ("depends_on", "needs")] {
            for quote in ["", "'", "\""] {
                for before in ["- ", "{", "    "] {
                    let line = |name: &str| format!("\n{}{quote}{name}{quote}: ", indented(before));
                    obvious = obvious.replace(&line(from), &line(to));
                }
            }
        }
        let without = |text: &str| -> String {
            text.lines().filter(|line| !line.contains("timeout")).collect::<Vec<_>>().join("\n")
        };
        prop_assert_eq!(without(&new), without(&obvious));
        let loaded = plan(&new);
        prop_assert!(loaded.is_ok(), "{}", loaded.unwrap_err());
        let loaded = loaded.unwrap();
        prop_assert!(compare(&loaded, &loaded).is_empty());
        for (stage, line) in loaded.stages.iter().zip(timeouts(&old)) {
            prop_assert_eq!(stage.timeout.as_secs(), line);
        }
        let opening = Opening::read(&Source::from_text("x.yaml", new)).unwrap();
        prop_assert_eq!(opening.version.as_deref(), Some("sms-plan/v1"));
    }
}

fn indented(before: &str) -> String {
    match before {
        "{" => "  - {".to_owned(),
        "- " => "  - ".to_owned(),
        other => other.to_owned(),
    }
}

/// The seconds of each stage, in order.
fn timeouts(text: &str) -> Vec<u64> {
    let line = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        if !name.contains("timeout") {
            return None;
        }
        let digits: String = rest
            .trim_start()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        digits.parse().ok()
    };
    text.lines().filter_map(line).collect()
}
