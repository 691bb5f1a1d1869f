//! Leaving the domain and joining it, with the computer accounts kept (the document's rows 30, 44,
//! 63 and 77).

mod by_hand;
mod gate;
mod join;
mod leave;

pub(super) use join::Join;
pub(super) use join::new_name;
pub(super) use leave::Leave;

use super::ActionError;
use super::Context;
use crate::directory::Member;
use crate::host::JoinTarget;
use crate::host::MembershipQuestion;
use crate::host::Os;
use crate::plan::DirectorySpec;
use crate::run::Place;

const SERVERS: &[Place] = &[Place::Source, Place::Destination];

/// The inventory's directory, which these actions cannot do without.
fn spec(cx: &Context) -> Result<&DirectorySpec, ActionError> {
    cx.inventory
        .directory
        .as_ref()
        .ok_or_else(|| ActionError::refused("the inventory has no `directory`"))
}

/// Asks about the membership in the run's domain, at the run's one domain controller.
fn question(cx: &Context) -> Result<MembershipQuestion, ActionError> {
    let spec = spec(cx)?;
    Ok(MembershipQuestion {
        realm: spec.domain.to_uppercase(),
        dc: spec.server.clone(),
    })
}

/// What the destination runs: the rule on taking an account over differs.
pub(super) fn joining_member(cx: &Context) -> Result<Member, ActionError> {
    Ok(match cx.snapshot_facts(Place::Destination)?.os {
        Os::Windows => Member::Windows,
        Os::Linux => Member::Samba,
    })
}

/// The domain that the stage's host was a member of when the run began.
fn target(cx: &Context, container: Option<String>) -> Result<JoinTarget, ActionError> {
    let place = cx.place();
    let domain = cx.snapshot_facts(place)?.domain.ok_or_else(|| {
        ActionError::refused(format!("the {place} was in no domain when the run began"))
    })?;
    Ok(JoinTarget {
        realm: domain.realm,
        workgroup: domain.workgroup,
        dc: spec(cx)?.server.clone(),
        container,
    })
}

/// The user name of whoever joins the stage's host and takes it out, for a person's commands.
fn administrator(cx: &Context) -> &str {
    let own = cx
        .host_spec()
        .ok()
        .and_then(|spec| spec.join_credential.as_ref());
    let name = own.or_else(|| Some(&cx.inventory.directory.as_ref()?.credential));
    name.and_then(|name| cx.inventory.credentials.get(name))
        .map_or("ADMINISTRATOR", |credential| credential.username.as_str())
}
