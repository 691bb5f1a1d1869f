//! One entry of an access control list: who, what, and on which kind of object.
//!
//! All entry forms of a discretionary ACL are read ([MS-DTYP] 2.4.4); what follows the SID in
//! conditional ones is kept as bytes.

use serde::Deserialize;
use serde::Serialize;

use super::guid::Guid;
use super::security_descriptor::DescriptorError;
use super::sid::Sid;

/// `INHERITED_ACE`: the entry came from a container above.
const INHERITED: u8 = 0x10;
/// `INHERIT_ONLY_ACE`: the entry is for objects below, not for this one.
const INHERIT_ONLY: u8 = 0x08;
/// `ACE_OBJECT_TYPE_PRESENT` and `ACE_INHERITED_OBJECT_TYPE_PRESENT`.
const OBJECT_TYPE: u32 = 1;
const INHERITED_OBJECT_TYPE: u32 = 2;

/// An access control entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ace {
    /// Whether it grants or denies, and in which form.
    pub kind: AceKind,
    /// How it is inherited, bit by bit.
    pub flags: u8,
    /// The rights, bit by bit ([MS-ADTS] 5.1.3.2).
    pub mask: u32,
    /// The property, property set, extended right or class of child it is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_type: Option<Guid>,
    /// The class of objects that inherit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inherited_object_type: Option<Guid>,
    /// Who is meant.
    pub sid: Sid,
    /// What follows the SID: the condition of a conditional entry, else usually nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<u8>,
}

/// The forms of an entry; the numbers are those of [MS-DTYP] 2.4.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum AceKind {
    /// Grants.
    Allowed = 0,
    /// Denies.
    Denied = 1,
    /// Grants on a kind of object or a property.
    AllowedObject = 5,
    /// Denies on a kind of object or a property.
    DeniedObject = 6,
    /// Grants under a condition.
    AllowedCallback = 9,
    /// Denies under a condition.
    DeniedCallback = 10,
    /// Grants on a kind of object under a condition.
    AllowedCallbackObject = 11,
    /// Denies on a kind of object under a condition.
    DeniedCallbackObject = 12,
}

impl AceKind {
    const ALL: [Self; 8] = [
        Self::Allowed,
        Self::Denied,
        Self::AllowedObject,
        Self::DeniedObject,
        Self::AllowedCallback,
        Self::DeniedCallback,
        Self::AllowedCallbackObject,
        Self::DeniedCallbackObject,
    ];

    /// Whether entries of this form may name object types.
    pub fn has_object(self) -> bool {
        use AceKind::{AllowedCallbackObject, AllowedObject, DeniedCallbackObject, DeniedObject};
        matches!(
            self,
            AllowedObject | DeniedObject | AllowedCallbackObject | DeniedCallbackObject
        )
    }

    /// Whether entries of this form hold only under a condition.
    pub fn is_conditional(self) -> bool {
        self as u8 >= Self::AllowedCallback as u8
    }
}

impl Ace {
    /// Whether it came from a container above.
    pub fn is_inherited(&self) -> bool {
        self.flags & INHERITED != 0
    }

    /// Whether it says something of the object it stands on, not only of those below.
    pub fn is_effective(&self) -> bool {
        self.flags & INHERIT_ONLY == 0
    }

    /// Whether it denies.
    pub fn denies(&self) -> bool {
        use AceKind::{Denied, DeniedCallback, DeniedCallbackObject, DeniedObject};
        matches!(
            self.kind,
            Denied | DeniedObject | DeniedCallback | DeniedCallbackObject
        )
    }

    /// Whether it may name object types.
    pub fn has_object(&self) -> bool {
        self.kind.has_object()
    }

    /// Reads the entry at the start of `bytes`, and says how many bytes it takes there.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, usize), DescriptorError> {
        let short = DescriptorError::Short("entries");
        let [kind, flags, low, high, ..] = bytes else {
            return Err(short);
        };
        let kind = AceKind::ALL
            .into_iter()
            .find(|known| *known as u8 == *kind)
            .ok_or(DescriptorError::EntryType(*kind))?;
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let mut rest = bytes.get(4..length).ok_or_else(|| short.clone())?;
        let mask = take_u32(&mut rest).ok_or_else(|| short.clone())?;
        let (mut object_type, mut inherited_object_type) = (None, None);
        if kind.has_object() {
            let present = take_u32(&mut rest).ok_or_else(|| short.clone())?;
            if present & OBJECT_TYPE != 0 {
                object_type = Some(take_guid(&mut rest).ok_or_else(|| short.clone())?);
            }
            if present & INHERITED_OBJECT_TYPE != 0 {
                inherited_object_type = Some(take_guid(&mut rest).ok_or(short)?);
            }
        }
        let (sid, taken) = Sid::read(rest)?;
        let data = rest[taken..].to_vec();
        let flags = *flags;
        Ok((
            Self {
                kind,
                flags,
                mask,
                object_type,
                inherited_object_type,
                sid,
                data,
            },
            length,
        ))
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, DescriptorError> {
        let mut body = self.mask.to_le_bytes().to_vec();
        if self.kind.has_object() {
            let mut present = 0;
            present |= self.object_type.map_or(0, |_| OBJECT_TYPE);
            present |= self
                .inherited_object_type
                .map_or(0, |_| INHERITED_OBJECT_TYPE);
            body.extend_from_slice(&present.to_le_bytes());
            for guid in [self.object_type, self.inherited_object_type]
                .into_iter()
                .flatten()
            {
                body.extend_from_slice(&guid.to_bytes());
            }
        }
        body.extend(self.sid.to_bytes());
        body.extend_from_slice(&self.data);
        let size = 4 + body.len();
        let length = u16::try_from(size).map_err(|_| DescriptorError::TooLarge(size))?;
        let mut bytes = vec![self.kind as u8, self.flags];
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend(body);
        Ok(bytes)
    }
}

fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*word))
}

fn take_guid(bytes: &mut &[u8]) -> Option<Guid> {
    let (word, rest) = bytes.split_first_chunk::<16>()?;
    *bytes = rest;
    Guid::from_bytes(word).ok()
}
