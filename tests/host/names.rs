//! Names: renaming, alternate names and putting them back, with FS02 of the lab.

use sms_plan::host::Naming;
use sms_plan::host::RestartAnswer;

use super::lab::Lab;
use super::lab::lab;

fn naming(from: &str, to: &str) -> Naming {
    Naming {
        from: from.to_owned(),
        to: to.to_owned(),
        realm: Some("LAB.TEST".to_owned()),
        address: None,
        drop_alternates: true,
        drop_keytab: false,
    }
}

#[tokio::test]
async fn a_rename_is_seen_part_by_part_and_put_back_exactly() {
    let Some(lab) = lab("a_rename_is_seen_part_by_part_and_put_back_exactly") else {
        return;
    };
    let host = lab.fs02().await;
    let files = "cat /etc/hosts /etc/hostname /etc/samba/smb.conf; ls -l /etc/hosts /etc/hostname /etc/samba/smb.conf | cut -d' ' -f1-4; uname -n";
    let before = Lab::on("fs02", files);
    let snapshot = host.snapshot().await.expect("a snapshot");
    let wanted = naming("fs02", "fs02-x");
    let alternates = ["FSMORE".to_owned(), "fsmore.lab.test".to_owned()];
    host.set_alternates(&alternates, "LAB.TEST")
        .await
        .expect("alternates");
    host.set_alternates(&alternates, "LAB.TEST")
        .await
        .expect("twice is once");
    assert!(
        host.alternates(&alternates)
            .await
            .expect("a look")
            .iter()
            .all(|part| part.done)
    );

    // A power cut between two sub-steps: one name is there, the others are not.
    Lab::on("fs02", "echo fs02-x >/etc/hostname");
    let parts = host.naming(&wanted).await.expect("a look");
    let done: Vec<&str> = parts
        .iter()
        .filter(|part| part.done)
        .map(|part| part.name.as_str())
        .collect();
    assert_eq!(done, ["hostname"], "{parts:?}");
    host.rename(&wanted).await.expect("renamed");
    host.rename(&wanted).await.expect("twice is once");
    let parts = host.naming(&wanted).await.expect("a look");
    let open: Vec<_> = parts
        .iter()
        .filter(|part| !part.done && part.name != "keytab")
        .collect();
    assert!(open.is_empty(), "{open:?}");
    let facts = host.facts().await.expect("facts");
    assert_eq!(
        (facts.name.as_str(), facts.netbios_name.as_deref()),
        ("fs02-x", Some("FS02-X"))
    );
    assert!(facts.alternates.is_empty(), "{facts:?}");

    host.restore_names(&snapshot.value).await.expect("put back");
    host.restore_names(&snapshot.value)
        .await
        .expect("twice is once");
    assert_eq!(Lab::on("fs02", files), before);
    lab.done(&*host).await;
}

#[tokio::test]
async fn only_the_meant_boot_is_restarted() {
    let Some(lab) = lab("only_the_meant_boot_is_restarted") else {
        return;
    };
    let host = lab.fs02().await;
    let (pin, boot) = (host.pin(), host.boot().await.expect("a boot"));
    assert_eq!(
        host.restart("another").await.expect("an answer"),
        RestartAnswer::AnotherBoot
    );
    assert_eq!(host.boot().await.expect("a boot"), boot);
    assert_eq!(
        host.restart(&boot).await.expect("an answer"),
        RestartAnswer::Asked
    );
    let host = lab.after_boot(&pin, &boot).await;
    assert_eq!(
        host.restart(&boot).await.expect("an answer"),
        RestartAnswer::AnotherBoot
    );
    lab.done(&*host).await;
}
