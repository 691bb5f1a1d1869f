//! What an editor marks as wrong.

use super::root;
use super::server::Server;
use super::shipped;
use super::tools;

#[test]
fn an_editor_finds_nothing_wrong_in_what_is_shipped() {
    let Some(tools) = tools("an_editor_finds_nothing_wrong_in_what_is_shipped") else {
        return;
    };
    let mut server = Server::start(&tools);
    for path in shipped() {
        let text = std::fs::read_to_string(root().join(&path)).unwrap();
        // The cursor shows that the file's own comment led to our schema.
        let text = text.replacen("apiVersion", "api|Version", 1);
        let document = server.open(&path, &text);
        assert_eq!(server.diagnostics(&document), [""; 0], "{path}");
        let hover = server.hover(&document);
        assert!(
            hover.contains("The version of this file format"),
            "{path}: {hover}"
        );
    }
}

#[test]
fn an_editor_marks_what_is_wrong_in_a_plan() {
    let Some(tools) = tools("an_editor_marks_what_is_wrong_in_a_plan") else {
        return;
    };
    let mut server = Server::start(&tools);
    let text = "# yaml-language-server: $schema=../schemas/plan.schema.json
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: faulty }
stages:
  - id: Connect
    description: Words
    on: directory
    uses: host.connect
    with: { as: root }
  - id: restart
    description: Words
    on: source
    uses: host.restart
    nedes: [Connect]
    timeout: 5 minutes
    with: { ordinl: 1 }
  - id: join
    description: Words
    on: source
    uses: domain.jion
  - id: names
    description: Words
    on: source
    uses: names.set_alternates
    preconditions:
      - disk: { path: /srv, freeMib: lots }
";
    let document = server.open("plans/faulty.yaml", text);
    insta::assert_snapshot!(server.diagnostics(&document).join("\n"));
}

#[test]
fn an_editor_marks_what_is_wrong_in_an_inventory() {
    let Some(tools) = tools("an_editor_marks_what_is_wrong_in_an_inventory") else {
        return;
    };
    let mut server = Server::start(&tools);
    let text = "# yaml-language-server: $schema=../../schemas/inventory.schema.json
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: faulty }
hosts:
  source:
    adress: 192.0.2.21
    osVersion: 12
    credential: servers
    network:
      eth0: static
      eth1: { addresses: [] }
  destination:
    address: 192.0.2.22
    os: Linux
    credential: servers
credentials:
  servers: { username: root, password: hunter2 }
";
    let document = server.open("examples/lab/faulty.yaml", text);
    insta::assert_snapshot!(server.diagnostics(&document).join("\n"));
}
