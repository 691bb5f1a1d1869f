//! Restarts: what ends, what takes effect, and what comes back.

use super::change::Done;
use super::change::Outcome;
use super::code::ALREADY_SHUTTING_DOWN;
use super::machine::Power;
use super::network;
use super::policy;
use super::timing::Of;
use super::twin::Due;
use super::twin::Twin;
use crate::host::HostErrorKind;
use crate::host::RestartAnswer;
use crate::run::Place;

/// Restarts the machine if `boot` is still its present one.
pub(super) fn restart(twin: &mut Twin, place: Place, boot: &str, comes_back: bool) -> Outcome {
    let now = twin.now;
    let machine = twin.machine(place);
    if machine.boot() != boot {
        return Ok(Done::Restart(RestartAnswer::AnotherBoot));
    }
    if twin.is_due(|due| matches!(due, Due::GoesDown { place: other, .. } if *other == place)) {
        return Err(HostErrorKind::Failed {
            code: i32::try_from(ALREADY_SHUTTING_DOWN.number).unwrap_or(i32::MAX),
            stderr: ALREADY_SHUTTING_DOWN.said("a restart is under way already"),
        });
    }
    let grace = twin.around(Of::ShuttingDown.millis(machine.system));
    twin.later(now + grace, Due::GoesDown { place, comes_back });
    Ok(Done::Restart(RestartAnswer::Asked))
}

/// The machine stops answering, and everything that was at work on it ends.
pub(super) fn goes_down(twin: &mut Twin, place: Place, comes_back: bool) {
    let now = twin.now;
    twin.cut_work(place);
    let machine = twin.machine_mut(place);
    machine.power = Power::Off { refuses: now };
    machine.at_work = None;
    let booting = machine.booting;
    if comes_back {
        let back = now + twin.around(booting);
        let machine = twin.machine_mut(place);
        if !machine.system.is_windows() {
            machine.power = Power::Off { refuses: back };
        }
        twin.later(back, Due::ComesUp(place));
    }
}

/// The machine is there again: a pending name is its name now, a pending membership is in force,
/// adapters hold what is configured, and a member of the domain refreshes its policy and registers
/// its addresses. Samba registers only when it joins.
pub(super) fn comes_up(twin: &mut Twin, place: Place) {
    let (now, dhcp) = (twin.now, twin.dhcp);
    let machine = twin.machine_mut(place);
    if machine.is_on() {
        return;
    }
    machine.start(now);
    if let Some(name) = machine.next_name.take() {
        machine.name = name;
    }
    machine.settled = true;
    for nic in &mut machine.nics {
        network::after_restart(nic, dhcp);
    }
    let windows = machine.system.is_windows();
    policy::refresh(twin, place);
    if windows {
        twin.register_in_dns(place);
    }
}
