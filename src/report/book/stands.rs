//! Where the run stands: what is certain, and what is in doubt.

use super::compose::BookOf;
use super::summary::step_of;
use crate::action::View;
use crate::plan::PathRow;
use crate::report::document::Section;
use crate::run::Account;
use crate::run::Run;
use crate::run::StageStatus;
use crate::run::Unwind;

/// Where the run stands: what is certain, and what is in doubt.
pub(super) fn stands(of: &BookOf<'_>, view: &View, rows: &[PathRow]) -> Section {
    let mut section = Section::new("Where it stands");
    let Some(run) = of.run else {
        section.say("Nothing has begun. The values are those of the inventory; nobody has looked at the servers.");
        return section;
    };
    section.say(format!(
        "Run {} stands at {:.0}%: {}.",
        run.id(),
        run.percent().floor(),
        run.state()
    ));
    for (position, stage) in of.plan.stages.iter().enumerate() {
        let state = run.stage(position);
        let how = match state.status {
            StageStatus::Failed => "has failed",
            StageStatus::Waiting => "waits for a person",
            StageStatus::InDoubt | StageStatus::Running => "is in doubt: it began and did not end",
            StageStatus::Undoing if state.waiting.is_some() => {
                "is not undone, and waits for a person"
            }
            StageStatus::Undoing if !state.error.is_empty() => "could not be undone",
            StageStatus::Undoing => "is in doubt: its undo began and did not end",
            _ => continue,
        };
        let step = step_of(stage.id.as_str())
            .map(|step| format!(", step {step} of the summary"))
            .unwrap_or_default();
        let error = if state.error.is_empty() {
            String::new()
        } else {
            format!(" It said: {}", state.error.join(": "))
        };
        section.say(format!(
            "Stage `{}` ({:.0}%{step}) {how}: {}{error}",
            stage.id,
            rows[position].percent.floor(),
            rows[position].description
        ));
    }
    section.say(match run.back() {
        Some(_) => way_made(run),
        None => way_gone(of, run, rows),
    });
    let open: Vec<String> = of
        .plan
        .stages
        .iter()
        .enumerate()
        .filter(|(position, _)| is_in_doubt(run, *position))
        .map(|(_, stage)| format!("`{}`", stage.id))
        .collect();
    section.say(if open.is_empty() {
        "In doubt: nothing.".to_owned()
    } else {
        format!(
            "In doubt: {}. Each may be done, half done or not done at all: look first, with the \
             commands below its step, and do only what is missing.",
            open.join(", ")
        )
    });
    for (place, reach) in &view.reach {
        let account = match reach.account {
            Account::Given => "",
            Account::Temporary => " (the run logs on with its temporary account; use the console)",
        };
        section.say(format!(
            "The {place} is called {} and answers at {}{account}.",
            reach.name, reach.address
        ));
        if let Some(planned) = view.planned.get(place).filter(|planned| *planned != reach) {
            section.say(format!(
                "It may be called {} and answer at {} by now.",
                planned.name, planned.address
            ));
        }
        if let Some(origin) = view
            .origins
            .get(place)
            .filter(|origin| origin.address != reach.address)
        {
            section.say(format!("Before the run it answered at {}.", origin.address));
        }
    }
    section
}

/// How far a run has come forward, as far as that is certain.
fn way_gone(of: &BookOf<'_>, run: &Run, rows: &[PathRow]) -> String {
    let ended = |position: usize| run.stage(position).status.has_ended();
    let last = (0..of.plan.stages.len())
        .rfind(|at| ended(*at) && run.stage(*at).status != StageStatus::Skipped);
    match last {
        Some(last) => format!(
            "Certain: {} of {} stages have ended; the last of them in the table is `{}` ({:.0}%).",
            (0..of.plan.stages.len())
                .filter(|position| ended(*position))
                .count(),
            of.plan.stages.len(),
            of.plan.stages[last].id,
            rows[last].percent.floor()
        ),
        None => "Certain: no stage has ended.".to_owned(),
    }
}

/// How far a run has come back.
fn way_made(run: &Run) -> String {
    let gone = |status| matches!(status, StageStatus::Undone | StageStatus::Left);
    let count = run.stages().filter(|(_, stage)| gone(stage.status)).count();
    let left = Unwind::new(run).order().len();
    format!(
        "The run goes back. Certain: of {} stages that had begun, {count} are undone or left as they are.",
        count + left
    )
}

/// An attempt has begun, and nobody knows what became of it.
pub(super) fn is_in_doubt(run: &Run, position: usize) -> bool {
    let state = run.stage(position);
    match state.status {
        StageStatus::InDoubt | StageStatus::Running | StageStatus::Undoing => true,
        // What has begun and is to be looked at again is pending.
        StageStatus::Failed | StageStatus::Waiting | StageStatus::Pending => state.attempts > 0,
        _ => false,
    }
}
