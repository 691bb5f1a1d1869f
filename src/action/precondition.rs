//! The closed list of read-only questions that a plan may ask before a stage runs.

use std::net::IpAddr;
use std::time::Duration;

use super::ActionError;
use super::Context;
use crate::host::Knock;
use crate::plan::AdapterChange;
use crate::plan::DirectoryRight;
use crate::plan::HostPlace;
use crate::plan::Mapping;
use crate::plan::Precondition;
use crate::plan::Question;
use crate::run::Account;
use crate::run::Place;
use crate::run::Reach;

/// How long one attempt to connect may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// How long an address may stay silent before it is taken for free.
const KNOCK_LIMIT: Duration = Duration::from_millis(500);

/// Asks one precondition; an answer of no is an error in words.
pub async fn ask(precondition: &Precondition, cx: &Context) -> Result<(), ActionError> {
    let roots = &cx.view.roots;
    if let Some(when) = &precondition.when {
        let asked = when.evaluate_bool(roots).map_err(|error| {
            ActionError::refused(error.to_string())
                .while_doing("`when` of a precondition cannot be decided")
        })?;
        if !asked {
            return Ok(());
        }
    }
    let Err(error) = answer(&precondition.question, cx).await else {
        return Ok(());
    };
    // Only for this question is silence an answer; elsewhere it must not be told as a no.
    let answered = match &precondition.question {
        Question::Tcp { .. } => true,
        _ => !error.heals(),
    };
    if !answered {
        let name = precondition.question.name();
        return Err(error.while_doing(format!("precondition `{name}` could not be asked")));
    }
    let what = match &precondition.message {
        Some(message) => message
            .render(roots)
            .unwrap_or_else(|_| message.source_text().to_owned()),
        None => format!("precondition `{}` is not met", precondition.question.name()),
    };
    Err(error.while_doing(what))
}

async fn answer(question: &Question, cx: &Context) -> Result<(), ActionError> {
    match question {
        Question::Tcp { ports } => tcp(cx, ports).await,
        Question::Expr(expression) => match expression.evaluate_bool(&cx.view.roots) {
            Ok(true) => Ok(()),
            Ok(false) => Err(ActionError::refused(format!(
                "`{}` is not true",
                expression.source_text()
            ))),
            Err(error) => Err(ActionError::refused(error.to_string())),
        },
        Question::Logon { account } => logon(cx, *account).await,
        Question::NameFree { name } => {
            let name = name
                .render(&cx.view.roots)
                .map_err(|error| ActionError::refused(super::chain_of(&error).join(": ")))?;
            name_free(cx, &name).await
        }
        Question::AddressFree { of } => address_free(cx, (*of).into()).await,
        Question::DirectoryRight { right, of } => directory_right(cx, *right, *of).await,
        Question::Disk { path, free_mib } => disk(cx, path, *free_mib).await,
    }
}

async fn tcp(cx: &Context, ports: &[u16]) -> Result<(), ActionError> {
    let address = match cx.place() {
        Place::Directory => {
            let spec = cx.inventory.directory.as_ref();
            let spec =
                spec.ok_or_else(|| ActionError::refused("the inventory has no `directory`"))?;
            spec.address
                .map_or_else(|| spec.server.clone(), |address| address.to_string())
        }
        place => cx.reach_of(place)?.address.clone(),
    };
    for port in ports {
        if let Some(problem) = cx
            .world
            .knock(&address, *port, CONNECT_LIMIT)
            .await
            .problem()
        {
            return Err(ActionError::passing(problem)
                .while_doing(format!("TCP port {port} of {address} does not answer")));
        }
    }
    Ok(())
}

async fn logon(cx: &Context, account: Account) -> Result<(), ActionError> {
    let reach = Reach {
        account,
        ..cx.reach_of(cx.place())?.clone()
    };
    cx.host_at(cx.place(), &reach, true).await?;
    Ok(())
}

