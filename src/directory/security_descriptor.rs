//! Self-relative security descriptors: who owns an object and who may do what with it.
//!
//! Read from and written to the bytes of `nTSecurityDescriptor` ([MS-DTYP] 2.4.6). The system ACL is
//! never asked for, so it is not kept. An entry of an unknown form is refused, never dropped.

use serde::Deserialize;
use serde::Serialize;

use super::ace::Ace;
use super::sid::Sid;
use super::sid::SidError;

/// `SE_DACL_PRESENT` ([MS-DTYP] 2.4.6).
const DACL_PRESENT: u16 = 0x0004;
/// `SE_DACL_PROTECTED`: the object inherits no permissions.
const DACL_PROTECTED: u16 = 0x1000;
/// `SE_SELF_RELATIVE`: offsets, not pointers.
const SELF_RELATIVE: u16 = 0x8000;
/// `SE_SACL_PRESENT | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED | …`: what says anything of the
/// system ACL, which is not kept.
const ABOUT_SACL: u16 = 0x0010 | 0x0020 | 0x0200 | 0x0800 | 0x2000;
/// The fixed part: revision, padding, control and four offsets.
const HEADER: usize = 20;
/// The header of an ACL: revision, padding, size, count, padding.
const ACL_HEADER: usize = 8;

/// Which parts of a descriptor are meant: the flags of the `SD_FLAGS` control ([MS-ADTS]
/// 3.1.1.3.4.1.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(u8);

impl Parts {
    /// The discretionary ACL alone.
    pub const DACL: Self = Self(4);
    /// Owner, primary group and discretionary ACL.
    pub const OWNER_GROUP_DACL: Self = Self(7);
    /// Owner and primary group.
    pub const OWNER_GROUP: Self = Self(3);

    /// Returns the flags, as the control has them.
    pub const fn flags(self) -> u8 {
        self.0
    }
}

/// A security descriptor without its system ACL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecurityDescriptor {
    /// The control flags, without those that speak of the system ACL.
    pub control: u16,
    /// Who owns the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Sid>,
    /// The primary group, of no meaning to Active Directory itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Sid>,
    /// Who may do what; `None` when the descriptor has no list or was not asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dacl: Option<Acl>,
}

/// An access control list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acl {
    /// 2, or 4 as soon as an entry names an object type.
    pub revision: u8,
    /// The entries, in the order in which they are asked.
    pub entries: Vec<Ace>,
}

