//! What is known of a computer account, and who is asking: plain values for snapshots.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::Serialize;

use super::guid::Guid;
use super::sid::Sid;

/// `ADS_UF_ACCOUNTDISABLE` of `userAccountControl` ([MS-ADTS] 2.2.16).
pub const ACCOUNT_DISABLED: u32 = 0x0002;

/// A computer account, as it was read at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Computer {
    /// Its distinguished name.
    pub dn: String,
    /// Its `objectGUID`: it stays the same as long as the object lives.
    pub guid: Guid,
    /// Its `objectSid`: who it is to every access control list.
    pub sid: Sid,
    /// Its `sAMAccountName` without the `$`, spelled as stored.
    pub account_name: String,
    /// The distinguished name of the container or organizational unit it is in.
    pub parent: String,
    /// Whether the account may be used: bit 2 of `userAccountControl` is clear.
    pub enabled: bool,
    /// `userAccountControl`, all bits.
    pub user_account_control: u32,
    /// The distinguished names of the groups it is a direct member of (`memberOf`), sorted;
    /// the primary group is not among them.
    pub groups: Vec<String>,
    /// Its service principal names, sorted.
    pub spns: Vec<String>,
    /// `dNSHostName`.
    pub dns_host_name: Option<String>,
    /// `msDS-AdditionalDnsHostName`, sorted.
    pub additional_dns_host_names: Vec<String>,
    /// Who owns the object; `None` when we may not see that.
    pub owner: Option<Sid>,
    /// `mS-DS-CreatorSID`: set only when somebody created it by the right of every user to join a
    /// few computers, not by a granted right.
    pub creator: Option<Sid>,
    /// `operatingSystem`, as the machine reported it when it joined.
    pub operating_system: Option<String>,
    /// `msDS-KeyVersionNumber`: how often the machine password was set.
    pub key_version: Option<u32>,
    /// `pwdLastSet`: 100 ns steps since 1601, UTC.
    pub password_last_set: Option<i64>,
    /// `whenChanged` on the server that answered, as in `20261123143355.0Z`.
    pub when_changed: Option<String>,
}

/// Who is bound to the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Its `sAMAccountName`.
    pub account_name: String,
    /// Its distinguished name.
    pub dn: String,
    /// Its own SID.
    pub sid: Sid,
    /// Its own SID and those of all groups it is in, directly or not: its token.
    pub token: BTreeSet<Sid>,
}

/// What the domain controller says of itself and its domain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainController {
    /// Its DNS name.
    pub dns_host_name: Option<String>,
    /// The root of the domain, as in `DC=lab,DC=test`.
    pub domain_dn: String,
    /// The domain's SID.
    pub domain_sid: Sid,
    /// Whether it is a Samba domain controller.
    pub samba: bool,
}

/// An object that holds a name already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// The object's distinguished name.
    pub dn: String,
    /// Its `objectGUID`.
    pub guid: Guid,
    /// The attribute that holds the name.
    pub attribute: String,
    /// The value as stored.
    pub value: String,
}

/// What the account that is bound may do with one object, as the server itself reckons it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rights {
    /// It may write the discretionary ACL (`sDRightsEffective`).
    pub write_dacl: bool,
    /// It may write owner and group.
    pub write_owner: bool,
    /// It may write `userAccountControl`, so enable and disable.
    pub write_account_control: bool,
    /// It may set a new password without knowing the old one (the extended right
    /// `User-Force-Change-Password`, reckoned from the DACL and the token).
    pub reset_password: bool,
    /// It may delete the object (reckoned from the DACL and the token).
    pub delete: bool,
    /// `allowedAttributesEffective`, in lower case.
    pub writable_attributes: BTreeSet<String>,
    /// `allowedChildClassesEffective`, in lower case.
    pub creatable_classes: BTreeSet<String>,
}

impl Rights {
    /// Whether the account may write `attribute`, whatever its case.
    pub fn can_write(&self, attribute: &str) -> bool {
        self.writable_attributes
            .contains(&attribute.to_ascii_lowercase())
    }
}

/// The software of the machine that is to join: the rule on reusing an account differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Member {
    /// Windows, whose own join code refuses accounts of strangers since October 2022.
    Windows,
    /// Samba, whose join asks only whether the account may be written.
    Samba,
}

/// What a join will come to, as far as the directory can tell without trying.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Prediction {
    /// Whether everything that can be seen from here allows it.
    pub allowed: bool,
    /// What speaks for and against it, one sentence each; never empty.
    pub reasons: Vec<String>,
}
