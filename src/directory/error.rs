//! What can go wrong between us and Active Directory, in words an administrator can act on.
//!
//! Kinds hold text and numbers only: they can be compared, journaled and made by a simulation, and
//! no password can hide in them.

/// A failed dealing with the directory.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct DirectoryError {
    /// What was being done, with what, as in "read the computer account `FS01`".
    pub what: String,
    /// Why it failed.
    #[source]
    pub kind: DirectoryErrorKind,
}

/// Why a dealing with the directory failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryErrorKind {
    /// No connection, or it was lost; after a change was sent it may or may not have happened.
    #[error("the domain controller `{server}` does not answer: {text}")]
    Unreachable {
        /// The server's name and address.
        server: String,
        /// The cause.
        text: String,
    },
    /// The TLS certificate did not prove that this is the wanted server.
    #[error("the certificate of `{server}` is refused: {}", fault.as_str())]
    CertificateRefused {
        /// The name the certificate should have.
        server: String,
        /// What is wrong with it.
        fault: CertificateFault,
    },
    /// The name or the password is wrong, or the account may not log on.
    #[error(
        "LDAP result 49 (invalidCredentials){} for `{account}`: {}",
        code.as_ref().map(|code| format!(", data {code}")).unwrap_or_default(),
        bind_refusal(code.as_deref())
    )]
    InvalidCredentials {
        /// Whose they are.
        account: String,
        /// Active Directory's own code, in hexadecimal, as in `52e`.
        code: Option<String>,
    },
    /// The account that is bound may not do this.
    #[error("`{account}` may not do this (LDAP result 50, insufficientAccessRights): {text}")]
    InsufficientRights {
        /// Who is bound.
        account: String,
        /// The server's words.
        text: String,
    },
    /// Another object stands in the way, or the object has already what was to be added.
    #[error("it conflicts with what is there: {with}")]
    Conflict {
        /// With what, in the server's words or ours.
        with: String,
    },
    /// Somebody changed the value since it was read.
    #[error("`{what}` was changed by somebody else: expected {expected}, found {found}")]
    Changed {
        /// The attribute.
        what: String,
        /// The value it should have had.
        expected: String,
        /// The value it has.
        found: String,
    },
    /// There is no such object.
    #[error("there is no such object")]
    NotFound,
    /// The server did not answer in time; a change may or may not have happened.
    #[error("no answer from `{server}` within {seconds} s")]
    Timeout {
        /// The server's name.
        server: String,
        /// The limit, in seconds.
        seconds: u64,
    },
    /// What the server sent cannot be read.
    #[error("the server's answer cannot be read: {0}")]
    Unreadable(String),
    /// The inventory's own values cannot be used, for example a file of certificates.
    #[error("{0}")]
    Unusable(String),
    /// Any other result.
    #[error("LDAP result {code}: {text}")]
    Other {
        /// The LDAP result code (RFC 4511, 4.1.9).
        code: u32,
        /// The server's words.
        text: String,
    },
}

/// What is wrong with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// Nobody we trust signed it.
    UnknownAuthority,
    /// It belongs to another name.
    WrongName,
    /// A certification authority's own certificate stands where the server's should.
    AuthorityAsServer,
    /// Its time is over.
    Expired,
    /// Its time has not come: usually a wrong clock.
    NotYetValid,
    /// Anything else, in the TLS library's words.
    Other(String),
}

impl CertificateFault {
    /// Says the fault in words.
    pub fn as_str(&self) -> &str {
        match self {
            Self::UnknownAuthority => "it is signed by an authority that is not trusted here",
            Self::WrongName => "it was made for another name",
            Self::AuthorityAsServer => "it is a certification authority's, not a server's",
            Self::Expired => "it has expired",
            Self::NotYetValid => "it is not valid yet",
            Self::Other(text) => text,
        }
    }
}

impl DirectoryError {
    /// Makes an error: `what` was being done, `kind` came of it.
    pub fn new(what: impl Into<String>, kind: DirectoryErrorKind) -> Self {
        Self {
            what: what.into(),
            kind,
        }
    }

