//! What a text says besides its words: codes, names of codes, LDAP results, events, percents.
//!
//! A number counts as a code only where the text calls it one: the 5 of `port 5` is none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

/// What was read off a text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The text in lower case, each run of blanks one space.
    pub(super) text: String,
    pub(super) codes: BTreeSet<u32>,
    /// In lower case, `status_…` without `nt_`.
    pub(super) names: BTreeSet<String>,
    pub(super) ldap: BTreeSet<u32>,
    /// In hexadecimal.
    pub(super) data: BTreeSet<String>,
    pub(super) events: BTreeSet<u32>,
    pub(super) percents: BTreeSet<u32>,
}

macro_rules! pattern {
    ($name:ident = $text:literal) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($text).expect("a constant pattern"));
    };
}

pattern!(
    CALLED_A_CODE = r"(exit |ldap )?\b(?:error|win32|werr|hresult|code|system error)(?: code| number)?\s?[:=(#]?\s?(-?\d{1,10})\b"
);
pattern!(HEXADECIMAL = r"\b0x([0-9a-f]{1,8})\b");
pattern!(IN_BRACKETS = r"\((\d{4})\)");
pattern!(
    NAME = r"\b((?:nt_status|status|nerr|error|werr|rpc_s|ept_s|sec_e|dns_error|krb_ap_err|nca_s)_[a-z0-9_]+|[a-z]+[A-Z][A-Za-z]+|nerr_[a-z]+|e_fail|op_rng_error|nxdomain|privilege_not_held|(?:error_)?privilege_not_held)\b"
);
pattern!(LDAP_RESULT = r"\b(?:ldap(?: result| error)?(?: code)?\s?[:=]?\s?|rc\s?=\s?)(\d{1,3})\b");
pattern!(LDAP_DATA = r"\bdata ([0-9a-f]{3})\b");
pattern!(EVENT = r"\bevent(?: id)?\s?[:=]?\s?(\d{2,5})\b");
pattern!(PERCENT = r"\b(\d{1,3})\s?%");
pattern!(AT_PERCENT = r"\b(?:at|on) \d{1,3}\s?%");

impl Evidence {
    /// Returns whether the text says where a cutover stands, as in "hangs at 38%".
    pub(super) fn stands_at_a_percent(&self) -> bool {
        AT_PERCENT.is_match(&self.text)
    }

    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let words: Vec<&str> = text.split_whitespace().collect();
        let asked = words.join(" ");
        let lower = asked.to_lowercase();
        let mut evidence = Self::default();
        evidence.bare(&lower);
        for found in CALLED_A_CODE.captures_iter(&lower) {
            // What a program exits with is its own business, and LDAP has numbers of its own.
            if found.get(1).is_none() {
                evidence.code(found[2].parse().ok());
            }
        }
        for found in HEXADECIMAL.captures_iter(&lower) {
            evidence.code(i64::from_str_radix(&found[1], 16).ok());
        }
        for found in IN_BRACKETS.captures_iter(&lower) {
            evidence.code(found[1].parse().ok());
        }
        for found in NAME.captures_iter(&asked).chain(NAME.captures_iter(&lower)) {
            let name = found[1].to_lowercase();
            let name = name.strip_prefix("nt_").unwrap_or(&name);
            evidence.names.insert(name.to_owned());
        }
        let numbers = |pattern: &Regex| -> BTreeSet<u32> {
            pattern
                .captures_iter(&lower)
                .filter_map(|found| found[1].parse().ok())
                .collect()
        };
        evidence.ldap.extend(numbers(&LDAP_RESULT));
        evidence.events.extend(numbers(&EVENT));
        evidence.percents.extend(numbers(&PERCENT));
        for found in LDAP_DATA.captures_iter(&lower) {
            evidence.data.insert(found[1].to_owned());
            // Active Directory writes a Win32 code there, in hexadecimal.
            evidence.code(i64::from_str_radix(&found[1], 16).ok());
        }
        evidence.text = lower;
        evidence
    }

    /// A text that is nothing but a number is a code, or an event's.
    fn bare(&mut self, text: &str) {
        let Ok(number) = text.parse::<i64>() else {
            return;
        };
        self.code(Some(number));
        self.events.extend(u32::try_from(number));
    }

    fn code(&mut self, number: Option<i64>) {
        let Some(number) = number else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an HRESULT is often written as the negative number of its bits"
        )]
        let code = match number {
            -0x8000_0000..0 => number as i32 as u32,
            0..=0xffff_ffff => number as u32,
            _ => return,
        };
        self.codes.insert(code);
        // FACILITY_WIN32: the code is in the lower half ([MS-ERREF] 2.1.1).
        if code >> 16 == 0x8007 {
            self.codes.insert(code & 0xffff);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<u32> {
        Evidence::of(text).codes.into_iter().collect()
    }

    #[test]
    fn numbers_count_only_where_they_are_called_codes() {
        assert_eq!(codes("5"), [5]);
        assert_eq!(codes("0xAAC"), [2732]);
        assert_eq!(codes("System error 53 has occurred."), [53]);
        assert_eq!(codes("the join failed (2732)"), [2732]);
        assert_eq!(codes("HRESULT 0x8007052E"), [1326, 0x8007_052e]);
        assert_eq!(codes("error=-2146233088"), [0x8013_1500]);
        assert_eq!(codes("TCP port 5 of 10.98.0.21 does not answer"), [0; 0]);
        assert_eq!(codes("the command ended with exit code 5"), [0; 0]);
        assert_eq!(codes("stage 38 of 47"), [0; 0]);
    }

    #[test]
    fn an_answer_of_active_directory_is_taken_apart() {
        let text = "rc=49 (invalidCredentials), text: 80090308: LdapErr: DSID-0C09044E, comment: \
                    AcceptSecurityContext error, data 532, v4563";
        let evidence = Evidence::of(text);
        assert!(evidence.ldap.contains(&49));
        assert!(evidence.data.contains("532"));
        assert!(evidence.codes.contains(&1330));
        assert!(evidence.names.contains("invalidcredentials"));
    }

    #[test]
    fn names_are_the_same_with_and_without_nt() {
        let with = Evidence::of("NT_STATUS_LOGON_FAILURE").names;
        assert_eq!(with, Evidence::of("STATUS_LOGON_FAILURE").names);
        assert!(
            Evidence::of("NERR_AccountReuseBlockedByPolicy")
                .names
                .contains("nerr_accountreuseblockedbypolicy")
        );
    }
}
