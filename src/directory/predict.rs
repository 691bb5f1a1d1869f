//! Tells beforehand what a join will come to, from what was read of the directory.
//!
//! Pure: the reading is done by the caller. The rule on reusing an account is that of KB5020276
//! ("Netjoin: Domain join hardening changes"): it looks at who created or owns the account, not at
//! whether the one who joins is powerful.

use super::computer::Computer;
use super::computer::Conflict;
use super::computer::Identity;
use super::computer::Member;
use super::computer::Prediction;
use super::computer::Rights;
use super::sid::Sid;

/// Domain Admins and Enterprise Admins, relative to a domain ([MS-DTYP] 2.4.2.4).
const DOMAIN_ADMINS: u32 = 512;
const ENTERPRISE_ADMINS: u32 = 519;
/// Administrators of the domain controllers.
const ADMINISTRATORS: &str = "S-1-5-32-544";

/// Who made an account, as far as can be seen.
pub(crate) struct Origin {
    /// Who owns the object, and whether that is an administrators' group or a member of one.
    pub(crate) owner: Option<(Sid, bool)>,
    /// The same of who created it.
    pub(crate) creator: Option<(Sid, bool)>,
}

/// What is known about creating an account.
pub(crate) struct Creation<'a> {
    pub(crate) name: &'a str,
    pub(crate) container: &'a str,
    /// What is wrong with the name itself.
    pub(crate) fault: Option<String>,
    pub(crate) conflicts: &'a [Conflict],
    /// Whether there is a right to create computers in the container.
    pub(crate) granted: bool,
    /// Whether the container is the default one, where alone the quota counts.
    pub(crate) is_default: bool,
    /// `ms-DS-MachineAccountQuota` of the domain.
    pub(crate) quota: u32,
    /// How many accounts the bound account has created by its quota.
    pub(crate) used: u32,
}

/// Whether the SID is a group of administrators that KB5020276 names.
pub(crate) fn is_administrators(sid: &Sid, domain: &Sid) -> bool {
    let in_domain = sid.domain().as_ref() == Some(domain) && sid.relative() == Some(DOMAIN_ADMINS);
    // Enterprise Admins live in the forest's first domain, which may be another.
    let text = sid.to_string();
    let of_forest = text.starts_with("S-1-5-21-") && sid.relative() == Some(ENTERPRISE_ADMINS);
    in_domain || of_forest || text == ADMINISTRATORS
}

/// Whether the bound account may take the existing account over.
pub(crate) fn reuse(
    computer: &Computer,
    me: &Identity,
    origin: &Origin,
    rights: &Rights,
    joining: Member,
    samba_controller: bool,
) -> Prediction {
    let name = &computer.account_name;
    let mut reasons = Vec::new();
    let mut missing = Vec::new();
    for (granted, right) in [
        (rights.reset_password, "reset its password"),
        (rights.write_account_control, "write `userAccountControl`"),
        (
            rights.can_write("servicePrincipalName"),
            "write `servicePrincipalName`",
        ),
        (rights.can_write("dNSHostName"), "write `dNSHostName`"),
    ] {
        if !granted {
            missing.push(right);
        }
    }
    let mut allowed = missing.is_empty();
    let account = &me.account_name;
    reasons.push(if allowed {
        format!("`{account}` has the rights on `{name}` that a join needs")
    } else {
        format!("`{account}` may not {} of `{name}`", missing.join(", "))
    });
    match joining {
        Member::Samba => reasons.push(
            "the joining machine runs Samba, whose join asks for rights only; the rule of KB5020276 \
             is for Windows"
                .to_owned(),
        ),
        Member::Windows => {
            let (passes, reason) = rule(me, origin);
            reasons.push(reason);
            if !passes {
                allowed = false;
                reasons.push(unseen_policy(samba_controller));
            }
        }
    }
    Prediction { allowed, reasons }
}

/// The rule of KB5020276: the creator may reuse an account, and anybody one that was created by a
/// member of the administrators.
fn rule(me: &Identity, origin: &Origin) -> (bool, String) {
    // Without `mS-DS-CreatorSID` the account was made by a granted right, and the owner made it.
    let (who, sid, privileged) = match (&origin.creator, &origin.owner) {
        (Some((sid, true)), _) => ("creator", sid, true),
        (_, Some((sid, true))) => ("owner", sid, true),
        (Some((sid, _)), _) => ("creator", sid, false),
        (None, Some((sid, _))) => ("owner", sid, false),
        (None, None) => {
            return (
                false,
                "neither owner nor creator of the account can be seen".to_owned(),
            );
        }
    };
    let account = &me.account_name;
    if *sid == me.sid {
        (
            true,
            format!("KB5020276: `{account}` is the {who} of the account"),
        )
    } else if privileged {
        (
            true,
            format!("KB5020276: the {who} {sid} of the account is among the administrators"),
        )
    } else {
        (
            false,
            format!(
                "KB5020276: the {who} {sid} of the account is neither `{account}` nor among the \
                 administrators"
            ),
        )
    }
}

/// What cannot be read by LDAP: the allow list is a policy in the domain controllers' registry.
fn unseen_policy(samba_controller: bool) -> String {
    if samba_controller {
        "a Samba domain controller is not known to answer Windows' question for the policy \
         \"Domain controller: Allow computer account re-use during domain join\" (unverified)"
            .to_owned()
    } else {
        "it may still pass if the owner is in the policy \"Domain controller: Allow computer \
         account re-use during domain join\", which LDAP does not show; do not put the joining \
         account there"
            .to_owned()
    }
}

