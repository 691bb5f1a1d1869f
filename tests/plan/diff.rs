//! Two plans, and two inventories, by what they mean.

use proptest::prelude::*;
use sms_plan::plan::Plan;
use sms_plan::plan::PlanDifference;
use sms_plan::plan::Presence;
use sms_plan::plan::compare;
use sms_plan::plan::compare_inventories;

use super::cutover;
use super::inventory;
use super::plan;
use super::source;

fn parsed(text: &str) -> Plan {
    plan(text).unwrap_or_else(|error| panic!("{error}"))
}

/// A plan of these stages, each `id needs… | fields`.
fn of(stages: &[&str]) -> Plan {
    let mut text =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: x, version: '1' }\nstages:\n"
            .to_owned();
    for line in stages {
        let (names, fields) = line.split_once('|').unwrap_or((line, ""));
        let mut names = names.split_whitespace();
        let id = names.next().unwrap();
        let needs = names.collect::<Vec<_>>().join(", ");
        text.extend([format!(
            "  - {{ id: {id}, description: D, on: orchestrator, uses: control.note, needs: [{needs}], {} }}\n",
            if fields.trim().is_empty() { "with: { text: x }" } else { fields.trim() }
        )]);
    }
    parsed(&text)
}

/// One line a stage: its sign, its id, and what is said of it.
fn told(difference: &PlanDifference) -> Vec<String> {
    let stage = |stage: &sms_plan::plan::StageDifference| {
        let mut line = match stage.presence {
            Presence::Added => format!("+{}", stage.id),
            Presence::Removed => format!("-{}", stage.id),
            Presence::Both => stage.id.to_string(),
        };
        if let Some(was) = &stage.was {
            line.extend([" was ", was.as_str()]);
        }
        if let Some(moved) = &stage.moved {
            line.extend(match &moved.after {
                Some(after) => vec![" after ", after.as_str()],
                None => vec![" first"],
            });
        }
        for change in &stage.fields {
            line.extend([" ", change.field.as_str()]);
        }
        line
    };
    difference.stages.iter().map(stage).collect()
}

