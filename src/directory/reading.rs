//! What is read of the directory, before it is put into words for the caller.

use std::collections::BTreeSet;

use ldap3::Scope;

use super::computer::Conflict;
use super::computer::DomainController;
use super::computer::Identity;
use super::entry::Entry;
use super::error::DirectoryErrorKind;
use super::guid::Guid;
use super::ldap::LdapDirectory;
use super::names;
use super::predict;
use super::security_descriptor::Parts;
use super::security_descriptor::SecurityDescriptor;
use super::session::Answer;
use super::sid::Sid;

/// The computers container's `wellKnownObjects` key ([MS-ADTS] 6.1.1.4).
const COMPUTERS_CONTAINER: &str = "B:32:AA312825768811D1ADED00C04FD8D5CD:";

impl LdapDirectory {
    pub(super) async fn controller(&self) -> Answer<&DomainController> {
        self.controller
            .get_or_try_init(|| self.read_controller())
            .await
    }

    pub(super) async fn read_controller(&self) -> Answer<DomainController> {
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
    pub(super) async fn in_domain(
        &self,
        filter: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> Answer<Vec<Entry>> {
        let base = &self.controller().await?.domain_dn;
        self.session
            .search(base, Scope::Subtree, filter, attributes, parts)
            .await
    }

    pub(super) async fn must_find(
        &self,
        dn: &str,
        attributes: &[&str],
        parts: Option<Parts>,
    ) -> Answer<Entry> {
        let found = self.session.entry(dn, attributes, parts).await?;
        found.ok_or(DirectoryErrorKind::NotFound)
    }

    pub(super) async fn identity(&self) -> Answer<Identity> {
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
    pub(super) async fn groups_of(&self, dn: &str) -> Answer<Vec<Sid>> {
        let entry = self.must_find(dn, &["tokenGroups"], None).await?;
        let sids = entry
            .all("tokenGroups")
            .iter()
            .map(|bytes| Sid::from_bytes(bytes));
        let sids: Result<Vec<Sid>, _> = sids.collect();
        sids.map_err(|error| DirectoryErrorKind::Unreadable(error.to_string()))
    }

    /// Says whether a SID is one of the administrators' groups, or a member of one.
    pub(super) async fn is_privileged(&self, sid: &Sid) -> Answer<bool> {
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

    pub(super) async fn conflicts(&self, name: &str) -> Answer<Vec<Conflict>> {
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
        let terms: Vec<String> = held
            .iter()
            .map(|(attribute, value)| format!("({attribute}={})", names::escape_filter(value)))
            .collect();
        let mut wanted: Vec<&str> = held.iter().map(|(attribute, _)| *attribute).collect();
        wanted.dedup();
        wanted.push("objectGUID");
        let mut conflicts = Vec::new();
        for entry in self
            .in_domain(&format!("(|{})", terms.concat()), &wanted, None)
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

    pub(super) async fn default_container(&self) -> Answer<String> {
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

    pub(super) async fn read_descriptor(
        &self,
        guid: &Guid,
        parts: Parts,
    ) -> Answer<SecurityDescriptor> {
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
}
