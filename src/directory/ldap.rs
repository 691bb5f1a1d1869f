//! Active Directory over LDAP: the real [`Directory`].
//!
//! Every change reads first: it knows the exact old value, it is done only where needed, and a
//! connection that died meanwhile is replaced before anything is sent that must not be sent twice.

use std::net::IpAddr;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::computer::Computer;
use super::computer::Conflict;
use super::computer::DomainController;
use super::computer::Identity;
use super::computer::Member;
use super::computer::Prediction;
use super::computer::Rights;
use super::connection::Connection;
use super::dns::DnsError;
use super::entry::COMPUTER;
use super::entry::Entry;
use super::error::DirectoryError;
use super::error::DirectoryErrorKind;
use super::guid::Guid;
use super::names;
use super::security_descriptor::Parts;
use super::security_descriptor::SecurityDescriptor;
use super::session::Session;
use super::{Directory, DirectoryReader, Result};

/// A domain controller, spoken to by LDAP over TLS.
///
/// It connects when first asked, and again when the connection has died.
pub struct LdapDirectory {
    pub(super) session: Session,
    pub(super) controller: OnceCell<DomainController>,
}

impl LdapDirectory {
    /// Makes a directory; nothing is sent yet.
    pub fn new(connection: Connection) -> Self {
        Self {
            session: Session::new(connection),
            controller: OnceCell::new(),
        }
    }
}

#[async_trait]
impl DirectoryReader for LdapDirectory {
    async fn who_am_i(&self) -> Result<Identity> {
        self.identity().await.map_err(|kind| {
            let account = &self.session.connection().bind_name;
            DirectoryError::new(format!("log on to the directory as `{account}`"), kind)
        })
    }

    async fn domain_controller(&self) -> Result<DomainController> {
        self.controller().await.cloned().map_err(|kind| {
            let server = &self.session.connection().server;
            DirectoryError::new(
                format!("ask the domain controller `{server}` for its domain"),
                kind,
            )
        })
    }

    async fn default_computer_container(&self) -> Result<String> {
        let found = self.default_container().await;
        found.map_err(|kind| DirectoryError::new("find the container of new computers", kind))
    }

    async fn computer_by_name(&self, name: &str) -> Result<Option<Computer>> {
        let account = names::escape_filter(&names::account_name(name));
        let filter = format!("(&(objectClass=computer)(sAMAccountName={account}))");
        let found = self
            .in_domain(&filter, &COMPUTER, Some(Parts::OWNER_GROUP))
            .await;
        found
            .and_then(|found| found.first().map(Entry::computer).transpose())
            .map_err(|kind| {
                DirectoryError::new(format!("read the computer account `{name}`"), kind)
            })
    }

    async fn computer_by_guid(&self, guid: &Guid) -> Result<Option<Computer>> {
        let found = self
            .session
            .entry(&guid.as_dn(), &COMPUTER, Some(Parts::OWNER_GROUP))
            .await;
        found
            .and_then(|found| found.as_ref().map(Entry::computer).transpose())
            .map_err(|kind| DirectoryError::new(format!("read the computer account {guid}"), kind))
    }

    async fn descriptor(&self, guid: &Guid, parts: Parts) -> Result<SecurityDescriptor> {
        let found = self.read_descriptor(guid, parts).await;
        found.map_err(|kind| DirectoryError::new(format!("read the permissions of {guid}"), kind))
    }

    async fn name_conflicts(&self, name: &str) -> Result<Vec<Conflict>> {
        let found = self.conflicts(name).await;
        found.map_err(|kind| DirectoryError::new(format!("look for holders of `{name}`"), kind))
    }

    async fn spn_holders(&self, spn: &str) -> Result<Vec<String>> {
        let filter = format!("(servicePrincipalName={})", names::escape_filter(spn));
        let found = self.in_domain(&filter, &["objectGUID"], None).await;
        found
            .map(|found| found.into_iter().map(|entry| entry.dn).collect())
            .map_err(|kind| DirectoryError::new(format!("look for holders of `{spn}`"), kind))
    }

