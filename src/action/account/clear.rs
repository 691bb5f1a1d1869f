//! `account.clear`: makes sure that a temporary account can be created under its name.

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use super::in_domain;
use super::is_ours;
use super::original_credentials;
use super::stranger;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::server::Server;
use crate::action::world::TEMPORARY_ACCOUNT;
use crate::host::AccountState;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::plan::Undo;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// Makes sure that the temporary account's name is free; an account of somebody else is refused,
/// never deleted.
pub(crate) struct Clear;

#[async_trait]
impl Action for Clear {
    fn signature(&self) -> Signature {
        Signature {
            uses: "account.clear",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "makes sure that no temporary account is left over",
            nature: Nature {
                // What it removes was left over by this run itself.
                undo: Undo::NotNeeded,
                ..Nature::change("clearing the temporary account").moot(super::NO_ACCOUNT)
            },
        }
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        &["account.create"]
    }

    fn pace(&self) -> Pace {
        Pace::seconds(15, &[])
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        if !in_domain(cx)? {
            return Ok(Probe::after(
                "no account is needed",
                Outcome::output(original_credentials()),
            ));
        }
        let account = cx.host().await?.account(TEMPORARY_ACCOUNT).await?;
        Ok(if !account.exists {
            Probe::after(
                "the name is free",
                Outcome::output(json!({ "removed": false })),
            )
        } else if is_ours(&account, cx) {
            Probe::new(Standing::Before, "an account of this run is there")
        } else {
            Probe::new(Standing::Foreign, stranger(&account))
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        if !in_domain(cx)? {
            return Ok(Outcome::output(original_credentials()));
        }
        let host = cx.host().await?;
        let account = host.account(TEMPORARY_ACCOUNT).await?;
        if !account.exists {
            return Ok(Outcome::output(json!({ "removed": false })));
        }
        if !is_ours(&account, cx) {
            return Err(not_free(cx, &account));
        }
        host.remove_account(TEMPORARY_ACCOUNT).await?;
        Ok(Outcome::output(json!({ "removed": true })))
    }

    fn can_foresee(&self, _: &Context) -> bool {
        true
    }

    async fn foresee(&self, cx: &Context) -> Result<Outcome, ActionError> {
        if in_domain(cx)? {
            let account = cx.host().await?.account(TEMPORARY_ACCOUNT).await?;
            if account.exists {
                return Err(not_free(cx, &account));
            }
        }
        Ok(Outcome::default())
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        // What it removed was this run's own.
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        if Server::of(cx, cx.place()).windows {
            return Manual::new()
                .say("If the account is there, find out who made it before you delete it:")
                .type_in(format!("net user {TEMPORARY_ACCOUNT}"))
                .see("The user name could not be found: error 2221.");
        }
        Manual::new()
            .say("If it prints a line, find out who made the account before you remove it (userdel -r):")
            .type_in(format!("getent passwd {TEMPORARY_ACCOUNT}"))
            .see("Nothing is printed: the name is free.")
    }
}

fn not_free(cx: &Context, account: &AccountState) -> ActionError {
    ActionError::refused(stranger(account)).while_doing(format!(
        "the name `{TEMPORARY_ACCOUNT}` is needed on the {} and is not free: look at the account and \
         remove it yourself if nobody needs it",
        cx.place()
    ))
}
