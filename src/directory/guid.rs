//! Globally unique identifiers, as text and in the mixed byte order of Active Directory.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

/// A GUID. An object's `objectGUID` outlives every rename and move, so objects are known by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Guid(u128);

/// Why a text or some bytes are not a GUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuidError {
    /// The text is not of the form `8-4-4-4-12` hexadecimal digits.
    #[error("`{0}` is not a GUID, as in `00299570-246d-11d0-a768-00aa006e0529`")]
    Text(String),
    /// A GUID has 16 bytes.
    #[error("{0} bytes are not a GUID")]
    Bytes(usize),
}

impl Guid {
    /// Makes a GUID of the number that its digits spell.
    pub const fn new(value: u128) -> Self {
        Self(value)
    }

    /// Reads the 16 bytes of `objectGUID`: the first three fields are little-endian.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, GuidError> {
        let bytes = <[u8; 16]>::try_from(bytes).map_err(|_| GuidError::Bytes(bytes.len()))?;
        Ok(Self(u128::from_be_bytes(swap(bytes))))
    }

    /// Returns the bytes, as in `objectGUID`.
    pub fn to_bytes(self) -> [u8; 16] {
        swap(self.0.to_be_bytes())
    }

    /// Returns the name that Active Directory takes wherever a distinguished name is wanted, and
    /// that stays right when the object is renamed or moved ([MS-ADTS] 3.1.1.3.1.2.4).
    pub fn as_dn(&self) -> String {
        format!("<GUID={self}>")
    }
}

/// Turns the stored byte order into the order of the digits, and back.
const fn swap(b: [u8; 16]) -> [u8; 16] {
    [
        b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6], b[8], b[9], b[10], b[11], b[12], b[13],
        b[14], b[15],
    ]
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:032x}", self.0);
        let groups = [
            &text[..8],
            &text[8..12],
            &text[12..16],
            &text[16..20],
            &text[20..],
        ];
        f.write_str(&groups.join("-"))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Guid {
    type Err = GuidError;

    fn from_str(text: &str) -> Result<Self, GuidError> {
        let fault = || GuidError::Text(text.to_owned());
        let bare = text
            .strip_prefix('{')
            .and_then(|t| t.strip_suffix('}'))
            .unwrap_or(text);
        let groups: Vec<&str> = bare.split('-').collect();
        let shape = groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12]);
        let digits = groups.concat();
        if !shape || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(fault());
        }
        u128::from_str_radix(&digits, 16)
            .map(Self)
            .map_err(|_| fault())
    }
}

impl TryFrom<String> for Guid {
    type Error = GuidError;
    fn try_from(text: String) -> Result<Self, GuidError> {
        text.parse()
    }
}

impl From<Guid> for String {
    fn from(guid: Guid) -> Self {
        guid.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_three_fields_are_little_endian() {
        let text = "00299570-246d-11d0-a768-00aa006e0529";
        let bytes = [
            0x70, 0x95, 0x29, 0x00, 0x6d, 0x24, 0xd0, 0x11, 0xa7, 0x68, 0x00, 0xaa, 0x00, 0x6e,
            0x05, 0x29,
        ];
        assert_eq!(text.parse::<Guid>().unwrap().to_bytes(), bytes);
        assert_eq!(Guid::from_bytes(&bytes).unwrap().to_string(), text);
        assert_eq!(
            Guid::from_bytes(&bytes).unwrap().as_dn(),
            format!("<GUID={text}>")
        );
    }

    #[test]
    fn wrong_texts_are_refused() {
        for bad in [
            "",
            "00299570246d11d0a76800aa006e0529",
            "+0299570-246d-11d0-a768-00aa006e0529",
        ] {
            assert!(bad.parse::<Guid>().is_err(), "{bad}");
        }
        assert!(Guid::from_bytes(&[0; 15]).is_err());
    }

    proptest! {
        #[test]
        fn bytes_and_text_return(value: u128) {
            let guid = Guid::new(value);
            prop_assert_eq!(Guid::from_bytes(&guid.to_bytes()).unwrap(), guid);
            prop_assert_eq!(guid.to_string().parse::<Guid>().unwrap(), guid);
            let braces = format!("{{{guid}}}");
            prop_assert_eq!(braces.parse::<Guid>().unwrap(), guid);
        }
    }
}
