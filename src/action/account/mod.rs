//! The temporary local administrator `MsftSmsStorMigratSvc` (the document's rows 8, 11, 58 and
//! 19, 22, 94).
//!
//! It exists so that a server can still be logged on to while it is in no domain. In a workgroup
//! the given credentials are used instead, and nothing is created or deleted.

mod clear;
mod create;
mod key;
mod remove;

pub(super) use clear::Clear;
pub(super) use create::Create;
pub(super) use remove::Remove;

use super::world::TEMPORARY_ACCOUNT;
use serde_json::Value;
use serde_json::json;

use super::ActionError;
use super::Context;
use super::Manual;
use super::server::Server;
use crate::host::AccountState;
use crate::plan::Moot;
use crate::run::Place;

const SERVERS: &[Place] = &[Place::Source, Place::Destination];

/// What leaves a server without need of the account: whoever logs on can do so outside the domain.
pub(super) const NO_ACCOUNT: &[Moot] = &[
    Moot {
        fact: "scope",
        is: "local",
        words: "no temporary account is needed",
    },
    Moot {
        fact: "domainJoined",
        is: "false",
        words: "no temporary account is needed",
    },
];

/// Where the account's rights lie on the server, for a person's commands.
const RIGHTS: &str = "/etc/sudoers.d/sms-plan-MsftSmsStorMigratSvc";

/// What the three actions hand back in a workgroup.
fn original_credentials() -> Value {
    json!({ "mode": "original-credentials" })
}

/// Returns whether the host belongs to a domain as the run began; else no account is needed.
fn in_domain(cx: &Context) -> Result<bool, ActionError> {
    Ok(cx.snapshot_facts(cx.place())?.domain_joined)
}

/// Returns whether the account is there and was made by this run.
fn is_ours(account: &AccountState, cx: &Context) -> bool {
    account.exists && account.marker_run.as_deref() == Some(cx.view.run.as_str())
}

/// How a person removes the account.
fn removal(cx: &Context) -> Manual {
    let manual = Manual::new().say(
        "Sign in as your own administrator in a new session and keep it open; then remove the \
         temporary account if it is there:",
    );
    if Server::of(cx, cx.place()).windows {
        return manual
            .type_in(format!("net user {TEMPORARY_ACCOUNT} /delete"))
            .look(
                format!("net user {TEMPORARY_ACCOUNT}"),
                "The user name could not be found: error 2221.",
            );
    }
    manual
        .type_in(format!("rm -f {RIGHTS}; userdel -rf {TEMPORARY_ACCOUNT}"))
        .look(
            format!("getent passwd {TEMPORARY_ACCOUNT}"),
            "Nothing is printed.",
        )
}

/// Says whose account it is, for a person.
fn stranger(account: &AccountState) -> String {
    match &account.marker_run {
        Some(run) => format!("the account `{TEMPORARY_ACCOUNT}` exists and belongs to run `{run}`"),
        None => format!("the account `{TEMPORARY_ACCOUNT}` exists, and no run of sms-plan made it"),
    }
}
