//! The schemas of the two files, made from the types.
//!
//! What `with` and `on` may be depends on `uses`; that is said by one `if`/`then` for each action,
//! never by `oneOf`, whose faults name no field.

use schemars::generate::SchemaSettings;
use serde_json::Value;
use serde_json::json;

use super::catalogue::Catalogue;
use super::catalogue::Signature;
use super::inventory::InventorySpec;
use super::spec::PlanSpec;

/// Returns the JSON schema (draft 2020-12) of a plan that uses these actions.
pub fn schema_of_plan(catalogue: &Catalogue) -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<PlanSpec>().to_value();
    plain(&mut schema);
    let stage = &mut schema["$defs"]["StageSpec"];
    stage["properties"]["uses"]["enum"] = catalogue.names().collect();
    stage["allOf"] = catalogue.signatures().map(rule).collect();
    schema
}

/// Returns the JSON schema (draft 2020-12) of an inventory.
pub fn schema_of_inventory() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<InventorySpec>().to_value();
    plain(&mut schema);
    schema
}

/// Turns lists of constants into an `enum`, whose fault can name what is allowed, and joins the
/// lines of descriptions, which editors show as they are. A schema is a few levels deep.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.values_mut().for_each(plain);
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            let Some(choices) = map.get("oneOf").and_then(Value::as_array) else {
                return;
            };
            let constant = |choice: &Value| choice.get("const").cloned();
            let Some(constants) = choices.iter().map(constant).collect::<Option<Vec<_>>>() else {
                return;
            };
            let line = |choice: &Value| {
                let (word, text) = (choice["const"].as_str()?, choice["description"].as_str()?);
                Some(format!("`{word}`: {text}"))
            };
            let words: Vec<String> = map
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned)
                .into_iter()
                .chain(choices.iter().filter_map(line))
                .collect();
            map.shift_remove("oneOf");
            map.insert("type".into(), "string".into());
            map.insert("enum".into(), constants.into());
            map.insert("description".into(), words.join(" ").into());
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        _ => {}
    }
}

fn rule(signature: &Signature) -> Value {
    let required = signature
        .parameters
        .get("required")
        .and_then(Value::as_array);
    let mut then = json!({
        "properties": {
            "uses": { "description": signature.summary },
            "on": { "enum": signature.allows },
            "with": signature.parameters,
        },
    });
    if required.is_some_and(|fields| !fields.is_empty()) {
        then["required"] = json!(["with"]);
    }
    json!({
        "if": { "required": ["uses"], "properties": { "uses": { "const": signature.uses } } },
        "then": then,
    })
}
