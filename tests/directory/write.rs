//! Changes, on computer accounts of the test's own.

use sms_plan::directory::Directory;
use sms_plan::directory::DirectoryErrorKind;
use sms_plan::directory::DirectoryReader;
use sms_plan::directory::Parts;

use super::Lab;

#[tokio::test]
async fn permissions_are_copied_and_put_back_byte_for_byte() {
    let Some(_lab) = Lab::open("permissions_are_copied_and_put_back_byte_for_byte") else {
        return;
    };
    Lab::with_computer("ZZ-DACL", |directory, computer| async move {
        let source = directory
            .computer_by_name("fs01")
            .await
            .expect("read")
            .expect("FS01");
        let source = directory
            .descriptor(&source.guid, Parts::DACL)
            .await
            .expect("read");
        let before = directory
            .descriptor(&computer.guid, Parts::DACL)
            .await
            .expect("read");
        let own: Vec<_> = source.explicit().into_iter().cloned().collect();
        assert_ne!(
            own.iter().collect::<Vec<_>>(),
            before.explicit(),
            "nothing to copy"
        );
        let new = before.with_explicit(&own);
        directory
            .replace_dacl(&computer.guid, &before, &new)
            .await
            .expect("write");
        let after = directory
            .descriptor(&computer.guid, Parts::DACL)
            .await
            .expect("read");
        assert_eq!(after.explicit(), source.explicit());
        assert_eq!(after.inherited(), before.inherited());
        // Twice is once, although `before` is not what is there any more.
        directory
            .replace_dacl(&computer.guid, &before, &new)
            .await
            .expect("write again");
        // Somebody else's change is not overwritten.
        let third = before.with_explicit(&own[1..]);
        let error = directory
            .replace_dacl(&computer.guid, &before, &third)
            .await;
        let error = error.expect_err("changed since");
        assert!(
            matches!(error.kind, DirectoryErrorKind::Changed { .. }),
            "{error:?}"
        );
        directory
            .replace_dacl(&computer.guid, &after, &before)
            .await
            .expect("write back");
        let end = directory
            .descriptor(&computer.guid, Parts::DACL)
            .await
            .expect("read");
        assert_eq!(
            end.to_bytes().expect("bytes"),
            before.to_bytes().expect("bytes")
        );
    })
    .await;
}

#[tokio::test]
async fn an_account_is_disabled_and_enabled_and_keeps_its_other_bits() {
    let Some(_lab) = Lab::open("an_account_is_disabled_and_enabled_and_keeps_its_other_bits")
    else {
        return;
    };
    Lab::with_computer("ZZ-ENABLE", |directory, computer| async move {
        let control = computer.user_account_control & !2;
        for (enabled, expected) in [(true, control), (false, control | 2), (true, control)] {
            for _twice in 0..2 {
                directory
                    .set_enabled(&computer.guid, enabled)
                    .await
                    .expect("write");
                let now = directory
                    .computer_by_guid(&computer.guid)
                    .await
                    .expect("read");
                let now = now.expect("there");
                assert_eq!((now.enabled, now.user_account_control), (enabled, expected));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn service_principal_names_come_go_and_collide() {
    let Some(_lab) = Lab::open("service_principal_names_come_go_and_collide") else {
        return;
    };
    Lab::with_computer("ZZ-SPN", |directory, computer| async move {
        let attribute = "servicePrincipalName";
        let texts = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
        let one = texts(&["HOST/ZZ-SPN", "HOST/zz-spn.lab.test"]);
        for _twice in 0..2 {
            directory
                .replace_values(&computer.guid, attribute, &[], &one)
                .await
                .expect("add");
        }
        let two = texts(&["HOST/ZZ-OTHER"]);
        for _twice in 0..2 {
            // Spelled otherwise than stored: the directory does not tell the cases apart.
            let going = texts(&["host/zz-spn"]);
            let done = directory
                .replace_values(&computer.guid, attribute, &going, &two)
                .await;
            done.expect("exchange");
        }
        let now = directory
            .computer_by_guid(&computer.guid)
            .await
            .expect("read")
            .expect("there");
        assert_eq!(now.spns, ["HOST/ZZ-OTHER", "HOST/zz-spn.lab.test"]);
        assert_eq!(
            directory.spn_holders("HOST/ZZ-OTHER").await.expect("read"),
            *std::slice::from_ref(&now.dn)
        );
        let taken = texts(&["HOST/FSALT"]);
        let error = directory
            .replace_values(&computer.guid, attribute, &[], &taken)
            .await;
        let error = error.expect_err("FS01 has it");
        let DirectoryErrorKind::Conflict { with } = &error.kind else {
            panic!("{error:?}")
        };
        assert!(with.contains("FSALT"), "{with}");
        let after = directory
            .computer_by_guid(&computer.guid)
            .await
            .expect("read")
            .expect("there");
        assert_eq!(after.spns, now.spns);
    })
    .await;
}

#[tokio::test]
async fn two_who_change_the_same_value_do_not_overwrite_each_other() {
    let Some(_lab) = Lab::open("two_who_change_the_same_value_do_not_overwrite_each_other") else {
        return;
    };
    Lab::with_computer("ZZ-RACE", |directory, computer| async move {
        let value = |text: &str| vec![text.to_owned()];
        let (first, second) = (Lab::admin(), Lab::admin());
        let (one, other) = (value("HOST/ZZ-RACE-1"), value("HOST/ZZ-RACE-2"));
        let attribute = "servicePrincipalName";
        let (a, b) = tokio::join!(
            first.replace_values(&computer.guid, attribute, &[], &one),
            second.replace_values(&computer.guid, attribute, &[], &other),
        );
        a.expect("first");
        b.expect("second");
        let now = directory
            .computer_by_guid(&computer.guid)
            .await
            .expect("read")
            .expect("there");
        assert_eq!(now.spns, ["HOST/ZZ-RACE-1", "HOST/ZZ-RACE-2"]);
    })
    .await;
}

#[tokio::test]
async fn only_the_named_account_is_deleted() {
    let Some(_lab) = Lab::open("only_the_named_account_is_deleted") else {
        return;
    };
    Lab::with_computer("ZZ-GONE", |directory, computer| async move {
        let error = directory
            .delete_computer(&computer.guid, "fs01")
            .await
            .expect_err("refused");
        assert!(
            matches!(error.kind, DirectoryErrorKind::Changed { .. }),
            "{error:?}"
        );
        for _twice in 0..2 {
            directory
                .delete_computer(&computer.guid, "zz-gone")
                .await
                .expect("delete");
        }
        assert_eq!(
            directory.computer_by_name("zz-gone").await.expect("read"),
            None
        );
    })
    .await;
}

#[tokio::test]
async fn who_has_no_right_is_told_so() {
    let Some(_lab) = Lab::open("who_has_no_right_is_told_so") else {
        return;
    };
    Lab::with_computer("ZZ-RIGHT", |_, computer| async move {
        let nobody = Lab::directory("LAB_NOBODY");
        let error = nobody
            .set_enabled(&computer.guid, false)
            .await
            .expect_err("refused");
        let DirectoryErrorKind::InsufficientRights { account, .. } = &error.kind else {
            panic!("{error:?}")
        };
        assert!(account.starts_with(&Lab::value("LAB_NOBODY")), "{account}");
        assert!(!error.heals());
    })
    .await;
}