    /// Whether waiting and trying again can help. A wrong password tried again locks the account;
    /// missing rights and wrong certificates stay what they are.
    pub fn heals(&self) -> bool {
        match &self.kind {
            DirectoryErrorKind::Unreachable { .. } | DirectoryErrorKind::Timeout { .. } => true,
            // 51 busy, 52 unavailable (RFC 4511, 4.1.9).
            DirectoryErrorKind::Other { code, .. } => matches!(code, 51 | 52),
            DirectoryErrorKind::CertificateRefused { .. }
            | DirectoryErrorKind::InvalidCredentials { .. }
            | DirectoryErrorKind::InsufficientRights { .. }
            | DirectoryErrorKind::Conflict { .. }
            | DirectoryErrorKind::Changed { .. }
            | DirectoryErrorKind::NotFound
            | DirectoryErrorKind::Unreadable(_)
            | DirectoryErrorKind::Unusable(_) => false,
        }
    }

    /// Whether the question is only whether the directory can be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self.kind,
            DirectoryErrorKind::Unreachable { .. } | DirectoryErrorKind::Timeout { .. }
        )
    }

    /// Says what to do about it, where there is something to say.
    pub fn help(&self) -> Option<&'static str> {
        match &self.kind {
            DirectoryErrorKind::CertificateRefused { fault, .. } => Some(match fault {
                CertificateFault::UnknownAuthority => {
                    "set `directory.caFile` to the certificate of the authority that signed the \
                     domain controller's"
                }
                CertificateFault::WrongName => {
                    "set `directory.server` to the name in the certificate, and `directory.address` \
                     to where it answers"
                }
                CertificateFault::AuthorityAsServer => {
                    "give the domain controller a certificate of its own, signed by its authority; \
                     the authority's own goes to `directory.caFile`"
                }
                CertificateFault::Expired => "renew the domain controller's certificate",
                CertificateFault::NotYetValid => "compare the clocks of both machines",
                CertificateFault::Other(_) => "look at the domain controller's certificate",
            }),
            DirectoryErrorKind::InvalidCredentials { code, .. } => Some(match code.as_deref() {
                Some("532" | "773") => "renew the password of the account",
                Some("533" | "701") => "enable the account, or give another in the inventory",
                Some("775") => "unlock the account",
                Some("530" | "531") => "let the account log on now and from here",
                _ => {
                    "check the credential in the inventory; a user name is `user@domain` or \
                      `DOMAIN\\user`"
                }
            }),
            DirectoryErrorKind::InsufficientRights { .. } => {
                Some("give an account with these rights as `directory.credential`")
            }
            DirectoryErrorKind::Unreachable { .. } => Some(
                "check that the domain controller runs, and that `directory.server`, `.address` \
                 and `.dns` are right",
            ),
            _ => None,
        }
    }
}

/// Says what Active Directory means with the `data` of a refused bind
/// (learn.microsoft.com, "LDAP Error codes"; the numbers are Win32 error codes in hexadecimal).
fn bind_refusal(code: Option<&str>) -> &'static str {
    match code {
        Some("525") => "there is no such user",
        Some("52e") => "the user name or the password is wrong",
        Some("52f") => "the account is restricted from logging on",
        Some("530") => "the account may not log on at this time",
        Some("531") => "the account may not log on from this computer",
        Some("532") => "the password has expired",
        Some("533") => "the account is disabled",
        Some("568") => "the account is in too many groups",
        Some("701") => "the account has expired",
        Some("773") => "the password must be changed before the first logon",
        Some("775") => "the account is locked out",
        _ => "the user name or the password was not accepted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_bind_says_why() {
        for (code, words) in [
            ("52e", "the user name or the password is wrong"),
            ("532", "the password has expired"),
            ("533", "the account is disabled"),
            ("701", "the account has expired"),
            ("773", "the password must be changed before the first logon"),
            ("775", "the account is locked out"),
        ] {
            let kind = DirectoryErrorKind::InvalidCredentials {
                account: "admin@lab.test".to_owned(),
                code: Some(code.to_owned()),
            };
            let text = kind.to_string();
            assert!(text.contains(words) && text.contains(code), "{text}");
            let error = DirectoryError::new("bind", kind);
            assert!(!error.heals() && error.help().is_some());
        }
    }

    #[test]
    fn only_what_can_heal_is_retried() {
        let heals = |kind| DirectoryError::new("x", kind).heals();
        assert!(heals(DirectoryErrorKind::Timeout {
            server: "dc1".to_owned(),
            seconds: 3
        }));
        assert!(heals(DirectoryErrorKind::Other {
            code: 51,
            text: String::new()
        }));
        assert!(!heals(DirectoryErrorKind::Other {
            code: 53,
            text: String::new()
        }));
        assert!(!heals(DirectoryErrorKind::CertificateRefused {
            server: "dc1".to_owned(),
            fault: CertificateFault::UnknownAuthority,
        }));
    }
}
