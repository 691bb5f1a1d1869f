//! `domain.leave`: takes a server out of the domain and keeps its account, disabled.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep;

use super::SERVERS;
use super::gate;
use super::question;
use super::spec;
use super::target;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Cause;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::Prepared;
use crate::action::host::take_effect;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::directory::Computer;
use crate::host::DomainSecrets;
use crate::host::Host;
use crate::host::ScriptIntent;
use crate::host::ScriptRun;
use crate::host::Shell;
use crate::plan::Identity;
use crate::plan::Moot;
use crate::plan::Nature;
use crate::plan::Scope;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// How long to wait between two looks at the services.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Takes a server out of the domain. The account is never deleted: it is the identity.
pub(crate) struct Leave;

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[
    Cause::any("the domain controller is slow or does not answer"),
    Cause::windows(
        "since KB5020276 only the creator of the computer account, or a trusted owner, may reuse it; join and leave hang or fail with 0xaac",
        "Storage Migration Service known issues",
    ),
];

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
            nature: Nature::change("leaving the domain")
                .back("brings it back into the domain as it was")
                .identity(Identity::Moves)
                .moot(&[Moot {
                    fact: "domainJoined",
                    is: "false",
                    words: "it has no domain to leave",
                }]),
        }
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        &["domain.join"]
    }

    fn pace(&self) -> Pace {
        Pace::seconds(60, CAUSES)
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
            // A membership that came back and waits for a restart is not in force yet.
            (true, true) if !cx.host().await?.pending().await? => Probe::new(Standing::Before, saw),
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
        // A return code proves nothing; the account must not be disabled under a member.
        let membership = host.membership(&question(cx)?).await?;
        if membership.secret_present {
            return Err(ActionError::passing(membership.saw).while_doing(format!(
                "the {} was reported as out of the domain, and is not",
                cx.place()
            )));
        }
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

    fn can_foresee(&self, _: &Context) -> bool {
        true
    }

    async fn foresee(&self, cx: &Context) -> Result<Outcome, ActionError> {
        gate::foresee(cx).await?;
        Ok(Outcome::default())
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let place = cx.place();
        let recorded = cx.computer_before(place)?;
        let directory = cx.directory()?;
        directory
            .set_enabled(&recorded.guid, recorded.enabled)
            .await?;
        if !is_member(cx).await? {
            // A name that waits for a restart would join as another one.
            take_effect(cx).await?;
            let host = cx.host().await?;
            let now = account(cx).await?;
            let unchanged =
                now.is_some_and(|now| now.password_last_set == recorded.password_last_set);
            let secret = async |name| cx.secret(&format!("{place}/{name}")).await;
            match secret("secrets").await? {
                Some(secrets) if unchanged => {
                    let keytab = secret("keytab").await?;
                    host.restore_domain_secrets(&DomainSecrets { secrets, keytab })
                        .await?;
                }
                // Either the destination has joined with this account and set another password. The
                // recorded one must not come back then: domain controllers accept a former one for
                // a while, clients' tickets are never of it. Or nothing was recorded, as on Windows.
                _ => {
                    let credential = cx.world.join_credential(place)?;
                    host.join(&credential, &target(cx, None)?).await?;
                }
            }
        }
        take_effect(cx).await?;
        logons_are_back(cx).await
    }

    fn book(&self, cx: &Context) -> Manual {
        super::by_hand::leave(cx)
    }

    fn book_back(&self, cx: &Context) -> Manual {
        super::by_hand::join_again(cx)
    }
}

/// Whether the server is a member again already, as an undo may have left it that was cut off: to
/// join once more would set another password for nothing.
async fn is_member(cx: &Context) -> Result<bool, ActionError> {
    let membership = cx.host().await?.membership(&question(cx)?).await?;
    Ok(membership.secret_present && membership.trusted == Some(true))
}

/// Accounts of the domain log on only once winbind knows them; what is undone next may need one.
async fn logons_are_back(cx: &Context) -> Result<(), ActionError> {
    let host = cx.host().await?;
    let until = Instant::now() + cx.guard().limit;
    loop {
        let services = host.services().await?;
        let missing = if services.ready {
            unknown_account(cx, host.as_ref()).await?
        } else {
            Some(services.waiting_for.join(", "))
        };
        let Some(missing) = missing else {
            return Ok(());
        };
        if Instant::now() + LOOK_AGAIN >= until {
            return Err(ActionError::passing(missing)
                .while_doing("the membership is back, but nobody of the domain can log on yet"));
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// The given account, if it is the domain's and the server does not know it yet. A look, because
/// tried logons may lock an account.
async fn unknown_account(cx: &Context, host: &dyn Host) -> Result<Option<String>, ActionError> {
    let given = cx.inventory.credentials.get(&cx.host_spec()?.credential);
    let Some(given) = given.filter(|given| given.scope == Scope::Domain) else {
        return Ok(None);
    };
    let look = ScriptRun {
        text: "getent passwd \"$ACCOUNT\"".to_owned(),
        env: [("ACCOUNT".to_owned(), given.username.as_str().into())].into(),
        shell: Shell::Sh,
        intent: ScriptIntent::Look,
    };
    let known = host.run_script(&look).await?.code == 0;
    Ok((!known).then(|| format!("the server does not know `{}`", given.username)))
}

/// The host's recorded object, as it is now.
async fn account(cx: &Context) -> Result<Option<Computer>, ActionError> {
    let recorded = cx.computer_before(cx.place())?;
    Ok(cx.directory()?.computer_by_guid(&recorded.guid).await?)
}

fn outcome(account: &Computer) -> Outcome {
    Outcome::output(json!({ "account": account.dn, "objectGuid": account.guid }))
}
