//! As whom the run logs on to a machine, and with what.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;

/// A way to log on to a machine.
#[derive(Clone)]
pub struct Logon {
    /// The account, as the machine spells it.
    pub username: String,
    /// Whether the account belongs to the domain, and so is lost when the machine leaves it.
    pub scope_domain: bool,
    /// What proves it.
    pub method: LogonMethod,
}

/// What proves an account.
#[derive(Clone)]
pub enum LogonMethod {
    /// A private key in a file.
    PrivateKey(PathBuf),
    /// A private key in OpenSSH's text form. It is in a file, readable by us only, while the
    /// connection opens.
    PrivateKeyText(SecretString),
    /// A password. It is offered once, so that a wrong one does not lock the account.
    Password(SecretString),
}

impl fmt::Debug for Logon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            LogonMethod::PrivateKey(_) | LogonMethod::PrivateKeyText(_) => "private key",
            LogonMethod::Password(_) => "password",
        };
        f.debug_struct("Logon")
            .field("username", &self.username)
            .field("scope_domain", &self.scope_domain)
            .field("method", &method)
            .finish()
    }
}
