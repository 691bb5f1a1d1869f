//! Security identifiers, as text (`S-1-5-21-…-1104`) and as the bytes Active Directory stores.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;

/// Sub-authorities a SID may have ([MS-DTYP] 2.4.2.2).
const MOST_SUB_AUTHORITIES: usize = 15;

/// A security identifier: who somebody is, for Windows and for Active Directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sid {
    authority: u64,
    sub_authorities: Vec<u32>,
}

/// Why a text or some bytes are not a SID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SidError {
    /// The text is not of the form `S-1-5-…`.
    #[error("`{0}` is not a SID, as in `S-1-5-21-1-2-3-1104`")]
    Text(String),
    /// The bytes are not a SID.
    #[error("{0} bytes are not a SID of revision 1")]
    Bytes(usize),
}

impl Sid {
    /// Makes a SID of its identifier authority (at most 48 bits) and its sub-authorities (at most
    /// 15); `None` when there are more.
    pub fn new(authority: u64, sub_authorities: &[u32]) -> Option<Self> {
        let fits = authority < 1 << 48 && sub_authorities.len() <= MOST_SUB_AUTHORITIES;
        fits.then(|| Self {
            authority,
            sub_authorities: sub_authorities.to_vec(),
        })
    }

    /// Reads the SID at the start of `bytes`, and says how many bytes it takes there.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), SidError> {
        let fault = || SidError::Bytes(bytes.len());
        let [1, count, authority @ ..] = bytes else {
            return Err(fault());
        };
        let count = usize::from(*count);
        let length = 8 + 4 * count;
        if count > MOST_SUB_AUTHORITIES || bytes.len() < length {
            return Err(fault());
        }
        // The authority is the only big-endian number in a security descriptor.
        let authority = authority[..6]
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
        let (words, _) = bytes[8..length].as_chunks::<4>();
        let sub_authorities = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        Ok((
            Self {
                authority,
                sub_authorities,
            },
            length,
        ))
    }

    /// Reads bytes that are one SID and nothing else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SidError> {
        match Self::read(bytes)? {
            (sid, length) if length == bytes.len() => Ok(sid),
            _ => Err(SidError::Bytes(bytes.len())),
        }
    }

    /// Returns the bytes, as in `objectSid`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let count = u8::try_from(self.sub_authorities.len()).unwrap_or(u8::MAX);
        let mut bytes = vec![1, count];
        bytes.extend_from_slice(&self.authority.to_be_bytes()[2..]);
        bytes.extend(
            self.sub_authorities
                .iter()
                .flat_map(|part| part.to_le_bytes()),
        );
        bytes
    }

    /// Returns the last sub-authority: the relative identifier of an account in its domain.
    pub fn relative(&self) -> Option<u32> {
        self.sub_authorities.last().copied()
    }

    /// Returns the SID without its last sub-authority: the domain of an account.
    pub fn domain(&self) -> Option<Self> {
        let (_, rest) = self.sub_authorities.split_last()?;
        Some(Self {
            authority: self.authority,
            sub_authorities: rest.to_vec(),
        })
    }

    /// Returns the SID with `relative` behind it: an account of this domain. `None` when there is
    /// no room.
    pub fn with_relative(&self, relative: u32) -> Option<Self> {
        let mut parts = self.sub_authorities.clone();
        parts.push(relative);
        Self::new(self.authority, &parts)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From 2^32 on the authority is written in hexadecimal ([MS-DTYP] 2.4.2.1).
        if self.authority < 1 << 32 {
            write!(f, "S-1-{}", self.authority)?;
        } else {
            write!(f, "S-1-0x{:012X}", self.authority)?;
        }
        self.sub_authorities
            .iter()
            .try_for_each(|part| write!(f, "-{part}"))
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sid {
    type Err = SidError;

    fn from_str(text: &str) -> Result<Self, SidError> {
        let fault = || SidError::Text(text.to_owned());
        let mut words = text.split('-');
        if !words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("s"))
            || words.next() != Some("1")
        {
            return Err(fault());
        }
        let authority = words.next().ok_or_else(fault)?;
        let authority = match authority
            .strip_prefix("0x")
            .or_else(|| authority.strip_prefix("0X"))
        {
            Some(digits) => u64::from_str_radix(digits, 16),
            None => authority.parse(),
        };
        let parts: Result<Vec<u32>, _> = words.map(str::parse).collect();
        match (authority, parts) {
            (Ok(authority), Ok(parts)) => Self::new(authority, &parts).ok_or_else(fault),
            _ => Err(fault()),
        }
    }
}

impl TryFrom<String> for Sid {
    type Error = SidError;
    fn try_from(text: String) -> Result<Self, SidError> {
        text.parse()
    }
}

impl From<Sid> for String {
    fn from(sid: Sid) -> Self {
        sid.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn administrators_as_windows_stores_it() {
        let bytes = [1, 2, 0, 0, 0, 0, 0, 5, 0x20, 0, 0, 0, 0x20, 2, 0, 0];
        let sid = Sid::from_bytes(&bytes).unwrap();
        assert_eq!(sid.to_string(), "S-1-5-32-544");
        assert_eq!(sid.to_bytes(), bytes);
        assert_eq!(sid.domain().unwrap().to_string(), "S-1-5-32");
        assert_eq!(sid.relative(), Some(544));
    }

    #[test]
    fn wrong_bytes_and_texts_are_refused() {
        for bad in [
            "",
            "S-1",
            "S-2-5-1",
            "S-1-5-x",
            "S-1-5-4294967296",
            "S-1-999999999999999-1",
        ] {
            assert!(bad.parse::<Sid>().is_err(), "{bad}");
        }
        assert!(
            Sid::from_bytes(&[1, 2, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]).is_err(),
            "cut short"
        );
        assert!(
            Sid::from_bytes(&[1, 0, 0, 0, 0, 0, 0, 5, 9]).is_err(),
            "one byte too many"
        );
        assert!(Sid::from_bytes(&[1, 16]).is_err());
    }

    proptest! {
        #[test]
        fn bytes_and_text_return(authority in 0_u64..1 << 48, parts in prop::collection::vec(any::<u32>(), 0..=15)) {
            let sid = Sid::new(authority, &parts).unwrap();
            prop_assert_eq!(&Sid::from_bytes(&sid.to_bytes()).unwrap(), &sid);
            prop_assert_eq!(sid.to_string().parse::<Sid>().unwrap(), sid);
        }
    }
}
