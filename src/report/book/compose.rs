//! Puts the book together: from what the run knows, else from the inventory. Nothing is connected,
//! and no secret is fetched.

use std::path::Path;
use std::sync::Arc;

use super::policy::policy;
use super::stands::stands;
use super::steps::remaining;
use super::steps::way_back;
use crate::action::Registry;
use crate::action::View;
use crate::action::lacks_hardened_join;
use crate::plan::Inventory;
use crate::plan::Plan;
use crate::plan::SecretRef;
use crate::plan::path;
use crate::report::document::Document;
use crate::report::document::Section;
use crate::run::Account;
use crate::run::Place;
use crate::run::Run;

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

/// Writes the book.
pub fn book(of: &BookOf<'_>) -> Document {
    let view = match of.run {
        Some(run) => View::of(of.plan, of.inventory, run),
        None => View::before_a_run(of.plan, of.inventory),
    };
    let name = |place: Place| name_of(of, place);
    let back = of.run.filter(|run| run.back().is_some());
    let what = match (of.run, back) {
        (_, Some(run)) => format!("Taking run {} back by hand", run.id()),
        (Some(run), None) => format!("Finishing run {} by hand", run.id()),
        (None, None) => "Cutover by hand".to_owned(),
    };
    let title = format!(
        "{what}: {} to {}",
        name(Place::Source),
        name(Place::Destination)
    );
    // The rows around the stages are states of a run.
    let rows = path(of.plan, &view.roots);
    let rows = &rows[1..=of.plan.stages.len()];
    let mut sections = vec![stands(of, &view, rows), before(of, &view)];
    if let Some(run) = back {
        sections.push(way_back(of, &view, rows, run));
        sections.push(afterwards_back(of, run));
        return Document { title, sections };
    }
    let old = lacks_hardened_join(view.roots.host(Place::Source));
    if old {
        sections.push(old_windows());
    }
    sections.extend(remaining(of, &view, rows, old));
    sections.push(policy(of));
    sections.push(afterwards(of));
    Document { title, sections }
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

/// What the run does with what a person has taken back.
fn afterwards_back(of: &BookOf<'_>, run: &Run) -> Section {
    let mut section = Section::new("Afterwards");
    if run.state().is_over() {
        section.say("Nothing: the run has ended.");
        return section;
    }
    section.say(
        "Let the run go on. It looks at each of these first, finds what you have taken back, does what \
         is left, compares both servers and their objects with what was recorded before the first \
         change, takes its record off both servers (/var/lib/sms-plan) and ends:",
    );
    section.type_in(command(of, &format!("resume {}", run.id())));
    section.say(
        "What no look can tell of, as a script without a probe, is passed over with a word of yours:",
    );
    section.type_in(command(
        of,
        &format!("rollback {} --leave STAGE --reason TEXT", run.id()),
    ));
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

pub(super) fn whole(percent: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percent is between 0 and 100"
    )]
    let whole = percent.floor() as u32;
    whole
}
