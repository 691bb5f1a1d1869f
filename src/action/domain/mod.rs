//! Leaving the domain and joining it, with the computer accounts kept (the document's rows 30, 44,
//! 63 and 77).

mod gate;
mod join;
mod leave;

pub(super) use join::Join;
pub(super) use join::new_name;
pub(super) use leave::Leave;

use super::ActionError;
use super::Context;
use crate::host::MembershipQuestion;
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
