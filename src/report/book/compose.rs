//! Puts the book together: from what the run knows, else from the inventory. Nothing is connected,
//! and no secret is fetched.

use std::path::Path;
use std::sync::Arc;

use super::summary::step_of;
use super::summary::words;
use crate::action::Context;
use crate::action::Credentials;
use crate::action::Registry;
use crate::action::View;
use crate::action::World;
use crate::action::lacks_hardened_join;
use crate::plan::Inventory;
use crate::plan::PathRow;
use crate::plan::Plan;
use crate::plan::Runs;
use crate::plan::SecretRef;
use crate::plan::path;
use crate::report::document::Document;
use crate::report::document::Section;
use crate::report::document::Step;
use crate::run::Account;
use crate::run::Place;
use crate::run::Run;
use crate::run::StageStatus;

/// What a book is written of.
pub struct BookOf<'a> {
    /// The plan.
    pub plan: &'a Arc<Plan>,
    /// The inventory.
    pub inventory: &'a Arc<Inventory>,
    /// The actions.
    pub registry: &'a Registry,
    /// The run, if there is one.
    pub run: Option<&'a Run>,
    /// Its state folder.
    pub state: Option<&'a Path>,
    /// All steps, also those that are done.
    pub all: bool,
}

/// The document's steps that a person skips where the hardened joins cannot be met (KB5020276).
const SKIPPED_BY_OLD: [usize; 2] = [3, 4];

/// Writes the book.
pub fn book(of: &BookOf<'_>) -> Document {
    let view = match of.run {
        Some(run) => View::of(of.plan, of.inventory, run),
        None => View::before_a_run(of.plan, of.inventory),
    };
    let name = |place: Place| name_of(of, place);
    let title = match of.run {
        Some(run) => format!(
            "Finishing run {} by hand: {} to {}",
            run.id(),
            name(Place::Source),
            name(Place::Destination)
        ),
        None => format!(
            "Cutover by hand: {} to {}",
            name(Place::Source),
            name(Place::Destination)
        ),
    };
    // The rows around the stages are states of a run.
    let rows = path(of.plan, &view.roots);
    let rows = &rows[1..=of.plan.stages.len()];
    let mut sections = vec![stands(of, &view, rows), before(of, &view)];
    let old = lacks_hardened_join(view.roots.host(Place::Source));
    if old {
        sections.push(old_windows());
    }
    sections.extend(remaining(of, &view, rows, old));
    sections.push(policy(of));
    sections.push(afterwards(of));
    Document { title, sections }
}

