//! Who may take an existing computer account over.

use super::code::REUSE_BLOCKED;
use super::domain::Account;
use super::domain::Domain;
use super::domain::User;
use crate::directory::Sid;

/// The rule that Windows' own join follows since October 2022 (KB5020276, "Netjoin: Domain join
/// hardening changes"): an existing account is reused only if the user who joins created it, or it
/// was created by a member of the administrators, or its owner is in the policy "Domain controller:
/// Allow computer account re-use during domain join". What rights the user has does not matter.
///
/// Written from the article, apart from the prediction that the program makes.
pub(super) fn refuses(domain: &Domain, account: &Account, user: &User) -> Option<String> {
    let computer = &account.computer;
    let administrators = |sid: &Sid| {
        let group = *sid == domain.domain_admins()
            || *sid == domain.sid_of(519)
            || sid.to_string() == "S-1-5-32-544";
        let member = domain
            .users
            .values()
            .any(|user| user.sid == *sid && user.token.contains(&domain.domain_admins()));
        group || member
    };
    let made_by = [&computer.creator, &computer.owner];
    // `mS-DS-CreatorSID` is there only where somebody used the quota; otherwise the owner made it.
    let creator = made_by.into_iter().flatten().next();
    let by_user = creator.is_some_and(|creator| *creator == user.sid);
    let by_administrator = made_by.into_iter().flatten().any(administrators);
    let listed = computer
        .owner
        .as_ref()
        .is_some_and(|owner| domain.reusable_of.contains(owner));
    if by_user || by_administrator || listed {
        return None;
    }
    let creator = creator.map_or_else(|| "nobody known".to_owned(), ToString::to_string);
    Some(REUSE_BLOCKED.said(&format!(
        "the account `{}` was created by {creator}, who is neither `{}` nor an administrator (KB5020276)",
        computer.account_name, user.name
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Identity;
    use crate::directory::Member;
    use crate::directory::predict;
    use crate::plan::Source;
    use crate::plan::load_inventory;
    use crate::simulated::Assumptions;
    use crate::simulated::make;
    use crate::simulated::permissions;

    /// The program predicts the rule by code of its own.
    #[test]
    fn the_prediction_agrees_with_the_rule() {
        let text = include_str!("../../examples/windows-2019-domain.yaml");
        let inventory = load_inventory(&Source::from_text("x.yaml", text))
            .unwrap()
            .value;
        for (owner, allowed) in [("admins", true), ("us", true), ("somebody", false)] {
            let given = [
                format!("source.owner={owner}"),
                "directory.admin=false".to_owned(),
            ];
            let assumptions = Assumptions::read(&given).unwrap();
            let twin = make::twin(&inventory, None, &assumptions, 1).unwrap();
            let domain = twin.domain.as_ref().unwrap();
            let account = domain.by_name("fs01").unwrap();
            // Whoever was added first is the owner where it is one of us.
            let user = domain
                .users
                .values()
                .find(|user| user.name != "somebody")
                .unwrap();
            let refused = refuses(domain, account, user);
            assert_eq!(refused.is_none(), allowed, "{owner}: {refused:?}");
            let told = |sid: &Option<Sid>| {
                let sid = sid.clone()?;
                let privileged = predict::is_administrators(&sid, &domain.sid);
                Some((sid, privileged))
            };
            let origin = predict::Origin {
                owner: told(&account.computer.owner),
                creator: told(&account.computer.creator),
            };
            let me = Identity {
                account_name: user.name.clone(),
                dn: String::new(),
                sid: user.sid.clone(),
                token: user.token.clone(),
            };
            let mut rights = permissions::rights(&account.descriptor, &user.token);
            rights.reset_password = true;
            rights.write_account_control = true;
            rights.writable_attributes = ["serviceprincipalname", "dnshostname"]
                .map(str::to_owned)
                .into();
            let told = predict::reuse(
                &account.computer,
                &me,
                &origin,
                &rights,
                Member::Windows,
                domain.samba,
            );
            assert_eq!(told.allowed, allowed, "{owner}: {told:?}");
        }
    }
}
