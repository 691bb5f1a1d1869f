//! What real systems say when they refuse.
//!
//! A text is quoted only where a source has it; of the other codes only the number and the name are
//! given, marked as unverified, because nobody has seen them from a real server yet.

/// A refusal of a real system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its number, 0 where the system gives none.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// The system's own words, where a source quotes them.
    pub text: Option<&'static str>,
    /// Where number, name and text come from.
    pub source: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $number:literal $name:literal, $text:expr, $source:literal;)*) => {
        $(pub(super) const $constant: Code = Code {
            number: $number,
            name: $name,
            text: $text,
            source: $source,
        };)*

        /// Every refusal that a simulated system can answer with.
        pub const CODES: &[Code] = &[$($constant),*];
    };
}

codes! {
    ACCESS_DENIED = 5 "ERROR_ACCESS_DENIED", None, "winerror.h; KB951016";
    ALREADY_SHUTTING_DOWN = 1115 "ERROR_SHUTDOWN_IN_PROGRESS", None, "winerror.h";
    NO_LOGON_SERVERS = 1311 "ERROR_NO_LOGON_SERVERS", None, "winerror.h";
    LOGON_FAILURE = 1326 "ERROR_LOGON_FAILURE", None, "winerror.h";
    NO_SUCH_DOMAIN = 1355 "ERROR_NO_SUCH_DOMAIN", None, "winerror.h";
    TRUST_FAILURE = 1789 "ERROR_TRUSTED_RELATIONSHIP_FAILURE", None, "winerror.h";
    BAD_NAME = 2202 "NERR_BadUsername", None, "lmerr.h";
    USER_EXISTS = 2224 "NERR_UserExists", None, "lmerr.h";
    ALREADY_JOINED = 2691 "NERR_SetupAlreadyJoined", None, "lmerr.h";
    REUSE_BLOCKED = 2732 "NERR_AccountReuseBlockedByPolicy",
        Some("Re-using the account was blocked by security policy"),
        "KB5020276; NetSetup.LOG as quoted by Microsoft's troubleshooting page";
    QUOTA_EXCEEDED = 8557 "ERROR_DS_MACHINE_ACCOUNT_QUOTA_EXCEEDED", None, "winerror.h";
    SPN_NOT_UNIQUE = 8647 "ERROR_DS_SPN_VALUE_NOT_UNIQUE_IN_FOREST", None, "winerror.h";
    SAMBA_BAD_LOGON = 0 "NT_STATUS_LOGON_FAILURE", Some("attempted logon is invalid"),
        "`net ads join` with a wrong password, Samba 4.17, seen in the lab";
    SAMBA_NO_CONTROLLER = 0 "NT_STATUS_NO_LOGON_SERVERS", Some("failed to find DC for domain"),
        "`net ads join` without a domain controller, Samba 4.17, seen in the lab";
    SAMBA_NO_RIGHT = 0 "NT_STATUS_ACCESS_DENIED", Some("Failed to set account flags"),
        "`net ads join` as a user without rights, Samba 4.17, seen in the lab";
    SAMBA_SPN_CONFLICT = 0 "LDAP_CONSTRAINT_VIOLATION", Some("would cause a conflict"),
        "`net ads join` with another object's alias, Samba 4.17, seen in the lab";
    SSH_DENIED = 0 "ssh", Some("Permission denied"), "OpenSSH";
}

impl Code {
    /// Puts the refusal into words, with what it means here.
    pub(super) fn said(self, meaning: &str) -> String {
        let number = match self.number {
            0 => self.name.to_owned(),
            number => format!("error {number} ({})", self.name),
        };
        match self.text {
            Some(text) => format!("{number}, \"{text}\": {meaning}"),
            None => format!("{number} [unverified]: {meaning}"),
        }
    }
}
