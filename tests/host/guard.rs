//! The guard on the machine, asked on this one: it needs no root and no lab.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use sms_plan::host::Connections;
use sms_plan::host::Guard;
use sms_plan::host::Host;
use sms_plan::host::HostErrorKind;
use sms_plan::host::ScriptIntent;
use sms_plan::host::ScriptResult;
use sms_plan::host::ScriptRun;
use sms_plan::host::Shell;
use sms_plan::run::RunId;

fn host(folder: &Path, run: &str, epoch: u64, limit: u64) -> Arc<dyn Host> {
    let guard = Guard {
        run: RunId::new(run).expect("a run id"),
        epoch,
        orchestrator: "desk; rm -rf 'x' $(id)".to_owned(),
        limit: Duration::from_secs(limit),
    };
    Connections::local(folder, guard).expect("this machine")
}

fn script(text: &str, env: &[(&str, &str)], intent: ScriptIntent) -> ScriptRun {
    let env = env
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into()))
        .collect();
    ScriptRun {
        text: text.to_owned(),
        env,
        shell: Shell::Sh,
        intent,
    }
}

async fn change(host: &dyn Host, text: &str) -> Result<ScriptResult, HostErrorKind> {
    host.run_script(&script(text, &[], ScriptIntent::Change))
        .await
        .map_err(|error| error.kind)
}

#[tokio::test]
async fn a_change_needs_the_fence_and_a_look_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let state = folder.path().join("not there yet");
    let host = host(&state, "run-1", 1, 20);
    let looked = host
        .run_script(&script("echo hi; exit 3", &[], ScriptIntent::Look))
        .await
        .expect("a look");
    assert_eq!((looked.code, looked.stdout.as_str()), (3, "hi\n"));
    assert!(!state.exists(), "a look leaves nothing behind");
    host.settle().await.expect("nothing is at work");
    assert!(!state.exists(), "waiting leaves nothing behind");

    assert!(matches!(
        change(&*host, "echo no").await,
        Err(HostErrorKind::Fenced { .. })
    ));
    host.set_fence().await.expect("a fence");
    host.set_fence().await.expect("twice is once");
    assert_eq!(
        change(&*host, "echo yes").await.expect("a change").stdout,
        "yes\n"
    );
    host.clear_fence().await.expect("no fence");
    host.clear_fence().await.expect("twice is once");
    assert!(matches!(
        change(&*host, "echo no").await,
        Err(HostErrorKind::Fenced { .. })
    ));
}

#[tokio::test]
async fn another_run_and_a_former_driver_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (
        host(folder.path(), "run-1", 1, 20),
        host(folder.path(), "run-1", 2, 20),
    );
    let rival = host(folder.path(), "run-2", 9, 20);
    old.set_fence().await.expect("a fence");
    for refused in [rival.set_fence().await, rival.clear_fence().await] {
        let kind = refused.expect_err("the machine obeys run-1").kind;
        let HostErrorKind::Fenced { words } = kind else {
            panic!("{kind:?}")
        };
        assert!(
            words.contains("run-1") && words.contains("desk; rm -rf 'x' $(id)"),
            "{words}"
        );
    }
    assert!(matches!(
        change(&*rival, "true").await,
        Err(HostErrorKind::Fenced { .. })
    ));
    change(&*new, "true")
        .await
        .expect("a later driver takes over");
    assert!(matches!(
        change(&*old, "true").await,
        Err(HostErrorKind::Fenced { .. })
    ));
    assert!(
        old.clear_fence().await.is_err(),
        "a former driver does not free the machine"
    );
    new.clear_fence().await.expect("the driver does");
}

#[tokio::test]
async fn an_orphan_holds_the_lock_until_it_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = host(folder.path(), "run-1", 1, 20);
    host.set_fence().await.expect("a fence");
    // What the script leaves behind is as good as a script whose orchestrator was killed.
    change(&*host, "(sleep 3) </dev/null >/dev/null 2>&1 &")
        .await
        .expect("a change");
    let began = Instant::now();
    host.settle().await.expect("the orphan ends");
    assert!(
        began.elapsed() > Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );

    change(&*host, "(sleep 8) </dev/null >/dev/null 2>&1 &")
        .await
        .expect("a change");
    let hasty = self::host(folder.path(), "run-1", 1, 2);
    assert!(matches!(
        change(&*hasty, "true").await,
        Err(HostErrorKind::Busy { .. })
    ));
    assert!(matches!(
        hasty.settle().await.map_err(|e| e.kind),
        Err(HostErrorKind::Busy { .. })
    ));
}

#[tokio::test]
async fn an_operation_ends_at_its_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = host(folder.path(), "run-1", 1, 2);
    host.set_fence().await.expect("a fence");
    let ended = change(&*host, "sleep 30").await;
    assert!(
        matches!(ended, Err(HostErrorKind::TimedOut { seconds: 2 })),
        "{ended:?}"
    );
}

#[tokio::test]
async fn values_arrive_whole_and_reach_no_other_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = host(folder.path(), "run-1", 1, 20);
    let value = "sec'ret \"$(id)\" `id` \\ €\n\nend\n";
    let text = "printf %s \"$VALUE\"; env | grep -c '^VALUE' >&2; tr '\\0' '\\n' </proc/$$/cmdline | grep -c [s]ec.ret >&2";
    let run = script(text, &[("VALUE", value)], ScriptIntent::Look);
    let said = host.run_script(&run).await.expect("a look");
    assert_eq!(
        (said.stdout.as_str(), said.stderr.as_str()),
        (value, "0\n0\n")
    );
    for name in ["PATH", "IFS", "sms_name", "A B", "X;id", "", "1A"] {
        let refused = host
            .run_script(&script("true", &[(name, "x")], ScriptIntent::Look))
            .await;
        assert!(
            matches!(
                refused.map_err(|e| e.kind),
                Err(HostErrorKind::Unsupported { .. })
            ),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_value_that_the_environment_has_already_is_not_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let host = host(folder.path(), "run-1", 1, 20);
    // HOME is in the environment of whoever runs this test.
    let run = script(
        "env | grep '^HOME='; printf %s \"$HOME\"",
        &[("HOME", "hidden")],
        ScriptIntent::Look,
    );
    assert_eq!(
        host.run_script(&run).await.expect("a look").stdout,
        "hidden"
    );
}