async fn name_free(cx: &Context, name: &str) -> Result<(), ActionError> {
    if cx.inventory.directory.is_none() {
        return Ok(());
    }
    let directory = cx.directory()?;
    if let Some(conflict) = directory.name_conflicts(name).await?.first() {
        return Err(ActionError::refused(format!(
            "`{}` holds the name `{name}` (`{}` = `{}`): choose another name, or remove it there",
            conflict.dn, conflict.attribute, conflict.value
        )));
    }
    let addresses = directory.lookup(name).await?;
    if let Some(address) = addresses.first() {
        return Err(ActionError::refused(format!(
            "DNS knows `{name}` already ({address}): choose another name, or remove the record"
        )));
    }
    Ok(())
}

/// Asks every address that a host is to get whether somebody answers there. Silence is taken for
/// free: a machine that answers to nothing cannot be seen from here.
async fn address_free(cx: &Context, place: Place) -> Result<(), ActionError> {
    let own = &cx.reach_of(place)?.address;
    let asked = planned(cx, place)?
        .into_iter()
        .filter(|address| address.to_string() != *own);
    let knocks = asked.flat_map(|address| {
        [22, 445].map(|port| async move {
            let heard = cx
                .world
                .knock(&address.to_string(), port, KNOCK_LIMIT)
                .await;
            (address, port, heard)
        })
    });
    for (address, port, heard) in futures_util::future::join_all(knocks).await {
        // A refusal is an answer as well: somebody is there.
        if !matches!(heard, Knock::Silent(_)) {
            return Err(ActionError::refused(format!(
                "somebody answers at {address} already (TCP port {port})"
            )));
        }
    }
    Ok(())
}

/// The source's new addresses, or for the destination those that it takes over.
fn planned(cx: &Context, place: Place) -> Result<Vec<IpAddr>, ActionError> {
    if place == Place::Destination {
        let facts = cx.snapshot_facts(Place::Source)?;
        let moved = facts.adapters.iter().filter(|adapter| {
            matches!(
                cx.inventory.network_mapping.get(&adapter.name),
                Some(Mapping::To(_))
            )
        });
        return Ok(moved
            .flat_map(|adapter| &adapter.addresses)
            .filter_map(|text| text.split('/').next()?.parse().ok())
            .collect());
    }
    let changes = cx.spec_of(place)?.network.values();
    Ok(changes
        .flat_map(|change| match change {
            AdapterChange::Dhcp => Vec::new(),
            AdapterChange::Static(fixed) => fixed.addresses.iter().map(|a| a.address).collect(),
        })
        .collect())
}

async fn directory_right(
    cx: &Context,
    right: DirectoryRight,
    of: HostPlace,
) -> Result<(), ActionError> {
    let directory = match right {
        DirectoryRight::WritePermissions => cx.directory()?,
        DirectoryRight::CreateComputer => cx.directory_as_joining(Place::Source)?,
        DirectoryRight::ReuseComputer => cx.directory_as_joining(Place::Destination)?,
    };
    let recorded = cx.computer_before(of.into())?;
    let (allowed, reasons) = match right {
        DirectoryRight::WritePermissions => {
            let rights = directory.rights_on(&recorded.dn).await?;
            (
                rights.write_dacl,
                format!(
                    "the directory credential may not write the permissions of `{}`",
                    recorded.dn
                ),
            )
        }
        DirectoryRight::CreateComputer => {
            let name = super::domain::new_name(cx)?;
            let prediction = directory.predict_create(&name, &recorded.parent).await?;
            (prediction.allowed, prediction.reasons.join("; "))
        }
        DirectoryRight::ReuseComputer => {
            let now = directory
                .computer_by_guid(&recorded.guid)
                .await?
                .ok_or_else(|| {
                    ActionError::refused(format!("the object `{}` is gone", recorded.dn))
                })?;
            let member = super::domain::joining_member(cx)?;
            let prediction = directory.predict_reuse(&now, member).await?;
            (prediction.allowed, prediction.reasons.join("; "))
        }
    };
    if allowed {
        Ok(())
    } else {
        Err(ActionError::refused(reasons))
    }
}

async fn disk(cx: &Context, path: &str, free_mib: u64) -> Result<(), ActionError> {
    let free = cx.host().await?.free_mib(path).await?;
    if free >= free_mib {
        return Ok(());
    }
    Err(ActionError::refused(format!(
        "{free} MiB are free at `{path}`, {free_mib} MiB are needed"
    )))
}