/// Whether the bound account may create the account.
pub(crate) fn create(asked: &Creation<'_>, me: &Identity) -> Prediction {
    let Creation {
        name,
        container,
        quota,
        used,
        ..
    } = asked;
    let account = &me.account_name;
    let mut reasons: Vec<String> = asked.fault.iter().cloned().collect();
    for Conflict {
        dn,
        attribute,
        value,
        ..
    } in asked.conflicts
    {
        reasons.push(format!("`{dn}` holds the name: `{attribute}` is `{value}`"));
    }
    let free = reasons.is_empty();
    if free {
        reasons.push(format!("the name `{name}` is free in the directory"));
    }
    let left = quota.saturating_sub(*used);
    let may = if asked.granted {
        reasons.push(format!(
            "`{account}` has the right to create computers in `{container}`"
        ));
        true
    } else if !asked.is_default {
        reasons.push(format!(
            "`{account}` has no right to create computers in `{container}`"
        ));
        false
    } else if left > 0 {
        reasons.push(format!(
            "`{account}` may still create {left} of {quota} computers (ms-DS-MachineAccountQuota)"
        ));
        true
    } else {
        reasons.push(format!(
            "`{account}` has no right to create computers in `{container}`, and has created {used} \
             of {quota} computers (ms-DS-MachineAccountQuota)"
        ));
        false
    };
    Prediction {
        allowed: free && may,
        reasons,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::directory::Guid;

    const ME: &str = "S-1-5-21-1-2-3-1104";
    const OTHER: &str = "S-1-5-21-1-2-3-1200";
    const ADMINS: &str = "S-1-5-21-1-2-3-512";

    fn me() -> Identity {
        let sid: Sid = ME.parse().unwrap();
        let token = BTreeSet::from([sid.clone()]);
        Identity {
            account_name: "sms".to_owned(),
            dn: "CN=sms".to_owned(),
            sid,
            token,
        }
    }

    fn computer() -> Computer {
        Computer {
            dn: "CN=FS01,OU=Servers,DC=lab,DC=test".to_owned(),
            guid: Guid::new(1),
            sid: "S-1-5-21-1-2-3-1105".parse().unwrap(),
            account_name: "FS01".to_owned(),
            parent: "OU=Servers,DC=lab,DC=test".to_owned(),
            enabled: true,
            user_account_control: 4096,
            groups: vec![],
            spns: vec![],
            dns_host_name: None,
            additional_dns_host_names: vec![],
            owner: None,
            creator: None,
            operating_system: None,
            key_version: None,
            password_last_set: None,
            when_changed: None,
        }
    }

    fn all_rights() -> Rights {
        Rights {
            reset_password: true,
            write_account_control: true,
            writable_attributes: ["serviceprincipalname", "dnshostname"]
                .map(str::to_owned)
                .into(),
            ..Rights::default()
        }
    }

    fn origin(owner: Option<&str>, creator: Option<&str>) -> Origin {
        let domain = "S-1-5-21-1-2-3".parse().unwrap();
        let told = |sid: &str| {
            let sid: Sid = sid.parse().unwrap();
            let privileged = is_administrators(&sid, &domain);
            (sid, privileged)
        };
        Origin {
            owner: owner.map(told),
            creator: creator.map(told),
        }
    }

    fn check(owner: Option<&str>, creator: Option<&str>, joining: Member, expected: bool) {
        let origin = origin(owner, creator);
        let told = reuse(&computer(), &me(), &origin, &all_rights(), joining, false);
        assert_eq!(told.allowed, expected, "{owner:?} {creator:?} {told:?}");
    }

    #[test]
    fn windows_asks_who_created_the_account() {
        check(Some(ADMINS), None, Member::Windows, true);
        check(Some("S-1-5-32-544"), None, Member::Windows, true);
        check(Some("S-1-5-21-9-9-9-519"), None, Member::Windows, true);
        check(Some("S-1-5-21-9-9-9-512"), None, Member::Windows, false);
        check(Some(ME), None, Member::Windows, true);
        check(Some(OTHER), Some(ME), Member::Windows, true);
        check(Some(ADMINS), Some(OTHER), Member::Windows, true);
        check(Some(OTHER), None, Member::Windows, false);
        check(Some(ME), Some(OTHER), Member::Windows, false);
        check(None, None, Member::Windows, false);
        check(Some(OTHER), None, Member::Samba, true);
    }

    #[test]
    fn without_the_rights_nothing_helps() {
        for joining in [Member::Windows, Member::Samba] {
            let told = reuse(
                &computer(),
                &me(),
                &origin(Some(ADMINS), None),
                &Rights::default(),
                joining,
                true,
            );
            assert!(!told.allowed);
            assert!(
                told.reasons[0].contains("may not reset its password"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn a_new_account_needs_a_free_name_and_a_right_or_quota() {
        let conflict = [Conflict {
            dn: "CN=X".to_owned(),
            guid: Guid::new(2),
            attribute: "sAMAccountName".to_owned(),
            value: "X$".to_owned(),
        }];
        let base = Creation {
            name: "X",
            container: "CN=Computers",
            fault: None,
            conflicts: &[],
            granted: false,
            is_default: true,
            quota: 10,
            used: 9,
        };
        assert!(create(&base, &me()).allowed);
        assert!(!create(&Creation { used: 10, ..base }, &me()).allowed);
        let elsewhere = Creation {
            is_default: false,
            fault: None,
            ..base
        };
        assert!(
            !create(&elsewhere, &me()).allowed,
            "the quota counts in the default container only"
        );
        assert!(
            create(
                &Creation {
                    granted: true,
                    fault: None,
                    ..elsewhere
                },
                &me()
            )
            .allowed
        );
        let taken = Creation {
            conflicts: &conflict,
            fault: None,
            granted: true,
            ..elsewhere
        };
        let told = create(&taken, &me());
        assert!(!told.allowed && told.reasons[0].contains("X$"), "{told:?}");
    }
}
