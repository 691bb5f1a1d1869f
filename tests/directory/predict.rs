//! What a join will come to, for an administrator and for others.

use sms_plan::directory::DirectoryReader;
use sms_plan::directory::Member;

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
async fn others_may_not() {
    let Some(_lab) = Lab::open("others_may_not") else {
        return;
    };
    for account in ["LAB_USER", "LAB_NOBODY"] {
        let directory = Lab::directory(account);
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
            assert!(!told.allowed, "{account} {told:?}");
            assert!(
                told.reasons[0].contains("may not reset its password"),
                "{told:?}"
            );
        }
        let rights = directory
            .rights_on(&source.guid.as_dn())
            .await
            .expect("read");
        assert!(!rights.write_dacl && !rights.write_account_control && !rights.delete);
    }
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
