//! Where a fault is shown: the place that a person has to look at, however the file is written.
//!
//! In these texts `«…»` stands around what has to be marked, and `‹…›` around where an alias took
//! it from.

use proptest::prelude::*;
use sms_plan::plan::Source;
use sms_plan::plan::load_plan;

use super::catalogue;

const HEAD: &str = "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n  \
     - { id: connect-source, description: Words, on: source, uses: host.connect }\n";

/// Takes the marks out of a text; returns what stands between each two.
fn unmark(marked: &str, open: char, close: char) -> (String, Option<std::ops::Range<usize>>) {
    let Some(start) = marked.find(open) else {
        return (marked.to_owned(), None);
    };
    let text = marked.replacen(open, "", 1);
    let end = text.find(close).unwrap();
    (text.replacen(close, "", 1), Some(start..end))
}

#[track_caller]
fn check(code: &str, marked: &str) {
    let bare = marked.replace(['‹', '›'], "");
    let (text, wanted) = unmark(&bare, '«', '»');
    let wanted = wanted.unwrap();
    let (_, origin) = unmark(&marked.replace(['«', '»'], ""), '‹', '›');
    let source = Source::from_text("plan.yaml", text.as_str());
    // A byte order mark is no part of what places count.
    let skipped = text.len() - source.text().len();
    let found = load_plan(&source, &catalogue::all())
        .err()
        .unwrap_or_default();
    let fault = found
        .iter()
        .find(|one| one.code == code)
        .unwrap_or_else(|| panic!("no {code} in\n{text}\nbut\n{found}"));
    let shown = |label: usize| {
        let span = &fault.labels[label].span;
        (
            span.start + skipped..span.end + skipped,
            &source.text()[span.clone()],
        )
    };
    assert_eq!(
        shown(0),
        (wanted.clone(), &text[wanted.clone()]),
        "in\n{text}\n{found}"
    );
    let line = text[..wanted.start].matches('\n').count() + 1;
    let before = text[skipped..wanted.start].rsplit('\n').next().unwrap();
    assert_eq!(
        (fault.line, fault.column),
        (line, before.chars().count() + 1)
    );
    if let Some(origin) = origin {
        assert_eq!(
            shown(1),
            (origin.clone(), &text[origin]),
            "in\n{text}\n{found}"
        );
    }
    assert!(!fault.render(false).is_empty());
}

#[test]
fn a_word_is_marked_in_every_style() {
    for when in [
        "«sorce».domainJoined",
        "&here «sorce».domainJoined",
        "\"source.os == \\\"linux\\\" && «s\\x6frce».domainJoined\"",
        "\"'\\u00e4\\U0001F600\\t' == 'x' && «sorce».domainJoined\"",
        "'source.os == ''linux'' && «sorce».domainJoined'",
        "'source.os == ''linux''\n\n      && «sorce».domainJoined'",
        "\"source.os == 'linux' && \\\n      «sorce».domainJoined\"",
        "|\n      source.os == \"linux\" &&\n      «sorce».domainJoined",
        "|2-\n        source.os == \"linux\" &&\n      «sorce».domainJoined",
        "|+\n\n      source.os == \"表 e\u{301} 😀\" && «sorce».domainJoined\n\n",
        ">-\n      source.os == \"linux\"\n      &&\n\n      «sorce».domainJoined",
        ">\n      source.os == \"linux\"\n         &&\n      «sorce».domainJoined",
        "source.os == \"linux\"\n      && «sorce».domainJoined # a comment",
        "source.os == \"grün 表 😀\" && «sorce».domainJoined",
    ] {
        let text = format!(
            "{HEAD}  - id: b\n    description: Words\n    on: source\n    uses: domain.leave\n    needs: [connect-source]\n    when: {when}\n"
        );
        check("P041", &text);
        check("P041", &text.replace('\n', "\r\n"));
        check("P041", &format!("\u{feff}{text}"));
    }
}

#[test]
fn fields_and_items_are_marked() {
    let flow = "{ id: b, description: \"grün 表 e\u{301} 😀\", on: source, uses: domain.leave, ";
    for (code, rest) in [
        ("P021", "needs: [connect-source, «nobody»] }"),
        ("P021", "needs: [ connect-source , «\"nobody\"» ] }"),
        ("P010", "needs: [connect-source], retry: { «atempts»: 3 } }"),
        (
            "P010",
            "needs: [connect-source], retry: { «\"atempts\"»: 3 } }",
        ),
        ("P013", "needs: [connect-source], timeout: «15 minutes» }"),
        ("P012", "needs: [connect-source], weight: «heavy» }"),
        (
            "P052",
            "needs: [connect-source], note: 'grün 😀 {{«source.nmae»}}' }",
        ),
        (
            "P041",
            "needs: [connect-source], when: «sorce».domainJoined }",
        ),
    ] {
        check(code, &format!("{HEAD}  - {flow}{rest}\n"));
        check(code, &format!("{HEAD}  -\n      {flow}\n       {rest}\n"));
    }
}

