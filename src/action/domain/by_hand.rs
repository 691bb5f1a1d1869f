//! Leaving the domain and joining it, for a person.

use super::administrator;
use super::join::new_name;
use super::join::path_of;
use super::spec;
use crate::action::Context;
use crate::action::Manual;
use crate::action::server::Server;
use crate::action::server::lacks_hardened_join;
use crate::run::Place;

/// KB5020276.
const REFUSED_REUSE: &str = "If the account may not be reused (2732, 0xAAC), set its owner to Domain \
                             Admins first; see `sms-plan explain 0xAAC`. Do not delete the account.";
const NOT_JOINED: &str = "It must say that the join is not valid.";
/// As the document's restarts.
const RESTART: &str = "shutdown.exe /r /f /t 5";
/// Samba reads its membership when it starts.
const RESTART_SERVICES: &str =
    "systemctl reset-failed winbind 2>/dev/null; systemctl restart winbind smbd";

/// The document's rows 30 and 63.
pub(super) fn leave(cx: &Context) -> Manual {
    let server = Server::of(cx, cx.place());
    let manual = leaving(cx, Manual::new(), &server, &server.before);
    disabled(cx, manual, &server, &server.before)
}

/// Takes the rows 44 and 77 back: the server gives up the account that it joined with.
pub(super) fn leave_again(cx: &Context) -> Manual {
    let server = Server::of(cx, cx.place());
    let (who, dc) = (administrator(cx), controller(cx));
    // The account's name as the join noted it; an edit of the inventory does not rename accounts.
    let noted = cx.token["name"].as_str().unwrap_or(&server.after);
    let name = noted.to_uppercase();
    let first = Manual::new().say(format!(
        "Only while `hostname` prints {}: a server that bears its old name again has left this account \
         already, and would lose its own.",
        noted.to_lowercase()
    ));
    let manual = leaving(cx, first, &server, noted);
    let manual = if server.windows {
        manual.type_in(RESTART)
    } else {
        manual
    };
    if cx.place() == Place::Destination {
        return disabled(cx, manual, &server, noted).see(format!(
            "The account {name} now waits for the source: it is the source's."
        ));
    }
    if !super::join::made_here(cx) {
        return disabled(cx, manual, &server, noted);
    }
    let manual = manual.say(format!(
        "This run made the account {name}: delete it, and none but it."
    ));
    if server.windows {
        return manual
            .say("Where the Active Directory module is:")
            .type_in(format!("Remove-ADComputer -Identity {name} -Server {dc}"))
            .see(format!("In the directory there is no account {name}."));
    }
    manual
        .type_in(format!("net ads user delete '{name}$' -S {dc} -U {who}"))
        .look("net ads testjoin", NOT_JOINED)
        .look(find(cx, &name), "It finds nothing.")
}

/// Takes the rows 30 and 63 back: the server joins with the account that it had before the run.
pub(super) fn join_again(cx: &Context) -> Manual {
    let server = Server::of(cx, cx.place());
    let (who, dc, domain) = (administrator(cx), controller(cx), domain(cx));
    let name = &server.before;
    let manual = Manual::new().say(format!(
        "The server must bear the name {name} again, and no other server may. It takes over the \
         account {} that it had.",
        name.to_uppercase()
    ));
    let manual = if server.windows {
        manual.say(REFUSED_REUSE)
    } else {
        manual
    };
    let manual = if server.is_before_2012() {
        manual
            .type_in(format!(
                "netdom join {name} /Domain:{domain} /UserD:{who} /PasswordD:*"
            ))
            .type_in(RESTART)
            .look(
                "(Get-WmiObject Win32_ComputerSystem).Domain",
                format!("It must print {domain}."),
            )
    } else if server.windows {
        manual
        .type_in(format!(
            "Add-Computer -DomainName {domain} -Server {dc} -Credential (Get-Credential {who}) -Force"
        ))
        .type_in(RESTART)
        .look(
            "(Get-WmiObject Win32_ComputerSystem).Domain",
            format!("It must print {domain}."),
        )
    } else {
        manual
            .say("The command asks for the password. That DNS was not updated is no failure of the join.")
            .type_in(format!("net ads join -S {dc} -U {who}"))
            .type_in(RESTART_SERVICES)
            .look("net ads testjoin", "It must say that the join is OK.")
            .look("wbinfo -t", "It must succeed.")
    };
    match cx.computer_before(cx.place()) {
        Ok(own) => manual.see(format!(
            "The account that it has joined has the objectGUID {} and the objectSid {}, as before the \
             run.",
            own.guid, own.sid
        )),
        Err(_) => manual,
    }
}

/// Leaves the domain with the account of this name, which is kept.
fn leaving(cx: &Context, manual: Manual, server: &Server, name: &str) -> Manual {
    let (who, dc, domain) = (administrator(cx), controller(cx), domain(cx));
    if !server.windows {
        return manual
            .say(
                "Never leave without --keep-account: it deletes the account and its memberships. The \
                 command asks for the password.",
            )
            .type_in(format!("net ads leave --keep-account -S {dc} -U {who}"));
    }
    let netdom = format!("netdom remove {name} /Domain:{domain} /UserD:{who} /PasswordD:*");
    if lacks_hardened_join(cx.view.roots.host(cx.place())) {
        // KB5020276; the document's known issues.
        manual
            .say(
                "Sign in locally, as a local administrator, not with an account of the domain. Leave the \
                 domain with SYSDM.CPL (Computer Name, Change, Workgroup), or with one of:",
            )
            .type_in(netdom)
            .say("or, where Windows PowerShell has it:")
            .type_in("Remove-Computer")
    } else {
        manual
            .say("Sign in as a local administrator: accounts of the domain will not do any more.")
            .type_in(format!(
                "Remove-Computer -UnjoinDomainCredential (Get-Credential {who}) -Force"
            ))
    }
    .look(
        "(Get-WmiObject Win32_ComputerSystem).PartOfDomain",
        "It must print False.",
    )
}

