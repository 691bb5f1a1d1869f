//! What a person must know of a server to work on it by hand: from the run where there is one, else
//! from the inventory.

use serde_json::Value;

use super::Context;
use crate::plan::NewName;
use crate::run::Place;

/// Windows releases before Windows Server 2012: no cmdlets for adapters, and the last without a
/// join that renames at once.
const BEFORE_2012: [&str; 4] = ["2003", "2003 R2", "2008", "2008 R2"];

/// One of the two servers, for a person.
pub(super) struct Server {
    pub(super) windows: bool,
    release: String,
    /// The name that it had when the run began.
    pub(super) before: String,
    /// The name that it has by now.
    pub(super) now: String,
    /// The name that it has at the end.
    pub(super) after: String,
    /// Where it answers now.
    pub(super) address: String,
    /// The names that it answered to as well when the run began; `None` where nobody has looked.
    pub(super) alternates: Option<Vec<String>>,
}

impl Server {
    pub(super) fn of(cx: &Context, place: Place) -> Self {
        let facts = cx.view.roots.host(place);
        let text = |key: &str| facts[key].as_str().unwrap_or_default().to_owned();
        let snapshot = cx.snapshot_facts(place).ok();
        let before = name_before(cx, place);
        let reach = cx.view.reach.get(&place);
        let now = reach
            .map(|reach| reach.name.clone())
            .filter(|name| !name.is_empty());
        Self {
            windows: facts["os"] == "windows",
            release: text("osVersion"),
            now: now.unwrap_or_else(|| before.clone()),
            after: match place {
                Place::Destination => name_before(cx, Place::Source),
                _ => new_name(facts),
            },
            before,
            address: reach.map(|reach| reach.address.clone()).unwrap_or_default(),
            alternates: snapshot.map(|facts| facts.alternates),
        }
    }

    /// Whether it is a Windows server without the cmdlets for adapters and computer names.
    pub(super) fn is_before_2012(&self) -> bool {
        self.windows && BEFORE_2012.contains(&self.release.as_str())
    }

    /// Its name with the domain.
    pub(super) fn full(name: &str, cx: &Context) -> String {
        match &cx.inventory.directory {
            Some(directory) => format!("{}.{}", name.to_ascii_lowercase(), directory.domain),
            None => name.to_owned(),
        }
    }
}

/// Whether a release got no update for the hardened joins (KB5020276) unless it has extended
/// security updates.
pub fn lacks_hardened_join(facts: &Value) -> bool {
    facts["os"] == "windows"
        && facts["osVersion"]
            .as_str()
            .is_some_and(|release| BEFORE_2012.contains(&release))
}

fn name_before(cx: &Context, place: Place) -> String {
    let recorded = cx.snapshot_facts(place).ok().map(|facts| facts.name);
    recorded
        .or_else(|| cx.inventory.host(place)?.name.clone())
        .unwrap_or_else(|| place.to_string().to_ascii_uppercase())
}

/// The source's new name; a random one is chosen only by a run.
fn new_name(facts: &Value) -> String {
    let name = facts["newName"].as_str().unwrap_or("random");
    match NewName::from(name.to_owned()) {
        NewName::Name(name) => name,
        NewName::Random => "NEW-NAME".to_owned(),
    }
}