#[test]
fn below_an_alias_the_place_is_the_alias() {
    let restart = "  - { id: b, description: Words, on: source, uses: host.restart, needs: [connect-source], with: &w { ‹ordinal›: 1 } }\n";
    let note =
        "  - { id: c, description: Words, on: source, uses: control.note, needs: [b], with: ";
    check("P010", &format!("{HEAD}{restart}{note}«*w» }}\n"));
    check(
        "P010",
        &format!("{HEAD}{restart}{note}{{ text: words, <<: «*w» }} }}\n"),
    );
    let list = format!("{HEAD}{restart}{note}{{ <<: [«*w»], text: words }} }}\n");
    check("P010", &list);
    check(
        "P041",
        &format!(
            "{HEAD}  - {{ id: b, description: &d 'x ‹sorce›', on: source, uses: domain.leave, needs: [connect-source], when: «*d» }}\n"
        )
        .replace("'x ‹sorce›'", "'true || ‹sorce›.os == \"linux\"'"),
    );
}

#[test]
fn what_is_not_there_is_shown_at_what_needs_it() {
    check(
        "P011",
        &format!("{HEAD}  - «id»: b\n    on: source\n    uses: domain.leave\n"),
    );
    check(
        "P012",
        &format!("{HEAD}  - id: b\n    «description»:\n    on: source\n    uses: domain.leave\n"),
    );
}

/// One fault: the field that holds it, its value with the marks, and its code.
#[derive(Clone, Debug)]
struct Fault(&'static str, &'static str, &'static str);

fn faults() -> impl Strategy<Value = Fault> {
    prop::sample::select(vec![
        Fault(
            "when",
            "source.os == `linux` && «sorce».domainJoined",
            "P041",
        ),
        Fault("when", "«source.domainJoind»", "P041"),
        Fault("note", "words {{«source.nmae»}} words", "P052"),
        Fault("note", "words «{{{»source.name}}} words", "P051"),
        Fault("description", "words {{«source»}}", "P053"),
    ])
}

/// How a text may be written; a backtick stands for a quote that fits.
const STYLES: [&str; 5] = ["plain", "single", "double", "literal", "folded"];

fn written(style: &str, value: &str, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match style {
        "single" => format!("'{}'", value.replace('`', "''")),
        "double" => format!("\"{}\"", value.replace('`', "\\\"")).replace("words", "w\\x6frds"),
        "literal" => format!(
            "|-\n{pad}{}",
            value
                .replace('`', "'")
                .replace(" && ", &format!(" &&\n{pad}"))
        ),
        "folded" => format!(
            ">\n{pad}{}",
            value
                .replace('`', "'")
                .replace(" && ", &format!("\n{pad}&& "))
        ),
        _ => value.replace('`', "'"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_fault_is_found_where_it_was_put(
        stages in prop::collection::vec((any::<bool>(), prop::sample::select(vec!["Words", "grün", "表 e\u{301}", "😀"])), 1..5),
        at in any::<prop::sample::Index>(),
        fault in faults(),
        style in prop::sample::select(STYLES.to_vec()),
        crlf in any::<bool>(),
        mark in any::<bool>(),
    ) {
        let Fault(field, value, code) = fault;
        let mut text = HEAD.to_owned();
        let faulty = at.index(stages.len());
        for (number, (flow, words)) in stages.iter().enumerate() {
            let id = format!("s{number}");
            let mut fields = vec![
                ("id".to_owned(), id),
                ("on".to_owned(), "source".to_owned()),
                ("uses".to_owned(), "domain.leave".to_owned()),
                ("needs".to_owned(), "[connect-source]".to_owned()),
            ];
            if number != faulty || field != "description" {
                fields.insert(1, ("description".to_owned(), format!("\"{words}\"")));
            }
            // A block cannot stand in a flow, and braces of a plain text would open a map there.
            let flow = *flow && (number != faulty || matches!(style, "single" | "double"));
            if number == faulty {
                let style = if style == "plain" && value.starts_with(['«', '{']) && value.contains("{{") { "single" } else { style };
                fields.push((field.to_owned(), written(style, value, 6)));
            }
            let lines: Vec<String> = fields.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            let (before, between, after) =
                if flow { ("{ ", ", ", " }") } else { ("", "\n    ", "") };
            text.extend(["  - ", before, &lines.join(between), after, "\n"]);
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if mark {
            text.insert(0, '\u{feff}');
        }
        check(code, &text);
    }
}
