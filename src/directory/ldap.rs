//! Active Directory over LDAP: the real [`Directory`].
//!
//! Every change reads first: it knows the exact old value, it is done only where needed, and a
//! connection that died meanwhile is replaced before anything is sent that must not be sent twice.

use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use ldap3::Mod;
use ldap3::Scope;
use tokio::sync::OnceCell;

use super::access;
use super::computer::{
    ACCOUNT_DISABLED, Computer, Conflict, DomainController, Identity, Member, Prediction, Rights,
};
use super::connection::Connection;
use super::dns::DnsError;
use super::entry::COMPUTER;
use super::entry::Entry;
use super::error::DirectoryError;
use super::error::DirectoryErrorKind;
use super::guid::Guid;
use super::names;
use super::predict;
use super::security_descriptor::Parts;
use super::security_descriptor::SecurityDescriptor;
use super::session::Modification;
use super::session::NO_SUCH_ATTRIBUTE;
use super::session::Session;
use super::session::VALUE_EXISTS;
use super::sid::Sid;
use super::{Directory, DirectoryReader, Result};

/// The computers container's `wellKnownObjects` key ([MS-ADTS] 6.1.1.4).
const COMPUTERS_CONTAINER: &str = "B:32:AA312825768811D1ADED00C04FD8D5CD:";
/// Bits of `sDRightsEffective` ([MS-ADTS] 3.1.1.4.5.4).
const OWNER_EFFECTIVE: u32 = 0x1;
const DACL_EFFECTIVE: u32 = 0x4;

/// A domain controller, spoken to by LDAP over TLS.
///
/// It connects when first asked, and again when the connection has died.
pub struct LdapDirectory {
    session: Session,
    controller: OnceCell<DomainController>,
}

impl LdapDirectory {
    /// Makes a directory; nothing is sent yet.
    pub fn new(connection: Connection) -> Self {
        Self {
            session: Session::new(connection),
            controller: OnceCell::new(),
        }
    }

    async fn controller(&self) -> std::result::Result<&DomainController, DirectoryErrorKind> {
        self.controller
            .get_or_try_init(|| self.read_controller())
            .await
    }

    async fn read_controller(&self) -> std::result::Result<DomainController, DirectoryErrorKind> {
        let wanted = ["defaultNamingContext", "dnsHostName", "vendorName"];
        let root = self.session.entry("", &wanted, None).await?;
        let root = root.ok_or(DirectoryErrorKind::NotFound)?;
        let domain_dn = root.required("defaultNamingContext")?;
        let given = names::domain_dn(&self.session.connection().domain);
        if !names::same_dn(&domain_dn, &given) {
            return Err(DirectoryErrorKind::Unusable(format!(
                "the domain controller serves `{domain_dn}`, not `{given}`"
            )));
        }
        let domain = self.session.entry(&domain_dn, &["objectSid"], None).await?;
        let domain_sid = domain
            .ok_or(DirectoryErrorKind::NotFound)?
            .required_sid("objectSid")?;
        Ok(DomainController {
            dns_host_name: root.text("dnsHostName"),
            domain_dn,
            domain_sid,
            samba: root
                .text("vendorName")
                .is_some_and(|vendor| vendor.contains("Samba")),
        })
    }

