//! What a join will come to, for an administrator and for others.

use ldap3::Mod;
use sms_plan::directory::Directory;
use sms_plan::directory::DirectoryErrorKind;
use sms_plan::directory::DirectoryReader;
use sms_plan::directory::Member;
use sms_plan::directory::Parts;

use super::Lab;

#[tokio::test]
async fn an_administrator_may_take_the_source_over() {
    let Some(_lab) = Lab::open("an_administrator_may_take_the_source_over") else {
        return;
    };
    let directory = Lab::admin();
    let source = directory
        .computer_by_name("fs01")
        .await
        .expect("read")
        .expect("FS01");
    let told = directory
        .predict_reuse(&source, Member::Samba)
        .await
        .expect("read");
    assert!(told.allowed, "{told:?}");
    let rights = directory
        .rights_on(&source.guid.as_dn())
        .await
        .expect("read");
    assert!(
        rights.write_dacl && rights.write_owner && rights.write_account_control,
        "{rights:?}"
    );
    assert!(rights.reset_password && rights.delete, "{rights:?}");
    // The lab's source was joined by an administrator, so Windows' rule lets it pass as well.
    let told = directory
        .predict_reuse(&source, Member::Windows)
        .await
        .expect("read");
    assert!(told.allowed, "{told:?}");
    assert!(
        told.reasons
            .iter()
            .any(|reason| reason.contains("KB5020276")),
        "{told:?}"
    );
}

#[tokio::test]
async fn who_has_no_rights_may_not() {
    let Some(_lab) = Lab::open("who_has_no_rights_may_not") else {
        return;
    };
    let directory = Lab::directory("LAB_NOBODY");
    let source = directory
        .computer_by_name("fs01")
        .await
        .expect("read")
        .expect("FS01");
    for joining in [Member::Samba, Member::Windows] {
        let told = directory
            .predict_reuse(&source, joining)
            .await
            .expect("read");
        assert!(!told.allowed, "{told:?}");
        assert!(
            told.reasons[0].contains("may not reset its password"),
            "{told:?}"
        );
    }
    let rights = directory
        .rights_on(&source.guid.as_dn())
        .await
        .expect("read");
    assert!(
        !rights.write_dacl && !rights.write_account_control && !rights.delete,
        "{rights:?}"
    );
}

/// The lab lets the group of `LAB_USER` write the source's properties and reset its password; the
/// test does with a copy of those permissions what the prediction says.
#[tokio::test]
async fn what_is_predicted_for_a_delegate_is_what_the_delegate_can_do() {
    let Some(_lab) = Lab::open("what_is_predicted_for_a_delegate_is_what_the_delegate_can_do")
    else {
        return;
    };
    Lab::with_computer("ZZ-DELEGATE", |admin, computer| async move {
        let delegate = Lab::directory("LAB_USER");
        let told = delegate
            .predict_reuse(&computer, Member::Samba)
            .await
            .expect("read");
        assert!(!told.allowed, "{told:?}");
        let denied = delegate
            .set_enabled(&computer.guid, false)
            .await
            .expect_err("no right yet");
        assert!(matches!(
            denied.kind,
            DirectoryErrorKind::InsufficientRights { .. }
        ));

        let source = admin
            .computer_by_name("fs01")
            .await
            .expect("read")
            .expect("FS01");
        let source = admin
            .descriptor(&source.guid, Parts::DACL)
            .await
            .expect("read");
        let own: Vec<_> = source.explicit().into_iter().cloned().collect();
        let before = admin
            .descriptor(&computer.guid, Parts::DACL)
            .await
            .expect("read");
        let new = before.with_explicit(&own);
        admin
            .replace_dacl(&computer.guid, &before, &new)
            .await
            .expect("write");

        let told = delegate
            .predict_reuse(&computer, Member::Samba)
            .await
            .expect("read");
        assert!(told.allowed, "{told:?}");
        let rights = delegate
            .rights_on(&computer.guid.as_dn())
            .await
            .expect("read");
        assert!(
            rights.reset_password && rights.write_account_control,
            "{rights:?}"
        );
        assert!(
            !rights.write_dacl && !rights.write_owner && !rights.delete,
            "{rights:?}"
        );
        delegate
            .set_enabled(&computer.guid, false)
            .await
            .expect("disable");
        delegate
            .set_enabled(&computer.guid, true)
            .await
            .expect("enable");
        delegate
            .delete_computer(&computer.guid, "zz-delegate")
            .await
            .expect_err("no right");
        let mut bare = Lab::bare("LAB_USER").await;
        let password = "\"Correct-Horse-77\""
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let reset = vec![Mod::Replace(b"unicodePwd".to_vec(), [password].into())];
        let reset = bare.modify(&computer.dn, reset).await;
        reset
            .and_then(ldap3::LdapResult::success)
            .expect("reset the password");
    })
    .await;
}

#[tokio::test]
async fn a_new_account_needs_a_free_name_and_a_right() {
    let Some(_lab) = Lab::open("a_new_account_needs_a_free_name_and_a_right") else {
        return;
    };
    let directory = Lab::admin();
    let container = directory.default_computer_container().await.expect("read");
    let told = directory
        .predict_create("zz-free", &container)
        .await
        .expect("read");
    assert!(told.allowed, "{told:?}");
    for taken in ["fs01", "fsalt"] {
        let told = directory
            .predict_create(taken, &container)
            .await
            .expect("read");
        assert!(!told.allowed, "{told:?}");
        assert!(told.reasons[0].contains("CN=FS01"), "{told:?}");
        let conflicts = directory.name_conflicts(taken).await.expect("read");
        assert!(
            conflicts
                .iter()
                .all(|conflict| conflict.dn.starts_with("CN=FS01,")),
            "{conflicts:?}"
        );
        assert!(!conflicts.is_empty());
    }
    let told = directory
        .predict_create("zz_bad", &container)
        .await
        .expect("read");
    assert!(
        !told.allowed && told.reasons[0].contains("not `_`"),
        "{told:?}"
    );
    let servers = format!("OU=Servers,{}", Lab::domain_dn());
    assert!(
        directory
            .can_create_computer_in(&servers)
            .await
            .expect("read")
    );
    let nobody = Lab::directory("LAB_NOBODY");
    assert!(!nobody.can_create_computer_in(&servers).await.expect("read"));
    assert!(
        !nobody
            .predict_create("zz-free", &servers)
            .await
            .expect("read")
            .allowed
    );
    // By his quota he may, as every user of a domain.
    let told = nobody
        .predict_create("zz-free", &container)
        .await
        .expect("read");
    assert!(
        told.reasons
            .iter()
            .any(|reason| reason.contains("MachineAccountQuota")),
        "{told:?}"
    );
}
