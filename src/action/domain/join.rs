//! `domain.join`: brings a server into the domain under the name that it has by now.
//!
//! The source gets a new account in the place of its old one; the destination takes the source's
//! object over, which is what the whole cutover is for.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use serde_json::json;
use tokio::time::Instant;
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::SERVERS;
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
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::directory::Computer;
use crate::host::Membership;
use crate::host::Os;
use crate::plan::Identity;
use crate::plan::Moot;
use crate::plan::Nature;
use crate::plan::Part;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Place;
use crate::run::Probe;
use crate::run::Standing;

/// How often, and how long apart, DNS is read back; a return code proves nothing.
const DNS_LOOKS: u32 = 5;
const DNS_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait between two looks at the source's name.
const SOURCE_PAUSE: Duration = Duration::from_secs(1);

/// Brings a server into the domain.
pub(crate) struct Join;

/// What is probably wrong where it takes long.
const CAUSES: &[Cause] = &[
    Cause::windows(
        "the account was created by somebody else, and KB5020276 forbids its reuse: allow the owner by the policy \"Domain controller: Allow computer account re-use during domain join\" and install the March 2023 updates",
        "Storage Migration Service known issues",
    ),
    Cause::windows(
        "the joining account has no rights on the source's computer object",
        "Storage Migration Service known issues",
    ),
    Cause::any(
        "the server does not reach the domain controller, or asks another name server for the domain",
    ),
    Cause::any(
        "the clocks of the server and of the domain controller differ by more than five minutes",
    ),
];

