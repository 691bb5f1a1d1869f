//! The schemas of the two files, made from the types.
//!
//! What `with` and `on` may be depends on `uses`; that is said by one `if`/`then` for each action,
//! never by `oneOf`, whose faults name no field.

use schemars::generate::SchemaSettings;
use serde_json::Map;
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
    schema["$id"] = "urn:sms-plan:v1:plan".into();
    let stage = &mut schema["$defs"]["StageSpec"];
    let (names, words): (Vec<&str>, Vec<&str>) = catalogue
        .signatures()
        .map(|signature| (signature.uses, signature.summary))
        .unzip();
    stage["properties"]["uses"]["enum"] = names.into();
    stage["properties"]["uses"]["enumDescriptions"] = words.into();
    stage["allOf"] = catalogue.signatures().map(rule).collect();
    plain(&mut schema);
    schema
}

/// Returns the JSON schema (draft 2020-12) of an inventory.
pub fn schema_of_inventory() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<InventorySpec>().to_value();
    schema["$id"] = "urn:sms-plan:v1:inventory".into();
    plain(&mut schema);
    schema
}

/// Makes a generated schema plain for people and their editors. A schema is a few levels deep.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            one_by_name(map);
            never_null(map);
            words(map);
            map.values_mut().for_each(plain);
        }
        Value::Array(list) => list.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Turns a list of constants into an `enum`, whose fault can name what is allowed, with a line for
/// each, which the YAML language server shows beside it.
fn one_by_name(map: &mut Map<String, Value>) {
    let Some(choices) = map.get("oneOf").and_then(Value::as_array) else {
        return;
    };
    let of = |field: &str| -> Option<Vec<Value>> {
        let value = |choice: &Value| choice.get(field).cloned();
        choices.iter().map(value).collect()
    };
    let (Some(constants), lines) = (of("const"), of("description")) else {
        return;
    };
    map.shift_remove("oneOf");
    map.insert("type".into(), "string".into());
    map.insert("enum".into(), constants.into());
    if let Some(lines) = lines {
        map.insert("enumDescriptions".into(), lines.into());
    }
}

/// What may be left out is left out: nobody writes an explicit null, and no editor offers one.
fn never_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|name| name != "null");
        if let [one] = types.as_slice() {
            let one = one.clone();
            map.insert("type".into(), one);
        }
    }
    if map.get("default").is_some_and(Value::is_null) {
        map.shift_remove("default");
    }
}

/// Joins the lines of descriptions, which editors show as they are, and offers those with code in
/// them as Markdown too, by the words that the YAML language server knows for it.
fn words(map: &mut Map<String, Value>) {
    for (field, markdown) in [
        ("description", "markdownDescription"),
        ("enumDescriptions", "markdownEnumDescriptions"),
    ] {
        let joined = match map.get(field) {
            Some(Value::String(text)) => Value::from(text.replace('\n', " ")),
            Some(Value::Array(lines)) => lines
                .iter()
                .filter_map(Value::as_str)
                .map(|text| text.replace('\n', " "))
                .collect(),
            _ => continue,
        };
        if joined.to_string().contains('`') {
            map.insert(markdown.into(), joined.clone());
        }
        map.insert(field.into(), joined);
    }
}

/// What one action makes of a stage's `on` and `with`.
fn rule(signature: &Signature) -> Value {
    let Signature { uses, summary, .. } = signature;
    let places: Vec<&str> = signature
        .allows
        .iter()
        .map(|place| place.as_str())
        .collect();
    let mut with = signature.parameters.clone();
    let filled = |field: &str| match &with[field] {
        Value::Object(map) => !map.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => false,
    };
    let (takes, needs) = (filled("properties"), filled("required"));
    with["title"] = (*uses).into();
    with["description"] = if takes {
        format!("The parameters of `{uses}`, which {summary}.").into()
    } else {
        format!("`{uses}` takes no parameters: it {summary}.").into()
    };
    let mut then = json!({
        "properties": {
            "uses": { "description": format!("`{uses}` {summary}.") },
            "on": {
                "enum": places,
                "description": format!("Where `{uses}` acts: `{}`.", places.join("` or `")),
            },
            "with": with,
        },
    });
    if needs {
        then["required"] = json!(["with"]);
    }
    json!({
        "if": { "required": ["uses"], "properties": { "uses": { "const": uses } } },
        "then": then,
    })
}