    /// Returns all objects of the domain that match.
    async fn in_domain(
        &self,
        filter: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> std::result::Result<Vec<Entry>, DirectoryErrorKind> {
        let base = &self.controller().await?.domain_dn;
        self.session
            .search(base, Scope::Subtree, filter, attributes, parts)
            .await
    }

    async fn must_find(
        &self,
        dn: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> std::result::Result<Entry, DirectoryErrorKind> {
        let found = self.session.entry(dn, attributes, parts).await?;
        found.ok_or(DirectoryErrorKind::NotFound)
    }

    async fn identity(&self) -> std::result::Result<Identity, DirectoryErrorKind> {
        // Samba does not know "Who am I?" (RFC 4532), but both controllers list our token.
        let mut token = BTreeSet::from_iter(self.groups_of("").await?);
        let bound = &self.session.connection().bind_name;
        let account = bound
            .rsplit_once('\\')
            .map_or(bound.as_str(), |(_, account)| account);
        let account = account
            .split_once('@')
            .map_or(account, |(account, _)| account);
        let filter = format!(
            "(|(userPrincipalName={})(sAMAccountName={}))",
            names::escape_filter(bound),
            names::escape_filter(account)
        );
        for entry in self
            .in_domain(&filter, &["sAMAccountName", "objectSid"], None)
            .await?
        {
            let sid = entry.required_sid("objectSid")?;
            if token.contains(&sid) {
                let account_name = entry.required("sAMAccountName")?;
                token.extend(self.groups_of(&entry.dn).await?);
                return Ok(Identity {
                    account_name,
                    dn: entry.dn,
                    sid,
                    token,
                });
            }
        }
        Err(DirectoryErrorKind::Unusable(format!(
            "`{bound}` is no account of this domain"
        )))
    }

    /// Returns the groups that an account is in, directly or not; of `""`: what we are bound as.
    async fn groups_of(&self, dn: &str) -> std::result::Result<Vec<Sid>, DirectoryErrorKind> {
        let entry = self.must_find(dn, &["tokenGroups"], None).await?;
        let sids = entry
            .all("tokenGroups")
            .iter()
            .map(|bytes| Sid::from_bytes(bytes));
        let sids: std::result::Result<Vec<Sid>, _> = sids.collect();
        sids.map_err(|error| DirectoryErrorKind::Unreadable(error.to_string()))
    }

    /// Says whether a SID is one of the administrators' groups, or a member of one.
    async fn is_privileged(&self, sid: &Sid) -> std::result::Result<bool, DirectoryErrorKind> {
        let domain = self.controller().await?.domain_sid.clone();
        if predict::is_administrators(sid, &domain) {
            return Ok(true);
        }
        let filter = format!(
            "(objectSid={})",
            names::escape_filter_bytes(&sid.to_bytes())
        );
        let Some(account) = self
            .in_domain(&filter, &["objectSid"], None)
            .await?
            .into_iter()
            .next()
        else {
            return Ok(false);
        };
        let groups = self.groups_of(&account.dn).await?;
        Ok(groups
            .iter()
            .any(|group| predict::is_administrators(group, &domain)))
    }

    async fn rights(
        &self,
        dn: &str,
        me: &Identity,
    ) -> std::result::Result<Rights, DirectoryErrorKind> {
        let wanted = [
            "allowedAttributesEffective",
            "allowedChildClassesEffective",
            "sDRightsEffective",
            "nTSecurityDescriptor",
        ];
        let entry = self
            .must_find(dn, &wanted, Some(Parts::OWNER_GROUP_DACL))
            .await?;
        let lower = |attribute: &str| {
            entry
                .texts(attribute)
                .into_iter()
                .map(|name| name.to_ascii_lowercase())
                .collect()
        };
        let effective: u32 = entry.number("sDRightsEffective")?.unwrap_or_default();
        let mut rights = Rights {
            write_dacl: effective & DACL_EFFECTIVE != 0,
            write_owner: effective & OWNER_EFFECTIVE != 0,
            writable_attributes: lower("allowedAttributesEffective"),
            creatable_classes: lower("allowedChildClassesEffective"),
            ..Rights::default()
        };
        // Who may not read the descriptor has no right that would have to be reckoned from it.
        if let Some(descriptor) = entry.descriptor()? {
            let may = |right, kind| access::grants(&descriptor, &me.token, right, Some(kind));
            rights.reset_password = may(access::EXTENDED_RIGHT, access::RESET_PASSWORD);
            for (kind, attribute) in [
                (access::VALIDATED_SPN, "serviceprincipalname"),
                (access::VALIDATED_DNS_HOST_NAME, "dnshostname"),
            ] {
                if may(access::VALIDATED_WRITE, kind) {
                    rights.writable_attributes.insert(attribute.to_owned());
                }
            }
            rights.delete = access::grants(&descriptor, &me.token, access::DELETE, None)
                || self.may_delete_child(&entry.dn, me).await?;
        }
        rights.write_account_control = rights.can_write("userAccountControl");
        Ok(rights)
    }

    async fn may_delete_child(
        &self,
        dn: &str,
        me: &Identity,
    ) -> std::result::Result<bool, DirectoryErrorKind> {
        let Some(parent) = names::parent(dn) else {
            return Ok(false);
        };
        let wanted = ["nTSecurityDescriptor"];
        let entry = self
            .session
            .entry(parent, &wanted, Some(Parts::DACL))
            .await?;
        let descriptor = entry.map(|entry| entry.descriptor()).transpose()?.flatten();
        let kind = Some(access::COMPUTER_CLASS);
        Ok(descriptor.is_some_and(|descriptor| {
            access::grants(&descriptor, &me.token, access::DELETE_CHILD, kind)
        }))
    }

    async fn conflicts(
        &self,
        name: &str,
    ) -> std::result::Result<Vec<Conflict>, DirectoryErrorKind> {
        let domain = &self.session.connection().domain;
        let full = names::fully_qualified(name, domain);
        let account = names::account_name(names::short(name));
        let mut held = vec![
            ("sAMAccountName", account.clone()),
            ("msDS-AdditionalSamAccountName", account),
            ("dNSHostName", full.clone()),
            ("msDS-AdditionalDnsHostName", full),
        ];
        let spns = names::possible_spns(name, domain);
        held.extend(spns.into_iter().map(|spn| ("servicePrincipalName", spn)));
        let terms: String = held
            .iter()
            .map(|(attribute, value)| format!("({attribute}={})", names::escape_filter(value)))
            .collect();
        let mut wanted: Vec<&str> = held.iter().map(|(attribute, _)| *attribute).collect();
        wanted.dedup();
        wanted.push("objectGUID");
        let mut conflicts = Vec::new();
        for entry in self
            .in_domain(&format!("(|{terms})"), &wanted, None)
            .await?
        {
            let guid = entry.guid()?;
            for (attribute, value) in &held {
                let stored = entry.texts(attribute);
                for value in stored
                    .into_iter()
                    .filter(|stored| stored.eq_ignore_ascii_case(value))
                {
                    let (dn, attribute) = (entry.dn.clone(), (*attribute).to_owned());
                    conflicts.push(Conflict {
                        dn,
                        guid,
                        attribute,
                        value,
                    });
                }
            }
        }
        Ok(conflicts)
    }

    async fn default_container(&self) -> std::result::Result<String, DirectoryErrorKind> {
        let domain = self.controller().await?.domain_dn.clone();
        let entry = self.must_find(&domain, &["wellKnownObjects"], None).await?;
        let objects = entry.texts("wellKnownObjects");
        let computers = objects
            .iter()
            .find_map(|object| object.strip_prefix(COMPUTERS_CONTAINER));
        computers.map(str::to_owned).ok_or_else(|| {
            DirectoryErrorKind::Unreadable("the domain names no container for computers".to_owned())
        })
    }

    async fn creation(
        &self,
        name: &str,
        container: &str,
    ) -> std::result::Result<Prediction, DirectoryErrorKind> {
        let me = self.identity().await?;
        let mut conflicts = self.conflicts(name).await?;
        let wanted = format!(
            "CN={},{container}",
            names::escape_dn(&name.to_ascii_uppercase())
        );
        if let Some(entry) = self
            .session
            .entry(&wanted, &["objectGUID", "cn"], None)
            .await?
        {
            if !conflicts
                .iter()
                .any(|conflict| names::same_dn(&conflict.dn, &entry.dn))
            {
                let (guid, value) = (entry.guid()?, entry.required("cn")?);
                conflicts.push(Conflict {
                    dn: entry.dn,
                    guid,
                    attribute: "cn".to_owned(),
                    value,
                });
            }
        }
        let domain = self.controller().await?.domain_dn.clone();
        let quota = self
            .must_find(&domain, &["ms-DS-MachineAccountQuota"], None)
            .await?;
        let sid = names::escape_filter_bytes(&me.sid.to_bytes());
        let filter = format!("(&(objectClass=computer)(mS-DS-CreatorSID={sid}))");
        let made = self.in_domain(&filter, &["objectGUID"], None).await?.len();
        let rights = self.rights(container, &me).await?;
        let asked = predict::Creation {
            name,
            container,
            fault: names::check_computer_name(name)
                .err()
                .map(|fault| format!("`{name}`: {fault}")),
            conflicts: &conflicts,
            granted: rights.creatable_classes.contains("computer"),
            is_default: names::same_dn(&self.default_container().await?, container),
            quota: quota
                .number("ms-DS-MachineAccountQuota")?
                .unwrap_or_default(),
            used: u32::try_from(made).unwrap_or(u32::MAX),
        };
        Ok(predict::create(&asked, &me))
    }

    async fn reuse(
        &self,
        computer: &Computer,
        joining: Member,
    ) -> std::result::Result<Prediction, DirectoryErrorKind> {
        let me = self.identity().await?;
        let rights = self.rights(&computer.guid.as_dn(), &me).await?;
        let mut told = Vec::new();
        for sid in [&computer.owner, &computer.creator] {
            told.push(match sid {
                Some(sid) => Some((sid.clone(), self.is_privileged(sid).await?)),
                None => None,
            });
        }
        let creator = told.pop().flatten();
        let origin = predict::Origin {
            owner: told.pop().flatten(),
            creator,
        };
        let samba = self.controller().await?.samba;
        Ok(predict::reuse(
            computer, &me, &origin, &rights, joining, samba,
        ))
    }

    async fn change_dacl(
        &self,
        guid: &Guid,
        expected: &SecurityDescriptor,
        new: &SecurityDescriptor,
    ) -> std::result::Result<(), DirectoryErrorKind> {
        let found = self.read_descriptor(guid, Parts::DACL).await?;
        if found.dacl == new.dacl {
            return Ok(());
        }
        if found.dacl != expected.dacl {
            return Err(changed_dacl(expected, &found));
        }
        let value = SecurityDescriptor {
            owner: None,
            group: None,
            ..new.clone()
        };
        let bytes = value.to_bytes();
        let bytes = bytes.map_err(|error| DirectoryErrorKind::Unusable(error.to_string()))?;
        let replace = Mod::Replace(b"nTSecurityDescriptor".to_vec(), [bytes].into());
        let parts = Some(Parts::DACL);
        let answer = self
            .session
            .modify(&guid.as_dn(), vec![replace], parts)
            .await?;
        self.session.check(answer.code, &answer.text)?;
        // The server may put the entries in another order; none may be missing or new.
        let written = self.read_descriptor(guid, Parts::DACL).await?;
        let same = sorted(&written) == sorted(new);
        if same {
            Ok(())
        } else {
            Err(changed_dacl(new, &written))
        }
    }

    async fn read_descriptor(
        &self,
        guid: &Guid,
        parts: Parts,
    ) -> std::result::Result<SecurityDescriptor, DirectoryErrorKind> {
        let entry = self
            .must_find(&guid.as_dn(), &["nTSecurityDescriptor"], Some(parts))
            .await?;
        entry
            .descriptor()?
            .ok_or_else(|| DirectoryErrorKind::InsufficientRights {
                account: self.session.connection().bind_name.clone(),
                text: "the security descriptor is not shown".to_owned(),
            })
    }

    async fn change_enabled(
        &self,
        guid: &Guid,
        enabled: bool,
    ) -> std::result::Result<(), DirectoryErrorKind> {
        let attribute = "userAccountControl";
        let entry = self.must_find(&guid.as_dn(), &[attribute], None).await?;
        let old = entry.account_control()?;
        let new = if enabled {
            old & !ACCOUNT_DISABLED
        } else {
            old | ACCOUNT_DISABLED
        };
        if new == old {
            return Ok(());
        }
        let value = |bits: u32| bits.cast_signed().to_string().into_bytes();
        let change = exchange(attribute, vec![value(old)], vec![value(new)]);
        let answer = self.session.modify(&guid.as_dn(), change, None).await?;
        if matches!(answer.code, NO_SUCH_ATTRIBUTE | VALUE_EXISTS) {
            let found = self.must_find(&guid.as_dn(), &[attribute], None).await?;
            let found = found.account_control()?;
            if found == new {
                return Ok(());
            }
            return Err(changed(attribute, old, found));
        }
        self.session.check(answer.code, &answer.text)
    }

    async fn change_values(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> std::result::Result<(), DirectoryErrorKind> {
        let (going, coming) = self.outstanding(guid, attribute, remove, add).await?;
        if going.is_empty() && coming.is_empty() {
            return Ok(());
        }
        let bytes = |values: Vec<String>| values.into_iter().map(String::into_bytes).collect();
        let change = exchange(attribute, bytes(going), bytes(coming));
        let answer = self.session.modify(&guid.as_dn(), change, None).await?;
        if matches!(answer.code, NO_SUCH_ATTRIBUTE | VALUE_EXISTS) {
            // Somebody was quicker: fine if the result is what was wanted.
            let (going, coming) = self.outstanding(guid, attribute, remove, add).await?;
            if going.is_empty() && coming.is_empty() {
                return Ok(());
            }
            let expected = format!("{} to go and {} to come", list(&[]), list(&[]));
            let found = format!("{} to go and {} to come", list(&going), list(&coming));
            return Err(changed(attribute, expected, found));
        }
        self.session.check(answer.code, &answer.text)
    }

    /// Returns which values are still to be removed, spelled as stored, and which to be added.
    async fn outstanding(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> std::result::Result<(Vec<String>, Vec<String>), DirectoryErrorKind> {
        let stored = self
            .must_find(&guid.as_dn(), &[attribute], None)
            .await?
            .texts(attribute);
        let among = |values: &[String], value: &str| {
            values.iter().any(|other| other.eq_ignore_ascii_case(value))
        };
        let coming = add
            .iter()
            .filter(|value| !among(&stored, value))
            .cloned()
            .collect();
        let going = stored
            .into_iter()
            .filter(|value| among(remove, value) && !among(add, value));
        Ok((going.collect(), coming))
    }

    async fn remove_computer(
        &self,
        guid: &Guid,
        name: &str,
    ) -> std::result::Result<(), DirectoryErrorKind> {
        let wanted = ["sAMAccountName", "objectClass"];
        let Some(entry) = self.session.entry(&guid.as_dn(), &wanted, None).await? else {
            return Ok(());
        };
        let found = entry.required("sAMAccountName")?;
        let expected = names::account_name(name);
        if !found.eq_ignore_ascii_case(&expected) {
            return Err(changed("sAMAccountName", expected, found));
        }
        if !entry
            .texts("objectClass")
            .iter()
            .any(|class| class == "computer")
        {
            return Err(DirectoryErrorKind::Unusable(format!(
                "`{}` is no computer",
                entry.dn
            )));
        }
        match self.session.delete(&guid.as_dn()).await {
            Err(DirectoryErrorKind::NotFound) => Ok(()),
            result => result,
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

/// Removes the old values and adds the new ones in one modification.
fn exchange(attribute: &str, old: Vec<Vec<u8>>, new: Vec<Vec<u8>>) -> Vec<Modification> {
    let name = attribute.as_bytes().to_vec();
    let mut change = Vec::new();
    // A deletion without values would delete the whole attribute.
    if !old.is_empty() {
        change.push(Mod::Delete(name.clone(), old.into_iter().collect()));
    }
    if !new.is_empty() {
        change.push(Mod::Add(name, new.into_iter().collect()));
    }
    change
}

fn changed(
    what: &str,
    expected: impl std::fmt::Display,
    found: impl std::fmt::Display,
) -> DirectoryErrorKind {
    let (expected, found) = (expected.to_string(), found.to_string());
    DirectoryErrorKind::Changed {
        what: what.to_owned(),
        expected,
        found,
    }
}

fn changed_dacl(expected: &SecurityDescriptor, found: &SecurityDescriptor) -> DirectoryErrorKind {
    let told = |descriptor: &SecurityDescriptor| {
        let (own, all) = (descriptor.explicit().len(), descriptor.entries().count());
        format!("{own} entries of its own and {} inherited ones", all - own)
    };
    let difference = sorted(expected) != sorted(found);
    let words = if difference { "" } else { " in another order" };
    changed(
        "nTSecurityDescriptor",
        told(expected),
        format!("{}{words}", told(found)),
    )
}

/// The object's own entries as bytes, in an order of their own: for comparison.
fn sorted(descriptor: &SecurityDescriptor) -> Vec<Option<Vec<u8>>> {
    let mut entries: Vec<_> = descriptor
        .explicit()
        .iter()
        .map(|entry| entry.to_bytes().ok())
        .collect();
    entries.sort_unstable();
    entries
}

fn list(values: &[String]) -> String {
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