/// Where the run stands: what is certain, and what is in doubt.
fn stands(of: &BookOf<'_>, view: &View, rows: &[PathRow]) -> Section {
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
            StageStatus::Undoing => "is being undone",
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
    let ended = |position: usize| run.stage(position).status.has_ended();
    let last = (0..of.plan.stages.len())
        .rfind(|at| ended(*at) && run.stage(*at).status != StageStatus::Skipped);
    section.say(match last {
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
            "In doubt: {}. Each may be done, half done or not begun: look first, with the commands \
             below its step, and do only what is missing.",
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
    }
    section
}

/// What must not be at work meanwhile, and where the passwords are.
fn before(of: &BookOf<'_>, view: &View) -> Section {
    let mut section = Section::new("Before you begin");
    if let Some(run) = of.run {
        section
            .say("No process may drive the run while a person works; this says whether one does:");
        section.type_in(command(of, &format!("status {}", run.id())));
        section.say("If one does:");
        section.type_in(command(of, &format!("stop {}", run.id())));
    }
    section.say(
        "If a job of Storage Migration Service itself works on these servers, stop it in an elevated \
         PowerShell console of its orchestrator, where <string> is the name of the migration job:",
    );
    section.type_in("Stop-SmsTransfer -Name <string>");
    section.say(
        "That is the command of the document. Its module also has Stop-SmsCutover; nothing here runs \
         either.",
    );
    section.say("Have a way to both consoles: addresses, names and accounts change under way.");
    let mut used: Vec<&String> = Vec::new();
    let hosts = [&of.inventory.source, &of.inventory.destination];
    let directory = of
        .inventory
        .directory
        .iter()
        .map(|directory| &directory.credential);
    let of_hosts = hosts
        .iter()
        .flat_map(|host| std::iter::once(&host.credential).chain(host.join_credential.as_ref()));
    for name in directory.chain(of_hosts) {
        if !used.contains(&name) {
            used.push(name);
        }
    }
    for name in used {
        let Some(credential) = of.inventory.credentials.get(name) else {
            continue;
        };
        let mut secrets = Vec::new();
        if let Some(reference) = &credential.password {
            secrets.push(format!("the password is {}", found_at(reference)));
        }
        if let Some(key) = &credential.private_key {
            let key = of.inventory.resolve(key);
            secrets.push(format!("the private key is the file {}", key.display()));
        }
        section.say(format!(
            "Credential `{name}`, user {}: {}.",
            credential.username,
            secrets.join("; ")
        ));
    }
    if view
        .reach
        .values()
        .any(|reach| reach.account == Account::Temporary)
    {
        section.say(
            "The temporary account's password is sealed in the run's state and not shown; a local \
             administrator at the console does as well.",
        );
    }
    section
}

fn old_windows() -> Section {
    let mut section =
        Section::new("This source is too old for the hardened domain joins (KB5020276)");
    section.say(
        "Windows Server 2008 R2 and older cannot leave their domain the usual way any more, unless it has \
         extended security updates with the latest cumulative update. Skip steps 3 and 4 of the summary. \
         Sign in locally on the source and leave the domain with SYSDM.CPL, NETDOM or Remove-Computer; \
         then go on with what follows that step.",
    );
    section
}

/// The steps that remain, under the document's headings.
fn remaining(of: &BookOf<'_>, view: &View, rows: &[PathRow], old: bool) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut under = None;
    let mut view = view.clone();
    let world = World::new(
        Arc::clone(of.inventory),
        Credentials::default(),
        String::new(),
    );
    let world = Arc::new(world);
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
        let state = of.run.map(|run| run.stage(position));
        let context = Context {
            plan: Arc::clone(of.plan),
            position,
            inventory: Arc::clone(of.inventory),
            view: Arc::new(view.clone()),
            world: Arc::clone(&world),
            attempt: state.map_or(0, |state| state.attempts),
            answered: state.is_some_and(|state| state.answered),
            token: state.map(|state| state.token.clone()).unwrap_or_default(),
        };
        let manual = action.book(&context);
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

/// An attempt has begun, and nobody knows what became of it.
fn is_in_doubt(run: &Run, position: usize) -> bool {
    let state = run.stage(position);
    match state.status {
        StageStatus::InDoubt | StageStatus::Running => true,
        // What has begun and is to be looked at again is pending.
        StageStatus::Failed | StageStatus::Waiting | StageStatus::Pending => state.attempts > 0,
        _ => false,
    }
}

/// Which server's policy is to be put back: only what this run has changed, or may have (the
/// document's "Manual cutover", 3b).
fn policy(of: &BookOf<'_>) -> Section {
    let mut section = Section::new("The local account token filter policy");
    let stages = |uses: &str, place: Place| -> Vec<usize> {
        let here =
            |(_, stage): &(usize, &crate::plan::Stage)| stage.uses == uses && stage.on == place;
        let stages = of.plan.stages.iter().enumerate().filter(here);
        stages.map(|(position, _)| position).collect()
    };
    let percent = |positions: &[usize]| match positions {
        [first, ..] => format!("{}%", whole(of.plan.starts_at(*first))),
        [] => "no stage".to_owned(),
    };
    let [source, destination] = [Place::Source, Place::Destination].map(|place| {
        let (relax, restore) = (
            stages("token_filter.relax", place),
            stages("token_filter.restore", place),
        );
        let (relaxed, restored) = (percent(&relax), percent(&restore));
        (place, relax, restore, relaxed, restored)
    });
    section.say(format!(
        "The policy is changed at {} on the source and at {} on the destination, and put back at {} \
         and at {}. Only what this run has changed needs to be put back.",
        source.3, destination.3, source.4, destination.4
    ));
    for (place, relax, restore, relaxed, restored) in [source, destination] {
        let status = |position: &usize| of.run.map(|run| run.stage(*position).status);
        let changed = relax.iter().any(|position| {
            of.run.is_some_and(|run| is_in_doubt(run, *position))
                || matches!(
                    status(position),
                    Some(StageStatus::Succeeded | StageStatus::Adopted)
                )
        });
        let back = restore.iter().any(|position| {
            matches!(
                status(position),
                Some(StageStatus::Succeeded | StageStatus::Adopted)
            )
        });
        section.say(match (changed, back) {
            (false, _) => format!("The {place}: no change is needed; this run has not changed it ({relaxed})."),
            (true, true) => format!("The {place}: no change is needed; it was put back ({restored})."),
            (true, false) => format!(
                "The {place}: put it back, with the commands of the step at {restored}; this run has \
                 changed it, or may have ({relaxed})."
            ),
        });
    }
    section
}

fn afterwards(of: &BookOf<'_>) -> Section {
    let mut section = Section::new("Afterwards");
    let Some(run) = of.run else {
        section.say(
            "Read the share by its old name from a client, and keep this book with what you noted.",
        );
        return section;
    };
    section.say(
        "Take the steps that you did into the run, in order; each is looked at first. Do so before a \
         server restarts once more: afterwards nobody can tell one restart from two. `--unverified` is for \
         what no look can tell:",
    );
    section.type_in(command(
        of,
        &format!("adopt {} STAGE… --by NAME --reason TEXT", run.id()),
    ));
    section.say(
        "Then let the run do the rest, be it only its last act: it takes its record off both servers \
         (/var/lib/sms-plan) and ends the run:",
    );
    section.type_in(command(of, &format!("resume {}", run.id())));
    section
}

fn command(of: &BookOf<'_>, words: &str) -> String {
    match of.state {
        Some(state) => format!("sms-plan {words} --state {}", state.display()),
        None => format!("sms-plan {words}"),
    }
}

/// Where a secret is; never the secret.
fn found_at(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(variable) => format!("in the environment variable {variable}"),
        SecretRef::File(path) => format!("in the file {}", path.display()),
        SecretRef::Prompt(question) => format!("known to a person (\"{question}\")"),
        SecretRef::Command(words) => format!("what this prints: {}", words.join(" ")),
    }
}

fn name_of(of: &BookOf<'_>, place: Place) -> String {
    let host = of.inventory.host(place);
    let name = host.and_then(|host| host.name.clone());
    name.unwrap_or_else(|| {
        host.map(|host| host.address.to_string())
            .unwrap_or_default()
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

fn whole(percent: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percent is between 0 and 100"
    )]
    let whole = percent.floor() as u32;
    whole
}
