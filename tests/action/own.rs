//! The actions that the shipped plan does not use, in a plan of a user's own.

use sms_plan::action::ActionErrorKind;
use sms_plan::plan::Source;
use sms_plan::run::WaitingFor;

use super::LAB;
use super::examples;
use super::in_lab;
use super::lab;
use super::walk::Walk;

const PLAN: &str = r#"
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: own, version: 1.0.0, description: What a user may insert. }
stages:
  - { id: connect-source, description: c, on: source, uses: host.connect }
  - id: on-the-server
    description: r
    on: source
    uses: host.run
    needs: [connect-source]
    with:
      env: { WHAT: "it's {{source.name}}" }
      script: printf %s "$WHAT" >/etc/sudoers.d/own && chmod 440 /etc/sudoers.d/own
      probe: test "$(cat /etc/sudoers.d/own)" = "$WHAT"
      undo: rm -f /etc/sudoers.d/own
  - id: here
    description: r
    on: orchestrator
    uses: host.run
    with:
      env: { WHERE: "/tmp/sms-plan-own-{{run.id}}" }
      script: mkdir -p "$WHERE"
      probe: test -d "$WHERE"
      undo: rm -rf "$WHERE"
  - { id: note, description: n, on: orchestrator, uses: control.note, needs: [connect-source], with: { text: "of {{source.name}}" } }
  - { id: assert, description: a, on: orchestrator, uses: control.assert, needs: [connect-source], with: { that: source.domainJoined } }
  - { id: wait, description: w, on: orchestrator, uses: control.wait, with: { address: 10.98.0.10, port: 389 } }
  - { id: ask, description: a, on: orchestrator, uses: control.approve, with: { message: Go on? } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_users_insert() {
    if !in_lab("what_users_insert") {
        return;
    }
    let _lab = LAB.lock().await;
    lab(&["reset"]);
    let plan = Source::from_text("own.yaml", PLAN);
    let mut walk = Walk::begin_plan(plan, &examples().join("inventory.yaml"), &[]).await;
    let ask = walk.plan.stages.len() - 1;
    walk.forth(ask).await;
    // An approval is a person's event; the action itself only asks, however often.
    walk.start(ask).await.expect("it may begin");
    for _ in 0..2 {
        let asked = walk
            .action(ask)
            .apply(&walk.context(ask))
            .await
            .expect_err("a question");
        assert_eq!(asked.kind, ActionErrorKind::Person(WaitingFor::Approval));
    }
    walk.action(ask)
        .undo(&walk.context(ask))
        .await
        .expect("nothing to take back");
    walk.back().await;
    walk.end().await;
}