/// How to see that the account was kept.
fn disabled(cx: &Context, manual: Manual, server: &Server, name: &str) -> Manual {
    if server.windows {
        return manual.see(format!(
            "In the directory the account {} is still there, disabled. Never delete it.",
            name.to_uppercase()
        ));
    }
    manual.look("net ads testjoin", NOT_JOINED).look(
        find(cx, &name.to_uppercase()),
        "The account is there, and its userAccountControl has the bit 2 (4098): disabled.",
    )
}

fn find(cx: &Context, account: &str) -> String {
    format!(
        "net ads search -S {} -U {} '(sAMAccountName={account}$)' userAccountControl",
        controller(cx),
        administrator(cx)
    )
}

/// The document's rows 44 and 77.
pub(super) fn join(cx: &Context) -> Manual {
    let server = Server::of(cx, cx.place());
    let manual = if server.windows {
        windows(cx, &server)
    } else {
        linux(cx)
    };
    match (cx.place(), cx.computer_before(Place::Source)) {
        (Place::Destination, Ok(source)) => manual.see(format!(
            "The account that it has joined has the objectGUID {} and the objectSid {}: it was the \
             source's ({}).",
            source.guid, source.sid, source.dn
        )),
        (Place::Destination, Err(_)) => manual.see(
            "The account that it has joined is the source's old one: its objectGUID and objectSid have \
             not changed.",
        ),
        _ => manual.see(format!(
            "The account {} is a new one; the source's old one is still disabled.",
            new_name(cx).unwrap_or(server.after).to_uppercase()
        )),
    }
}

fn linux(cx: &Context) -> Manual {
    let (who, dc) = (administrator(cx), controller(cx));
    let into = unit(cx).map(|unit| format!(" createcomputer='{}'", path_of(&unit)));
    let manual = Manual::new()
        .say("The command asks for the password. That DNS was not updated is no failure of the join.")
        .type_in(format!(
            "net ads join -S {dc} -U {who}{}",
            into.unwrap_or_default()
        ))
        .type_in(RESTART_SERVICES);
    let manual = if cx.place() == Place::Destination {
        manual
            .say(
                "Clients with older tickets go on without a new logon if the source's old keys are \
                 added. Copy /root/krb5.keytab.before of the source here, as \
                 /root/krb5.keytab.source; where there is none, this run has it sealed, and `resume` adds \
                 it:",
            )
            .type_in(
                "[ ! -e /root/krb5.keytab.source ] || \
                 printf 'rkt /root/krb5.keytab.source\\nwkt /etc/krb5.keytab\\n' | ktutil",
            )
    } else {
        manual
    };
    manual
        .look("net ads testjoin", "It must say that the join is OK.")
        .look("wbinfo -t", "It must succeed.")
}

fn windows(cx: &Context, server: &Server) -> Manual {
    let (who, dc, domain) = (administrator(cx), controller(cx), domain(cx));
    let unit = unit(cx);
    let name = &server.after;
    let manual = if server.is_before_2012() {
        let unit = unit
            .map(|unit| format!(" /OU:\"{unit}\""))
            .unwrap_or_default();
        Manual::new().type_in(format!(
            "netdom join {name} /Domain:{domain} /UserD:{who} /PasswordD:*{unit}"
        ))
    } else {
        let unit = unit
            .map(|unit| format!(" -OUPath '{unit}'"))
            .unwrap_or_default();
        Manual::new().type_in(format!(
            "Add-Computer -DomainName {domain} -Server {dc} -Credential (Get-Credential {who}){unit} \
             -Options JoinWithNewName,AccountCreate -Force"
        ))
    };
    let manual = if cx.place() == Place::Destination {
        manual.say(REFUSED_REUSE)
    } else {
        manual
    };
    manual
        .look(
            "(Get-WmiObject Win32_ComputerSystem).Domain",
            format!("It must print {domain}."),
        )
        .look(
            format!("nltest /sc_verify:{domain}"),
            "After the restart, it must succeed.",
        )
}

/// Where the source's new account goes: beside its old one; `None` where accounts go by themselves.
fn unit(cx: &Context) -> Option<String> {
    let parent = cx.computer_before(Place::Source).ok()?.parent;
    let by_itself = parent.to_ascii_lowercase().starts_with("cn=computers,");
    (cx.place() == Place::Source && !by_itself).then_some(parent)
}

fn controller(cx: &Context) -> &str {
    spec(cx).map_or("DOMAIN-CONTROLLER", |spec| spec.server.as_str())
}

fn domain(cx: &Context) -> &str {
    spec(cx).map_or("DOMAIN", |spec| spec.domain.as_str())
}
