//! What the bound account may do, and what a join will come to: the reading for `predict`.

use super::access;
use super::computer::Computer;
use super::computer::Conflict;
use super::computer::Identity;
use super::computer::Member;
use super::computer::Prediction;
use super::computer::Rights;
use super::ldap::LdapDirectory;
use super::names;
use super::predict;
use super::security_descriptor::Parts;
use super::session::Answer;

/// Bits of `sDRightsEffective` ([MS-ADTS] 3.1.1.4.5.4).
const OWNER_EFFECTIVE: u32 = 0x1;
const DACL_EFFECTIVE: u32 = 0x4;

impl LdapDirectory {
    pub(super) async fn rights(&self, dn: &str, me: &Identity) -> Answer<Rights> {
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

    pub(super) async fn may_delete_child(&self, dn: &str, me: &Identity) -> Answer<bool> {
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

    pub(super) async fn creation(&self, name: &str, container: &str) -> Answer<Prediction> {
        let me = self.identity().await?;
        let mut conflicts = self.conflicts(name).await?;
        let wanted = format!(
            "CN={},{container}",
            names::escape_dn(&name.to_ascii_uppercase())
        );
        let there = self
            .session
            .entry(&wanted, &["objectGUID", "cn"], None)
            .await?;
        let known = |dn: &str| {
            conflicts
                .iter()
                .any(|conflict| names::same_dn(&conflict.dn, dn))
        };
        if let Some(entry) = there.filter(|entry| !known(&entry.dn)) {
            let (guid, value) = (entry.guid()?, entry.required("cn")?);
            let attribute = "cn".to_owned();
            conflicts.push(Conflict {
                dn: entry.dn,
                guid,
                attribute,
                value,
            });
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

    pub(super) async fn reuse(&self, computer: &Computer, joining: Member) -> Answer<Prediction> {
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
}
