//! A plan, an inventory or a domain that would fail outside fails in the twin, for the same reason.

use serde_json::Value;
use serde_json::json;
use sms_plan::rehearse::Rehearsal;
use sms_plan::run::{EventKind, Place, RunState};
use sms_plan::simulated::CODES;

use super::{edited, example, fault, held, why, with};

/// The plan with stages that never run: what needs them goes on without.
fn without(text: &str, ids: &[&str]) -> String {
    let mut plan: Value = serde_yaml::from_str(text).unwrap();
    for stage in plan["stages"].as_array_mut().unwrap() {
        if ids.iter().any(|id| stage["id"] == *id) {
            stage["when"] = json!("1 == 2");
        }
    }
    serde_yaml::to_string(&plan).unwrap()
}

fn failed(rehearsal: &Rehearsal, stage: &str, words: &str) {
    let why = why(&rehearsal.run);
    assert_ne!(
        rehearsal.run.state(),
        RunState::Succeeded,
        "{:#?}",
        rehearsal.end
    );
    assert!(why.starts_with(stage) && why.contains(words), "{why}");
    // Whatever goes wrong, the identity is there.
    assert_eq!(rehearsal.end.wrongs, [""; 0], "{why}");
}

#[tokio::test(start_paused = true)]
async fn without_the_temporary_account_nobody_leaves() {
    let setting = edited("windows-2019-domain", |text| {
        without(text, &["logon-source-account"])
    });
    let rehearsal = held(&setting).await;
    failed(
        &rehearsal,
        "leave-source",
        "which will not work once it has left the domain",
    );
    assert_eq!(rehearsal.end.served_by, Some(Place::Source));
}

#[tokio::test(start_paused = true)]
async fn a_filtered_account_cannot_administer() {
    let setting = edited("windows-2019-domain", |text| {
        without(text, &["relax-source-token-filter"])
    });
    failed(
        &held(&setting).await,
        "logon-source-account",
        "error 5 (ERROR_ACCESS_DENIED)",
    );
}

