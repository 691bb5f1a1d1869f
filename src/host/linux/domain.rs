//! What `net` says when a domain refuses.

use crate::host::HostErrorKind;

/// Turns a failed `net ads leave` or `join` into what it means.
///
/// The texts are those of Samba 4.17 (`source3/libnet/libnet_join.c`, `source3/utils/net_ads.c`)
/// and of the NT status table, seen in the lab.
pub(super) fn meaning(kind: HostErrorKind, username: &str) -> HostErrorKind {
    let HostErrorKind::Failed { code, stderr } = kind else {
        return kind;
    };
    let said = stderr.to_ascii_lowercase();
    let has = |texts: &[&str]| texts.iter().any(|text| said.contains(text));
    let (username, words) = (username.to_owned(), stderr.clone());
    if has(&["would cause a conflict", "constraint violation"]) {
        HostErrorKind::NameTaken { words }
    } else if has(&[
        "attempted logon is invalid",
        "logon_failure",
        "logon failure",
        "preauthentication failed",
        "account_locked_out",
        "account has been automatically locked",
        "password_expired",
        "password has expired",
        "password_must_change",
        "account_disabled",
        "no such user",
        "client not found in kerberos database",
    ]) {
        HostErrorKind::CredentialRefused { username, words }
    } else if has(&[
        "access_denied",
        "access denied",
        "insufficient access",
        "insufficient_access",
        "insufficient rights",
    ]) {
        HostErrorKind::NoRight { username, words }
    } else if has(&[
        "failed to find dc",
        "failed to lookup dc",
        "no logon servers",
        "no_logon_servers",
        "find domain controller",
        "connect to domain controller",
        "can't contact ldap server",
        "host_unreachable",
        "network_unreachable",
        "connection_refused",
        "io_timeout",
        "cannot contact any kdc",
        "cannot resolve",
    ]) {
        HostErrorKind::DomainUnreachable { words }
    } else {
        HostErrorKind::Failed { code, stderr }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, expected: fn(&HostErrorKind) -> bool) {
        let kind = meaning(
            HostErrorKind::Failed {
                code: 1,
                stderr: said.to_owned(),
            },
            "admin",
        );
        assert!(expected(&kind), "{said}: {kind:?}");
    }

    #[test]
    fn refusals_of_a_domain_have_their_kind() {
        check(
            "Failed to join domain: failed to lookup DC info for domain 'LAB.TEST' over rpc: The attempted logon is invalid. This is either due to a bad username or authentication information.",
            |kind| matches!(kind, HostErrorKind::CredentialRefused { .. }),
        );
        check(
            "Failed to join domain: Failed to set account flags for machine account (NT_STATUS_ACCESS_DENIED)",
            |kind| matches!(kind, HostErrorKind::NoRight { .. }),
        );
        check(
            "Failed to join domain: failed to find DC for domain LAB",
            |kind| matches!(kind, HostErrorKind::DomainUnreachable { .. }),
        );
        check("samldb: spn[HOST/FSALT] would cause a conflict", |kind| {
            matches!(kind, HostErrorKind::NameTaken { .. })
        });
        check("out of disk", |kind| {
            matches!(kind, HostErrorKind::Failed { .. })
        });
    }
}
