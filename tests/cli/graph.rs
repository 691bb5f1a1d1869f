//! Pictures: the same plan in three notations, with hostile words in it.

use insta::assert_snapshot;

use super::Desk;

/// Words that mean something to DOT, Mermaid, Markdown, HTML or XML.
const HOSTILE: &str = r#"apiVersion: sms-plan/v1
kind: Plan
metadata: { name: 'x --> "y"; <z>', version: '1' }
stages:
  - id: end
    description: "end"
    on: source
    uses: host.connect
  - id: graph
    description: "say \"hi\" & <b>bold</b> \\N\nnew line `x` #35; &lt; ]--> 表示 \x01"
    on: destination
    uses: host.connect
    needs: [end]
  - id: class
    description: "%% end\tsubgraph [x](y) **z** _u_ $$m$$"
    on: orchestrator
    uses: control.note
    with: { text: x }
    needs: [end, graph]
    when: source.os == "windows"
"#;

/// The picture of hostile words in a notation.
fn hostile(format: &str) -> String {
    let desk = Desk::new();
    desk.write("hostile.yaml", HOSTILE);
    desk.printed(&[
        "graph",
        "hostile.yaml",
        "-i",
        "inventory.yaml",
        "--format",
        format,
    ])
}

#[test]
fn dot_of_hostile_words() {
    assert_snapshot!(hostile("dot"));
}

#[test]
fn mermaid_of_hostile_words() {
    assert_snapshot!(hostile("mermaid"));
}

#[test]
fn svg_of_hostile_words() {
    let svg = hostile("svg");
    assert_snapshot!(svg);
    well_formed(svg.strip_prefix("exit 0\n").unwrap());
}

#[test]
fn the_shipped_plan_with_its_path() {
    let desk = Desk::new();
    let out = [
        "graph",
        "plan.yaml",
        "-i",
        "inventory.yaml",
        "-o",
        "out.svg",
    ];
    assert_eq!(desk.run(&out), "exit 0\n");
    let svg = std::fs::read_to_string(desk.path("out.svg")).unwrap();
    well_formed(&svg);
    for id in [
        "connect-source",
        "wait-source-after-rename-2003",
        "copy-permissions",
    ] {
        assert!(svg.contains(&format!("<title>{id}\n")), "{id}");
    }
    assert_eq!(svg.matches("<g><title>").count(), 47);
    assert_eq!(svg.matches(">skipped</text>").count(), 24);
    assert!(svg.contains("source is Linux: this restart is only for Windows"));
    let left = |lane: &str| {
        let line = svg
            .lines()
            .find(|line| line.ends_with(&format!(">{lane}</text>")));
        let x = line.unwrap().split('"').nth(1).unwrap();
        x.parse::<f64>().unwrap()
    };
    assert!(left("source") < left("directory") && left("directory") < left("destination"));
    desk.is_untouched();
}

#[test]
fn a_plan_alone_tells_nothing_apart() {
    let desk = Desk::new();
    let svg = desk.printed(&["graph", "plan.yaml"]);
    assert!(
        !svg.contains("dasharray"),
        "a dashed line without an inventory"
    );
    assert!(!svg.contains(">skipped<"));
}

#[test]
fn a_run_is_drawn_with_its_own_plan_and_its_statuses() {
    let desk = Desk::new();
    // It fails at its first two stages.
    let run = desk.failed_run();
    desk.write("plan.yaml", HOSTILE);
    let arguments = ["graph", "plan.yaml", "-i", "inventory.yaml", "--run", &run];
    let svg = desk.printed(&arguments);
    assert!(svg.contains(">failed</text>"), "{svg}");
    // The second one may not have begun when the first one failed.
    assert!(svg.matches(">pending</text>").count() >= 45, "{svg}");
    assert!(svg.contains(&format!("run {run} failed at")));
    let noted = desk.run(&arguments);
    assert_eq!(
        noted,
        "exit 0\nnote: `plan.yaml` differs from the plan of this run; the run's own plan is drawn\n"
    );
}

#[test]
fn a_plan_that_nobody_could_read() {
    let desk = Desk::new();
    let stage =
        |n: usize| format!("  - {{ id: s{n}, description: D, on: source, uses: host.connect }}\n");
    let head =
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: x, version: '1' }\nstages:\n";
    let stages: String = (0..301).map(stage).collect();
    desk.write("plan.yaml", format!("{head}{stages}"));
    assert_snapshot!(desk.run(&["graph", "plan.yaml"]));
}

#[test]
fn no_plan_and_no_run() {
    assert_snapshot!(Desk::new().run(&["graph"]));
}

/// Every element is closed, in order, and every `&` begins an entity: enough to be XML, as no other
/// part of it comes from outside.
#[track_caller]
fn well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    for part in svg.split('<').skip(1) {
        let (tag, text) = part
            .split_once('>')
            .unwrap_or_else(|| panic!("no end: <{part}"));
        assert!(!text.contains('>'), "a bare > in {part}");
        for entity in part.split('&').skip(1) {
            let name = entity.split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot"].contains(&name), "&{entity}");
        }
        let name = tag.split([' ', '/']).next().unwrap();
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{part}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
    let allowed = |c: char| c == '\n' || c == '\t' || !c.is_control();
    assert!(svg.chars().all(allowed));
}
