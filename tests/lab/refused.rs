//! What the program finds wrong before it changes anything: it says so, and goes on once it is
//! mended.

use super::end::attributes;
use super::machines::DC;
use super::machines::on;
use super::scene::Scene;

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let Some(scene) = Scene::new("a_wrong_password_is_tried_once") else {
        return;
    };
    // Wrong passwords are counted only where there is a limit to them.
    let limit = on(
        DC,
        "samba-tool domain passwordsettings set --account-lockout-threshold=3",
    );
    assert!(limit.contains("applied successfully"), "{limit}");
    let mut apply = scene.apply_command(&[]);
    apply.env("LAB_ADMIN_PASSWORD", "Not.the.password.1");
    let ended = super::drive::Drive::start(apply).end().await.with(1);
    assert!(ended.out.contains("smsadmin@lab.test"), "{}", ended.out);
    assert!(ended.out.contains("sms-plan resume"), "{}", ended.out);
    assert!(!ended.out.contains("Not.the.password"), "{}", ended.out);
    let tried = &attributes("(sAMAccountName=smsadmin)")["badPwdCount"][0];
    assert_eq!(tried, "1", "attempts with the wrong password");
    scene.before.untouched();

    scene.resume().await.with(0);
    scene.before.ended_well([2, 2]);
}

#[tokio::test]
async fn a_new_name_that_is_taken_is_named_before_any_change() {
    let Some(scene) = Scene::new("a_new_name_that_is_taken_is_named_before_any_change") else {
        return;
    };
    let made = on(DC, "samba-tool computer create FS01-OLD");
    assert!(made.contains("successfully"), "{made}");
    let ended = scene.apply(&[]).await.with(1);
    for part in ["fs01-old", "is taken", "CN=FS01-OLD", "sms-plan resume"] {
        assert!(ended.out.contains(part), "no `{part}` in {}", ended.out);
    }
    scene.before.untouched();

    on(DC, "samba-tool computer delete FS01-OLD");
    scene.resume().await.with(0);
    scene.before.ended_well([2, 2]);
}

#[tokio::test]
async fn a_service_of_the_new_name_that_another_object_holds_is_named_before_any_change() {
    let test = "a_service_of_the_new_name_that_another_object_holds_is_named_before_any_change";
    let Some(scene) = Scene::new(test) else {
        return;
    };
    let made = on(
        DC,
        "samba-tool computer create OTHER && samba-tool spn add HOST/FS01-OLD OTHER\\$",
    );
    assert!(!made.contains("exit status"), "{made}");
    let ended = scene.apply(&[]).await.with(1);
    for part in ["HOST/FS01-OLD", "CN=OTHER", "sms-plan resume"] {
        assert!(ended.out.contains(part), "no `{part}` in {}", ended.out);
    }
    scene.before.untouched();

    on(DC, "samba-tool spn delete HOST/FS01-OLD OTHER\\$");
    scene.resume().await.with(0);
    scene.before.ended_well([2, 2]);
}
