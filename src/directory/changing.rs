//! The changes: read first, compare, exchange the old value for the new one.

use ldap3::Mod;

use super::computer::ACCOUNT_DISABLED;
use super::error::DirectoryErrorKind;
use super::guid::Guid;
use super::ldap::LdapDirectory;
use super::ldap::list;
use super::names;
use super::security_descriptor::Parts;
use super::security_descriptor::SecurityDescriptor;
use super::session::Answer;
use super::session::Modification;
use super::session::NO_SUCH_ATTRIBUTE;
use super::session::VALUE_EXISTS;

impl LdapDirectory {
    pub(super) async fn change_dacl(
        &self,
        guid: &Guid,
        expected: &SecurityDescriptor,
        new: &SecurityDescriptor,
    ) -> Answer<()> {
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

    pub(super) async fn change_enabled(&self, guid: &Guid, enabled: bool) -> Answer<()> {
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

    pub(super) async fn change_values(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> Answer<()> {
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
    pub(super) async fn outstanding(
        &self,
        guid: &Guid,
        attribute: &str,
        remove: &[String],
        add: &[String],
    ) -> Answer<(Vec<String>, Vec<String>)> {
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

    pub(super) async fn remove_computer(&self, guid: &Guid, name: &str) -> Answer<()> {
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