/// Why bytes are not a security descriptor that we can keep whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// The bytes end before what they announce.
    #[error("the security descriptor ends within its {0}")]
    Short(&'static str),
    /// Only self-relative descriptors of revision 1 travel in LDAP.
    #[error("the security descriptor has revision {revision} and control flags {control:#06x}")]
    Form {
        /// The revision.
        revision: u8,
        /// The control flags.
        control: u16,
    },
    /// An entry of a form we do not know.
    #[error("the security descriptor has an entry of the unknown type {0:#04x}")]
    EntryType(u8),
    /// A SID in it is none.
    #[error(transparent)]
    Sid(#[from] SidError),
    /// The list is larger than its 16-bit size can say.
    #[error("an access control list of {0} bytes is too large")]
    TooLarge(usize),
}

impl SecurityDescriptor {
    /// Reads the bytes of `nTSecurityDescriptor`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DescriptorError> {
        let header = bytes
            .get(..HEADER)
            .ok_or(DescriptorError::Short("header"))?;
        let control = u16_at(header, 2);
        if header[0] != 1 || control & SELF_RELATIVE == 0 {
            return Err(DescriptorError::Form {
                revision: header[0],
                control,
            });
        }
        let part = |at: usize, name| match u32_at(header, at) as usize {
            0 => Ok(None),
            offset => bytes
                .get(offset..)
                .map(Some)
                .ok_or(DescriptorError::Short(name)),
        };
        let sid = |part: Option<&[u8]>| part.map(Sid::read).transpose().map(|sid| sid.map(|s| s.0));
        let owner = sid(part(4, "owner")?)?;
        let group = sid(part(8, "group")?)?;
        let dacl = match part(16, "DACL")? {
            Some(rest) if control & DACL_PRESENT != 0 => Some(Acl::read(rest)?),
            _ => None,
        };
        Ok(Self {
            control: control & !ABOUT_SACL,
            owner,
            group,
            dacl,
        })
    }

    /// Returns the bytes, as `nTSecurityDescriptor` takes them.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DescriptorError> {
        let mut control = self.control & !ABOUT_SACL | SELF_RELATIVE;
        if self.dacl.is_some() {
            control |= DACL_PRESENT;
        }
        let mut bytes = vec![1, 0];
        bytes.extend_from_slice(&control.to_le_bytes());
        bytes.resize(HEADER, 0);
        let mut append = |at: usize, part: Vec<u8>| {
            let offset =
                u32::try_from(bytes.len()).map_err(|_| DescriptorError::TooLarge(bytes.len()))?;
            bytes[at..at + 4].copy_from_slice(&offset.to_le_bytes());
            bytes.extend(part);
            Ok::<_, DescriptorError>(())
        };
        if let Some(owner) = &self.owner {
            append(4, owner.to_bytes())?;
        }
        if let Some(group) = &self.group {
            append(8, group.to_bytes())?;
        }
        if let Some(dacl) = &self.dacl {
            append(16, dacl.to_bytes()?)?;
        }
        Ok(bytes)
    }

    /// Returns the entries that were set on the object itself, in their order.
    pub fn explicit(&self) -> Vec<&Ace> {
        self.entries()
            .filter(|entry| !entry.is_inherited())
            .collect()
    }

    /// Returns the entries that came from the containers above, in their order.
    pub fn inherited(&self) -> Vec<&Ace> {
        self.entries()
            .filter(|entry| entry.is_inherited())
            .collect()
    }

    /// Returns all entries in the order in which they are asked.
    pub fn entries(&self) -> impl Iterator<Item = &Ace> {
        self.dacl.iter().flat_map(|dacl| dacl.entries.iter())
    }

    /// Whether the object refuses what it would inherit.
    pub fn is_protected(&self) -> bool {
        self.control & DACL_PROTECTED != 0
    }

    /// Returns this object's descriptor with `entries` as its own permissions and with what it
    /// inherits kept, owner and group left out: ready for a write of the DACL alone.
    ///
    /// The entries stand in the canonical order: own before inherited, and of the own ones the
    /// denying before the granting ([MS-DTYP] 2.4.5), otherwise as given.
    #[must_use]
    pub fn with_explicit(&self, entries: &[Ace]) -> Self {
        let own = entries.iter().filter(|entry| !entry.is_inherited());
        let (denying, granting): (Vec<&Ace>, Vec<&Ace>) = own.partition(|entry| entry.denies());
        let entries: Vec<Ace> = denying
            .into_iter()
            .chain(granting)
            .chain(self.inherited())
            .cloned()
            .collect();
        let revision = if entries.iter().any(Ace::has_object) {
            4
        } else {
            2
        };
        let revision = self
            .dacl
            .as_ref()
            .map_or(revision, |dacl| dacl.revision.max(revision));
        let dacl = Some(Acl { revision, entries });
        Self {
            control: self.control | DACL_PRESENT,
            owner: None,
            group: None,
            dacl,
        }
    }
}

impl Acl {
    fn read(bytes: &[u8]) -> Result<Self, DescriptorError> {
        let header = bytes
            .get(..ACL_HEADER)
            .ok_or(DescriptorError::Short("DACL"))?;
        let size = usize::from(u16_at(header, 2));
        let mut rest = bytes
            .get(ACL_HEADER..size)
            .ok_or(DescriptorError::Short("DACL"))?;
        let mut entries = Vec::new();
        for _ in 0..u16_at(header, 4) {
            let (entry, length) = Ace::read(rest)?;
            entries.push(entry);
            rest = &rest[length..];
        }
        Ok(Self {
            revision: header[0],
            entries,
        })
    }

    fn to_bytes(&self) -> Result<Vec<u8>, DescriptorError> {
        let body = self
            .entries
            .iter()
            .map(Ace::to_bytes)
            .collect::<Result<Vec<_>, _>>()?
            .concat();
        let size = ACL_HEADER + body.len();
        let fits =
            |number: usize| u16::try_from(number).map_err(|_| DescriptorError::TooLarge(size));
        let mut bytes = vec![self.revision, 0];
        bytes.extend_from_slice(&fits(size)?.to_le_bytes());
        bytes.extend_from_slice(&fits(self.entries.len())?.to_le_bytes());
        bytes.extend_from_slice(&[0, 0]);
        bytes.extend(body);
        Ok(bytes)
    }
}

/// Reads a 16-bit number; the caller has checked the length.
fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// Reads a 32-bit number; the caller has checked the length.
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
