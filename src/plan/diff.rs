//! What two plans, or two inventories, say differently.
//!
//! Compared is what they mean: comments, the order of keys, quotes and layout do not count, nor how
//! a duration is written. The result is a value: reports show it, and whoever goes on with an edited
//! plan decides by it.

mod fields;
mod rename;
mod view;

use std::collections::BTreeMap;

use serde::Serialize;

pub use fields::FieldChange;
pub(crate) use fields::one_line;

use super::expression::bare;
use super::inventory::Inventory;
use super::kinds::kinds;
use super::model::Plan;
use super::path::Runs;
use super::path::decide;
use crate::run::StageId;
use rename::renames;

/// How a plan differs from an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PlanDifference {
    /// What the plan says of itself and of all its stages.
    pub fields: Vec<FieldChange>,
    /// The stages that differ, in the order of the new plan; a removed one stands where it stood.
    pub stages: Vec<StageDifference>,
    /// The kinds of pairs of servers that take other stages than before.
    pub paths: Vec<PathDifference>,
}

/// How one stage differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageDifference {
    /// Its id in the new plan; of a removed stage the one that it had.
    pub id: StageId,
    /// In which of the plans it is.
    pub presence: Presence,
    /// The id that it had; only for a stage that does exactly the same under another id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<StageId>,
    /// Where it stands now, if its place among the stages of both plans is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// What it says differently.
    pub fields: Vec<FieldChange>,
}

/// In which of two plans a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// Only in the new one.
    Added,
    /// Only in the old one.
    Removed,
    /// In both of them.
    Both,
}

/// Where a stage went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The stage that stands before it in the new plan; none: it is the first.
    pub after: Option<StageId>,
}

/// How the path of one kind of pairs differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathDifference {
    /// The code of the kind, as in [`kinds`].
    pub kind: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// The stages that it takes now and did not take, by their ids in the new plan.
    pub gained: Vec<StageId>,
    /// The stages that it took and takes no more, by their ids in the old plan.
    pub lost: Vec<StageId>,
}

/// How an inventory differs from an earlier one. Secrets are references, before and after.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InventoryDifference {
    /// What it says differently, in the order of the format.
    pub fields: Vec<FieldChange>,
}

impl PlanDifference {
    /// Returns whether both plans mean the same.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.stages.is_empty()
    }
}

impl InventoryDifference {
    /// Returns whether both inventories mean the same.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl StageDifference {
    /// Returns whether the stage is in both plans and does the same in both: only its words, its
    /// weight, its place in the file, its timeout or its retries differ.
    pub fn does_the_same(&self) -> bool {
        self.presence == Presence::Both && !self.fields.iter().any(FieldChange::is_of_effect)
    }
}

/// Compares two plans.
pub fn compare(old: &Plan, new: &Plan) -> PlanDifference {
    let matched = Matched::new(old, new);
    let mut stages = Vec::new();
    let mut removed = removed_after(old, &matched);
    let moved = moved(&matched);
    stages.append(&mut removed.remove(&None).unwrap_or_default());
    for (index, stage) in new.stages.iter().enumerate() {
        let was = matched.old_of[index].map(|old_index| &old.stages[old_index]);
        let before = index.checked_sub(1).map(|before| &new.stages[before].id);
        let difference = StageDifference {
            id: stage.id.clone(),
            presence: if was.is_some() {
                Presence::Both
            } else {
                Presence::Added
            },
            was: was.map(|was| was.id.clone()).filter(|was| *was != stage.id),
            moved: moved[index].then(|| Moved {
                after: before.cloned(),
            }),
            fields: was.map_or_else(Vec::new, |was| {
                let mut changes = fields::changes(
                    &view::stage(was, |need| matched.new_id(old, new, need)),
                    &view::stage(stage, |need| new.stages[need].id.as_str()),
                );
                changes.extend(view::settings(old, was, new, stage));
                changes
            }),
        };
        if difference.presence == Presence::Added
            || difference.was.is_some()
            || difference.moved.is_some()
            || !difference.fields.is_empty()
        {
            stages.push(difference);
        }
        if let Some(old_index) = matched.old_of[index] {
            stages.append(&mut removed.remove(&Some(old_index)).unwrap_or_default());
        }
    }
    PlanDifference {
        fields: fields::changes(&view::plan(old), &view::plan(new)),
        stages,
        paths: paths(old, new, &matched),
    }
}

/// Compares two inventories.
pub fn compare_inventories(old: &Inventory, new: &Inventory) -> InventoryDifference {
    InventoryDifference {
        fields: fields::changes(&view::inventory(old), &view::inventory(new)),
    }
}

