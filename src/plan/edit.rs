//! What an edited plan or inventory means for a run that is under way: which stages each change is
//! an edit of. Whether the run may still take it is not known here.

use super::catalogue::Part;
use super::diff::FieldChange;
use super::diff::InventoryDifference;
use super::diff::PlanDifference;
use super::diff::Presence;
use super::diff::StageDifference;
use super::expression::Expression;
use super::expression::Reference;
use super::inventory::HostSpec;
use super::inventory::Inventory;
use super::inventory::Scope;
use super::model::Plan;
use super::model::Stage;
use super::template::Template;
use crate::run::Place;
use crate::run::StageId;

/// How long a change may be in one line of a journal; the texts themselves are kept beside it.
const LONGEST: usize = 200;

/// One change of an edited plan or inventory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What it comes to.
    pub kind: EditKind,
    /// What differs, in one line.
    pub words: String,
}

/// What a change comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditKind {
    /// How the run works and is told of, not what it does: credentials, domain controller, DNS
    /// servers, timeouts, retries, weights, words.
    Working,
    /// What stages do.
    Meaning(Vec<Concern>),
    /// A stage is new.
    Added(StageId),
    /// A stage is gone.
    Removed(StageId),
    /// A stage does what another one did.
    Renamed {
        /// What it is called now.
        now: StageId,
        /// What it was called.
        was: StageId,
    },
    /// A stage has another place among the others.
    Moved(StageId),
    /// Which servers, in which domain, the run is for.
    Servers,
}

/// A stage that a change is an edit of, by its name in the edited plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Concern {
    /// The stage.
    pub stage: StageId,
    /// In what.
    pub how: How,
}

/// In what a stage is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// What it would do.
    Effect,
    /// Whether it runs.
    Condition,
    /// The action that it uses, or where: another stage in all but its name.
    Action,
}

impl Edit {
    fn new(kind: EditKind, words: impl Into<String>) -> Self {
        let words: String = words.into();
        let words = if words.chars().count() > LONGEST {
            words.chars().take(LONGEST).chain(['…']).collect()
        } else {
            words
        };
        Self { kind, words }
    }

    /// Returns whether a run takes it without being told to.
    pub fn is_taken_by_itself(&self) -> bool {
        self.kind == EditKind::Working
    }

    /// The stages of the edited plan that do something else because of it.
    pub fn touches(&self) -> Vec<&StageId> {
        match &self.kind {
            EditKind::Meaning(concerns) => concerns.iter().map(|one| &one.stage).collect(),
            EditKind::Added(stage) | EditKind::Renamed { now: stage, .. } => vec![stage],
            EditKind::Working | EditKind::Removed(_) | EditKind::Moved(_) | EditKind::Servers => {
                Vec::new()
            }
        }
    }
}

/// Returns the changes of an edited plan, in its order.
pub fn plan_edits(difference: &PlanDifference) -> Vec<Edit> {
    let fields = difference.fields.iter();
    let mut edits: Vec<Edit> = fields
        .map(|change| Edit::new(EditKind::Working, change.to_string()))
        .collect();
    for stage in &difference.stages {
        stage_edits(stage, &mut edits);
    }
    edits
}

fn stage_edits(difference: &StageDifference, edits: &mut Vec<Edit>) {
    let id = &difference.id;
    match difference.presence {
        Presence::Added => {
            edits.push(Edit::new(EditKind::Added(id.clone()), format!("{id}: new")));
        }
        Presence::Removed => {
            edits.push(Edit::new(
                EditKind::Removed(id.clone()),
                format!("{id}: removed"),
            ));
        }
        Presence::Both => {}
    }
    if let Some(was) = &difference.was {
        let kind = EditKind::Renamed {
            now: id.clone(),
            was: was.clone(),
        };
        edits.push(Edit::new(kind, format!("{id}: was {was}")));
    }
    if let Some(moved) = &difference.moved {
        let words = match &moved.after {
            Some(before) => format!("{id}: now after {before}"),
            None => format!("{id}: now the first"),
        };
        edits.push(Edit::new(EditKind::Moved(id.clone()), words));
    }
    for change in &difference.fields {
        let kind = if change.is_of_effect() {
            EditKind::Meaning(vec![Concern {
                stage: id.clone(),
                how: how(change),
            }])
        } else {
            EditKind::Working
        };
        edits.push(Edit::new(kind, format!("{id}: {change}")));
    }
}

fn how(change: &FieldChange) -> How {
    match change.field.split('/').nth(1) {
        Some("uses" | "on") => How::Action,
        Some("when") => How::Condition,
        _ => How::Effect,
    }
}

/// Returns the changes of an edited inventory, each with the stages of the plan that it concerns.
pub fn inventory_edits(
    difference: &InventoryDifference,
    old: &Inventory,
    new: &Inventory,
    plan: &Plan,
) -> Vec<Edit> {
    let mut edits: Vec<Edit> = difference
        .fields
        .iter()
        .map(|change| {
            let path: Vec<&str> = change.field.split('/').skip(1).collect();
            let drawn = change.new.as_ref().is_some_and(|new| new == "random");
            Edit::new(kind_of(&path, drawn, plan), change.to_string())
        })
        .collect();
    edits.extend(scopes(old, new, plan));
    edits
}

