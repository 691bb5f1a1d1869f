//! How both servers and their directory objects differ from what was recorded before the first
//! change: the last question of a roll back.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use serde_json::json;

use super::ActionError;
use super::View;
use super::World;
use super::world::refused;
use crate::directory::Computer;
use crate::directory::Parts;
use crate::run::Place;

/// What cannot return, and why; by the last part of its name.
const CANNOT_RETURN: &[(&str, &str)] = &[
    ("boot", "the server was restarted"),
    ("keyVersion", "a join sets a new machine password"),
    ("passwordLastSet", "a join sets a new machine password"),
    ("whenChanged", "the directory counts every change"),
    ("operatingSystem", "a join writes it as the server says it"),
];

/// What a comparison came to, one line a difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What should be as recorded, and is not.
    pub differences: Vec<String>,
    /// What cannot return.
    pub allowed: Vec<String>,
}

impl World {
    /// Compares both servers and their directory objects with what the run recorded of them; what
    /// it never met is left out.
    pub async fn compare(&self, view: &View, limit: Duration) -> Result<Comparison, ActionError> {
        let mut comparison = Comparison::default();
        for (place, host) in self.met(view, limit).await? {
            let Some(recorded) = view.snapshots.get(&place) else {
                continue;
            };
            let mut now = json!({ "host": host.record().await? });
            let computer: Option<Computer> =
                serde_json::from_value(recorded["computer"].clone()).unwrap_or_default();
            if let Some(computer) = computer {
                let directory = self.directory()?;
                match directory.computer_by_guid(&computer.guid).await? {
                    Some(found) => {
                        let parts = Parts::OWNER_GROUP_DACL;
                        let descriptor = directory.descriptor(&computer.guid, parts).await?;
                        let bytes = descriptor.to_bytes().map_err(|error| refused(&error))?;
                        now["descriptor"] = json!(BASE64_STANDARD.encode(bytes));
                        now["computer"] =
                            serde_json::to_value(found).map_err(|error| refused(&error))?;
                    }
                    None => comparison.differences.push(format!(
                        "{place}: its object `{}` is gone from the directory",
                        computer.dn
                    )),
                }
            }
            comparison.add(place, recorded, &now);
        }
        Ok(comparison)
    }
}

impl Comparison {
    fn add(&mut self, place: Place, recorded: &Value, now: &Value) {
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        leaves("", recorded, &mut before);
        leaves("", now, &mut after);
        let gone_objects = now["computer"].is_null();
        for name in before
            .keys()
            .chain(after.keys().filter(|name| !before.contains_key(*name)))
        {
            let of_object = name.starts_with("computer") || name.starts_with("descriptor");
            let (was, is) = (before.get(name), after.get(name));
            // That the object is gone was said in one line.
            if was == is || (of_object && gone_objects) {
                continue;
            }
            let last = name.rsplit('.').next().unwrap_or_default();
            let why = CANNOT_RETURN.iter().find(|(what, _)| *what == last);
            let line = if last == "descriptor" {
                format!("{place}: the permissions of its directory object are others")
            } else {
                let words = [
                    ("host.facts.", ""),
                    ("host.", ""),
                    ("computer.", "object, "),
                ];
                let words = words
                    .iter()
                    .find_map(|(start, word)| Some(format!("{word}{}", name.strip_prefix(start)?)));
                let name = words.as_ref().unwrap_or(name);
                format!("{place}: {name}: was {}, is {}", shown(was), shown(is))
            };
            match why {
                Some((_, why)) => self.allowed.push(format!("{line} ({why})")),
                None => self.differences.push(line),
            }
        }
    }
}

/// The values that hold no further names, by the names that lead to them.
fn leaves(name: &str, value: &Value, found: &mut BTreeMap<String, Value>) {
    let under = |part: &str| {
        if name.is_empty() {
            part.to_owned()
        } else {
            format!("{name}.{part}")
        }
    };
    match value {
        Value::Object(fields) => {
            for (part, value) in fields {
                leaves(&under(part), value, found);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (position, value) in list.iter().enumerate() {
                // An adapter is known by its name, wherever it stands in the list.
                let part = value["name"].as_str().map(str::to_owned);
                leaves(
                    &under(&part.unwrap_or_else(|| position.to_string())),
                    value,
                    found,
                );
            }
        }
        leaf => {
            found.insert(name.to_owned(), leaf.clone());
        }
    }
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::String(text)) => format!("`{}`", text.replace('\n', "\\n")),
        Some(other) => other.to_string(),
    }
}
