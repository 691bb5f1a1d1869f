//! Machines that are not what the inventory says: nothing is changed on any of them.

use super::machines::SOURCE;
use super::machines::on;
use super::scene::Scene;

#[tokio::test]
async fn a_host_that_nobody_reaches_is_named() {
    let Some(scene) = Scene::new("a_host_that_nobody_reaches_is_named") else {
        return;
    };
    scene.inventory_from(
        "inventory.yaml",
        &[("address: 10.98.0.21 ", "address: 10.98.0.99 ")],
    );
    let ended = scene.apply(&[]).await.with(1);
    for part in ["connect-source", "10.98.0.99", "sms-plan resume"] {
        assert!(ended.out.contains(part), "no `{part}` in {}", ended.out);
    }
    scene.before.untouched();
}

#[tokio::test]
async fn another_machine_behind_the_address_is_refused() {
    let Some(scene) = Scene::new("another_machine_behind_the_address_is_refused") else {
        return;
    };
    let swapped = [
        ("address: 10.98.0.21 ", "address: 10.98.0.2x "),
        ("address: 10.98.0.22", "address: 10.98.0.21"),
        ("address: 10.98.0.2x ", "address: 10.98.0.22 "),
    ];
    scene.inventory_from("inventory.yaml", &swapped);
    let ended = scene.apply(&[]).await.with(1);
    for part in ["fs01", "fs02", "sms-plan resume"] {
        assert!(ended.out.contains(part), "no `{part}` in {}", ended.out);
    }
    scene.before.untouched();
}

#[tokio::test]
async fn a_host_key_that_changed_under_a_run_is_refused() {
    let Some(scene) = Scene::new("a_host_key_that_changed_under_a_run_is_refused") else {
        return;
    };
    scene.apply(&["--until", "connect-source"]).await.with(4);
    let changed = on(
        SOURCE,
        "cd /etc/ssh && rm ssh_host_* && ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key && \
         ssh-keygen -q -t ecdsa -N '' -f ssh_host_ecdsa_key && systemctl restart ssh",
    );
    assert_eq!(changed, "");
    let ended = scene.resume().await;
    assert!(
        matches!(ended.code, Some(1 | 5)),
        "{:?}: {}",
        ended.code,
        ended.out
    );
    assert!(ended.out.contains("host key"), "{}", ended.out);
    scene.before.untouched();
}
