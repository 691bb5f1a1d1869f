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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::directory::ace::AceKind;
    use crate::directory::guid::Guid;

    /// `O:BAG:BAD:(A;;0x100;;;BA)(OA;CIID;0x100;<reset password>;;S-1-5-11)`, laid out by hand.
    const BYTES: [u8; 136] = [
        1, 0, 0x04, 0x80, 20, 0, 0, 0, 36, 0, 0, 0, 0, 0, 0, 0, 52, 0, 0, 0, // header
        1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0, // owner S-1-5-32-544
        1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0, // group S-1-5-32-544
        4, 0, 84, 0, 2, 0, 0, 0, // list: revision 4, 84 bytes, 2 entries
        0, 0, 24, 0, 0, 1, 0, 0, // allowed, 24 bytes, control access
        1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0, // S-1-5-32-544
        5, 0x12, 52, 0, 0, 1, 0, 0, 1, 0, 0,
        0, // allowed object, inherited; object type present
        0x70, 0x95, 0x29, 0x00, 0x6d, 0x24, 0xd0, 0x11, // 00299570-246d-11d0-…
        0xa7, 0x68, 0x00, 0xaa, 0x00, 0x6e, 0x05, 0x29, // …-a768-00aa006e0529
        1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0, // S-1-5-11
        0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, 0, 0, 0, 0, // what follows the SID is kept
    ];

    #[test]
    fn fixed_bytes_are_read_and_written_back() {
        let descriptor = SecurityDescriptor::from_bytes(&BYTES).unwrap();
        assert_eq!(
            descriptor.owner.as_ref().unwrap().to_string(),
            "S-1-5-32-544"
        );
        let (own, inherited) = (descriptor.explicit(), descriptor.inherited());
        assert_eq!((own.len(), inherited.len()), (1, 1));
        assert_eq!(own[0].mask, 0x100);
        let reset = "00299570-246d-11d0-a768-00aa006e0529".parse().unwrap();
        assert_eq!(inherited[0].object_type, Some(reset));
        assert_eq!(inherited[0].sid.to_string(), "S-1-5-11");
        assert_eq!(descriptor.to_bytes().unwrap(), BYTES);
    }

    #[test]
    fn cut_or_unknown_bytes_are_refused() {
        for length in 0..BYTES.len() {
            assert!(
                SecurityDescriptor::from_bytes(&BYTES[..length]).is_err(),
                "{length} bytes"
            );
        }
        let mut unknown = BYTES;
        unknown[60] = 4;
        assert_eq!(
            SecurityDescriptor::from_bytes(&unknown),
            Err(DescriptorError::EntryType(4))
        );
        let mut empty_entry = BYTES;
        empty_entry[62] = 0;
        assert!(SecurityDescriptor::from_bytes(&empty_entry).is_err());
    }

    fn sids() -> impl Strategy<Value = Sid> {
        (0_u64..1 << 48, prop::collection::vec(any::<u32>(), 0..=15))
            .prop_map(|(authority, parts)| Sid::new(authority, &parts).unwrap())
    }

    fn entries() -> impl Strategy<Value = Ace> {
        let kinds = prop::sample::select(vec![
            AceKind::Allowed,
            AceKind::Denied,
            AceKind::AllowedObject,
            AceKind::DeniedObject,
            AceKind::AllowedCallback,
            AceKind::DeniedCallbackObject,
        ]);
        let data = prop::collection::vec(any::<u8>(), 0..16);
        let types = any::<(Option<u128>, Option<u128>)>();
        (kinds, any::<u8>(), any::<u32>(), types, sids(), data).prop_map(
            |(kind, flags, mask, (one, other), sid, data)| {
                let typed =
                    |value: Option<u128>| value.filter(|_| kind.has_object()).map(Guid::new);
                let (object_type, inherited_object_type) = (typed(one), typed(other));
                Ace {
                    kind,
                    flags,
                    mask,
                    object_type,
                    inherited_object_type,
                    sid,
                    data,
                }
            },
        )
    }

    fn descriptors() -> impl Strategy<Value = SecurityDescriptor> {
        let dacl = prop::option::of(prop::collection::vec(entries(), 0..8));
        (prop::option::of(sids()), prop::option::of(sids()), dacl).prop_map(
            |(owner, group, entries)| {
                let dacl = entries.map(|entries| Acl {
                    revision: 4,
                    entries,
                });
                let control = SELF_RELATIVE | if dacl.is_some() { DACL_PRESENT } else { 0 };
                SecurityDescriptor {
                    control,
                    owner,
                    group,
                    dacl,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn bytes_and_json_return(descriptor in descriptors()) {
            let bytes = descriptor.to_bytes().unwrap();
            prop_assert_eq!(&SecurityDescriptor::from_bytes(&bytes).unwrap(), &descriptor);
            let json = serde_json::to_string(&descriptor).unwrap();
            prop_assert_eq!(serde_json::from_str::<SecurityDescriptor>(&json).unwrap(), descriptor);
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), at in 0_usize..136, by: u8) {
            let _any_answer = SecurityDescriptor::from_bytes(&bytes);
            let mut nearly = BYTES;
            nearly[at] = by;
            let _any_answer = SecurityDescriptor::from_bytes(&nearly);
        }

        #[test]
        fn copied_permissions_leave_the_inherited_ones(from in descriptors(), to in descriptors()) {
            let own: Vec<Ace> = from.explicit().into_iter().cloned().collect();
            let new = to.with_explicit(&own);
            prop_assert_eq!(new.inherited(), to.inherited());
            prop_assert_eq!(new.explicit().len(), own.len());
            prop_assert!(own.iter().all(|entry| new.explicit().contains(&entry)));
            let order: Vec<_> = new.entries().map(|e| (e.is_inherited(), !e.denies())).collect();
            let own_order: Vec<_> = order.iter().filter(|(inherited, _)| !inherited).collect();
            prop_assert!(order.is_sorted_by_key(|(inherited, _)| *inherited));
            prop_assert!(own_order.is_sorted());
        }
    }
}