#[async_trait]
impl Action for Join {
    fn signature(&self) -> Signature {
        Signature {
            uses: "domain.join",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "joins the domain; the destination takes the source's account over",
            nature: Nature {
                no_return: Some((
                    Place::Destination,
                    "it takes the source's computer account over and sets its password, so the way \
                     back is no longer only to restore: the source would have to join again as its \
                     old self, and the directory would have to allow that",
                )),
                ..Nature::change("joining the domain").back("leaves the domain and disables the account; one that this run made is deleted")
                    .identity(Identity::Moves)
                    .follows(&[Part::NewName])
                    .moot(&[Moot {
                        fact: "domainJoined",
                        is: "false",
                        words: "it has no domain to join again",
                    }])
            },
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(90, CAUSES)
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let name = name_to_join(cx)?;
        let account = cx.directory()?.computer_by_name(&name).await?;
        let membership = cx.host().await?.membership(&question(cx)?).await?;
        let saw = match &account {
            None => format!("{}; there is no account `{name}`", membership.saw),
            Some(account) => format!(
                "{}; the account `{name}` is {}",
                membership.saw,
                if account.enabled {
                    "enabled"
                } else {
                    "disabled"
                }
            ),
        };
        if !membership.dc_reachable {
            return Ok(Probe::new(Standing::Unreachable, saw));
        }
        let is_named = is_named(&membership, &name);
        let Some(account) = account else {
            return Ok(if membership.secret_present && is_named {
                Probe::new(Standing::Between, saw)
            } else {
                Probe::new(Standing::Before, saw)
            });
        };
        if !is_the_right_one(cx, &account)? {
            return Ok(Probe::new(
                Standing::Foreign,
                format!(
                    "the account `{name}` is another object ({}) than the one recorded",
                    account.guid
                ),
            ));
        }
        if !is_named {
            // Whatever it is a member as, it is not this; an account that this run made is left.
            let is_left = cx.place() == Place::Source && made_here(cx);
            let standing = if is_left {
                Standing::Between
            } else {
                Standing::Before
            };
            let saw = format!("{saw}; the server bears another name than `{name}`");
            return Ok(Probe::new(standing, saw));
        }
        Ok(
            match (
                membership.secret_present,
                membership.trusted,
                account.enabled,
            ) {
                (true, Some(true), true) if keytab_is_merged(cx).await? => {
                    Probe::after(saw, outcome(&account, &dns_now(cx, &name, 1).await?))
                }
                // The source's new account exists only because a join has begun; the destination's
                // is the source's old one, which waits disabled.
                (false, _, false) if cx.place() == Place::Destination => {
                    Probe::new(Standing::Before, saw)
                }
                _ => Probe::new(Standing::Between, saw),
            },
        )
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let name = name_to_join(cx)?;
        if cx.place() == Place::Destination {
            wait_for_renamed_source(cx).await?;
        }
        let directory = cx.directory()?;
        let account = directory.computer_by_name(&name).await?;
        // Journaled: whether an account of this name is there says later whether we made it.
        let note = json!({ "name": name, "existed": account.as_ref().map(|found| found.guid) });
        match (cx.place(), account) {
            (Place::Destination, Some(account)) if is_the_right_one(cx, &account)? => {}
            (Place::Destination, found) => {
                return Err(ActionError::refused(match found {
                    None => format!("there is no account `{name}`"),
                    Some(found) => {
                        format!("the account `{name}` is another object ({})", found.guid)
                    }
                })
                .while_doing("the source's account is not there to be taken over"));
            }
            (_, None) => {}
            (_, Some(found)) => {
                return Err(ActionError::refused(format!(
                    "an account `{name}` is there already (`{}`): the source's new name must be \
                     unused",
                    found.dn
                )));
            }
        }
        Ok(Prepared {
            token: note,
            ..Prepared::default()
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let place = cx.place();
        let name = name_to_join(cx)?;
        let directory = cx.directory()?;
        let present = directory.computer_by_name(&name).await?;
        // Whoever comes here after an override has not been looked at: joining resets the password of
        // the account it meets, so it must be the right one.
        match &present {
            Some(account) if !is_the_right_one(cx, account)? => {
                return Err(ActionError::refused(format!(
                    "the account `{name}` is another object ({}) than the one recorded",
                    account.guid
                )));
            }
            None if place == Place::Destination => {
                return Err(ActionError::refused(format!(
                    "the source's account `{name}` is gone: there is nothing to take over"
                )));
            }
            _ => {}
        }
        let container = if present.is_none() {
            container(cx).await?
        } else {
            None
        };
        let target = target(cx, container)?;
        let host = cx.host().await?;
        if !is_joined(cx, present.as_ref()).await? {
            host.join(&cx.world.join_credential(place)?, &target)
                .await?;
        }
        if let Some(keytab) = keys_to_merge(cx).await? {
            host.merge_keytab(&keytab).await?;
        }
        let account = directory.computer_by_name(&name).await?.ok_or_else(|| {
            ActionError::passing(format!(
                "the join reported success, but there is no `{name}`"
            ))
        })?;
        if !is_the_right_one(cx, &account)? {
            return Err(ActionError::refused(format!(
                "the join ended with another object ({}) than the one recorded",
                account.guid
            )));
        }
        if !account.enabled {
            return Err(ActionError::passing(format!(
                "the join reported success, but the account `{name}` is still disabled: the server \
                 may have joined under another name"
            )));
        }
        Ok(outcome(&account, &dns_now(cx, &name, DNS_LOOKS).await?))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        let place = cx.place();
        let name = name_to_join(cx)?;
        let directory = cx.directory()?;
        let host = cx.host().await?;
        // A server that is called otherwise by now is a member as somebody else, if at all.
        let is_named = is_named(&host.membership(&question(cx)?).await?, &name);
        if is_named {
            host.leave(&cx.world.join_credential(place)?, &spec(cx)?.server)
                .await?;
        }
        let Some(account) = directory.computer_by_name(&name).await? else {
            return Ok(());
        };
        match place {
            // The account of the new name exists only because of this run.
            Place::Source if made_here(cx) && is_the_right_one(cx, &account)? => {
                directory.delete_computer(&account.guid, &name).await?;
            }
            _ if !is_named => {}
            Place::Destination if is_the_right_one(cx, &account)? => {
                // What the join wrote besides goes too; Windows adds names that Samba does not.
                let recorded = cx.computer_before(Place::Source)?.spns;
                let is_new =
                    |spn: &&String| !recorded.iter().any(|one| one.eq_ignore_ascii_case(spn));
                let new: Vec<String> = account.spns.iter().filter(is_new).cloned().collect();
                if !new.is_empty() {
                    directory
                        .replace_values(&account.guid, "servicePrincipalName", &new, &[])
                        .await?;
                }
                directory.set_enabled(&account.guid, false).await?;
            }
            _ => directory.set_enabled(&account.guid, false).await?,
        }
        Ok(())
    }

    fn book(&self, cx: &Context) -> Manual {
        super::by_hand::join(cx)
    }

    fn book_back(&self, cx: &Context) -> Manual {
        super::by_hand::leave_again(cx)
    }
}

/// The source's new name, as its first connection settled it.
pub(in crate::action) fn new_name(cx: &Context) -> Result<String, ActionError> {
    let name = cx
        .view
        .roots
        .get(&["source", "newName"])
        .and_then(Value::as_str);
    name.map(str::to_owned)
        .ok_or_else(|| ActionError::refused("the source's new name is not settled in this run"))
}

/// The name under which the host joins: the source's new one, or for the destination the source's.
fn name_to_join(cx: &Context) -> Result<String, ActionError> {
    match cx.place() {
        Place::Destination => Ok(cx.computer_before(Place::Source)?.account_name),
        _ => new_name(cx),
    }
}

/// The destination must end with the source's object; the source with one that is neither server's.
fn is_the_right_one(cx: &Context, account: &Computer) -> Result<bool, ActionError> {
    let source = cx.computer_before(Place::Source)?;
    Ok(match cx.place() {
        Place::Destination => account.guid == source.guid,
        _ => {
            account.guid != source.guid
                && account.guid != cx.computer_before(Place::Destination)?.guid
        }
    })
}

/// Whether the server is called as it joins.
fn is_named(membership: &Membership, name: &str) -> bool {
    // Whoever does not say its name is taken at the run's word.
    let now = &membership.netbios_name;
    now.is_empty() || now.eq_ignore_ascii_case(name)
}

/// Whether there was no account of the name before this run.
pub(super) fn made_here(cx: &Context) -> bool {
    cx.token.is_object() && cx.token["existed"].is_null()
}

/// The organizational unit of the source's old account, as a path from the domain downwards; `None`
/// where new accounts go by themselves. Refuses what `net ads join createcomputer=` cannot name.
pub(super) async fn container(cx: &Context) -> Result<Option<String>, ActionError> {
    let parent = cx.computer_before(Place::Source)?.parent;
    if parent.eq_ignore_ascii_case(&cx.directory()?.default_computer_container().await?) {
        return Ok(None);
    }
    let nameable = !parent.contains(['\\', '/', '"'])
        && parent.split(',').all(|part| {
            let kind = part.split('=').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("ou") || kind.eq_ignore_ascii_case("dc")
        });
    if !nameable {
        return Err(ActionError::refused(format!(
            "the source's account is in `{parent}`, which `net ads join` cannot create an account \
             in: move the account to an organizational unit with a plain name first"
        )));
    }
    Ok(Some(path_of(&parent)))
}

/// A container's distinguished name as `net ads join` takes it: `Servers/Files`.
pub(super) fn path_of(container: &str) -> String {
    let names: Vec<&str> = container
        .split(',')
        .filter_map(|part| part.split_once('='))
        .filter(|(kind, _)| !kind.eq_ignore_ascii_case("dc"))
        .map(|(_, name)| name)
        .collect();
    names.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Whether the keys that the source brought along are in the destination's keytab, so that clients
/// with older tickets are served.
async fn keytab_is_merged(cx: &Context) -> Result<bool, ActionError> {
    match keys_to_merge(cx).await? {
        Some(keytab) => Ok(cx.host().await?.keytab_holds(&keytab).await?),
        None => Ok(true),
    }
}

/// The source's old keys, where the destination takes any: Windows has no keytab.
async fn keys_to_merge(cx: &Context) -> Result<Option<Zeroizing<Vec<u8>>>, ActionError> {
    if cx.place() != Place::Destination || cx.snapshot_facts(cx.place())?.os != Os::Linux {
        return Ok(None);
    }
    cx.secret("source/keytab").await
}

/// Whether the host is in the domain already with the right account: then only what came after the
/// join is missing, and joining again would change the machine's password for nothing.
async fn is_joined(cx: &Context, account: Option<&Computer>) -> Result<bool, ActionError> {
    let Some(account) = account else {
        return Ok(false);
    };
    let membership = cx.host().await?.membership(&question(cx)?).await?;
    let name = name_to_join(cx)?;
    if !is_named(&membership, &name) {
        return Err(ActionError::refused(format!(
            "the {} does not bear the name `{name}`: it would join as another one",
            cx.place()
        )));
    }
    Ok(account.enabled
        && is_the_right_one(cx, account)?
        && membership.secret_present
        && membership.trusted == Some(true))
}

/// Two machines must never bear one name: the destination joins under the source's only once the
/// source was seen under its new one, in an earlier wait of this run or now.
async fn wait_for_renamed_source(cx: &Context) -> Result<(), ActionError> {
    let new_name = new_name(cx)?;
    let is_new = |name: &str| name.eq_ignore_ascii_case(&new_name);
    let seen = cx.plan.stages.iter().any(|stage| {
        stage.uses == "host.wait"
            && stage.on == Place::Source
            && cx.output_of(stage.id.as_str())["name"]
                .as_str()
                .is_some_and(is_new)
    });
    if seen {
        return Ok(());
    }
    let until = Instant::now() + cx.guard().limit;
    loop {
        let saw = match cx.host_of(Place::Source).await {
            Ok(source) => source
                .facts()
                .await
                .map(|facts| facts.name)
                .map_err(ActionError::from),
            Err(error) => Err(error),
        };
        let saw = match saw {
            Ok(name) if is_new(&name) => return Ok(()),
            Ok(name) => format!("it still answers as `{name}`"),
            Err(error) if error.heals() => error.to_string(),
            Err(error) => return Err(error),
        };
        if Instant::now() + SOURCE_PAUSE >= until {
            return Err(ActionError::passing(saw).while_doing(format!(
                "the source was not seen under its new name `{new_name}`"
            )));
        }
        sleep(SOURCE_PAUSE).await;
    }
}

/// Whether the name can be looked up by now, after at most so many looks.
async fn dns_now(cx: &Context, name: &str, looks: u32) -> Result<Value, ActionError> {
    let directory = cx.directory()?;
    let expected = &cx.reach_of(cx.place())?.address;
    let mut look = 1;
    loop {
        let found = directory.lookup(name).await?;
        let registered = found.iter().any(|address| address.to_string() == *expected);
        if registered || look >= looks {
            return Ok(json!({ "addresses": found, "registered": registered }));
        }
        look += 1;
        sleep(DNS_PAUSE).await;
    }
}

fn outcome(account: &Computer, dns: &Value) -> Outcome {
    Outcome::output(json!({
        "account": account.dn,
        "objectGuid": account.guid,
        "objectSid": account.sid,
        "dns": dns,
    }))
}
