//! The schemas of what machines read from this program, made from the types.
//!
//! They only grow: see [`PROMISE`].

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::back::WayBack;
use super::check::CheckDocument;
use super::json::StatusDocument;
use super::preview::PreviewDocument;
use crate::plan::Findings;
use crate::run::EVENT_VERSION;
use crate::run::Event;

/// What later versions keep, written into each of these schemas.
const PROMISE: &str = "What is here keeps its name, its type and its meaning, and what is required \
stays required. Later versions may add fields, and words to a list of words; a reader passes over \
what it does not know.";

/// What else is promised of events.
const CHAIN: &str = "A journal is one event a line, without gaps in `seq`; names of events may be \
added, and what breaks this promise raises `v`. `hash` is the last field of its line. The line \
without it is the text that is hashed: SHA-256, in hexadecimal, over the hash of the line before \
(nothing before the first), a line feed, and that text. `at` is never before that of the line \
before, even where the clock was set back. `apply` and `resume` print lines with `notice` in the \
place of `event` as well, which are in no journal: `Stall`, a stage that takes much longer than it \
usually does.";

/// Returns the JSON schema (draft 2020-12) of one line of `events`, `apply` and `resume` with
/// `--format json`.
pub fn schema_of_event() -> Value {
    let mut schema = schema_of::<Event>("event");
    by_name(&mut schema);
    schema["description"] = format!(
        "One event of a run, version {EVENT_VERSION}: a line of `events --format json`, and of \
         `apply` and `resume` with it. {PROMISE} {CHAIN}"
    )
    .into();
    schema
}

/// Returns the JSON schema (draft 2020-12) of `status --format json`.
pub fn schema_of_status() -> Value {
    promised(schema_of::<StatusDocument>("status"))
}

/// Returns the JSON schema (draft 2020-12) of `preview --format json`.
pub fn schema_of_path() -> Value {
    promised(schema_of::<PreviewDocument>("preview"))
}

/// Returns the JSON schema (draft 2020-12) of `check --format json`.
pub fn schema_of_check() -> Value {
    promised(schema_of::<CheckDocument>("check"))
}

/// Returns the JSON schema (draft 2020-12) of `rollback --preview --format json`.
pub fn schema_of_way_back() -> Value {
    promised(schema_of::<WayBack>("rollback"))
}

/// Returns the JSON schema (draft 2020-12) of `validate --format json`.
pub fn schema_of_validation() -> Value {
    promised(schema_of::<Findings>("validate"))
}

fn promised(mut schema: Value) -> Value {
    let what = schema["description"].as_str().unwrap_or_default();
    schema["description"] = format!("{what} {PROMISE}").into();
    schema
}

fn schema_of<T: JsonSchema>(name: &str) -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("$id".into(), format!("urn:sms-plan:v1:{name}").into());
    let mut schema = schema.to_value();
    plain(&mut schema);
    schema
}

/// Joins the lines of descriptions, and turns lists of constants into an `enum`.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            words(map);
            // What is printed has its value; nobody fills one in.
            map.shift_remove("default");
            left_out(map);
            map.values_mut().for_each(plain);
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        _ => {}
    }
}

fn words(map: &mut Map<String, Value>) {
    let constants = map
        .get("oneOf")
        .and_then(Value::as_array)
        .and_then(|choices| {
            let constant = |choice: &Value| choice.get("const").cloned();
            choices.iter().map(constant).collect::<Option<Vec<Value>>>()
        });
    if let Some(constants) = constants {
        map.shift_remove("oneOf");
        map.insert("type".into(), "string".into());
        map.insert("enum".into(), constants.into());
    }
}

/// A field that may be left out is never null.
fn left_out(map: &mut Map<String, Value>) {
    let required = map.get("required").cloned().unwrap_or_default();
    let required = required.as_array().cloned().unwrap_or_default();
    let Some(Value::Object(properties)) = map.get_mut("properties") else {
        return;
    };
    for (name, property) in properties {
        if required.contains(&Value::from(name.as_str())) {
            continue;
        }
        if let Some(Value::Array(types)) = property.get_mut("type") {
            types.retain(|word| word != "null");
            if let [only] = types.as_slice() {
                property["type"] = only.clone();
            }
        }
        if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
            choices.retain(|choice| choice["type"] != "null");
            if let [only] = choices.as_slice() {
                let only = only.clone();
                if let (Value::Object(property), Value::Object(only)) = (property, only) {
                    property.shift_remove("anyOf");
                    property.extend(only);
                }
            }
        }
    }
}

/// Tells the events apart by their name, with one `if` for each; `oneOf` would name no field.
fn by_name(schema: &mut Value) {
    let choices = match schema
        .as_object_mut()
        .and_then(|map| map.shift_remove("oneOf"))
    {
        Some(Value::Array(choices)) => choices,
        _ => Vec::new(),
    };
    let mut names = Vec::new();
    let mut rules = Vec::new();
    for mut then in choices {
        let Some(event) = then["properties"]
            .as_object_mut()
            .and_then(|properties| properties.shift_remove("event"))
        else {
            continue;
        };
        let name = event["const"].clone();
        if let Some(Value::Array(required)) = then.get_mut("required") {
            required.retain(|field| field != "event");
        }
        rules.push(json!({
            "if": { "required": ["event"], "properties": { "event": { "const": name } } },
            "then": then,
        }));
        names.push(name);
    }
    schema["properties"]["event"] = json!({
        "type": "string",
        "description": "What happened.",
        "enum": names,
    });
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.push("event".into());
    }
    schema["allOf"] = rules.into();
}
