//! What `resume` makes of files that were edited since its run read them: they are shown by meaning,
//! taken, left, or refused with the reason.

use std::path::Path;
use std::sync::Arc;

use super::drive::person;
use crate::action::Registry;
use crate::action::roots;
use crate::cli::error::CliError;
use crate::cli::error::print_diagnostics;
use crate::cli::files::Pair;
use crate::cli::files::Stored;
use crate::cli::files::read_inventory;
use crate::cli::files::read_plan;
use crate::cli::output;
use crate::cli::real;
use crate::cli::subjects::subjects;
use crate::engine::Refused;
use crate::engine::Taken;
use crate::engine::edited_event;
use crate::engine::judge;
use crate::plan::Diagnostics;
use crate::plan::Edit;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::plan::Severity;
use crate::plan::check_pair;
use crate::plan::compare;
use crate::plan::compare_inventories;
use crate::plan::inventory_edits;
use crate::plan::path;
use crate::plan::plan_edits;
use crate::report;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::StageId;
use crate::store::NewRun;

/// What a person wants done with edited files.
pub(super) struct Wish {
    /// Take them, although they change what stages do.
    pub(super) take: bool,
    /// The stages whose edits are accepted although they have begun.
    pub(super) accept: Vec<StageId>,
    /// Why.
    pub(super) reason: String,
    /// Whether a person reads along.
    pub(super) aloud: bool,
}

/// What a run goes on with.
pub(super) struct GoesOnWith {
    pub(super) pair: Pair,
    /// What the journal must say of it first.
    pub(super) event: Option<EventKind>,
    /// What belongs to the run because of it.
    pub(super) lock: Vec<String>,
}

/// How a file stands against the text that the run has.
enum Now<T> {
    Same,
    SameMeaning,
    /// It can no longer be read, or is faulty now.
    Unusable {
        gone: bool,
        faults: Diagnostics,
    },
    Edited(Arc<T>, String, Vec<Edit>),
}

/// What becomes of an edited file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Taken,
    TakenByItself,
    Refused,
    Left,
}

/// Compares the files with what the run has, and decides what it goes on with.
pub(super) fn edited_since(
    new: &NewRun,
    stored: &Stored,
    registry: &Registry,
    wish: &Wish,
) -> Result<GoesOnWith, CliError> {
    let Stored { pair, run } = stored;
    let plan = plan_now(new, &pair.plan, registry);
    let goes_back = run.back().is_some();
    if wish.take && goes_back {
        return Err(CliError::usage(
            "the run is being rolled back: it goes by what was done, not by edited files",
        ));
    }
    let takes =
        |edits: &[Edit]| !goes_back && (wish.take || edits.iter().all(Edit::is_taken_by_itself));
    let new_plan = plan.value(takes);
    let with_plan = new_plan.as_ref().unwrap_or(&pair.plan);
    let inventory = inventory_now(new, &pair.inventory, with_plan);
    if wish.take {
        all_usable([plan.faults(), inventory.faults()])?;
    }
    let new_inventory = inventory.value(takes);
    let of_plan = plan.edits().iter().filter(|_| new_plan.is_some());
    let of_inventory = inventory.edits().iter().filter(|_| new_inventory.is_some());
    let edits: Vec<Edit> = of_plan.chain(of_inventory).cloned().collect();
    let (accepted, refused): (Vec<_>, Vec<_>) = judge(&edits, run)
        .into_iter()
        .partition(|one| is_accepted(one, &wish.accept));
    if wish.aloud {
        let fate = |edits: &[Edit]| match edits {
            edits if !takes(edits) => Fate::Left,
            _ if !wish.take => Fate::TakenByItself,
            _ if refused.is_empty() => Fate::Taken,
            _ => Fate::Refused,
        };
        plan.tell(&new.plan_path, fate)?;
        inventory.tell(&new.inventory_path, fate)?;
    }
    let needless = |stage: &&StageId| {
        !accepted
            .iter()
            .any(|one| one.stage.as_ref() == Some(*stage))
    };
    if refused.is_empty()
        && let Some(stage) = wish.accept.iter().find(needless)
    {
        return Err(
            CliError::usage(format!("no edit of stage `{stage}` needs to be accepted"))
                .hint("leave that `--accept-edit` out"),
        );
    }
    if !refused.is_empty() {
        return Err(too_late(&refused, run));
    }
    if edits.is_empty() {
        return Ok(GoesOnWith {
            pair: pair.clone(),
            event: None,
            lock: Vec::new(),
        });
    }
    let event = edited_event(&Taken {
        plan: new_plan.as_deref(),
        inventory: new_inventory.as_deref(),
        edits,
        accepted,
        by: person(),
        reason: wish.reason.clone(),
    });
    let edited = Pair {
        plan: new_plan.unwrap_or_else(|| Arc::clone(&pair.plan)),
        inventory: new_inventory.unwrap_or_else(|| Arc::clone(&pair.inventory)),
        accepted: Vec::new(),
    };
    fits(pair, &edited, run, &event)?;
    let lock = subjects(&edited.inventory);
    Ok(GoesOnWith {
        pair: edited,
        event: Some(event),
        lock,
    })
}

impl<T> Now<T> {
    fn of(
        path: &str,
        text: &str,
        read: impl FnOnce(&Path) -> Result<T, Diagnostics>,
        compare: impl FnOnce(&T) -> Option<(String, Vec<Edit>)>,
    ) -> Self {
        match std::fs::read_to_string(path) {
            Ok(now) if now == text => Self::Same,
            now => match read(Path::new(path)) {
                Err(faults) => Self::Unusable {
                    gone: now.is_err(),
                    faults,
                },
                Ok(value) => match compare(&value) {
                    None => Self::SameMeaning,
                    Some((told, edits)) => Self::Edited(Arc::new(value), told, edits),
                },
            },
        }
    }

