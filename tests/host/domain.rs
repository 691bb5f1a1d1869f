//! Leaving and joining, each twice and cut, with FS02 of the lab.

use std::time::Duration;

use sms_plan::host::DomainSecrets;
use sms_plan::host::HostErrorKind;
use sms_plan::host::JoinCredential;
use sms_plan::host::Naming;

use super::lab::DC;
use super::lab::Lab;
use super::lab::lab;
use super::logon::Watch;

#[tokio::test]
async fn a_member_leaves_and_joins_twice_each() {
    let Some(lab) = lab("a_member_leaves_and_joins_twice_each") else {
        return;
    };
    let host = lab.fs02().await;
    let snapshot = host.snapshot().await.expect("a snapshot");
    let names: Vec<&str> = snapshot
        .sealed
        .iter()
        .map(|sealed| sealed.name.as_str())
        .collect();
    assert_eq!(names, ["secrets", "keytab"]);
    let member = host.membership(&Lab::question()).await.expect("a look");
    assert_eq!(
        (member.secret_present, member.trusted, member.dc_reachable),
        (true, Some(true), true),
        "{member:?}"
    );

    let watch = Watch::start(&Lab::value("LAB_ADMIN_PASSWORD"));
    host.leave(&Lab::admin(), DC).await.expect("it leaves");
    host.leave(&Lab::admin(), DC).await.expect("twice is once");
    let member = host.membership(&Lab::question()).await.expect("a look");
    assert_eq!(
        (member.secret_present, member.trusted, member.dc_reachable),
        (false, Some(false), true),
        "{member:?}"
    );
    host.join(&Lab::admin(), &Lab::target())
        .await
        .expect("it joins");
    host.join(&Lab::admin(), &Lab::target())
        .await
        .expect("twice is once");
    // The environment of these tests holds the password: the lab's program puts it there.
    let ours: Vec<String> = watch
        .end()
        .into_iter()
        .filter(|seen| !seen.contains("LAB_ADMIN_PASSWORD="))
        .collect();
    assert_eq!(ours, Vec::<String>::new(), "the password was seen");
    let member = host.membership(&Lab::question()).await.expect("a look");
    assert_eq!(
        (member.secret_present, member.trusted),
        (true, Some(true)),
        "{member:?}"
    );
    assert!(member.keytab_present && host.services().await.expect("services").ready);
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_leave_is_undone_exactly() {
    let Some(lab) = lab("a_leave_is_undone_exactly") else {
        return;
    };
    let host = lab.fs02().await;
    let snapshot = host.snapshot().await.expect("a snapshot");
    let sealed = |name: &str| {
        snapshot
            .sealed
            .iter()
            .find(|s| s.name == name)
            .map(|s| s.bytes.clone())
    };
    let secrets = DomainSecrets {
        secrets: sealed("secrets").expect("secrets"),
        keytab: sealed("keytab"),
    };
    host.leave(&Lab::admin(), DC).await.expect("it leaves");
    Lab::on("dc1", "samba-tool user enable 'FS02$'");
    host.restore_domain_secrets(&secrets)
        .await
        .expect("the secrets are back");
    host.restore_domain_secrets(&secrets)
        .await
        .expect("twice is once");
    let member = host.membership(&Lab::question()).await.expect("a look");
    assert_eq!(
        (member.secret_present, member.trusted),
        (true, Some(true)),
        "{member:?}"
    );
    lab.done(&*host).await;
}

#[tokio::test]
async fn refusals_of_the_domain_have_their_kind_and_change_nothing() {
    let Some(lab) = lab("refusals_of_the_domain_have_their_kind_and_change_nothing") else {
        return;
    };
    let host = lab.fs02().await;
    let wrong = JoinCredential {
        password: "wrong".to_owned().into(),
        ..Lab::admin()
    };
    let refused = host.leave(&wrong, DC).await.expect_err("a wrong password");
    assert!(
        matches!(refused.kind, HostErrorKind::CredentialRefused { .. }),
        "{refused:?}"
    );
    assert!(!refused.heals());
    let member = host.membership(&Lab::question()).await.expect("a look");
    assert_eq!(member.trusted, Some(true), "{member:?}");

    host.leave(&Lab::admin(), DC).await.expect("it leaves");
    let refused = host
        .join(&wrong, &Lab::target())
        .await
        .expect_err("a wrong password");
    assert!(
        matches!(refused.kind, HostErrorKind::CredentialRefused { .. }),
        "{refused:?}"
    );
    let nobody = JoinCredential {
        username: Lab::value("LAB_NOBODY"),
        password: Lab::value("LAB_NOBODY_PASSWORD").into(),
    };
    let refused = host
        .join(&nobody, &Lab::target())
        .await
        .expect_err("no right");
    assert!(
        matches!(refused.kind, HostErrorKind::NoRight { .. }),
        "{refused:?}"
    );
    let mut nowhere = Lab::target();
    nowhere.dc = "10.98.0.99".to_owned();
    let refused = host
        .join(&Lab::admin(), &nowhere)
        .await
        .expect_err("no such machine");
    assert!(
        matches!(refused.kind, HostErrorKind::DomainUnreachable { .. }),
        "{refused:?}"
    );
    host.join(&Lab::admin(), &Lab::target())
        .await
        .expect("it joins");
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_cut_leave_and_a_cut_join_are_finished_by_the_same_operation() {
    let Some(lab) = lab("a_cut_leave_and_a_cut_join_are_finished_by_the_same_operation") else {
        return;
    };
    let host = lab.fs02().await;
    for after in [300, 700, 1200] {
        for leave in [true, false] {
            let admin = Lab::admin();
            let target = Lab::target();
            let operation = async {
                if leave {
                    host.leave(&admin, DC).await
                } else {
                    host.join(&admin, &target).await
                }
            };
            let cut = async {
                tokio::time::sleep(Duration::from_millis(after)).await;
                Lab::on(
                    "fs02",
                    "kill -9 $(pgrep -x net) $(pgrep -x timeout) $(pgrep -fx 'net ads.*')",
                );
            };
            let (result, ()) = tokio::join!(operation, cut);
            eprintln!(
                "cut after {after} ms, leave {leave}: {:?}",
                result.map_err(|e| e.kind)
            );
            host.settle().await.expect("orphans end");
            if leave {
                host.leave(&admin, DC).await.expect("it is finished");
                assert!(
                    !host
                        .membership(&Lab::question())
                        .await
                        .expect("a look")
                        .secret_present
                );
            } else {
                host.join(&admin, &target).await.expect("it is finished");
                let member = host.membership(&Lab::question()).await.expect("a look");
                assert_eq!(member.trusted, Some(true), "{member:?}");
            }
        }
    }
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_keytab_takes_up_older_keys_once() {
    let Some(lab) = lab("a_keytab_takes_up_older_keys_once") else {
        return;
    };
    let host = lab.fs02().await;
    let old = host
        .snapshot()
        .await
        .expect("a snapshot")
        .sealed
        .into_iter()
        .find(|s| s.name == "keytab")
        .expect("a keytab");
    host.leave(&Lab::admin(), DC).await.expect("it leaves");
    host.join(&Lab::admin(), &Lab::target())
        .await
        .expect("it joins");
    let count = || {
        Lab::on("fs02", "klist -k /etc/krb5.keytab | grep -c @")
            .trim()
            .parse::<u32>()
            .expect("a count")
    };
    let own = count();
    // Somebody is just writing it: that is no keytab to record or to add to, and passes.
    for torn in ["true", "head -c 40 /root/whole"] {
        let tear = format!("cp -p /etc/krb5.keytab /root/whole; ({torn}) >/etc/krb5.keytab");
        Lab::on("fs02", &tear);
        let snapshot = host.snapshot().await.map(drop);
        for refused in [snapshot, host.merge_keytab(&old.bytes).await] {
            let error = refused.expect_err("it is not whole");
            let torn = matches!(error.kind, HostErrorKind::HalfWritten { .. });
            assert!(torn && error.heals(), "{error:?}");
        }
        Lab::on("fs02", "cat /root/whole >/etc/krb5.keytab; rm /root/whole");
    }
    host.merge_keytab(&old.bytes).await.expect("merged");
    let merged = count();
    host.merge_keytab(&old.bytes).await.expect("twice is once");
    eprintln!("{own} keys, {merged} after the merge");
    assert_eq!(count(), merged);
    assert!(
        host.membership(&Lab::question())
            .await
            .expect("a look")
            .trusted
            == Some(true)
    );
    lab.done(&*host).await;
}

#[tokio::test]
async fn a_renamed_machine_joins_anew_and_takes_its_own_object_over_again() {
    let Some(lab) = lab("a_renamed_machine_joins_anew_and_takes_its_own_object_over_again") else {
        return;
    };
    let host = lab.fs02().await;
    let snapshot = host.snapshot().await.expect("a snapshot");
    let object = || {
        Lab::on(
            "dc1",
            "ldbsearch -H /var/lib/samba/private/sam.ldb '(sAMAccountName=FS02$)' objectGUID objectSid | grep -E '^object'",
        )
    };
    let before = object();
    assert!(before.contains("objectGUID"), "{before}");
    let naming = |from: &str, to: &str| Naming {
        from: from.to_owned(),
        to: to.to_owned(),
        realm: Some("LAB.TEST".to_owned()),
        address: None,
        drop_alternates: true,
        drop_keytab: true,
    };
    for (from, to) in [("fs02", "fs02-x"), ("fs02-x", "fs02")] {
        let naming = naming(from, to);
        host.leave(&Lab::admin(), DC).await.expect("it leaves");
        host.rename(&naming).await.expect("renamed");
        let parts = host.naming(&naming).await.expect("a look");
        assert!(parts.iter().all(|part| part.done), "{parts:?}");
        host.join(&Lab::admin(), &Lab::target())
            .await
            .expect("it joins");
        let member = host.membership(&Lab::question()).await.expect("a look");
        assert_eq!(
            (member.trusted, member.netbios_name.as_str()),
            (Some(true), to.to_uppercase().as_str()),
            "{member:?}"
        );
        let parts = host.naming(&naming).await.expect("a look");
        assert!(
            parts.iter().all(|part| part.done),
            "the new keytab has no old keys: {parts:?}"
        );
    }
    assert_eq!(object(), before, "the same object");
    Lab::on("dc1", "samba-tool computer delete FS02-X");
    host.restore_names(&snapshot.value).await.expect("put back");
    lab.done(&*host).await;
}
