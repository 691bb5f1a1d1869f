//! What a run keeps to itself as long as it has not ended.

use std::collections::BTreeSet;

use crate::plan::AdapterChange;
use crate::plan::Inventory;
use crate::plan::NewName;

/// What no other unfinished run of this store may touch: the servers by address and by name, the
/// names and addresses that they will have, and their directory objects.
pub(super) fn subjects(inventory: &Inventory) -> Vec<String> {
    let mut subjects = BTreeSet::new();
    let mut names = Vec::new();
    for spec in [&inventory.source, &inventory.destination] {
        subjects.insert(format!("address {}", spec.address.to_canonical()));
        names.extend(spec.name.clone());
        if let NewName::Name(name) = spec.new_name() {
            names.push(name);
        }
        for change in spec.network.values() {
            if let AdapterChange::Static(fixed) = change {
                subjects.extend(
                    fixed
                        .addresses
                        .iter()
                        .map(|a| format!("address {}", a.address.to_canonical())),
                );
            }
        }
    }
    let domain = inventory
        .directory
        .as_ref()
        .map(|spec| spec.domain.trim_end_matches('.').to_lowercase());
    for name in names {
        let name = name.to_lowercase();
        subjects.extend(
            domain
                .iter()
                .map(|domain| format!("directory object {domain}/{name}")),
        );
        subjects.insert(format!("server {name}"));
    }
    subjects.into_iter().collect()
}
