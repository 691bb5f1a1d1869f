//! What two plans, or two inventories, say differently, for people.

use std::fmt::Write as _;

use crate::plan::FieldChange;
use crate::plan::InventoryDifference;
use crate::plan::PathDifference;
use crate::plan::Plan;
use crate::plan::PlanDifference;
use crate::plan::Presence;
use crate::plan::StageDifference;
use crate::plan::kinds;
use crate::plan::one_line;

/// How wide a change may be in one line; a longer one takes two.
const WIDEST: usize = 76;

const SAME: &str = "both mean the same\n";

/// How a plan differs from an earlier one.
pub fn plan_difference(difference: &PlanDifference, old: &Plan, new: &Plan) -> String {
    if difference.is_empty() {
        return SAME.to_owned();
    }
    let mut parts = Vec::new();
    if !difference.fields.is_empty() {
        parts.push(fields(&difference.fields, ""));
    }
    if !difference.stages.is_empty() {
        let stages = difference
            .stages
            .iter()
            .map(|difference| stage(difference, old, new));
        parts.push(stages.collect());
    }
    if !difference.paths.is_empty() {
        parts.push(paths(&difference.paths));
    }
    parts.join("\n")
}

/// How an inventory differs from an earlier one.
pub fn inventory_difference(difference: &InventoryDifference) -> String {
    if difference.is_empty() {
        return SAME.to_owned();
    }
    fields(&difference.fields, "")
}

/// A file that is there on one side only.
pub fn only_one(is_new: bool, what: &str) -> String {
    if is_new {
        format!("+ {what}\n")
    } else {
        format!("- {what}\n")
    }
}

fn stage(difference: &StageDifference, old: &Plan, new: &Plan) -> String {
    let (mark, plan) = match difference.presence {
        Presence::Added => ('+', new),
        Presence::Removed => ('-', old),
        Presence::Both => ('~', new),
    };
    let mut text = format!("{mark} {}", difference.id);
    if let Some(was) = &difference.was {
        let _infallible = write!(text, "  (was {was})");
    }
    if difference.presence != Presence::Both
        && let Some(stage) = plan.stage(&difference.id)
    {
        let _infallible = write!(
            text,
            "  {} on {}: {}",
            stage.uses,
            stage.on,
            one_line(stage.description.source_text())
        );
    }
    text.push('\n');
    if let Some(moved) = &difference.moved {
        let _infallible = match &moved.after {
            Some(before) => writeln!(text, "    moved: now after {before}"),
            None => writeln!(text, "    moved: now the first"),
        };
    }
    text + &fields(&difference.fields, "    ")
}

fn fields(changes: &[FieldChange], indent: &str) -> String {
    changes.iter().map(|change| field(change, indent)).collect()
}

fn field(change: &FieldChange, indent: &str) -> String {
    let line = format!("{indent}{change}\n");
    match change.sides() {
        (Some(old), Some(new)) if line.chars().count() > WIDEST => {
            let name = change.field.trim_start_matches('/');
            format!("{indent}{name}:\n{indent}  - {old}\n{indent}  + {new}\n")
        }
        _ => line,
    }
}

/// Kinds whose paths differ alike are told together.
fn paths(differences: &[PathDifference]) -> String {
    let mut groups: Vec<(&PathDifference, Vec<&PathDifference>)> = Vec::new();
    for path in differences {
        match groups
            .iter_mut()
            .find(|(first, _)| (&first.gained, &first.lost) == (&path.gained, &path.lost))
        {
            Some((_, group)) => group.push(path),
            None => groups.push((path, vec![path])),
        }
    }
    let mut text = String::from("paths\n");
    for (first, group) in groups {
        if group.len() == kinds().len() {
            text.push_str("  every kind of pair\n");
        } else {
            for path in group {
                let _infallible = writeln!(text, "  {:<4} {}", path.kind, path.title);
            }
        }
        for stage in &first.gained {
            let _infallible = writeln!(text, "    + {stage}");
        }
        for stage in &first.lost {
            let _infallible = writeln!(text, "    - {stage}");
        }
    }
    text
}
