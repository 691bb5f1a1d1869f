//! The three questions of every action, asked in the real lab: is twice the same as once, does
//! undo lead back, does a cut anywhere leave something that the same action finishes?
//!
//! A [`Walk`] drives the shipped plan stage by stage, asks at each stage on the path, and at the end
//! takes everything back in reverse order. Runs inside `examples/lab/lab run` with `SMS_PLAN_LAB=1`;
//! elsewhere the tests say loudly that they were skipped. With `SMS_PLAN_LONG=1` more is asked,
//! and every action is cut more often; `SMS_PLAN_SEED` says when.

mod cut;
mod own;
pub(crate) mod picture;
mod stage;
pub(crate) mod walk;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use sms_plan::action::Registry;
use tokio::sync::Mutex;
use walk::Walk;

/// There is one lab; its tests go one after the other.
static LAB: Mutex<()> = Mutex::const_new(());

/// Asked by walking the shipped plan in the lab, logged on to as root.
const WALKED: [&str; 11] = [
    "directory.copy_permissions",
    "domain.join",
    "domain.leave",
    "host.connect",
    "host.rename",
    "host.restart",
    "host.wait",
    "names.remove_alternates",
    "names.set_alternates",
    "network.collect",
    "network.map",
];

/// Asked by walking it logged on to as an account of the domain: only then is another one needed.
const WALKED_IN_DOMAIN: [&str; 3] = ["account.clear", "account.create", "account.remove"];

/// Asked by a test of their own, because the shipped plan does not use them.
const ASKED: [&str; 5] = [
    "control.approve",
    "control.assert",
    "control.note",
    "control.wait",
    "host.run",
];

/// Not asked: Windows only, and there is no Windows here.
const NOT_ASKED: [&str; 2] = ["token_filter.relax", "token_filter.restore"];

#[test]
fn every_action_is_asked_or_named_as_not_asked() {
    let registry = Registry::standard();
    let there: BTreeSet<String> = registry.catalogue().names().map(str::to_owned).collect();
    let listed: BTreeSet<String> = [&WALKED[..], &WALKED_IN_DOMAIN, &ASKED, &NOT_ASKED]
        .concat()
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        there, listed,
        "an action that no list here has is not asked the three questions"
    );
    for uses in NOT_ASKED {
        loudly(&format!("NOT ASKED (needs Windows): {uses}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cutover_as_local_root() {
    walk("the_cutover_as_local_root", "inventory.yaml", &[], &WALKED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cutover_as_a_domain_account() {
    let (test, inventory) = ("the_cutover_as_a_domain_account", "inventory-domain.yaml");
    walk(test, inventory, &WALKED_IN_DOMAIN, &WALKED_IN_DOMAIN).await;
}

/// Walks the plan forth and back. Where `only` names actions, the others are not asked; all of
/// `demanded` must have been.
async fn walk(test: &str, inventory: &str, only: &[&str], demanded: &[&str]) {
    if !in_lab(test) {
        return;
    }
    let _lab = LAB.lock().await;
    lab(&["reset"]);
    let mut walk = Walk::begin(&examples().join(inventory), only).await;
    walk.forth(usize::MAX).await;
    for uses in demanded {
        assert!(walk.asked.contains(*uses), "`{uses}` was not asked");
    }
    walk.back().await;
    walk.end().await;
}

/// Whether there is time for everything: all stages in all walks, and many cuts.
fn long() -> bool {
    std::env::var_os("SMS_PLAN_LONG").is_some()
}

/// Says whether the lab is there; if not, that this test proves nothing now.
fn in_lab(test: &str) -> bool {
    let there = std::env::var_os("SMS_PLAN_LAB").is_some();
    if !there {
        loudly(&format!("SKIPPED (no lab): {test}"));
    }
    there
}

/// Not by the macros: what they print, the test harness keeps to itself.
fn loudly(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("standard error");
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/lab")
}

/// Runs the lab's own program.
fn lab(arguments: &[&str]) -> String {
    let tool =
        std::env::var_os("SMS_PLAN_LAB_TOOL").map_or_else(|| examples().join("lab"), PathBuf::from);
    let out = Command::new(tool)
        .args(arguments)
        .output()
        .expect("the lab's program");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// Runs a shell line inside a machine, past all that is tested here.
fn on(machine: &str, line: &str) -> String {
    lab(&["exec", machine, "sh", "-c", line])
}
