//! The committed schemas against the types; `UPDATE_SCHEMAS=1` writes them anew.

use serde_json::Value;
use sms_plan::plan::schema_of_inventory;
use sms_plan::plan::schema_of_plan;

use super::catalogue;
use super::project;

pub(crate) fn check(path: &str, schema: &Value) {
    assert!(jsonschema::draft202012::meta::is_valid(schema), "{path}");
    let text = format!("{schema:#}\n");
    if std::env::var_os("UPDATE_SCHEMAS").is_some() {
        std::fs::write(project(path), &text).unwrap();
    }
    let committed = std::fs::read_to_string(project(path)).unwrap();
    // Not `assert_eq`: two whole schemas would hide the advice.
    assert!(
        committed == text,
        "{path} is stale: run the tests once with UPDATE_SCHEMAS=1"
    );
}

#[test]
fn the_inventory_schema_is_that_of_the_types() {
    check("schemas/inventory.schema.json", &schema_of_inventory());
}

#[test]
fn the_plan_schema_is_that_of_the_types() {
    check(
        "schemas/plan.schema.json",
        &schema_of_plan(&catalogue::all()),
    );
}

#[test]
fn schemas_say_nothing_by_one_of() {
    for schema in [schema_of_inventory(), schema_of_plan(&catalogue::all())] {
        let text = schema.to_string();
        assert!(
            !text.contains("anyOf") && !text.contains("oneOf"),
            "{schema:#}"
        );
    }
}

/// Adds what an editor could not explain or fill in: properties without a description, and scalars
/// that are neither a choice nor shown by an example or a default.
fn unexplained(root: &Value, schema: &Value, path: &str, found: &mut Vec<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            let path = format!("{path}.{name}");
            let target = property["$ref"]
                .as_str()
                .map_or(&Value::Null, |at| root.pointer(&at[1..]).unwrap());
            let says = |field: &str| property.get(field).or_else(|| target.get(field));
            if !says("description").is_some_and(|text| text.as_str().unwrap().ends_with(['.', '?']))
            {
                found.push(format!("{path}: no description"));
            }
            let scalar = says("type").is_some_and(|kind| {
                ["string", "integer", "number"]
                    .map(Value::from)
                    .contains(kind)
            });
            let shown = ["enum", "const", "examples", "default"];
            if scalar && !shown.iter().any(|field| says(field).is_some()) {
                found.push(format!("{path}: no example"));
            }
        }
    }
    let below: Vec<(&String, &Value)> = match schema {
        Value::Object(map) => map.iter().filter(|(key, _)| *key != "examples").collect(),
        _ => Vec::new(),
    };
    for (key, value) in below {
        let path = match key.as_str() {
            "properties" | "then" | "else" | "items" | "$defs" => path.to_owned(),
            _ => format!("{path}/{key}"),
        };
        unexplained(root, value, &path, found);
    }
    for (index, value) in schema.as_array().into_iter().flatten().enumerate() {
        unexplained(root, value, &format!("{path}[{index}]"), found);
    }
}

#[test]
fn schemas_explain_every_property() {
    for schema in [schema_of_inventory(), schema_of_plan(&catalogue::all())] {
        let mut found = Vec::new();
        unexplained(&schema, &schema, "", &mut found);
        // A condition is asked, and no editor shows it.
        found.retain(|line| !line.contains("/if"));
        assert!(found.is_empty(), "{}", found.join("\n"));
        assert!(schema["$id"].is_string() && schema["title"].is_string());
    }
}
