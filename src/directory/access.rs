//! Reckons what a token may do with an object, as the access check of [MS-ADTS] 5.1.3.3 does.
//!
//! Used where the server does not reckon it for us: for extended rights, validated writes and
//! deletion. Conditions are not evaluated: a conditional grant is not counted, a conditional denial
//! is, so the answer errs on the side of "no".

use std::collections::BTreeSet;

use super::ace::Ace;
use super::guid::Guid;
use super::security_descriptor::SecurityDescriptor;
use super::sid::Sid;

/// `DELETE` ([MS-ADTS] 5.1.3.2, as all of these).
pub(crate) const DELETE: u32 = 0x0001_0000;
/// `RIGHT_DS_DELETE_CHILD`.
pub(crate) const DELETE_CHILD: u32 = 0x0000_0002;
/// `RIGHT_DS_WRITE_PROPERTY_EXTENDED`: a validated write.
pub(crate) const VALIDATED_WRITE: u32 = 0x0000_0008;
/// `RIGHT_DS_CONTROL_ACCESS`: an extended right.
pub(crate) const EXTENDED_RIGHT: u32 = 0x0000_0100;
/// `RIGHT_GENERIC_ALL`.
const GENERIC_ALL: u32 = 0x1000_0000;
/// The SID that stands for the object itself, not for a token.
const PRINCIPAL_SELF: &str = "S-1-5-10";

/// The extended right `User-Force-Change-Password` ([MS-ADTS] 5.1.3.2.1).
pub(crate) const RESET_PASSWORD: Guid = Guid::new(0x0029_9570_246d_11d0_a768_00aa_006e_0529);
/// The validated write of `servicePrincipalName` ([MS-ADTS] 5.1.3.2.2).
pub(crate) const VALIDATED_SPN: Guid = Guid::new(0xf3a6_4788_5306_11d1_a9c5_0000_f803_67c1);
/// The validated write of `dNSHostName` ([MS-ADTS] 5.1.3.2.2).
pub(crate) const VALIDATED_DNS_HOST_NAME: Guid =
    Guid::new(0x72e3_9547_7b18_11d1_adef_00c0_4fd8_d5cd);
/// The class `computer` (its `schemaIDGUID`, [MS-ADSC] 2.21).
pub(crate) const COMPUTER_CLASS: Guid = Guid::new(0xbf96_7a86_0de6_11d0_a285_00aa_0030_49e2);

/// Whether the DACL grants `right` (one bit) to `token`, on `object_type` where the right has one.
///
/// The entries are asked in their order; the first that speaks of the right decides. An object
/// without a list grants everything, one with an empty list nothing.
pub(crate) fn grants(
    descriptor: &SecurityDescriptor,
    token: &BTreeSet<Sid>,
    right: u32,
    object_type: Option<Guid>,
) -> bool {
    let Some(dacl) = &descriptor.dacl else {
        return true;
    };
    let speaks = |entry: &&Ace| {
        entry.is_effective()
            && entry.mask & (right | GENERIC_ALL) != 0
            && (token.contains(&entry.sid) && entry.sid.to_string() != PRINCIPAL_SELF)
            && (entry.object_type.is_none() || entry.object_type == object_type)
            && (entry.denies() || !entry.kind.is_conditional())
    };
    dacl.entries
        .iter()
        .find(speaks)
        .is_some_and(|entry| !entry.denies())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::ace::AceKind;
    use crate::directory::security_descriptor::Acl;

    fn ace(kind: AceKind, mask: u32, object_type: Option<Guid>, sid: &str) -> Ace {
        let sid = sid.parse().unwrap();
        Ace {
            kind,
            flags: 0,
            mask,
            object_type,
            inherited_object_type: None,
            sid,
            data: vec![],
        }
    }

    fn check(entries: Vec<Ace>, expected: bool) {
        let dacl = Some(Acl {
            revision: 4,
            entries,
        });
        let descriptor = SecurityDescriptor {
            control: 0x8004,
            owner: None,
            group: None,
            dacl,
        };
        let token = ["S-1-5-21-1-2-3-1104", "S-1-1-0"]
            .map(|sid| sid.parse().unwrap())
            .into();
        let found = grants(&descriptor, &token, EXTENDED_RIGHT, Some(RESET_PASSWORD));
        assert_eq!(found, expected, "{descriptor:?}");
    }

    #[test]
    fn the_first_entry_that_speaks_of_the_right_decides() {
        let me = "S-1-5-21-1-2-3-1104";
        let other = "S-1-5-21-1-2-3-1105";
        let reset = Some(RESET_PASSWORD);
        check(vec![], false);
        check(vec![ace(AceKind::Allowed, EXTENDED_RIGHT, None, me)], true);
        check(
            vec![ace(AceKind::Allowed, GENERIC_ALL, None, "S-1-1-0")],
            true,
        );
        check(
            vec![ace(AceKind::AllowedObject, EXTENDED_RIGHT, reset, me)],
            true,
        );
        check(
            vec![ace(
                AceKind::AllowedObject,
                EXTENDED_RIGHT,
                Some(VALIDATED_SPN),
                me,
            )],
            false,
        );
        check(
            vec![ace(AceKind::Allowed, EXTENDED_RIGHT, None, other)],
            false,
        );
        check(vec![ace(AceKind::Allowed, DELETE, None, me)], false);
        check(
            vec![ace(AceKind::AllowedCallback, EXTENDED_RIGHT, None, me)],
            false,
        );
        let deny = ace(AceKind::DeniedObject, EXTENDED_RIGHT, reset, "S-1-1-0");
        let allow = ace(AceKind::Allowed, EXTENDED_RIGHT, None, me);
        check(vec![deny.clone(), allow.clone()], false);
        check(vec![allow, deny], true);
        let mut below = ace(AceKind::Allowed, EXTENDED_RIGHT, None, me);
        below.flags = 0x08;
        check(vec![below], false);
    }
}
