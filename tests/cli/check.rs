//! `check` at the terminal, where nobody answers.

use insta::assert_snapshot;

use super::Desk;

/// Nobody listens at this port, so an answer comes at once.
pub(super) const PLAN: &str = "
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: knock, version: 1.0.0 }
stages:
  - id: connect-source
    description: Connecting to the source computer...
    on: source
    uses: host.connect
    preconditions: [{ tcp: { ports: [1] } }]
  - id: say
    description: Saying something
    on: orchestrator
    uses: control.note
    with: { text: something }
    needs: [connect-source]
    preconditions:
      - { expr: 'source.name == \"fs01\"' }
  - id: judge
    description: Judging
    on: orchestrator
    uses: control.assert
    with: { that: 'true' }
    preconditions:
      - { expr: 'inventory.hosts.source.name == \"fs03\"', message: 'The source is called {{inventory.hosts.source.name}}, not fs03.' }
";

pub(super) const INVENTORY: &str = "
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: stand }
hosts:
  source: { name: fs01, address: 127.0.0.1, os: linux, domainJoined: false, credential: root, newName: fs01-old }
  destination: { name: fs02, address: 127.0.0.2, os: linux, domainJoined: false, credential: root }
networkMapping: {}
credentials:
  root: { username: root, password: { env: LAB_ADMIN_PASSWORD } }
";

const CHECK: [&str; 4] = ["check", "plan.yaml", "-i", "inventory.yaml"];

#[test]
fn every_question_is_asked_whatever_the_others_say() {
    let desk = Desk::of(PLAN, INVENTORY);
    assert_snapshot!(desk.all(&CHECK));
    desk.is_untouched();
}

#[test]
fn servers_that_apply_refuses_are_not_asked() {
    let desk = Desk::of(PLAN, &INVENTORY.replace("os: linux", "os: windows"));
    assert_snapshot!(desk.all(&CHECK));
    desk.is_untouched();
}

#[test]
fn an_unfinished_run_is_in_the_way() {
    let desk = super::edited::desk();
    let told = desk.all(&CHECK).replace(&desk.first_run(), "[run]");
    assert_snapshot!(told);
}
