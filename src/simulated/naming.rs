//! A machine's name and its alternate names.
//!
//! On Windows a new name is pending until a restart (windows.md, rows 41 and 75: `ComputerName`
//! against `ActiveComputerName`); on Linux `hostnamectl` sets it at once, and Samba takes its own
//! from `smb.conf`, so a rename has parts that a cut can separate (seen in the lab: `/etc/hostname`
//! new, `smb.conf` old).

use super::change::Done;
use super::change::Names;
use super::change::Outcome;
use super::code::BAD_NAME;
use super::machine::Machine;
use super::twin::Twin;
use crate::directory::names::check_computer_name;
use crate::host::HostErrorKind;
use crate::host::Naming;
use crate::host::Part;
use crate::run::Place;

pub(super) fn rename(twin: &mut Twin, place: Place, naming: &Naming, whole: bool) -> Outcome {
    if let Err(fault) = check_computer_name(&naming.to) {
        return Err(HostErrorKind::Unsupported {
            words: BAD_NAME.said(&format!("`{}`: {fault}", naming.to)),
        });
    }
    let machine = twin.machine_mut(place);
    if machine.waits_for_restart() {
        machine.next_name = Some(naming.to.clone()).filter(|next| *next != machine.name);
    } else {
        machine.name.clone_from(&naming.to);
    }
    if !whole {
        return Ok(Done::Nothing);
    }
    machine.smb_name = naming.to.to_uppercase();
    if naming.drop_alternates {
        machine.alternates.clear();
    }
    if naming.drop_keytab {
        machine.keytab.clear();
    }
    Ok(Done::Nothing)
}

/// Each part of a rename, by the names that the Linux host gives them too.
pub(super) fn parts(machine: &Machine, naming: &Naming) -> Vec<Part> {
    let pending = machine.next_name.as_ref().unwrap_or(&machine.name);
    let is = |name: &str| name.eq_ignore_ascii_case(&naming.to);
    let mut parts = vec![part(
        "hostname",
        is(pending),
        format!("it is called `{pending}` after a restart"),
    )];
    if !machine.system.is_windows() {
        parts.push(part(
            "smb.conf",
            is(&machine.smb_name),
            format!("smb.conf gives `{}`", machine.smb_name),
        ));
    }
    if naming.drop_alternates {
        let seen = listed(&machine.alternates);
        let none = machine.alternates.is_empty();
        parts.push(part("alternates", none, format!("alternate names: {seen}")));
    }
    if naming.drop_keytab && !machine.system.is_windows() {
        let old = !machine.keytab.is_empty() && machine.member.is_none();
        parts.push(part(
            "keytab",
            !old,
            format!("the keytab {} old keys", if old { "has" } else { "has no" }),
        ));
    }
    parts
}

pub(super) fn set_alternates(twin: &mut Twin, place: Place, names: &[String]) {
    let machine = twin.machine_mut(place);
    for name in names {
        if !machine
            .alternates
            .iter()
            .any(|own| own.eq_ignore_ascii_case(name))
        {
            machine.alternates.push(name.clone());
        }
    }
}

/// Each of the wanted alternate names, and as the last part whether there are others.
pub(super) fn alternate_parts(machine: &Machine, names: &[String]) -> Vec<Part> {
    let is = |name: &str, list: &[String]| list.iter().any(|one| one.eq_ignore_ascii_case(name));
    let mut parts: Vec<Part> = names
        .iter()
        .map(|name| {
            let there = is(name, &machine.alternates);
            let word = if there { "set" } else { "not set" };
            part(name, there, format!("`{name}` is {word}"))
        })
        .collect();
    let others = machine.alternates.iter().filter(|name| !is(name, names));
    let others: Vec<String> = others.cloned().collect();
    let saw = format!("other alternate names: {}", listed(&others));
    parts.push(part("others", others.is_empty(), saw));
    parts
}

pub(super) fn restore(twin: &mut Twin, place: Place, names: &Names) {
    let machine = twin.machine_mut(place);
    if machine.waits_for_restart() {
        machine.next_name = Some(names.name.clone()).filter(|next| *next != machine.name);
    } else {
        machine.name.clone_from(&names.name);
    }
    machine.smb_name = names.name.to_uppercase();
    machine.alternates.clone_from(&names.alternates);
}

pub(super) fn part(name: &str, done: bool, saw: String) -> Part {
    Part {
        name: name.to_owned(),
        done,
        saw,
    }
}

pub(super) fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
