//! The twelve steps of the document's section "Summary", and which stage belongs to which.

/// The steps, in the document's words.
const STEPS: [&str; 12] = [
    "We connect to the source and destination computers.",
    "We set security permissions on the destination computer in Active Directory Domain Services to \
     match the source computer's permissions.",
    "We create a temporary local user account on the source computer.",
    "We repeat the previous step on the destination computer.",
    "We remove the source computer from the domain to free up its Active Directory account, which the \
     destination computer will later take over.",
    "We map network interfaces on the source computer and rename the source computer.",
    "We add the source computer back to the domain.",
    "On the source computer, we remove any lingering alternate computer names, remove the temporary \
     local account we created, and re-enable the local account token filter policy.",
    "We remove the destination computer from the domain.",
    "We replace the IP addresses on the destination computer with the IP information provided by the \
     source, and then rename the destination computer to the source computer's original name.",
    "We join the destination computer back to the domain.",
    "On the destination computer, we remove any lingering alternate computer names, remove the temporary \
     local account we created, and re-enable the local account token filter policy, completing cutover.",
];

/// Returns a step's words.
pub(super) fn words(step: usize) -> &'static str {
    STEPS.get(step.wrapping_sub(1)).copied().unwrap_or_default()
}

/// Returns the step of a stage of the shipped plan; none for a stage that somebody added. A restart
/// belongs to the step that made it necessary.
pub(super) fn step_of(stage: &str) -> Option<usize> {
    Some(match stage {
        "connect-source" | "connect-destination" => 1,
        "copy-permissions" => 2,
        "clear-source-account"
        | "create-source-account"
        | "relax-source-token-filter"
        | "logon-source-account" => 3,
        "clear-destination-account"
        | "create-destination-account"
        | "relax-destination-token-filter"
        | "logon-destination-account" => 4,
        "leave-source" | "restart-source-after-leave" | "wait-source-after-leave" => 5,
        "collect-source-addresses"
        | "map-source-network"
        | "rename-source"
        | "restart-source-after-rename"
        | "restart-source-after-rename-2003"
        | "wait-source-after-rename"
        | "wait-source-after-rename-2003" => 6,
        "join-source"
        | "restart-source-in-workgroup"
        | "restart-source-after-join"
        | "restart-source-after-join-2003"
        | "wait-source"
        | "wait-source-in-workgroup"
        | "wait-source-after-join"
        | "wait-source-after-join-2003" => 7,
        "remove-source-alternates" | "remove-source-account" | "restore-source-token-filter" => 8,
        "leave-destination"
        | "restart-destination-after-leave"
        | "wait-destination-after-leave" => 9,
        "map-destination-network" | "rename-destination" => 10,
        "join-destination"
        | "restart-destination-in-workgroup"
        | "restart-destination-after-join"
        | "wait-destination"
        | "wait-destination-in-workgroup"
        | "wait-destination-after-join"
        | "wait-destination-new-name" => 11,
        "set-destination-alternates"
        | "remove-destination-account"
        | "restore-destination-token-filter" => 12,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column "Summary step" of the document's table, row by row from 2% to 97%.
    const COLUMN: [usize; 47] = [
        1, 1, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 6, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7, 8,
        8, 8, 9, 9, 9, 10, 10, 11, 11, 11, 11, 11, 11, 11, 12, 12, 12,
    ];

    #[test]
    fn every_stage_of_the_shipped_plan_belongs_to_the_documents_step() {
        let plan = include_str!("../../../plans/cutover.yaml");
        let ids = plan
            .lines()
            .filter_map(|line| line.strip_prefix("  - id: "));
        let steps: Vec<Option<usize>> = ids.map(step_of).collect();
        assert_eq!(steps, COLUMN.map(Some));
        assert!((1..=12).all(|step| !words(step).is_empty()) && words(13).is_empty());
    }
}