#[test]
fn layout_comments_quotes_and_order_do_not_count() {
    let written = "\
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: x, version: '1' }
defaults: { timeout: 15m }
stages:
  - id: a
    description: Connecting to the source.
    on: source
    uses: host.connect
    timeout: 90s
  - id: b
    description: Says it.
    on: orchestrator
    uses: control.note
    weight: 3
    with: { text: x }
    needs: [a]
    when: source.os == \"linux\" && source.domainJoined
  - id: c
    description: Says it again.
    on: orchestrator
    uses: control.note
    with: { text: 'a  b' }
    needs: [b, a]
";
    let otherwise = "\
# Another comment.
kind: \"Plan\"
stages:
  - uses: host.connect
    timeout: 1m30s
    on: source
    description: >
      Connecting to
      the source.
    id: a
  - {id: b, needs: [ a ], description: 'Says it.', on: orchestrator, weight: 3.0, uses: control.note, with: {\"text\": x},
     when: 'source.os  == \"linux\"
       && source.domainJoined'}
  - id: c   # c
    with:
      text: a  b
    description: Says it again.
    on: orchestrator
    uses: control.note
    needs: [a, b]
    timeout: 15m
metadata: { version: '1', name: x }
apiVersion: sms-plan/v1
";
    let difference = compare(&parsed(written), &parsed(otherwise));
    assert!(difference.is_empty(), "{difference:#?}");
    assert!(difference.paths.is_empty());
}

#[test]
fn white_space_inside_of_quotes_counts() {
    let with = |name: &str| {
        parsed(&format!(
            "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: x, version: '1' }}\nstages:\n  \
             - id: a\n    description: D\n    on: source\n    uses: host.connect\n    \
             when: inventory.metadata.name == \"{name}\"\n"
        ))
    };
    assert_eq!(told(&compare(&with("a b"), &with("a  b"))), ["a /when"]);
}

#[test]
fn stages_come_and_go() {
    let old = of(&["a", "b a | with: { text: b }", "c a | with: { text: c }"]);
    let new = of(&["a", "c a | with: { text: c }", "n c | with: { text: n }"]);
    assert_eq!(told(&compare(&old, &new)), ["-b", "+n"]);
    assert_eq!(told(&compare(&new, &old)), ["+b", "-n"]);
}

#[test]
fn as_few_stages_as_can_be_have_moved() {
    let text = |id: &str| format!("{id} | with: {{ text: {id} }}");
    let order = |ids: &str| {
        let stages: Vec<String> = ids.split(' ').map(text).collect();
        of(&stages.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let moved = |old: &str, new: &str| told(&compare(&order(old), &order(new)));
    assert_eq!(moved("a b c d e", "b c d e a"), ["a after e"]);
    assert_eq!(moved("a b c d e", "e a b c d"), ["e first"]);
    assert_eq!(moved("a b c d", "a x b d"), ["+x", "-c"]);
    assert_eq!(moved("a b", "b a").len(), 1);
}

#[test]
fn a_stage_that_does_the_same_under_another_id_was_renamed() {
    let old = of(&["a", "b a | with: { text: b }", "c b | with: { text: c }"]);
    let new = of(&["a", "bb a | with: { text: b }", "cc bb | with: { text: c }"]);
    assert_eq!(told(&compare(&old, &new)), ["bb was b", "cc was c"]);
    // What needs it has not changed, and words may have.
    let new = of(&[
        "a",
        "bb a | with: { text: b }, weight: 2",
        "c bb | with: { text: c }",
    ]);
    assert_eq!(told(&compare(&old, &new)), ["bb was b /weight"]);
}

#[test]
fn what_could_be_another_one_was_not_renamed() {
    // Two that could have been it.
    let old = of(&["a", "b a", "c a"]);
    assert_eq!(told(&compare(&old, &of(&["a", "x a"]))), ["-b", "-c", "+x"]);
    // Two that it could be.
    let old = of(&["a", "b a"]);
    assert_eq!(
        told(&compare(&old, &of(&["a", "x a", "y a"]))),
        ["-b", "+x", "+y"]
    );
    // It does something else, or needs something else.
    assert_eq!(
        told(&compare(&old, &of(&["a", "x a | with: { text: y }"]))),
        ["-b", "+x"]
    );
    assert_eq!(told(&compare(&old, &of(&["a", "x"]))), ["-b", "+x"]);
}

#[test]
fn fields_are_named_one_by_one() {
    let old = of(&[
        "a",
        "b a | with: { text: x }, weight: 1, retry: { attempts: 2 }",
    ]);
    let new = of(&[
        "a",
        "b | with: { text: y }, retry: { attempts: 4 }, note: N, when: 'run.id == \"x\"'",
    ]);
    assert_eq!(
        told(&compare(&old, &new)),
        ["b /weight /needs/a /with/text /when /note /retry/attempts"]
    );
}

#[test]
fn a_default_is_told_once_and_not_by_each_stage() {
    let with = |defaults: &str, own: &str| {
        parsed(&format!(
            "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: {{ name: x, version: '1' }}\n\
             defaults: {defaults}\nstages:\n  - {{ id: a, description: D, on: source, uses: host.connect }}\n  \
             - {{ id: b, description: D, on: source, uses: host.connect, {own} }}\n"
        ))
    };
    let old = with("{ timeout: 1m }", "timeout: 5m");
    let new = with("{ timeout: 2m }", "timeout: 5m");
    let difference = compare(&old, &new);
    assert_eq!(difference.fields[0].field, "/defaults/timeout");
    assert!(difference.stages.is_empty(), "{difference:#?}");
    // A stage that keeps to the old default by itself now says so.
    let new = with("{ timeout: 2m }", "timeout: 1m");
    assert_eq!(told(&compare(&old, &new)), ["b /timeout"]);
}

#[test]
fn only_what_a_stage_does_is_of_effect() {
    let old = of(&["a | with: { text: x }"]);
    let same = |fields: &str| {
        let new = of(&[&format!("a | {fields}")]);
        compare(&old, &new).stages[0].does_the_same()
    };
    assert!(same("with: { text: x }, weight: 7"));
    assert!(same("with: { text: x }, timeout: 1h, note: N"));
    assert!(!same("with: { text: y }"));
    assert!(!same("with: { text: x }, when: 'run.id == \"x\"'"));
}

#[test]
fn paths_are_told_for_each_kind_of_pair() {
    let old = cutover();
    let text = source("plans/cutover.yaml").text().to_owned();
    let new = parsed(&text.replacen(
        "    when: source.os == \"linux\"\n    note: >-\n      Applies only to Linux",
        "    when: source.os == \"linux\" && source.domainJoined\n    note: >-\n      Applies only to Linux",
        1,
    ));
    let difference = compare(&old, &new);
    assert_eq!(told(&difference), ["collect-source-addresses /when"]);
    let lost: Vec<&str> = difference.paths.iter().map(|path| path.kind).collect();
    assert_eq!(lost, ["P5", "L2", "W2"]);
    for path in &difference.paths {
        assert!(path.gained.is_empty());
        assert_eq!(path.lost[0].as_str(), "collect-source-addresses");
    }
    // A condition that is written otherwise changes no path.
    let new = parsed(&text.replacen(
        "when: source.os == \"linux\"",
        "when: '\"linux\" == source.os'",
        1,
    ));
    let difference = compare(&old, &new);
    assert_eq!(told(&difference), ["collect-source-addresses /when"]);
    assert!(difference.paths.is_empty());
}

#[test]
fn inventories_are_compared_with_what_holds_where_they_are_silent() {
    let text = source("examples/lab/inventory.yaml").text().to_owned();
    let changes = |new: &str| {
        let difference = compare_inventories(&inventory(&text), &inventory(new));
        let lines = difference.fields.iter().map(|change| {
            let side = |value: &Option<serde_json::Value>| {
                value.as_ref().map_or("-".to_owned(), ToString::to_string)
            };
            format!(
                "{} {} {}",
                change.field,
                side(&change.old),
                side(&change.new)
            )
        });
        lines.collect::<Vec<_>>()
    };
    assert_eq!(changes(&format!("# Another comment.\n{text}")), [""; 0]);
    let other = text.replacen("{ env: LAB_ADMIN_PASSWORD }", "{ file: secret.txt }", 1);
    assert_ne!(other, text);
    let told = changes(&other);
    assert!(
        told.iter().all(|line| line.starts_with("/credentials/")),
        "{told:?}"
    );
    insta::assert_snapshot!(told.join("\n"));
}

/// A plan of a few notes; what each needs stands before it.
fn plans() -> impl Strategy<Value = Plan> {
    let ids = Just(vec!["a", "b", "c", "d", "e", "f"]).prop_shuffle();
    let stage = (0_usize..3, 0_u8..3, any::<bool>());
    (ids, prop::collection::vec(stage, 1..6)).prop_map(|(ids, stages)| {
        let mut lines: Vec<String> = Vec::new();
        for (index, (need, text, heavy)) in stages.iter().enumerate() {
            let need = index.checked_sub(1 + need).map_or("", |need| ids[need]);
            let weight = u8::from(*heavy);
            lines.push(format!(
                "{} {need} | with: {{ text: t{text} }}, weight: {weight}",
                ids[index]
            ));
        }
        of(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

proptest! {
    // Loading costs most of it.
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn every_stage_is_accounted_for(old in plans(), new in plans()) {
        prop_assert!(compare(&old, &old).is_empty());
        let difference = compare(&old, &new);
        let count = |presence| difference.stages.iter().filter(|stage| stage.presence == presence).count();
        let (added, removed) = (count(Presence::Added), count(Presence::Removed));
        prop_assert_eq!(old.stages.len() - removed, new.stages.len() - added);
        let of_new = |id| new.stage(id).is_some();
        for stage in &difference.stages {
            prop_assert_eq!(of_new(&stage.id), stage.presence != Presence::Removed || of_new(&stage.id));
            if let Some(was) = &stage.was {
                prop_assert!(old.stage(was).is_some() && new.stage(was).is_none());
                prop_assert!(old.stage(&stage.id).is_none());
                prop_assert!(stage.does_the_same());
            }
        }
        // Unlisted stages are the same in both.
        for stage in &new.stages {
            if difference.stages.iter().all(|other| other.id != stage.id) {
                let was = old.stage(&stage.id);
                prop_assert!(was.is_some_and(|was| was.with == stage.with && was.weight.total_cmp(&stage.weight).is_eq()));
            }
        }
        let back = compare(&new, &old);
        prop_assert_eq!(difference.is_empty(), back.is_empty());
    }
}
