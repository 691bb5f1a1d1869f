//! Who may do what with an object of the directory, by its security descriptor.

use std::collections::BTreeSet;

use super::domain::Domain;
use super::domain::User;
use crate::directory::Ace;
use crate::directory::AceKind;
use crate::directory::Acl;
use crate::directory::Guid;
use crate::directory::Rights;
use crate::directory::SecurityDescriptor;
use crate::directory::Sid;
use crate::directory::access;

/// Everything ([MS-ADTS] 5.1.3.2, `GENERIC_ALL` mapped for directory objects).
const FULL_CONTROL: u32 = 0x000f_01ff;
/// `RIGHT_DS_READ_PROPERTY`, `RIGHT_DS_LIST_CONTENTS` and `READ_CONTROL`.
const READ: u32 = 0x0002_0014;
const WRITE_DACL: u32 = 0x0004_0000;
const WRITE_OWNER: u32 = 0x0008_0000;
const WRITE_PROPERTY: u32 = 0x0000_0020;
/// `SE_DACL_PRESENT | SE_DACL_AUTO_INHERITED | SE_SELF_RELATIVE`.
const CONTROL: u16 = 0x8404;
const INHERITED: u8 = 0x10;

/// What a join writes: whoever has a full right has all of these.
const WRITTEN: [&str; 4] = [
    "useraccountcontrol",
    "serviceprincipalname",
    "dnshostname",
    "msds-additionaldnshostname",
];

/// The descriptor of a computer account: its owner, Domain Admins and Account Operators have full
/// control, as the class's default descriptor has it ([MS-ADSC], `computer`), everybody may read.
pub(super) fn of_new_account(domain: &Domain, owner: Sid) -> SecurityDescriptor {
    let everybody = well_known("S-1-5-11");
    let operators = well_known("S-1-5-32-548");
    let administrators = well_known("S-1-5-32-544");
    let mut entries = vec![
        grant(domain.domain_admins(), FULL_CONTROL, 0),
        grant(operators, FULL_CONTROL, 0),
        grant(everybody, READ, 0),
        grant(administrators, FULL_CONTROL, INHERITED),
    ];
    if owner != domain.domain_admins() {
        // Who creates an account by the quota may reset it and write its names; full control is a
        // little more than that.
        entries.insert(0, grant(owner.clone(), FULL_CONTROL, 0));
    }
    SecurityDescriptor {
        control: CONTROL,
        owner: Some(owner),
        group: Some(domain.sid_of(513)),
        dacl: Some(Acl {
            revision: 4,
            entries,
        }),
    }
}

/// An entry that lets somebody do everything with one object.
pub(super) fn full_control(who: Sid) -> Ace {
    grant(who, FULL_CONTROL, 0)
}

fn grant(sid: Sid, mask: u32, flags: u8) -> Ace {
    Ace {
        kind: AceKind::Allowed,
        flags,
        mask,
        object_type: None,
        inherited_object_type: None,
        sid,
        data: Vec::new(),
    }
}

fn well_known(text: &str) -> Sid {
    text.parse().expect("a well-known SID is one")
}

/// What a token may do with an object.
pub(super) fn rights(descriptor: &SecurityDescriptor, token: &BTreeSet<Sid>) -> Rights {
    let may = |right, kind: Option<Guid>| access::grants(descriptor, token, right, kind);
    let owns = descriptor
        .owner
        .as_ref()
        .is_some_and(|sid| token.contains(sid));
    let writes = may(WRITE_PROPERTY, None);
    Rights {
        // An owner may always change the list ([MS-DTYP] 2.5.3.1.3).
        write_dacl: owns || may(WRITE_DACL, None),
        write_owner: may(WRITE_OWNER, None),
        write_account_control: writes,
        reset_password: may(access::EXTENDED_RIGHT, Some(access::RESET_PASSWORD)),
        delete: may(access::DELETE, None),
        writable_attributes: WRITTEN
            .into_iter()
            .filter(|_| writes)
            .map(str::to_owned)
            .collect(),
        creatable_classes: BTreeSet::new(),
    }
}

/// Whether a user may create computers in a container, without counting its quota.
pub(super) fn may_create(domain: &Domain, user: &User) -> bool {
    user.token.contains(&domain.domain_admins())
}