/// What a change at a place of an inventory comes to; a name that is to be drawn is drawn when
/// connecting.
fn kind_of(path: &[&str], drawn: bool, plan: &Plan) -> EditKind {
    let host = |name: &str| match name {
        "source" => Place::Source,
        _ => Place::Destination,
    };
    let of = |followed: &[(Part, Place)], read: bool| {
        EditKind::Meaning(concerned(plan, followed, read.then_some(path)))
    };
    match path {
        ["metadata" | "credentials", ..]
        | ["hosts", _, "credential" | "joinCredential"]
        | [
            "directory",
            "server" | "address" | "dns" | "credential" | "security" | "caFile",
            ..,
        ] => EditKind::Working,
        ["hosts", _, "name" | "address"] | ["directory", ..] => EditKind::Servers,
        // What the run has learned of a server counts, so no expression ever reads the edited fact.
        [
            "hosts",
            at,
            "os" | "osVersion" | "domainJoined" | "clustered",
        ] => of(&[(Part::Kind, host(at))], false),
        ["hosts", at, "transport"] => of(&[(Part::Kind, host(at))], true),
        ["hosts", at, "newName"] if drawn => {
            of(&[(Part::NewName, host(at)), (Part::Kind, host(at))], true)
        }
        ["hosts", at, "newName"] => of(&[(Part::NewName, host(at))], true),
        ["hosts", at, "network", ..] => of(&[(Part::NewAddresses, host(at))], true),
        ["networkMapping", ..] => of(&[(Part::Mapping, Place::Destination)], true),
        _ => of(&[], true),
    }
}

/// The stages that follow a part of the inventory, or read what is at a path of it.
fn concerned(plan: &Plan, followed: &[(Part, Place)], path: Option<&[&str]>) -> Vec<Concern> {
    let follows = |stage: &Stage| {
        followed
            .iter()
            .any(|(part, place)| stage.on == *place && stage.nature.follows.contains(part))
    };
    let reads = |reference: &Reference| path.is_some_and(|path| is_about(reference, path));
    let stages = plan.stages.iter().filter_map(|stage| {
        let how = if condition(stage).any(reads) {
            How::Condition
        } else if follows(stage) || effect(stage).any(reads) {
            How::Effect
        } else {
            return None;
        };
        let stage = stage.id.clone();
        Some(Concern { stage, how })
    });
    stages.collect()
}

fn condition(stage: &Stage) -> impl Iterator<Item = &Reference> {
    stage.when.iter().flat_map(Expression::reads)
}

/// What a stage's parameters read; its questions and words do nothing.
fn effect(stage: &Stage) -> impl Iterator<Item = &Reference> {
    let templates = stage.with_templates.values().flat_map(Template::reads);
    let expressions = stage.with_expressions.values();
    templates.chain(expressions.flat_map(Expression::reads))
}

/// Whether something that is read contains, or is part of, what is at a path of the inventory.
fn is_about(reference: &Reference, path: &[&str]) -> bool {
    let read: Vec<&str> = reference.path.iter().map(String::as_str).collect();
    let meet = |other: &[&str]| read.iter().zip(other).all(|(a, b)| a == b);
    match (read.first(), path) {
        (Some(&"inventory"), _) => meet(&[&["inventory"], path].concat()),
        (Some(&root), ["hosts", host, ..]) => root == *host && meet(&path[1..]),
        (Some(&root), [first, ..]) => root == *first && meet(path),
        _ => false,
    }
}

/// A credential may be exchanged; whether a logon outlives the domain decides what a run does.
fn scopes(old: &Inventory, new: &Inventory, plan: &Plan) -> Vec<Edit> {
    let scope = |inventory: &Inventory, host: &HostSpec| -> Option<Scope> {
        let credential = inventory.credentials.get(&host.credential)?;
        Some(credential.scope)
    };
    let hosts = [
        (Place::Source, &old.source, &new.source),
        (Place::Destination, &old.destination, &new.destination),
    ];
    let changed = hosts.into_iter().filter_map(|(place, was, now)| {
        let (was, now) = (scope(old, was)?, scope(new, now)?);
        (was != now).then_some((place, was, now))
    });
    let edit = |(place, was, now): (Place, Scope, Scope)| {
        let host = place.to_string();
        let path = ["hosts", host.as_str(), "credential"];
        let concerns = concerned(plan, &[(Part::Kind, place)], Some(&path));
        let word = |scope| match scope {
            Scope::Local => "local",
            Scope::Domain => "domain",
        };
        Edit::new(
            EditKind::Meaning(concerns),
            format!(
                "hosts/{place}/credential: scope {} -> {}",
                word(was),
                word(now)
            ),
        )
    };
    changed.map(edit).collect()
}