/// Which stage of one plan is which of the other.
struct Matched {
    /// By index in the new plan.
    old_of: Vec<Option<usize>>,
    /// By index in the old plan.
    new_of: Vec<Option<usize>>,
}

impl Matched {
    fn new(old: &Plan, new: &Plan) -> Self {
        let mut old_of: Vec<Option<usize>> = new
            .stages
            .iter()
            .map(|stage| old.index_of(&stage.id))
            .collect();
        renames(old, new, &mut old_of);
        let mut new_of = vec![None; old.stages.len()];
        for (index, old_index) in old_of.iter().enumerate() {
            if let Some(old_index) = old_index {
                new_of[*old_index] = Some(index);
            }
        }
        Self { old_of, new_of }
    }

    /// What a stage of the old plan is called in the new one, or was, if it is not there any more.
    fn new_id<'a>(&self, old: &'a Plan, new: &'a Plan, old_index: usize) -> &'a str {
        self.new_of[old_index].map_or(old.stages[old_index].id.as_str(), |index| {
            new.stages[index].id.as_str()
        })
    }
}

/// The removed stages by the remaining one that stood before them.
fn removed_after(old: &Plan, matched: &Matched) -> BTreeMap<Option<usize>, Vec<StageDifference>> {
    let mut removed: BTreeMap<Option<usize>, Vec<StageDifference>> = BTreeMap::new();
    let mut before = None;
    for (index, stage) in old.stages.iter().enumerate() {
        if matched.new_of[index].is_some() {
            before = Some(index);
            continue;
        }
        removed.entry(before).or_default().push(StageDifference {
            id: stage.id.clone(),
            presence: Presence::Removed,
            was: None,
            moved: None,
            fields: Vec::new(),
        });
    }
    removed
}

/// Which stages of the new plan moved: as few as can be, all but a longest rising sequence of old
/// places (found by patience sorting).
fn moved(matched: &Matched) -> Vec<bool> {
    let mut piles: Vec<(usize, usize)> = Vec::new();
    let mut before: Vec<Option<usize>> = vec![None; matched.old_of.len()];
    for (index, old_index) in matched.old_of.iter().enumerate() {
        let Some(old_index) = *old_index else {
            continue;
        };
        let pile = piles.partition_point(|(top, _)| *top < old_index);
        before[index] = pile.checked_sub(1).map(|pile| piles[pile].1);
        match piles.get_mut(pile) {
            Some(top) => *top = (old_index, index),
            None => piles.push((old_index, index)),
        }
    }
    let mut moved: Vec<bool> = matched.old_of.iter().map(Option::is_some).collect();
    let mut kept = piles.last().map(|(_, index)| *index);
    while let Some(index) = kept {
        moved[index] = false;
        kept = before[index];
    }
    moved
}

/// Only a stage that is new, gone or has another condition can change a path.
fn paths(old: &Plan, new: &Plan, matched: &Matched) -> Vec<PathDifference> {
    let condition = |plan: &Plan, index: usize| {
        plan.stages[index]
            .when
            .as_ref()
            .map(|when| bare(when.source_text()))
    };
    let looked_at: Vec<(Option<usize>, Option<usize>)> = (0..old.stages.len())
        .filter(|index| matched.new_of[*index].is_none())
        .map(|index| (Some(index), None))
        .chain(
            matched
                .old_of
                .iter()
                .enumerate()
                .map(|(index, old_index)| (*old_index, Some(index)))
                .filter(|(before, now)| match (before, now) {
                    (Some(before), Some(now)) => condition(old, *before) != condition(new, *now),
                    _ => true,
                }),
        )
        .collect();
    let takes = |plan: &Plan, index: Option<usize>, roots: &_| {
        index.is_some_and(|index| decide(&plan.stages[index], roots).0 != Runs::No)
    };
    kinds()
        .iter()
        .filter(|_| !looked_at.is_empty())
        .map(|kind| {
            let roots = kind.roots();
            let mut path = PathDifference {
                kind: kind.code,
                title: kind.title,
                gained: Vec::new(),
                lost: Vec::new(),
            };
            for (before, now) in &looked_at {
                match (takes(old, *before, &roots), takes(new, *now, &roots)) {
                    (false, true) => {
                        path.gained
                            .extend(now.map(|now| new.stages[now].id.clone()));
                    }
                    (true, false) => {
                        path.lost
                            .extend(before.map(|before| old.stages[before].id.clone()));
                    }
                    _ => {}
                }
            }
            path
        })
        .filter(|path| !path.gained.is_empty() || !path.lost.is_empty())
        .collect()
}