    fn edits(&self) -> &[Edit] {
        match self {
            Self::Edited(_, _, edits) => edits,
            _ => &[],
        }
    }

    fn value(&self, takes: impl Fn(&[Edit]) -> bool) -> Option<Arc<T>> {
        match self {
            Self::Edited(value, _, edits) if takes(edits) => Some(Arc::clone(value)),
            _ => None,
        }
    }

    fn faults(&self) -> Option<&Diagnostics> {
        match self {
            Self::Unusable { faults, .. } => Some(faults),
            _ => None,
        }
    }

    fn tell(&self, path: &str, fate: impl Fn(&[Edit]) -> Fate) -> Result<(), CliError> {
        const LEFT: &str = "this run goes on with the text that it has";
        let (words, told) = match self {
            Self::Same => return Ok(()),
            Self::SameMeaning => (
                format!("was edited since, and means the same; {LEFT}"),
                None,
            ),
            Self::Unusable { gone: true, .. } => (format!("cannot be read any more; {LEFT}"), None),
            Self::Unusable { .. } => (format!("was edited since, and is faulty now; {LEFT}"), None),
            Self::Edited(_, told, edits) => {
                let words = match fate(edits) {
                    Fate::Taken => "was edited since, and is taken".to_owned(),
                    Fate::TakenByItself => {
                        "was edited since; it changes how the run works and not what it does, and \
                         is taken"
                            .to_owned()
                    }
                    Fate::Refused => "was edited since".to_owned(),
                    Fate::Left => {
                        format!("was edited since; {LEFT} (--use-edited takes the edited one)")
                    }
                };
                (words, Some(told))
            }
        };
        output::print(&format!("note: `{path}` {words}\n"))?;
        if let Some(told) = told {
            output::print(&format!("\n{told}\n"))?;
        }
        Ok(())
    }
}

fn plan_now(new: &NewRun, old: &Plan, registry: &Registry) -> Now<Plan> {
    Now::of(
        &new.plan_path,
        old.file().text(),
        |path| Ok(read_plan(path, registry)?.value),
        |edited| {
            let difference = compare(old, edited);
            let told = || report::plan_difference(&difference, old, edited);
            (!difference.is_empty()).then(|| (told(), plan_edits(&difference)))
        },
    )
}

fn inventory_now(new: &NewRun, old: &Inventory, plan: &Plan) -> Now<Inventory> {
    Now::of(
        &new.inventory_path,
        old.file().text(),
        |path| Ok(read_inventory(path)?.value),
        |edited| {
            let difference = compare_inventories(old, edited);
            let told = || report::inventory_difference(&difference);
            let edits = || inventory_edits(&difference, old, edited, plan);
            (!difference.is_empty()).then(|| (told(), edits()))
        },
    )
}

/// Whoever wants edited files taken must hear that they cannot be.
fn all_usable(faults: [Option<&Diagnostics>; 2]) -> Result<(), CliError> {
    let faults: Vec<&Diagnostics> = faults.into_iter().flatten().collect();
    for faults in &faults {
        print_diagnostics(faults);
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(CliError::faulty()
            .hint("without --use-edited the run goes on with the text that it has"))
    }
}

fn is_accepted(refused: &Refused, accept: &[StageId]) -> bool {
    refused.instead.is_none()
        && refused
            .stage
            .as_ref()
            .is_some_and(|one| accept.contains(one))
}

fn too_late(refused: &[Refused], run: &Run) -> CliError {
    let lines = refused.iter().map(|one| {
        let instead = one
            .instead
            .map_or_else(String::new, |words| format!(": {words}"));
        format!("\n  {}\n    {}{instead}", one.with_stage(), one.why)
    });
    let words = format!(
        "the edited files cannot be taken{}",
        lines.collect::<String>()
    );
    let mut acceptable: Vec<&str> = refused
        .iter()
        .filter(|one| one.instead.is_none())
        .filter_map(|one| one.stage.as_ref().map(StageId::as_str))
        .collect();
    acceptable.dedup();
    let mut error = CliError::usage(words).hint(
        "nothing was changed; put these back in the file, or resume without --use-edited, with \
         the text that the run has",
    );
    if !acceptable.is_empty() {
        error = error.hint(format!(
            "if what was done may stay as it is: sms-plan resume {} --use-edited --accept-edit {} \
             --reason TEXT",
            run.id(),
            acceptable.join(" --accept-edit ")
        ));
    }
    error
}

/// Refuses a pair that does not fit, or that this version cannot change, where the run's own did.
fn fits(had: &Pair, edited: &Pair, run: &Run, event: &EventKind) -> Result<(), CliError> {
    let known = check_pair(&had.plan, &had.inventory);
    let mut misfits = check_pair(&edited.plan, &edited.inventory);
    for one in misfits.iter_mut() {
        // It was accepted, or judged by another version, when the run began.
        if known
            .iter()
            .any(|old| (old.code, &old.message) == (one.code, &one.message))
        {
            one.severity = Severity::Warning;
        }
    }
    if misfits.has_errors() {
        print_diagnostics(&misfits);
        return Err(CliError::faulty());
    }
    let ahead = run
        .edited(event)
        .map_err(crate::engine::EngineError::from)?;
    let roots = roots(&edited.plan, &edited.inventory, Some(&ahead));
    let refusals = real::why_not(&edited.plan, &edited.inventory, &path(&edited.plan, &roots));
    if refusals.is_empty() {
        return Ok(());
    }
    Err(CliError::usage(refusals.join("; ")).hint("nothing was changed"))
}
