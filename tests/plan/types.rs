//! Types of conditions: what is refused, and with which words.

use std::fmt::Write;

use sms_plan::plan::Source;
use sms_plan::plan::load_plan;

use super::catalogue;

/// Loads a plan with a stage for each condition; returns what is said, without its frame.
fn said(conditions: &[&str]) -> String {
    let mut text =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: a, version: b }\nstages:\n  \
         - { id: connect-source, description: Words, on: source, uses: host.connect }\n  \
         - { id: connect-destination, description: Words, on: destination, uses: host.connect }\n"
            .to_owned();
    for (n, when) in conditions.iter().enumerate() {
        let when = when.replace('\'', "''");
        write!(
            text,
            "  - id: s{n}\n    description: Words\n    on: source\n    uses: control.note\n    \
             needs: [connect-source, connect-destination]\n    with: {{ text: words }}\n    \
             when: '{when}'\n"
        )
        .unwrap();
    }
    match load_plan(&Source::from_text("plan.yaml", text), &catalogue::all()) {
        Ok(loaded) => loaded.warnings.render(false),
        Err(errors) => errors.render(false),
    }
}

/// The message, the marked line and the help of each fault; the rest is the same everywhere.
fn short(conditions: &[&str]) -> String {
    let all = said(conditions);
    let lines = all.lines().filter(|line| {
        let line = line.trim_start();
        let frame = line.starts_with("-->") || line.is_empty() || line == "|";
        !frame
    });
    let mut short = String::new();
    for line in lines {
        if line.starts_with("error") || line.starts_with("warning") {
            short.push('\n');
        }
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        writeln!(short, "{line}").unwrap();
    }
    short
}

#[test]
fn wrong_types_are_named() {
    insta::assert_snapshot!(short(&[
        // A condition is a yes or no.
        "source.name",
        "size(source.name)",
        "source.domainJoined ? source.os : source.name",
        "[source.domainJoined]",
        // Equality.
        "source.domainJoined == \"yes\"",
        "source.osVersion == 2003",
        "source.clustered == null",
        "[source.os] == [1]",
        // Order.
        "source.osVersion >= 2008",
        "source.domainJoined < destination.domainJoined",
        "size(source.name) > \"3\"",
        // Sums.
        "source.name + 1 == \"fs1\"",
        "size(source.name) - \"1\" == 2",
        "size(source.name) * 1.5 > 3.0",
        "7.5 % 2.0 == 1.5",
        "source.name - source.os == \"\"",
        "-source.osVersion == 1",
        // Yes and no, at any depth.
        "!source.os",
        "source.domainJoined && source.os",
        "(source.clustered || (source.domainJoined && !(source.name))) && true",
        "source.os ? true : false",
        "source.domainJoined ? source.os == \"linux\" : 1",
        // Lists and groups.
        "source.os in \"linux\"",
        "source.osVersion in [2003, 2008]",
        "1 in directory.dns",
        "source.os in [\"linux\", 1]",
        "1 in inventory.credentials",
        "directory.dns[\"a\"] == \"b\"",
        "directory.dns.first == \"b\"",
        "source.name[0] == \"f\"",
        "{1.5: \"a\"}[1] == \"a\"",
        // Loops.
        "source.name.exists(c, c == \"f\")",
        "directory.dns.exists(x, x)",
        "directory.dns.all(x, x > 3)",
        "directory.dns.filter(x, x == \"a\")",
        "directory.dns.map(x, size(x)).exists(n, n == \"1\")",
        "source.exists(name, name == 1)",
        "directory.dns.exists(x == \"a\")",
        // Functions.
        "source.domainJoined.contains(\"a\")",
        "source.name.startsWith(3)",
        "source.name.startsWith()",
        "contains(source.name, \"a\")",
        "source.name.int() == 3",
        "size(source.domainJoined) == 1",
        "int(source.domainJoined) == 1",
        "source.name.matches(\"fs(\")",
        "source.name.matchs(\"fs\")",
        "max(1, 2) == 2",
        "has(source.name, source.os)",
        "source.?name == \"a\"",
        // Facts.
        "source.os == \"windos\"",
        "inventory.credentials[source.credential].scope in [\"lokal\"]",
    ]));
}

