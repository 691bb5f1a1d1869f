//! Durations as people write them: `5s`, `15m`, `1h30m`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Deserialize;
use serde::Serialize;

/// A duration in a file: whole numbers with `ms`, `s`, `m`, `h` or `d`, the largest unit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DurationText(pub Duration);

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a duration: write it as in `5s`, `15m` or `1h30m`")]
pub struct DurationError(String);

impl DurationText {
    /// What the schema and the parser accept.
    pub(crate) const PATTERN: &'static str =
        "^([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,9}ms)?$";

    /// Reads a duration.
    pub fn new(text: &str) -> Result<Self, DurationError> {
        let fault = || DurationError(text.to_owned());
        let mut rest = text;
        let mut total = 0_u64;
        let mut units = UNITS.iter();
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let number: u64 = number.parse().map_err(|_| fault())?;
            let letters = tail.len() - tail.trim_start_matches(char::is_alphabetic).len();
            let (unit, tail) = tail.split_at(letters);
            // A unit may come only after larger ones, so each stands once.
            let (_, millis) = units.find(|(name, _)| *name == unit).ok_or_else(fault)?;
            total = number
                .checked_mul(*millis)
                .and_then(|n| total.checked_add(n))
                .ok_or_else(fault)?;
            rest = tail;
        }
        if text.is_empty() {
            Err(fault())
        } else {
            Ok(Self(Duration::from_millis(total)))
        }
    }
}

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, millis) in UNITS {
            let count = rest / millis;
            rest %= millis;
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl TryFrom<String> for DurationText {
    type Error = DurationError;
    fn try_from(text: String) -> Result<Self, DurationError> {
        Self::new(&text)
    }
}

impl From<DurationText> for String {
    fn from(duration: DurationText) -> Self {
        duration.to_string()
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "title": "Duration",
            "description": "A duration in whole `d`, `h`, `m`, `s` and `ms`, the largest first, as in \
                            `5s`, `15m` or `1h30m`.",
            "pattern": Self::PATTERN,
            "patternErrorMessage": "Write a duration as in `5s`, `15m` or `1h30m`.",
            "minLength": 2,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_write_the_same() {
        for (text, millis) in [
            ("5s", 5_000),
            ("15m", 900_000),
            ("1h30m", 5_400_000),
            ("250ms", 250),
            ("0s", 0),
            ("1d", 86_400_000),
        ] {
            let read = DurationText::new(text).unwrap();
            assert_eq!(read.0, Duration::from_millis(millis), "{text}");
            assert_eq!(read.to_string(), text);
        }
        assert_eq!(DurationText::new("90s").unwrap().to_string(), "1m30s");
        for bad in [
            "",
            "5",
            "m",
            "5 m",
            "-5s",
            "5s1m",
            "5s5s",
            "1.5h",
            "5x",
            "99999999999999999999d",
        ] {
            assert!(DurationText::new(bad).is_err(), "{bad}");
        }
    }
}
