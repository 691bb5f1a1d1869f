//! Nothing leaves the domain before the way back is known.

use crate::action::ActionError;
use crate::action::Context;
use crate::directory::Prediction;
use crate::host::Adapter;
use crate::host::HostSnapshot;
use crate::host::NetworkKeeper;
use crate::plan::AdapterChange;
use crate::plan::Mapping;
use crate::run::Account;
use crate::run::Place;

/// Asks everything that must be known before the first of the two servers leaves the domain: a
/// logon that outlives the domain, both joins as far as the directory can predict them, and the
/// adapters that will take the addresses.
pub(super) async fn ask(cx: &Context) -> Result<(), ActionError> {
    logon_outlives_domain(cx)?;
    foresee(cx).await
}

/// The same before the temporary account is made that the logon may need.
pub(super) async fn foresee(cx: &Context) -> Result<(), ActionError> {
    both_are_members(cx)?;
    adapters_are_known(cx).await?;
    let directory = cx.directory_as_joining(Place::Destination)?;
    let source = cx.computer_before(Place::Source)?;
    let now = directory.computer_by_guid(&source.guid).await?.ok_or_else(|| {
        ActionError::refused(format!(
            "the source's object `{}` is gone from the directory: nothing would be left to take over",
            source.dn
        ))
    })?;
    let reuse = directory
        .predict_reuse(&now, super::joining_member(cx)?)
        .await?;
    demand(
        &reuse,
        "the destination will not be able to take the source's object over",
    )?;
    // Only before the source has gone; afterwards its new name exists and is its own.
    if cx.place() == Place::Source {
        super::join::container(cx).await?;
        let new_name = super::join::new_name(cx)?;
        let directory = cx.directory_as_joining(Place::Source)?;
        let create = directory.predict_create(&new_name, &source.parent).await?;
        demand(
            &create,
            "the source will not be able to join again under its new name",
        )?;
    }
    Ok(())
}

/// The identity is an account in the domain: it moves only between two members.
fn both_are_members(cx: &Context) -> Result<(), ActionError> {
    for place in [Place::Source, Place::Destination] {
        let facts = cx.snapshot_facts(place)?;
        if !facts.domain_joined {
            return Err(ActionError::refused(format!(
                "the {place} `{}` is in no domain and the other server is: the identity cannot move \
                 between them",
                facts.name
            )));
        }
    }
    Ok(())
}

/// Whoever cannot change an adapter must say so now, not when the server has left its domain.
async fn can_be_changed(cx: &Context, place: Place, adapter: &Adapter) -> Result<(), ActionError> {
    if why_not(adapter).is_none() {
        return Ok(());
    }
    // The snapshot is older than what a person has mended since.
    let now = cx.host_of(place).await?.network().await?;
    let now = now.iter().find(|now| now.name == adapter.name);
    match why_not(now.unwrap_or(adapter)) {
        None => Ok(()),
        Some(why) => Err(ActionError::refused(format!(
            "the adapter `{}` of the {place} {why}",
            adapter.name
        ))),
    }
}

fn why_not(adapter: &Adapter) -> Option<String> {
    let file = adapter.file.as_deref().unwrap_or_default();
    if adapter.kept_by == NetworkKeeper::Windows {
        // Windows keeps its addresses itself, and takes them from DHCP or not as it is told.
        None
    } else if adapter.kept_by != NetworkKeeper::Networkd {
        Some(format!(
            "is configured by {}, and only systemd-networkd is supported yet",
            keeper(adapter.kept_by)
        ))
    } else if adapter.dhcp {
        Some(
            "takes its address from DHCP, which is not supported yet: give it static addresses"
                .to_owned(),
        )
    } else if file.starts_with("/etc/") {
        None
    } else {
        Some(format!(
            "is configured by `{file}`, which is not meant to be edited: copy it to \
             /etc/systemd/network first"
        ))
    }
}

fn keeper(keeper: NetworkKeeper) -> &'static str {
    match keeper {
        NetworkKeeper::Networkd => "systemd-networkd",
        NetworkKeeper::NetworkManager => "NetworkManager",
        NetworkKeeper::Ifupdown => "ifupdown",
        NetworkKeeper::Netplan => "netplan",
        NetworkKeeper::CloudInit => "cloud-init",
        NetworkKeeper::Windows => "Windows",
        NetworkKeeper::Unknown => "nothing that is known here",
    }
}

fn demand(prediction: &Prediction, otherwise: &str) -> Result<(), ActionError> {
    if prediction.allowed {
        return Ok(());
    }
    Err(ActionError::refused(prediction.reasons.join("; ")).while_doing(otherwise))
}

fn logon_outlives_domain(cx: &Context) -> Result<(), ActionError> {
    let place = cx.place();
    let spec = cx.host_spec()?;
    let of_domain = cx
        .inventory
        .credentials
        .get(&spec.credential)
        .is_some_and(|credential| credential.scope == crate::plan::Scope::Domain);
    if of_domain && cx.reach_of(place)?.account == Account::Given {
        return Err(ActionError::refused(format!(
            "the {place} is logged on to with the domain account of `{}`, which will not work once \
             it has left the domain, and no temporary account is in use",
            spec.credential
        )));
    }
    Ok(())
}

async fn adapters_are_known(cx: &Context) -> Result<(), ActionError> {
    let facts = |place| -> Result<_, ActionError> {
        HostSnapshot::facts(cx.host_snapshot(place)?).ok_or_else(|| {
            ActionError::refused(format!("the snapshot of the {place} cannot be read"))
        })
    };
    let (source, destination) = (facts(Place::Source)?, facts(Place::Destination)?);
    for adapter in source
        .adapters
        .iter()
        .filter(|adapter| !adapter.addresses.is_empty())
    {
        match cx.inventory.network_mapping.get(&adapter.name) {
            None => {
                return Err(ActionError::refused(format!(
                    "the source's adapter `{}` ({}) is not in `networkMapping`: map it to an \
                     adapter of the destination, or to `skip`",
                    adapter.name,
                    adapter.addresses.join(", ")
                )));
            }
            Some(Mapping::Skip) => {}
            Some(Mapping::To(target)) => {
                let Some(target) = destination
                    .adapters
                    .iter()
                    .find(|known| known.name == *target)
                else {
                    return Err(ActionError::refused(format!(
                        "the destination has no adapter `{target}`, to which `networkMapping` maps \
                         the source's `{}`",
                        adapter.name
                    )));
                };
                match cx.spec_of(Place::Source)?.network.get(&adapter.name) {
                    Some(AdapterChange::Static(_)) => {}
                    Some(AdapterChange::Dhcp) => {
                        return Err(ActionError::refused(format!(
                            "`hosts.source.network` gives the adapter `{}` an address by DHCP, \
                             which is not supported yet: give it addresses",
                            adapter.name
                        )));
                    }
                    None => {
                        return Err(ActionError::refused(format!(
                            "`hosts.source.network` does not say which address the source's \
                             adapter `{}` gets instead",
                            adapter.name
                        )));
                    }
                }
                can_be_changed(cx, Place::Source, adapter).await?;
                can_be_changed(cx, Place::Destination, target).await?;
            }
        }
    }
    Ok(())
}
