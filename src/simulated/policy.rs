//! `LocalAccountTokenFilterPolicy`, and the group policy that puts it back.

use super::timing::Of;
use super::twin::Due;
use super::twin::Twin;
use crate::run::Place;

/// Sets the value, or removes it. Windows Server 2003 keeps it and does not look at it.
pub(super) fn set(twin: &mut Twin, place: Place, value: Option<u32>) {
    twin.machine_mut(place).token_filter = value;
}

/// A member of the domain reads its group policy at every start and every 90 minutes. A policy that
/// forces the value ("Apply UAC restrictions to local accounts on network logons") writes it again,
/// which ends the temporary account's way in (known-issues K04).
pub(super) fn refresh(twin: &mut Twin, place: Place) {
    let forced = twin
        .domain
        .as_ref()
        .and_then(|domain| domain.token_filter_policy);
    let machine = twin.machine_mut(place);
    let reads = machine.system.is_windows() && machine.member.is_some() && machine.is_on();
    if let Some(forced) = forced.filter(|_| reads) {
        machine.token_filter = Some(forced);
    }
    let again = Of::PolicyRefresh.millis(machine.system);
    let at = twin.now + again;
    let planned = |due: &Due| matches!(due, Due::RefreshesPolicy(other) if *other == place);
    if reads && !twin.is_due(planned) {
        twin.later(at, Due::RefreshesPolicy(place));
    }
}