#[test]
fn one_cause_has_one_message() {
    let all = said(&[
        "sorce.os == \"linux\" && !(sorce.os in [\"linux\"])",
        "directory.dns.exists(x, x.nme == 1 && x == \"a\")",
        "unknown(source.os) + 1 > 2 && true",
        "(source.name + 1) * 2 == \"a\" ? true : false",
    ]);
    let messages: Vec<&str> = all
        .lines()
        .filter(|line| line.starts_with("error"))
        .collect();
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn what_only_a_run_shows_is_no_fault() {
    let output = "stages[\"connect-source\"].output";
    let good = [
        format!("{output}.names[0] == 1 && {output}.count + 1 > 2.5"),
        format!("{output} == null || {output}.a.exists(x, x.b)"),
        format!("size({output}) == 3 && {output}.text.contains({output}.part)"),
        format!("{output}.yes ? {output}.a == 1 : {output}.b"),
        "source.network[\"eth0\"].addresses.exists(a, a.startsWith(\"10.\"))".to_owned(),
        "dyn(source.name) == 1".to_owned(),
        "inventory.directory == null || has(inventory.directory.caFile)".to_owned(),
        "size(source.name) > 1.5 && 1u == 1 && source.osVersion < \"2008\"".to_owned(),
        "\"credential\" in source && inventory.hosts.source.exists(k, k == \"os\")".to_owned(),
    ];
    let good: Vec<&str> = good.iter().map(String::as_str).collect();
    assert_eq!(said(&good), "");
}

/// Values that the kind of a pair does not settle may be anything.
#[test]
fn what_may_hold_is_never_called_impossible() {
    let output = "stages[\"connect-source\"].output";
    let good = [
        "source.osVersion == \"24.04\"",
        "source.name == \"fs01\"",
        "source.newName == \"random\" && size(directory.dns) > 3",
        "source.credential == \"admin\"",
        "\"admin\" in inventory.credentials",
        "inventory.credentials[\"admin\"].scope == \"domain\"",
        "inventory.credentials[source.credential].username == \"root\"",
        "inventory.credentials.exists(name, name == \"root\")",
        "!has(source.clustered)",
        "size(source.network) == 0",
        "!source.domainJoined && destination.domainJoined",
        "source.os == \"windows\" && source.transport == \"ssh\"",
        "source.os == \"linux\" && !source.domainJoined && !source.restartAfterJoin",
        "destination.clustered && destination.osVersion == \"2019\"",
        &format!("{output}.a && source.os == \"linux\""),
    ];
    assert_eq!(said(&good), "");
    let bad = [
        "source.os == \"windows\" && source.osVersion == \"2008R2\"",
        "source.domainJoined && !destination.domainJoined",
        "source.clustered && source.osVersion == \"2008 R2\"",
        "source.os == \"linux\" && source.transport == \"winrm\"",
        "destination.os == \"windows\" && destination.osVersion == \"2008\"",
        "source.domainJoined && source.name == \"a\" && !source.domainJoined",
        &format!("{output}.a && source.os == \"linux\" && source.clustered"),
    ];
    let said = said(&bad);
    assert_eq!(said.matches("warning[P047]").count(), bad.len(), "{said}");
}

#[test]
fn too_much_is_refused() {
    insta::assert_snapshot!(short(&[
        "[1].exists(x, [2].exists(y, [3].exists(z, x == y && y == z)))",
        &format!("{}true{}", "(".repeat(20), ")".repeat(20)),
        &format!("{}1 == 1", "1 + ".repeat(40)),
    ]));
}
