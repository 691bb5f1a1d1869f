//! A plan, an inventory or a domain that would fail outside fails in the twin, for the same reason.

use std::sync::Arc;

use sms_plan::rehearse::{Rehearsal, Setting};
use sms_plan::run::{Place, RunState};
use sms_plan::simulated::CODES;

use super::{cutover, example, held, plan, why, with};

/// The shipped plan with an edit.
fn edited(name: &str, edit: impl Fn(&str) -> String) -> Setting {
    let setting = example(name);
    let text = edit(&cutover());
    assert_ne!(text, cutover(), "the edit changes nothing");
    Setting {
        plan: Arc::new(plan(&text, &setting.registry)),
        ..setting
    }
}

/// The plan without one of its stages; what needed it needs what it needed.
fn without(text: &str, id: &str) -> String {
    let from = text.find(&format!("  - id: {id}\n")).unwrap();
    let to = text[from + 4..]
        .find("  - id: ")
        .map_or(text.len(), |at| from + 4 + at);
    let stage = &text[from..to];
    let needs = stage
        .split("needs: [")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap()
        .to_owned();
    let rest = format!("{}{}", &text[..from], &text[to..]);
    rest.replace(&format!("after: {id}"), "")
        .replace("with: {  }\n", "with: {}\n")
        .replace(&format!("[{id}]"), &format!("[{needs}]"))
        .replace(&format!("{id}, "), "")
        .replace(&format!(", {id}]"), "]")
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
        without(text, "logon-source-account")
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
        without(text, "relax-source-token-filter")
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
        let text = without(text, "relax-source-token-filter");
        without(&text, "restore-source-token-filter")
    });
    assert_eq!(held(&setting).await.run.state(), RunState::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_group_policy_that_filters_ends_the_way_in() {
    let setting = with(
        example("windows-2019-domain"),
        &["directory.tokenFilterPolicy=0", "source.tokenFilter=0"],
    );
    // The policy is read again at a restart as a member only, so the cutover itself gets through;
    // after the join it is there again.
    let rehearsal = held(&setting).await;
    assert_eq!(rehearsal.run.state(), RunState::Succeeded);
    assert_eq!(
        rehearsal.end.token_filters[&Place::Source],
        Some(0),
        "{:#?}",
        rehearsal.end
    );
}

#[tokio::test(start_paused = true)]
async fn windows_server_2003_joins_under_its_old_name_without_the_restart() {
    let setting = edited("windows-2003-domain", |text| {
        let text = without(text, "wait-source-after-rename-2003");
        without(&text, "restart-source-after-rename-2003")
    });
    // It meets its own old account, in another organizational unit than the default.
    failed(
        &held(&setting).await,
        "join-source",
        "error 2224 (NERR_UserExists)",
    );
}

#[tokio::test(start_paused = true)]
async fn a_join_needs_the_restart_after_the_leave() {
    let setting = edited("windows-2019-domain", |text| {
        let text = without(text, "wait-source-after-leave");
        without(&text, "restart-source-after-leave")
    });
    failed(
        &held(&setting).await,
        "join-source",
        "error 2691 (NERR_SetupAlreadyJoined)",
    );
}

#[tokio::test(start_paused = true)]
async fn an_account_of_somebody_else_is_not_taken_over() {
    let setting = with(example("windows-2019-domain"), &["source.owner=somebody"]);
    let rehearsal = held(&setting).await;
    failed(&rehearsal, "clear-source-account", "KB5020276");
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
