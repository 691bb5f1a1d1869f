//! A plan that is done already is looked at, stage by stage, and nothing is changed.

use super::end::Object;
use super::scene::Scene;

#[tokio::test]
async fn a_second_apply_says_that_everything_is_done() {
    let Some(scene) = Scene::new("a_second_apply_says_that_everything_is_done") else {
        return;
    };
    // An unfinished run is not begun anew.
    scene.apply(&["--until", "connect-source"]).await.with(4);
    let refused = scene.apply(&[]).await.with(2);
    let run = scene.journal().await[0].run.clone();
    let hint = format!("sms-plan resume {run}");
    assert!(refused.err.contains(&hint), "{}", refused.err);
    scene.before.untouched();
    scene.resume().await.with(0);

    let events = scene.journal().await.len();
    let objects = || ["FS01", "FS01-OLD", "FS02"].map(|name| Object::of(name).unwrap());
    let before = (objects(), scene.before.boots_since());
    let again = scene.apply(&[]).await.with(0);
    for part in [
        &format!("already done by run {run}"),
        "nothing was changed",
        "Removing the source computer from the domain...",
    ] {
        assert!(again.out.contains(part), "no `{part}` in {}", again.out);
    }
    assert!(!again.out.contains("DIFFERS"), "{}", again.out);
    let done = again.out.lines().filter(|line| line.contains("%  done "));
    assert_eq!(
        done.count(),
        scene.path_of_this_pair().await.len(),
        "{}",
        again.out
    );
    assert_eq!(scene.journal().await.len(), events);
    assert_eq!((objects(), scene.before.boots_since()), before);
    scene.before.ended_well([2, 2]);
}
