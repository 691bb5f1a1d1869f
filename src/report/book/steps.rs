//! The steps that remain, as the actions tell them.

use std::sync::Arc;

use super::compose::BookOf;
use super::compose::whole;
use super::stands::is_in_doubt;
use super::summary::step_of;
use super::summary::words;
use crate::action::Context;
use crate::action::Credentials;
use crate::action::Manual;
use crate::action::View;
use crate::action::World;
use crate::plan::PathRow;
use crate::plan::Runs;
use crate::report::document::Section;
use crate::report::document::Step;
use crate::run::Place;
use crate::run::Run;
use crate::run::StageStatus;
use crate::run::Unwind;

/// The document's steps that a person skips where the hardened joins cannot be met (KB5020276).
const SKIPPED_BY_OLD: [usize; 2] = [3, 4];

/// The steps that remain, under the document's headings.
pub(super) fn remaining(of: &BookOf<'_>, view: &View, rows: &[PathRow], old: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut under = None;
    let mut view = view.clone();
    let world = nowhere(of);
    for (position, stage) in of.plan.stages.iter().enumerate() {
        let ended = of
            .run
            .is_some_and(|run| run.stage(position).status.has_ended());
        let skipped = of
            .run
            .is_some_and(|run| run.stage(position).status == StageStatus::Skipped);
        if skipped || (ended && !of.all) || rows[position].runs == Runs::No {
            continue;
        }
        let step = step_of(stage.id.as_str());
        if old && step.is_some_and(|step| SKIPPED_BY_OLD.contains(&step)) {
            continue;
        }
        let Some(action) = of.registry.get(&stage.uses) else {
            continue;
        };
        let manual = action.book(&context(of, &view, &world, position));
        let place = place_of(of, &view, stage.on);
        if let Some(reach) = manual.reach.filter(|_| !ended) {
            view.reach.insert(stage.on, reach);
        }
        if sections.is_empty() || (step.is_some() && step != under) {
            under = step;
            sections.push(Section::new(match step {
                Some(step) => format!("Step {step}: {}", words(step)),
                None => "Steps of this plan".to_owned(),
            }));
        }
        let stands = of
            .run
            .and_then(|run| how_it_stands(run, position, &rows[position]));
        let stands = stands.or_else(|| {
            let unknown = rows[position].runs == Runs::Unknown;
            unknown.then(|| format!("Only if it applies: {}.", rows[position].reason))
        });
        let step = Step {
            percent: whole(rows[position].percent),
            title: rows[position].description.clone(),
            id: stage.id.to_string(),
            place,
            stands,
            lines: manual.lines,
            checks: manual.checks,
        };
        if let Some(section) = sections.last_mut() {
            section.steps.push(step);
        }
    }
    sections
}

/// The steps that take a run back, in the order in which it would take them back itself.
pub(super) fn way_back(of: &BookOf<'_>, view: &View, rows: &[PathRow], run: &Run) -> Section {
    let mut section = Section::new("The way back, step by step");
    let mut view = view.clone();
    let world = nowhere(of);
    for position in Unwind::new(run).order() {
        let stage = &of.plan.stages[position];
        let Some(action) = of.registry.get(&stage.uses) else {
            continue;
        };
        let manual = action.book_back(&context(of, &view, &world, position));
        let place = place_of(of, &view, stage.on);
        if let Some(reach) = view.reach.get_mut(&stage.on) {
            *reach = run.reach_back(position, reach);
        }
        if manual == Manual::default() {
            continue;
        }
        section.steps.push(Step {
            percent: whole(rows[position].percent),
            title: format!("Taking back: {}", rows[position].description),
            id: stage.id.to_string(),
            place,
            stands: how_it_goes_back(run, position),
            lines: manual.lines,
            checks: manual.checks,
        });
    }
    if section.steps.is_empty() {
        section.say("Nothing is left to be taken back.");
    }
    section
}

/// The ways out, none of which is gone.
fn nowhere(of: &BookOf<'_>) -> Arc<World> {
    let inventory = Arc::clone(of.inventory);
    Arc::new(World::new(inventory, Credentials::default(), String::new()))
}

fn context(of: &BookOf<'_>, view: &View, world: &Arc<World>, position: usize) -> Context {
    let state = of.run.map(|run| run.stage(position));
    Context {
        plan: Arc::clone(of.plan),
        position,
        inventory: Arc::clone(of.inventory),
        view: Arc::new(view.clone()),
        world: Arc::clone(world),
        attempt: state.map_or(0, |state| state.attempts),
        answered: state.is_some_and(|state| state.answered),
        token: state.map(|state| state.token.clone()).unwrap_or_default(),
    }
}

fn how_it_goes_back(run: &Run, position: usize) -> Option<String> {
    let state = run.stage(position);
    let said = state.error.join(": ");
    let undo_failed = state.status == StageStatus::Undoing && !said.is_empty();
    if undo_failed {
        return Some(format!("It could not be taken back: {said}."));
    }
    is_in_doubt(run, position).then(|| {
        let doubt = "In doubt. It may be there whole, in part or not at all: look first, with the \
                     commands at its end; do only what is missing.";
        if said.is_empty() {
            doubt.to_owned()
        } else {
            format!("{doubt} It had said: {said}.")
        }
    })
}

fn how_it_stands(run: &Run, position: usize, row: &PathRow) -> Option<String> {
    let state = run.stage(position);
    Some(match state.status {
        StageStatus::Succeeded | StageStatus::Adopted => "Done.".to_owned(),
        _ if is_in_doubt(run, position) => {
            "In doubt. Look first, with the commands at its end; do only what is missing."
                .to_owned()
        }
        StageStatus::Failed => format!("It has failed: {}.", state.error.join(": ")),
        StageStatus::Waiting => format!("It waits for a person: {}.", state.error.join(": ")),
        _ if row.runs == Runs::Unknown => format!("Only if it applies: {}.", row.reason),
        _ => return None,
    })
}

fn place_of(of: &BookOf<'_>, view: &View, place: Place) -> String {
    match place {
        Place::Source | Place::Destination => match view.reach.get(&place) {
            Some(reach) if !reach.name.is_empty() => {
                format!("the {place}, {} ({})", reach.name, reach.address)
            }
            Some(reach) => format!("the {place} ({})", reach.address),
            None => format!("the {place}"),
        },
        Place::Directory => match &of.inventory.directory {
            Some(directory) => format!("the directory, at {}", directory.server),
            None => "the directory".to_owned(),
        },
        Place::Orchestrator => "the machine that runs sms-plan".to_owned(),
    }
}
