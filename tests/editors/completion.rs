//! What an editor offers and explains while somebody writes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sms_plan::action::Registry;

use super::server::Server;
use super::tools;

/// A plan whose only stage goes on with this text; `|` is the cursor.
fn plan(stage: &str) -> String {
    format!(
        "# yaml-language-server: $schema=../schemas/plan.schema.json
apiVersion: sms-plan/v1
kind: Plan
metadata: {{ name: written, version: 1.0.0 }}
stages:
  - id: first
    description: Words
    on: source
    {stage}
"
    )
}

fn inventory(host: &str) -> String {
    format!(
        "# yaml-language-server: $schema=../schemas/inventory.schema.json
apiVersion: sms-plan/v1
kind: Inventory
metadata: {{ name: written }}
hosts:
  source:
    {host}
"
    )
}

#[test]
fn an_editor_offers_the_actions_with_what_they_do() {
    let Some(tools) = tools("an_editor_offers_the_actions_with_what_they_do") else {
        return;
    };
    let mut server = Server::start(&tools);
    let document = server.open("plans/actions.yaml", &plan("uses: |"));
    let known: BTreeMap<String, String> = Registry::standard()
        .catalogue()
        .signatures()
        .map(|signature| (signature.uses.to_owned(), signature.summary.to_owned()))
        .collect();
    assert_eq!(server.completions(&document), known);
}

#[test]
fn an_editor_offers_the_parameters_of_the_chosen_action_and_no_others() {
    let name = "an_editor_offers_the_parameters_of_the_chosen_action_and_no_others";
    let Some(tools) = tools(name) else { return };
    let mut server = Server::start(&tools);
    let mut seen = 0;
    for signature in Registry::standard().catalogue().signatures() {
        let uses = signature.uses;
        let text = plan(&format!("uses: {uses}\n    with:\n      |"));
        let document = server.open(&format!("plans/{uses}.yaml"), &text);
        let mut offered = server.completions(&document);
        // The one under the action's name is all that it requires at once.
        offered.remove(uses);
        let fields = signature.parameters["properties"].as_object();
        let fields: Vec<&String> = fields.into_iter().flatten().map(|(name, _)| name).collect();
        assert_eq!(
            offered.keys().collect::<std::collections::BTreeSet<_>>(),
            fields.iter().copied().collect(),
            "{uses}"
        );
        assert!(
            offered.values().all(|said| !said.is_empty()),
            "{uses}: {offered:?}"
        );
        seen += fields.len();
    }
    assert!(seen > 10);
}

#[test]
fn an_editor_offers_only_where_an_action_can_act() {
    let Some(tools) = tools("an_editor_offers_only_where_an_action_can_act") else {
        return;
    };
    let mut server = Server::start(&tools);
    let text = plan("uses: host.run").replace("on: source", "on: |");
    let document = server.open("plans/places.yaml", &text);
    let offered = server.completions(&document);
    // The server knows all places too; what must not be missing is the action's own.
    for place in ["source", "destination", "orchestrator"] {
        assert!(offered.contains_key(place), "{place}: {offered:?}");
    }
}

#[test]
fn an_editor_explains_the_word_under_the_cursor() {
    let Some(tools) = tools("an_editor_explains_the_word_under_the_cursor") else {
        return;
    };
    let mut server = Server::start(&tools);
    let texts = [
        ("plan", plan("uses: host.res|tart")),
        (
            "plan",
            plan("uses: host.restart\n    with: { ordi|nal: 1 }"),
        ),
        (
            "plan",
            plan("uses: host.connect\n    with: { a|s: temporary }"),
        ),
        (
            "plan",
            plan("uses: host.restart\n    retry: { fac|tor: 2 }"),
        ),
        ("plan", plan("uses: host.restart\n    time|out: 5m")),
        (
            "plan",
            plan("uses: host.restart\n    wh|en: source.domainJoined"),
        ),
        ("inventory", inventory("osVer|sion: '12'")),
        ("inventory", inventory("newNa|me: random")),
        (
            "inventory",
            inventory("network: { eth0: { gate|way: 10.0.0.1 } }"),
        ),
    ];
    let mut said = String::new();
    for (number, (kind, text)) in texts.iter().enumerate() {
        let document = server.open(&format!("plans/{kind}-{number}.yaml"), text);
        let hover = server.hover(&document);
        // The last line names the schema by its place on this machine.
        let (words, source) = hover.rsplit_once("\n\nSource: ").unwrap_or((&hover, ""));
        assert!(
            source.starts_with(&format!("[{kind}.schema.json]")),
            "{hover}"
        );
        let line = text.lines().find(|line| line.contains('|')).unwrap();
        writeln!(said, "{}\n{words}\n", line.trim()).unwrap();
    }
    insta::assert_snapshot!(said);
}
