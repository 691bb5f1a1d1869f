//! Stages that are the same under another id, where that is certain.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::view;
use crate::plan::model::Plan;

/// What a stage does, without its id and its needs, and the stages of the old plan that it needs.
type Content = (String, BTreeSet<usize>);

/// Finds the stages of the new plan that were called otherwise in the old one.
///
/// Certain is a stage that does what exactly one removed stage did, and that no other added stage
/// does as well. Stages stand after what they need, so one walk finds also those whose needs were
/// renamed.
pub(super) fn renames(old: &Plan, new: &Plan, old_of: &mut [Option<usize>]) {
    let remains: BTreeSet<usize> = old_of.iter().copied().flatten().collect();
    let mut removed: BTreeMap<Content, Vec<usize>> = BTreeMap::new();
    for (index, stage) in old.stages.iter().enumerate() {
        if !remains.contains(&index) {
            let content = (view::content(stage), stage.needs.iter().copied().collect());
            removed.entry(content).or_default().push(index);
        }
    }
    if removed.is_empty() {
        return;
    }
    let mut claims: BTreeMap<(String, BTreeSet<usize>), usize> = BTreeMap::new();
    let added: Vec<usize> = (0..new.stages.len())
        .filter(|index| old_of[*index].is_none())
        .collect();
    for index in &added {
        *claims.entry(claim(new, *index)).or_default() += 1;
    }
    for index in added {
        let needs: Option<BTreeSet<usize>> = new.stages[index]
            .needs
            .iter()
            .map(|need| old_of[*need])
            .collect();
        let Some(needs) = needs else { continue };
        let claim = claim(new, index);
        if claims.get(&claim) != Some(&1) {
            continue;
        }
        if let Some([only]) = removed.get(&(claim.0, needs)).map(Vec::as_slice) {
            old_of[index] = Some(*only);
        }
    }
}

/// What a stage of the new plan does, and the stages of the new plan that it needs.
fn claim(new: &Plan, index: usize) -> (String, BTreeSet<usize>) {
    let stage = &new.stages[index];
    (view::content(stage), stage.needs.iter().copied().collect())
}
