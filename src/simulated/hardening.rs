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
