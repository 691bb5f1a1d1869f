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
