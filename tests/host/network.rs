//! Addresses: added, confirmed, dropped, taken back, cut, with FS02 of the lab.

use std::time::Duration;

use sms_plan::host::DropOld;
use sms_plan::host::HostErrorKind;
use sms_plan::host::HostSnapshot;
use sms_plan::host::NetworkChange;

use super::lab::FS02;
use super::lab::Lab;
use super::lab::lab;

const FILES: &str = "cat /etc/systemd/network/10-eth0.network /etc/resolv.conf; ip -4 -o addr show eth0 | awk '{print $4}'; ip route show default | cut -d' ' -f1-3";

fn change(token: &str, addresses: &[&str]) -> NetworkChange {
    NetworkChange {
        adapter: "eth0".to_owned(),
        addresses: addresses
            .iter()
            .map(|&address| address.to_owned())
            .collect(),
        dhcp: false,
        gateway: Some("10.98.0.1".to_owned()),
        dns: vec!["10.98.0.10".to_owned()],
        routes: Vec::new(),
        exact: None,
        drop_old: DropOld::Now,
        confirm_within: Duration::from_secs(8),
        token: token.to_owned(),
    }
}

fn live() -> String {
    Lab::on(
        "fs02",
        "ip -4 -o addr show eth0 | awk '{print $4}' | sort | tr '\\n' ' '",
    )
}

#[tokio::test]
async fn addresses_move_when_they_are_confirmed_and_come_back_exactly() {
    let Some(lab) = lab("addresses_move_when_they_are_confirmed_and_come_back_exactly") else {
        return;
    };
    let host = lab.fs02().await;
    let (pin, before) = (host.pin(), Lab::on("fs02", FILES));
    let snapshot = host.snapshot().await.expect("a snapshot");
    let there = change("one", &["10.98.0.52/24", "10.98.0.53/24"]);
    host.map_network(&there).await.expect("added");
    assert_eq!(live(), "10.98.0.22/24 10.98.0.52/24 10.98.0.53/24 ");
    let host = lab
        .open("10.98.0.52", &Lab::root(), Some(&pin), false)
        .await
        .expect("it answers there");
    host.confirm_network(&there).await.expect("kept");
    host.confirm_network(&there).await.expect("twice is once");
    assert_eq!(live(), "10.98.0.52/24 10.98.0.53/24 ");
    assert!(
        host.mapping(&there)
            .await
            .expect("a look")
            .iter()
            .all(|part| part.done)
    );
    let again = change("two", &["10.98.0.52/24", "10.98.0.53/24"]);
    host.map_network(&again).await.expect("again");
    host.confirm_network(&again).await.expect("kept");
    assert!(
        host.announce(&["10.98.0.52".to_owned()])
            .await
            .expect("announced")
            .iter()
            .all(|part| part.done)
    );

    let back = NetworkChange {
        exact: HostSnapshot::network_file(&snapshot.value, "eth0"),
        ..change("back", &["10.98.0.22/24"])
    };
    assert!(back.exact.is_some());
    host.map_network(&back).await.expect("added");
    let host = lab
        .open(FS02, &Lab::root(), Some(&pin), true)
        .await
        .expect("it answers there");
    host.confirm_network(&back).await.expect("kept");
    assert_eq!(Lab::on("fs02", FILES), before);
    lab.done(&*host).await;
}

#[tokio::test]
async fn what_nobody_confirms_is_taken_back_and_the_lock_says_so() {
    let Some(lab) = lab("what_nobody_confirms_is_taken_back_and_the_lock_says_so") else {
        return;
    };
    let host = lab.fs02().await;
    let before = Lab::on("fs02", FILES);
    let there = change("lonely", &["10.98.0.54/24"]);
    host.map_network(&there).await.expect("added");
    host.settle().await.expect("the machine decides");
    assert_eq!(Lab::on("fs02", FILES), before);
    let late = host.confirm_network(&there).await.expect_err("too late");
    assert!(
        matches!(late.kind, HostErrorKind::TakenBack { .. }),
        "{late:?}"
    );
    lab.done(&*host).await;
}

#[tokio::test]
async fn an_address_of_another_machine_is_refused() {
    let Some(lab) = lab("an_address_of_another_machine_is_refused") else {
        return;
    };
    let host = lab.fs02().await;
    let before = Lab::on("fs02", FILES);
    let refused = host
        .map_network(&change("taken", &["10.98.0.5/24"]))
        .await
        .expect_err("cli has it");
    let HostErrorKind::Unsupported { words } = &refused.kind else {
        panic!("{refused:?}")
    };
    assert!(words.contains("10.98.0.5"), "{words}");
    assert_eq!(Lab::on("fs02", FILES), before);
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_power_cut_before_the_confirmation_takes_back_and_the_same_change_finishes() {
    let Some(lab) =
        lab("a_power_cut_before_the_confirmation_takes_back_and_the_same_change_finishes")
    else {
        return;
    };
    let host = lab.fs02().await;
    let (pin, before) = (host.pin(), Lab::on("fs02", FILES));
    let boot = host.boot().await.expect("a boot");
    let there = NetworkChange {
        drop_old: DropOld::AtRestart,
        ..change("cut", &["10.98.0.55/24"])
    };
    host.map_network(&there).await.expect("added");
    Lab::tool(&["kill", "fs02"]);
    Lab::tool(&["power", "fs02"]);
    let host = lab.after_boot(&pin, &boot).await;
    assert_eq!(Lab::on("fs02", FILES), before);

    host.map_network(&there).await.expect("added");
    host.confirm_network(&there).await.expect("kept");
    assert_eq!(
        live(),
        "10.98.0.22/24 10.98.0.55/24 ",
        "old addresses live on until the restart"
    );
    let parts = host.mapping(&there).await.expect("a look");
    assert!(parts.iter().all(|part| part.done), "{parts:?}");
    let back = change("cut-back", &["10.98.0.22/24"]);
    host.map_network(&back).await.expect("added");
    host.confirm_network(&back).await.expect("kept");
    assert_eq!(live(), "10.98.0.22/24 ");
    lab.done(&*host).await;
}
