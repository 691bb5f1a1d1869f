//! `account.remove`: removes the temporary local administrator, once the given account works again.

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use super::create::create_again;
use super::in_domain;
use super::is_ours;
use super::original_credentials;
use super::removal;
use super::stranger;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::ActionErrorKind;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::action::world::TEMPORARY_ACCOUNT;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Account;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Standing;

/// Proves a new logon as the given account, goes over to it, and only then removes the temporary
/// one: the run never locks itself out.
pub(crate) struct Remove;

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[Cause::any(
    "the given credential cannot log on yet; the temporary account stays until it can",
)];

#[async_trait]
impl Action for Remove {
    fn signature(&self) -> Signature {
        Signature {
            uses: "account.remove",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "removes the temporary local administrator",
            nature: Nature::change("removing the temporary account")
                .back("makes the temporary account again, for the way back")
                .moot(super::NO_ACCOUNT),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(30, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        if !in_domain(cx)? {
            return Ok(Probe::after(
                "there is none",
                Outcome::output(original_credentials()),
            ));
        }
        let account = cx.host().await?.account(TEMPORARY_ACCOUNT).await?;
        Ok(if !account.exists {
            Probe::after("the account is gone", removed(cx)?)
        } else if is_ours(&account, cx) {
            Probe::new(Standing::Before, "the account is still there")
        } else {
            Probe::new(Standing::Foreign, stranger(&account))
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let reach = if in_domain(cx)? {
            Some(given(cx)?)
        } else {
            None
        };
        Ok(Prepared {
            reach,
            ..Prepared::default()
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        if !in_domain(cx)? {
            return Ok(Outcome::output(original_credentials()));
        }
        let host = cx
            .host_at(cx.place(), &given(cx)?, true)
            .await
            .map_err(|mut error| {
                // A key may be tried again without harm; a password that is refused twice or three
                // times locks an account.
                if error.kind == ActionErrorKind::Final && logs_on_by_key(cx) {
                    error.kind = ActionErrorKind::Heals;
                }
                error.while_doing(format!(
                    "the temporary account stays until a logon as the given account works on the {}",
                    cx.place()
                ))
            })?;
        host.remove_account(TEMPORARY_ACCOUNT).await?;
        // A return code proves nothing, and no administrator may be left behind.
        if host.account(TEMPORARY_ACCOUNT).await?.exists {
            return Err(ActionError::passing(format!(
                "the account was reported as removed, and is still there on the {}",
                cx.place()
            )));
        }
        removed(cx)
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        // A roll back takes the server out of the domain again, where the given account may be of
        // no use.
        if in_domain(cx)? {
            create_again(cx).await?;
        }
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        removal(cx)
    }

    fn book_back(&self, _: &Context) -> Manual {
        Manual::new().say(
            "Nothing is needed: the account is for the run's own way back, and a person signs in at \
             the console.",
        )
    }
}

fn logs_on_by_key(cx: &Context) -> bool {
    let credential = cx.host_spec().ok().map(|spec| spec.credential.as_str());
    credential
        .and_then(|name| cx.inventory.credentials.get(name))
        .is_some_and(|credential| credential.private_key.is_some())
}

/// How the host is reached without the temporary account.
fn given(cx: &Context) -> Result<Reach, ActionError> {
    Ok(Reach {
        account: Account::Given,
        ..cx.reach_of(cx.place())?.clone()
    })
}

fn removed(cx: &Context) -> Result<Outcome, ActionError> {
    Ok(Outcome {
        output: json!({ "mode": "temporary-account" }),
        // The account's secrets stay sealed as long as the run does: a roll back needs it again.
        reach: Some(given(cx)?),
        ..Outcome::default()
    })
}
