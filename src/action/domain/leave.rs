//! `domain.leave`: takes a server out of the domain and keeps its account, disabled.

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use super::gate;
use super::question;
use super::spec;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::directory::Computer;
use crate::host::DomainSecrets;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// Takes a server out of the domain. The account is never deleted: it is the identity.
pub(crate) struct Leave;

#[async_trait]
impl Action for Leave {
    fn signature(&self) -> Signature {
        Signature {
            uses: "domain.leave",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "leaves the domain and keeps the computer account, disabled",
        }
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        &["domain.join"]
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let Some(account) = account(cx).await? else {
            return Ok(Probe::new(
                Standing::Foreign,
                format!(
                    "the object `{}` is gone from the directory: somebody deleted it",
                    cx.computer_before(cx.place())?.dn
                ),
            ));
        };
        let membership = cx.host().await?.membership(&question(cx)?).await?;
        let saw = format!(
            "{}; the account `{}` is {}",
            membership.saw,
            account.account_name,
            if account.enabled {
                "enabled"
            } else {
                "disabled"
            }
        );
        Ok(match (membership.secret_present, account.enabled) {
            (false, false) => Probe::after(saw, outcome(&account)),
            (true, true) => Probe::new(Standing::Before, saw),
            _ => Probe::new(Standing::Between, saw),
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        gate::ask(cx).await?;
        Ok(Prepared::default())
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let credential = cx.world.join_credential(cx.place())?;
        let host = cx.host().await?;
        host.leave(&credential, &spec(cx)?.server).await?;
        let recorded = cx.computer_before(cx.place())?;
        // A leave that was cut after the machine forgot its password finds no way to disable it.
        let directory = cx.directory()?;
        directory.set_enabled(&recorded.guid, false).await?;
        let account = account(cx).await?.ok_or_else(|| {
            ActionError::refused(format!(
                "the object `{}` is gone from the directory after the leave",
                recorded.dn
            ))
        })?;
        Ok(outcome(&account))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let place = cx.place();
        let missing = || {
            ActionError::refused(format!(
                "the {place}'s membership secrets are not in the store: join it again by hand"
            ))
        };
        let secrets = cx
            .secret(&format!("{place}/secrets"))
            .await?
            .ok_or_else(missing)?;
        let keytab = cx.secret(&format!("{place}/keytab")).await?;
        let recorded = cx.computer_before(place)?;
        cx.directory()?
            .set_enabled(&recorded.guid, recorded.enabled)
            .await?;
        let secrets = DomainSecrets { secrets, keytab };
        Ok(cx.host().await?.restore_domain_secrets(&secrets).await?)
    }

    fn book(&self, cx: &Context) -> Vec<String> {
        let dc = spec(cx).map_or_else(|_| "DC".to_owned(), |spec| spec.server.clone());
        vec![
            format!(
                "net ads leave --keep-account -S {dc} -U ADMINISTRATOR   # asks for the password"
            ),
            "net ads testjoin   # must say that the join is not valid".to_owned(),
            "Never leave without --keep-account: it deletes the account and its memberships."
                .to_owned(),
        ]
    }
}

/// The host's recorded object, as it is now.
async fn account(cx: &Context) -> Result<Option<Computer>, ActionError> {
    let recorded = cx.computer_before(cx.place())?;
    Ok(cx.directory()?.computer_by_guid(&recorded.guid).await?)
}

fn outcome(account: &Computer) -> Outcome {
    Outcome::output(json!({ "account": account.dn, "objectGuid": account.guid }))
}