    async fn rights_on(&self, dn: &str) -> Result<Rights> {
        let found = match self.identity().await {
            Ok(me) => self.rights(dn, &me).await,
            Err(kind) => Err(kind),
        };
        found.map_err(|kind| DirectoryError::new(format!("read our rights on `{dn}`"), kind))
    }

    async fn can_create_computer_in(&self, container: &str) -> Result<bool> {
        Ok(self
            .rights_on(container)
            .await?
            .creatable_classes
            .contains("computer"))
    }

    async fn predict_reuse(&self, computer: &Computer, joining: Member) -> Result<Prediction> {
        self.reuse(computer, joining).await.map_err(|kind| {
            let name = &computer.account_name;
            DirectoryError::new(
                format!("predict the join as the existing account `{name}`"),
                kind,
            )
        })
    }

    async fn predict_create(&self, name: &str, container: &str) -> Result<Prediction> {
        self.creation(name, container).await.map_err(|kind| {
            DirectoryError::new(
                format!("predict the join as the new account `{name}`"),
                kind,
            )
        })
    }

    async fn lookup(&self, host: &str) -> Result<Vec<IpAddr>> {
        let host = names::fully_qualified(host, &self.session.connection().domain);
        let found = self.session.resolver().addresses(&host).await;
        found.map_err(|error| dns_error(&host, &error))
    }

    async fn alias_of(&self, host: &str) -> Result<Option<String>> {
        let host = names::fully_qualified(host, &self.session.connection().domain);
        let found = self.session.resolver().alias(&host).await;
        found.map_err(|error| dns_error(&host, &error))
    }
}

#[async_trait]
impl Directory for LdapDirectory {
    async fn replace_dacl(
        &self,
        guid: &Guid,
        expected: &SecurityDescriptor,
        new: &SecurityDescriptor,
    ) -> Result<()> {
        let done = self.change_dacl(guid, expected, new).await;
        done.map_err(|kind| DirectoryError::new(format!("write the permissions of {guid}"), kind))
    }

    async fn set_enabled(&self, guid: &Guid, enabled: bool) -> Result<()> {
        let word = if enabled { "enable" } else { "disable" };
        let done = self.change_enabled(guid, enabled).await;
        done.map_err(|kind| DirectoryError::new(format!("{word} the account {guid}"), kind))
    }

    async fn replace_values(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> Result<()> {
        self.change_values(guid, attribute, remove, add)
            .await
            .map_err(|kind| {
                let what = format!(
                    "change `{attribute}` of {guid}: remove {}, add {}",
                    list(remove),
                    list(add)
                );
                DirectoryError::new(what, kind)
            })
    }

    async fn delete_computer(&self, guid: &Guid, name: &str) -> Result<()> {
        self.remove_computer(guid, name).await.map_err(|kind| {
            DirectoryError::new(
                format!("delete the computer account `{name}` ({guid})"),
                kind,
            )
        })
    }
}

/// Lists values for a message.
pub(super) fn list(values: &[String]) -> String {
    if values.is_empty() {
        "nothing".to_owned()
    } else {
        format!("`{}`", values.join("`, `"))
    }
}

fn dns_error(host: &str, error: &DnsError) -> DirectoryError {
    let text = error.to_string();
    let kind = match error {
        DnsError::NoServer | DnsError::Name(_) | DnsError::Circle(_) => {
            DirectoryErrorKind::Unusable(text)
        }
        DnsError::Timeout { server, .. }
        | DnsError::Unreachable { server, .. }
        | DnsError::Refused { server, .. } => DirectoryErrorKind::Unreachable {
            server: server.to_string(),
            text,
        },
    };
    DirectoryError::new(format!("look up `{host}`"), kind)
}