#[tokio::test(start_paused = true)]
async fn windows_server_2003_does_not_filter() {
    let setting = edited("windows-2003-domain", |text| {
        without(
            text,
            &["relax-source-token-filter", "restore-source-token-filter"],
        )
    });
    assert_eq!(held(&setting).await.run.state(), RunState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_group_policy_that_filters_ends_the_way_in() {
    let setting = with(
        example("windows-2019-domain"),
        &["directory.tokenFilterPolicy=0", "source.tokenFilter=0"],
    );
    // Out of the domain the policy is not read; with the restart after the join it is there again,
    // and the temporary account is filtered before the run has gone over to the given one.
    let rehearsal = held(&setting).await;
    failed(&rehearsal, "wait-source-after-join", "ERROR_ACCESS_DENIED");
    assert_eq!(rehearsal.end.token_filters[&Place::Source], Some(0));
}

#[tokio::test(start_paused = true)]
async fn an_account_of_somebody_else_is_not_taken_over() {
    let setting = with(example("windows-2019-domain"), &["source.owner=somebody"]);
    let rehearsal = held(&setting).await;
    failed(&rehearsal, "copy-permissions", "KB5020276");
    assert_eq!(
        rehearsal.end.served_by,
        Some(Place::Source),
        "nothing has begun"
    );
    // Samba asks for rights only.
    let setting = with(example("linux-to-linux-domain"), &["source.owner=somebody"]);
    assert_eq!(held(&setting).await.run.state(), RunState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn users_without_rights_are_told_so_before_anything_happens() {
    let setting = with(example("windows-2019-domain"), &["directory.admin=false"]);
    let rehearsal = held(&setting).await;
    failed(&rehearsal, "connect-source", "ERROR_ACCESS_DENIED");
    let setting = with(example("linux-to-linux-domain"), &["directory.admin=false"]);
    let rehearsal = held(&setting).await;
    assert_ne!(rehearsal.run.state(), RunState::Succeeded);
    assert_eq!(
        rehearsal.end.served_by,
        Some(Place::Source),
        "{}",
        why(&rehearsal.run)
    );
}

#[tokio::test(start_paused = true)]
async fn a_firewall_of_the_domain_s_profile_shuts_the_machine_off() {
    let setting = with(example("windows-2019-domain"), &["source.firewall=domain"]);
    let rehearsal = held(&setting).await;
    assert_ne!(rehearsal.run.state(), RunState::Succeeded);
    let why = why(&rehearsal.run);
    assert!(why.contains("no answer"), "{why}");
    assert_eq!(rehearsal.end.served_by, None, "the source has left");
}

#[tokio::test(start_paused = true)]
async fn addresses_of_another_network_reach_nobody() {
    let setting = example("windows-2019-domain");
    let text = setting
        .inventory
        .file()
        .text()
        .replace("192.0.2.41/24", "198.51.100.41/24");
    let text = text.replace(", gateway: 192.0.2.1", "");
    let setting = super::setting("windows-2019-domain", &text);
    let rehearsal = held(&setting).await;
    failed(
        &rehearsal,
        "map-source-network",
        "does not answer at its new address",
    );
}

#[tokio::test(start_paused = true)]
async fn alternate_names_move() {
    for name in ["windows-2019-domain", "linux-to-linux-domain"] {
        let setting = with(
            example(name),
            &["source.alternates=FSALT,fsalt.example.test"],
        );
        let rehearsal = held(&setting).await;
        assert_eq!(
            rehearsal.run.state(),
            RunState::Succeeded,
            "{name}: {}",
            why(&rehearsal.run)
        );
        let words = rehearsal.end.words.join("\n");
        assert!(
            words.contains("is `fs01`, also as FSALT, fsalt.example.test"),
            "{words}"
        );
        assert!(words.contains("is `fs01-old` at"), "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn scripts_of_the_users_are_asked_for_and_not_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("written");
    for place in ["orchestrator", "destination"] {
        let setting = edited("linux-to-linux-domain", |text| {
            let script = format!("touch {}", file.display());
            format!(
                "{text}\n  - id: of-mine\n    description: A script of mine\n    on: {place}\n    \
                 uses: host.run\n    needs: [wait-destination-new-name]\n    with: {{ script: \"{script}\" }}\n"
            )
        });
        let rehearsal = held(&setting).await;
        assert_eq!(
            rehearsal.run.state(),
            RunState::Succeeded,
            "{}",
            why(&rehearsal.run)
        );
        assert!(!file.exists(), "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_probe_of_a_users_script_knows_what_was_done() {
    let mut setting = edited("linux-to-linux-domain", |text| {
        format!(
            "{text}\n  - id: of-mine\n    description: A script of mine\n    on: destination\n    \
             uses: host.run\n    needs: [wait-destination-new-name]\n    \
             with: {{ script: \"touch x\", probe: \"test -e x\" }}\n"
        )
    });
    setting.faults = vec![fault("of-mine=connection-lost-after")];
    let rehearsal = held(&setting).await;
    assert_eq!(rehearsal.struck, setting.faults);
    let settled = rehearsal.events.iter().any(|event| {
        matches!(
            event.kind,
            EventKind::Succeeded {
                settled: Some(_),
                ..
            }
        ) && event
            .stage
            .as_ref()
            .is_some_and(|id| id.as_str() == "of-mine")
    });
    assert!(settled, "{}", why(&rehearsal.run));
}

#[test]
fn what_is_quoted_has_a_source_and_the_rest_is_marked() {
    let lines: Vec<String> = CODES
        .iter()
        .map(|code| {
            let text = code.text.unwrap_or("[unverified]");
            format!(
                "{:>5}  {}  {text}  ({})",
                code.number, code.name, code.source
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}
