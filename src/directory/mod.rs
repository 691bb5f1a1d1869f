//! Active Directory: computer accounts, permissions, service principal names and DNS.
//!
//! [`DirectoryReader`] only looks; [`Directory`] also changes. What an operation needs to know of
//! the machine's own state is the business of the actions. [`LdapDirectory`] is the real thing.

pub(crate) mod access;
mod ace;
mod changing;
mod computer;
mod connection;
mod dns;
mod entry;
mod error;
mod foresight;
mod guid;
mod ldap;
pub mod names;
pub(crate) mod predict;
mod reading;
mod security_descriptor;
mod session;
mod sid;

use std::net::IpAddr;

use async_trait::async_trait;

pub use ace::{Ace, AceKind};
pub use computer::{
    ACCOUNT_DISABLED, Computer, Conflict, DomainController, Identity, Member, Prediction, Rights,
};
pub use connection::{Connection, Encryption};
pub use dns::{DnsError, Resolver};
pub use error::{CertificateFault, DirectoryError, DirectoryErrorKind};
pub use guid::{Guid, GuidError};
pub use ldap::LdapDirectory;
pub use security_descriptor::{Acl, DescriptorError, Parts, SecurityDescriptor};
pub use sid::{Sid, SidError};

/// The result of a dealing with the directory.
pub type Result<T> = std::result::Result<T, DirectoryError>;

/// Questions to Active Directory. Nothing here changes anything, so a preflight may ask all of it.
///
/// Objects are known by their [`Guid`], which survives renames and moves.
#[async_trait]
pub trait DirectoryReader: Send + Sync {
    /// Who is bound.
    async fn who_am_i(&self) -> Result<Identity>;

    /// The domain controller and its domain.
    async fn domain_controller(&self) -> Result<DomainController>;

    /// The SID of the domain.
    async fn domain_sid(&self) -> Result<Sid> {
        Ok(self.domain_controller().await?.domain_sid)
    }

    /// The distinguished name of the container that new computer accounts go to
    /// (`wellKnownObjects`, usually `CN=Computers`).
    async fn default_computer_container(&self) -> Result<String>;

    /// The account of the computer `name` (without the `$`), or `None`.
    async fn computer_by_name(&self, name: &str) -> Result<Option<Computer>>;

    /// The computer account with this `objectGUID`, or `None`.
    async fn computer_by_guid(&self, guid: &Guid) -> Result<Option<Computer>>;

    /// The security descriptor of an object. [`DirectoryErrorKind::NotFound`] when it is gone.
    async fn descriptor(&self, guid: &Guid, parts: Parts) -> Result<SecurityDescriptor>;

    /// All objects that hold `name` (a NetBIOS name) as `sAMAccountName`, in a service principal
    /// name, as `dNSHostName` or as `msDS-AdditionalDnsHostName`: any of them can refuse a join.
    async fn name_conflicts(&self, name: &str) -> Result<Vec<Conflict>>;

    /// The distinguished names of the objects with this service principal name.
    async fn spn_holders(&self, spn: &str) -> Result<Vec<String>>;

    /// What the bound account may do with the object `dn` (`Guid::as_dn` is one too).
    async fn rights_on(&self, dn: &str) -> Result<Rights>;

    /// Whether the bound account has the right to create computer accounts in `container`. Without
    /// it, it may still have its quota: [`Self::predict_create`] counts that too.
    async fn can_create_computer_in(&self, container: &str) -> Result<bool>;

    /// Whether a `joining` machine, with the bound account, may take the existing account over:
    /// the rights, and for Windows the rule of KB5020276.
    async fn predict_reuse(&self, computer: &Computer, joining: Member) -> Result<Prediction>;

    /// Whether the bound account may create the computer account `name` in `container`.
    async fn predict_create(&self, name: &str, container: &str) -> Result<Prediction>;

    /// The addresses of a host name, asked at `directory.dns` only, sorted; none when there is no
    /// such name. A name without a dot gets the domain.
    async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>>;

    /// The name that `host` is an alias (CNAME) of at `directory.dns`, or `None`.
    async fn alias_of(&self, host: &str) -> Result<Option<String>>;
}

/// Changes to Active Directory.
///
/// Each removes the expected old value and adds the new one in one modification, so a change that
/// somebody else made meanwhile is noticed ([`DirectoryErrorKind::Changed`]), never overwritten.
/// Each may be done twice. After [`DirectoryErrorKind::Unreachable`] or
/// [`DirectoryErrorKind::Timeout`] it may or may not have happened: read again.
#[async_trait]
pub trait Directory: DirectoryReader {
    /// Replaces the DACL, and nothing else of the descriptor, if it still is as `expected` (owner
    /// and group are not compared). `new` may be what is there already.
    async fn replace_dacl(
        &self,
        guid: &Guid,
        expected: &SecurityDescriptor,
        new: &SecurityDescriptor,
    ) -> Result<()>;

    /// Enables or disables a computer account and leaves the other bits of `userAccountControl`.
    async fn set_enabled(&self, guid: &Guid, enabled: bool) -> Result<()>;

    /// Removes and adds values of an attribute with many text values, as `servicePrincipalName`.
    /// What is gone or there already counts as done, after a look.
    async fn replace_values(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> Result<()>;

    /// Deletes a computer account: only to undo a join that created it. Refused with
    /// [`DirectoryErrorKind::Changed`] when the account's name is not `name`; an account that is
    /// gone counts as deleted.
    async fn delete_computer(&self, guid: &Guid, name: &str) -> Result<()>;
}
