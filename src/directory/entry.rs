//! LDAP entries read into values.

use std::collections::BTreeMap;

use ldap3::SearchEntry;

use super::computer::ACCOUNT_DISABLED;
use super::computer::Computer;
use super::error::DirectoryErrorKind;
use super::guid::Guid;
use super::names;
use super::security_descriptor::SecurityDescriptor;
use super::sid::Sid;

/// What is asked of a computer account.
pub(super) const COMPUTER: [&str; 14] = [
    "objectGUID",
    "objectSid",
    "sAMAccountName",
    "userAccountControl",
    "memberOf",
    "servicePrincipalName",
    "dNSHostName",
    "msDS-AdditionalDnsHostName",
    "mS-DS-CreatorSID",
    "nTSecurityDescriptor",
    "operatingSystem",
    "msDS-KeyVersionNumber",
    "pwdLastSet",
    "whenChanged",
];

/// An entry with its values as bytes, whether they are text or not.
pub(super) struct Entry {
    pub(super) dn: String,
    values: BTreeMap<String, Vec<Vec<u8>>>,
}

impl From<SearchEntry> for Entry {
    fn from(entry: SearchEntry) -> Self {
        let text = entry.attrs.into_iter().map(|(name, values)| {
            (
                name,
                values
                    .into_iter()
                    .map(String::into_bytes)
                    .collect::<Vec<_>>(),
            )
        });
        let mut values = BTreeMap::<String, Vec<Vec<u8>>>::new();
        for (name, found) in text.chain(entry.bin_attrs) {
            values
                .entry(name.to_ascii_lowercase())
                .or_default()
                .extend(found);
        }
        Self {
            dn: entry.dn,
            values,
        }
    }
}

impl Entry {
    /// Returns all values of an attribute.
    pub(super) fn all(&self, attribute: &str) -> &[Vec<u8>] {
        self.values
            .get(&attribute.to_ascii_lowercase())
            .map_or(&[], Vec::as_slice)
    }

    /// Returns the values of a text attribute, sorted.
    pub(super) fn texts(&self, attribute: &str) -> Vec<String> {
        let text = |value: &Vec<u8>| String::from_utf8_lossy(value).into_owned();
        let mut texts: Vec<String> = self.all(attribute).iter().map(text).collect();
        texts.sort_unstable();
        texts
    }

    pub(super) fn text(&self, attribute: &str) -> Option<String> {
        self.texts(attribute).into_iter().next()
    }

    /// Returns a text that the entry must have.
    pub(super) fn required(&self, attribute: &str) -> Result<String, DirectoryErrorKind> {
        self.text(attribute).ok_or_else(|| self.lacks(attribute))
    }

    pub(super) fn guid(&self) -> Result<Guid, DirectoryErrorKind> {
        let bytes = self
            .all("objectGUID")
            .first()
            .ok_or_else(|| self.lacks("objectGUID"))?;
        Guid::from_bytes(bytes).map_err(|error| DirectoryErrorKind::Unreadable(error.to_string()))
    }

    pub(super) fn sid(&self, attribute: &str) -> Result<Option<Sid>, DirectoryErrorKind> {
        let sid = self
            .all(attribute)
            .first()
            .map(|bytes| Sid::from_bytes(bytes))
            .transpose();
        sid.map_err(|error| DirectoryErrorKind::Unreadable(error.to_string()))
    }

    pub(super) fn required_sid(&self, attribute: &str) -> Result<Sid, DirectoryErrorKind> {
        self.sid(attribute)?.ok_or_else(|| self.lacks(attribute))
    }

    pub(super) fn number<N: std::str::FromStr>(
        &self,
        attribute: &str,
    ) -> Result<Option<N>, DirectoryErrorKind> {
        let number = |text: String| {
            text.parse().map_err(|_| {
                DirectoryErrorKind::Unreadable(format!("`{attribute}` is `{text}`, not a number"))
            })
        };
        self.text(attribute).map(number).transpose()
    }

    pub(super) fn descriptor(&self) -> Result<Option<SecurityDescriptor>, DirectoryErrorKind> {
        let bytes = self.all("nTSecurityDescriptor").first();
        let descriptor = bytes
            .map(|bytes| SecurityDescriptor::from_bytes(bytes))
            .transpose();
        descriptor.map_err(|error| DirectoryErrorKind::Unreadable(error.to_string()))
    }

    /// Reads a computer account.
    pub(super) fn computer(&self) -> Result<Computer, DirectoryErrorKind> {
        let control = self.account_control()?;
        let parent = names::parent(&self.dn).unwrap_or_default().to_owned();
        let account = self.required("sAMAccountName")?;
        Ok(Computer {
            dn: self.dn.clone(),
            guid: self.guid()?,
            sid: self.required_sid("objectSid")?,
            account_name: account.strip_suffix('$').unwrap_or(&account).to_owned(),
            parent,
            enabled: control & ACCOUNT_DISABLED == 0,
            user_account_control: control,
            groups: self.texts("memberOf"),
            spns: self.texts("servicePrincipalName"),
            dns_host_name: self.text("dNSHostName"),
            additional_dns_host_names: self.texts("msDS-AdditionalDnsHostName"),
            owner: self.descriptor()?.and_then(|descriptor| descriptor.owner),
            creator: self.sid("mS-DS-CreatorSID")?,
            operating_system: self.text("operatingSystem"),
            key_version: self.number("msDS-KeyVersionNumber")?,
            password_last_set: self.number("pwdLastSet")?,
            when_changed: self.text("whenChanged"),
        })
    }

    /// Reads `userAccountControl`.
    pub(super) fn account_control(&self) -> Result<u32, DirectoryErrorKind> {
        // The schema's integers are signed; the bits are what counts.
        let signed: Option<i32> = self.number("userAccountControl")?;
        signed
            .map(i32::cast_unsigned)
            .ok_or_else(|| self.lacks("userAccountControl"))
    }

    fn lacks(&self, attribute: &str) -> DirectoryErrorKind {
        DirectoryErrorKind::Unreadable(format!("`{}` shows no `{attribute}`", self.dn))
    }
}
