//! The values that expressions and templates read, by root.
//!
//! `source`, `destination`, `directory` and `inventory` come from the inventory; what is learned
//! when connecting, the outputs of stages and the run are added as they become known. What is not
//! there is not known yet: nothing here invents a value, and no secret is ever among them.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::inventory::Inventory;
use crate::run::Place;
use crate::run::StageId;

/// The names of all roots.
pub const ROOTS: [&str; 6] = [
    "source",
    "destination",
    "directory",
    "inventory",
    "stages",
    "run",
];

/// The values that expressions and templates read; a clone shares them, and costs nothing however
/// many stages have ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roots {
    source: Arc<Value>,
    destination: Arc<Value>,
    directory: Arc<Value>,
    inventory: Arc<Value>,
    run: Arc<Value>,
    stages: RedBlackTreeMapSync<StageId, Value>,
}

impl Roots {
    /// Returns what the inventory alone says.
    pub fn new(inventory: &Inventory) -> Self {
        inventory.roots()
    }

    pub(crate) fn of_inventory(inventory: Value) -> Self {
        let host = |name: &str| Arc::new(inventory["hosts"][name].clone());
        Self {
            source: host("source"),
            destination: host("destination"),
            directory: Arc::new(inventory["directory"].clone()),
            inventory: Arc::new(inventory),
            run: Arc::default(),
            stages: RedBlackTreeMapSync::default(),
        }
    }

    /// Adds facts of a host (its keys as in the inventory); one that is there already is replaced.
    ///
    /// Does nothing for places that are not hosts, and for facts that are not a map.
    pub fn learn(&mut self, place: Place, facts: &Value) {
        let host = match place {
            Place::Source => &mut self.source,
            Place::Destination => &mut self.destination,
            Place::Directory | Place::Orchestrator => return,
        };
        if let Value::Object(facts) = facts {
            let host = Arc::make_mut(host);
            if !host.is_object() {
                *host = Value::Object(Map::new());
            }
            if let Value::Object(host) = host {
                host.extend(
                    facts
                        .iter()
                        .map(|(key, value)| (key.clone(), value.clone())),
                );
            }
        }
    }

    /// Sets the output of an ended stage; [`Value::Null`] for a skipped one.
    pub fn set_output(&mut self, stage: &StageId, output: Value) {
        let ended = Map::from_iter([("output".to_owned(), output)]);
        self.stages.insert_mut(stage.clone(), Value::Object(ended));
    }

    /// Sets what is known of the run: its id, and the name and version of its plan.
    pub fn set_run(&mut self, id: &str, plan: &str, version: &str) {
        let run = json!({ "id": id, "plan": plan, "planVersion": version });
        self.run = Arc::new(run);
    }

    /// Returns the facts of a host known so far; [`Value::Null`] for another place.
    pub fn host(&self, place: Place) -> &Value {
        match place {
            Place::Source => &self.source,
            Place::Destination => &self.destination,
            Place::Directory | Place::Orchestrator => &Value::Null,
        }
    }

    /// Returns the value at a path such as `["source", "os"]`, if it is known.
    pub fn get<S: AsRef<str>>(&self, path: &[S]) -> Option<&Value> {
        let mut path = path.iter().map(AsRef::as_ref);
        let mut value: &Value = match path.next()? {
            "source" => &self.source,
            "destination" => &self.destination,
            "directory" => &self.directory,
            "inventory" => &self.inventory,
            "run" => &self.run,
            "stages" => self.stages.get(path.next()?)?,
            _ => return None,
        };
        for key in path {
            value = match value {
                Value::Object(map) => map.get(key)?,
                Value::Array(list) => list.get(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Returns one root as a value; of `stages` only the named ones, as a run may have thousands.
    pub(crate) fn root(&self, name: &str, stages: &[String]) -> Value {
        if name != "stages" {
            return match self.get(&[name]) {
                Some(Value::Null) | None => Value::Object(Map::new()),
                Some(value) => value.clone(),
            };
        }
        let known = stages
            .iter()
            .filter_map(|id| Some((id.clone(), self.stages.get(id.as_str())?.clone())));
        Value::Object(known.collect())
    }
}
