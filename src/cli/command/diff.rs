//! `diff`: two plans, or two inventories, by what they mean.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Diff;
use crate::cli::arguments::Format;
use crate::cli::error::CliError;
use crate::cli::error::print_diagnostics;
use crate::cli::output;
use crate::plan::Diagnostics;
use crate::plan::FileKind;
use crate::plan::Inventory;
use crate::plan::Opening;
use crate::plan::Plan;
use crate::plan::Source;
use crate::plan::compare;
use crate::plan::compare_inventories;
use crate::plan::load_inventory;
use crate::plan::load_plan;
use crate::plan::upgrade;
use crate::report;

/// What git, and people, name where there is no file on one side.
const NO_FILE: &str = "/dev/null";

/// One of the two files.
enum Side {
    None,
    Plan(Box<Plan>),
    Inventory(Box<Inventory>),
}

/// What both files come to.
struct Told {
    same: bool,
    text: String,
    json: Value,
}

pub(super) fn execute(arguments: &Diff) -> Result<Exit, CliError> {
    if arguments.git {
        return git(arguments);
    }
    let [old, new] = arguments.files.as_slice() else {
        return Err(CliError::usage(format!(
            "two files are compared, not {}",
            arguments.files.len()
        ))
        .hint("sms-plan diff OLD NEW; as git's external diff: sms-plan diff --git"));
    };
    // The faults of neither file hide those of the other.
    let (old_side, new_side) = match (read(old, None), read(new, None)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            for faults in [old.err(), new.err()].into_iter().flatten() {
                print_diagnostics(&faults);
            }
            return Err(CliError::faulty());
        }
    };
    let name = |path: &Path| path.display().to_string();
    let told = tell(&old_side, &new_side, &name(old), &name(new)).map_err(|words| {
        CliError::usage(words)
            .hint("compare a plan with a plan, and an inventory with an inventory")
    })?;
    print(arguments.format, &told)?;
    Ok(if told.same {
        Exit::Done
    } else {
        Exit::DIFFERENT
    })
}

/// As git calls an external diff: `path old-file old-hex old-mode new-file new-hex new-mode`, for a
/// renamed file two more, for an unmerged one the path alone.
///
/// Git gives up altogether when an external diff fails, so what cannot be compared is told in its
/// place, and the rest of the difference goes on.
fn git(arguments: &Diff) -> Result<Exit, CliError> {
    let (path, old, new) = match arguments.files.as_slice() {
        [path] => {
            output::print(&format!("{}: not merged yet\n", path.display()))?;
            return Ok(Exit::Done);
        }
        [path, old, _, _, new, _, _] | [path, old, _, _, new, _, _, _, _] => (path, old, new),
        other => {
            return Err(CliError::usage(format!(
                "git hands over 7 arguments (9 for a renamed file), not {}",
                other.len()
            ))
            .hint("git config diff.sms-plan.command 'sms-plan diff --git'"));
        }
    };
    // A renamed file has its new path there, and a description of the similarity.
    let path = arguments.files.get(7).unwrap_or(path);
    let name = |side: &str| PathBuf::from(format!("{} ({side})", path.display()));
    let told = match (read(old, Some(name("old"))), read(new, Some(name("new")))) {
        (Ok(old), Ok(new)) => {
            let name = path.display().to_string();
            tell(&old, &new, &name, &name).unwrap_or_else(|words| incomparable(&[words]))
        }
        (old, new) => {
            let faults = [old.err(), new.err()].into_iter().flatten();
            incomparable(
                &faults
                    .map(|faults| faults.render(false))
                    .collect::<Vec<_>>(),
            )
        }
    };
    if arguments.format == Format::Text {
        output::print(&format!("{}\n", path.display()))?;
    }
    print(arguments.format, &told)?;
    Ok(if arguments.exit_code && !told.same {
        Exit::DIFFERENT
    } else {
        Exit::Done
    })
}

fn incomparable(why: &[String]) -> Told {
    Told {
        same: false,
        text: format!(
            "cannot be compared by meaning:\n{}\n",
            why.join("\n").trim_end()
        ),
        json: json!({ "same": false, "faults": why }),
    }
}

fn print(format: Format, told: &Told) -> Result<(), CliError> {
    match format {
        Format::Text => output::print(&told.text),
        Format::Json => output::print_json(&told.json),
    }
}

/// Reads one file; one of an older version as `upgrade` would rewrite it.
fn read(path: &Path, shown: Option<PathBuf>) -> Result<Side, Diagnostics> {
    if path == Path::new(NO_FILE) {
        return Ok(Side::None);
    }
    let mut source = Source::read(path)?;
    if let Some(shown) = shown {
        source = Source::from_text(shown, source.text());
    }
    let source = upgrade(&source)?.unwrap_or(source);
    match Opening::read(&source)?.kind {
        Some(FileKind::Inventory) => {
            load_inventory(&source).map(|loaded| Side::Inventory(Box::new(loaded.value)))
        }
        Some(FileKind::Plan) | None => load_plan(&source, &Registry::standard().catalogue())
            .map(|loaded| Side::Plan(Box::new(loaded.value))),
    }
}

fn tell(old: &Side, new: &Side, old_name: &str, new_name: &str) -> Result<Told, String> {
    let json = |kind: &str, same: bool, difference: Value| {
        let mut json = json!({ "kind": kind, "old": old_name, "new": new_name, "same": same });
        if let (Value::Object(json), Value::Object(difference)) = (&mut json, difference) {
            json.extend(difference);
        }
        json
    };
    match (old, new) {
        (Side::Plan(old), Side::Plan(new)) => {
            let difference = compare(old, new);
            Ok(Told {
                same: difference.is_empty(),
                text: report::plan_difference(&difference, old, new),
                json: json("plan", difference.is_empty(), json!(difference)),
            })
        }
        (Side::Inventory(old), Side::Inventory(new)) => {
            let difference = compare_inventories(old, new);
            Ok(Told {
                same: difference.is_empty(),
                text: report::inventory_difference(&difference),
                json: json("inventory", difference.is_empty(), json!(difference)),
            })
        }
        (Side::None, Side::None) => Err("there is no file on either side".to_owned()),
        (Side::None, side) | (side, Side::None) => {
            let is_new = matches!(old, Side::None);
            let word = if is_new { "added" } else { "removed" };
            let (kind, what) = match side {
                Side::Plan(plan) => (
                    "plan",
                    format!(
                        "plan {} {}, {} stages",
                        plan.metadata.name,
                        plan.metadata.version,
                        plan.stages.len()
                    ),
                ),
                Side::Inventory(inventory) => (
                    "inventory",
                    format!("inventory {}", inventory.metadata.name),
                ),
                Side::None => ("", String::new()),
            };
            Ok(Told {
                same: false,
                text: report::only_one(is_new, &what),
                json: json(kind, false, json!({ "file": word })),
            })
        }
        (Side::Plan(_), Side::Inventory(_)) | (Side::Inventory(_), Side::Plan(_)) => {
            let kind = |side: &Side| match side {
                Side::Inventory(_) => FileKind::Inventory.words(),
                _ => FileKind::Plan.words(),
            };
            Err(format!(
                "`{old_name}` is {} and `{new_name}` is {}",
                kind(old),
                kind(new)
            ))
        }
    }
}
