//! Alternate computer names, for a person.

use crate::action::Context;
use crate::action::Manual;
use crate::action::server::Server;

/// The keys of smb.conf that hold alternate names.
const ALTERNATES: &str = "netbios aliases|additional dns hostnames";
/// What prints them.
const SHOW: &str = "testparm -s 2>/dev/null | grep -iE 'netbios aliases|additional dns hostnames'";
const RELOAD: &str = "smbcontrol all reload-config";

/// How a person takes the alternate names off a server; `None` where nobody has looked for them.
pub(super) fn removal(cx: &Context, manual: Manual, names: Option<&[String]>) -> Manual {
    let server = Server::of(cx, cx.place());
    if !server.windows {
        return manual
            .type_in(format!(
                r"sed -i -E '/^[[:space:]]*({ALTERNATES})[[:space:]]*=/Id' /etc/samba/smb.conf"
            ))
            .type_in(RELOAD)
            .look(SHOW, "Nothing is printed.");
    }
    let now = &server.now;
    let remove = |name: &str| format!("NETDOM COMPUTERNAME {now} /REMOVE:{name}");
    let manual = manual.type_in(alternates_of(now));
    let manual = match names {
        Some(names) => names
            .iter()
            .fold(manual, |manual, name| manual.type_in(remove(name))),
        None => manual
            .say("For each alternate name:")
            .type_in(remove("ALTERNATE-NAME")),
    };
    manual.look(alternates_of(now), "Only the server's own name is left.")
}

/// How a person gives a server these alternate names, and on Linux no others.
pub(super) fn addition(cx: &Context, manual: Manual, names: &[String]) -> Manual {
    let server = Server::of(cx, cx.place());
    if server.windows {
        let now = &server.now;
        let add = |name: &String| format!("NETDOM COMPUTERNAME {now} /ADD:{name}");
        return full_names(names, cx)
            .iter()
            .fold(manual, |manual, name| manual.type_in(add(name)))
            .look(
                alternates_of(now),
                "These names are listed, and no others but the server's own.",
            );
    }
    let (long, short): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.contains('.'));
    let mut edit = format!(r"sed -i -E -e '/^[[:space:]]*({ALTERNATES})[[:space:]]*=/Id'");
    for (key, names) in [
        ("netbios aliases", &short),
        ("additional dns hostnames", &long),
    ] {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            let names = names.join(" ");
            edit += " \\\n  -e '/^\\[global\\]/Ia ";
            edit.extend([key, " = ", &names, "'"]);
        }
    }
    manual
        .type_in(edit + " /etc/samba/smb.conf")
        .type_in(RELOAD)
        .look(SHOW, "These names are printed, and no others.")
}

pub(super) fn alternates_of(name: &str) -> String {
    format!("NETDOM COMPUTERNAME {name} /ENUMERATE:AlternateNames")
}

/// Names as NETDOM takes them: with the domain, and each once.
pub(super) fn full_names(names: &[String], cx: &Context) -> Vec<String> {
    let mut full: Vec<String> = Vec::new();
    for name in names {
        let name = if name.contains('.') {
            name.to_ascii_lowercase()
        } else {
            Server::full(name, cx)
        };
        if !full.contains(&name) {
            full.push(name);
        }
    }
    full
}
