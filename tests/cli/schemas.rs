//! What machines read fits the committed schemas, whatever the program has to say.

use serde_json::Value;
use sms_plan::report;

use super::Desk;
use super::journal::RUN;
use super::journal::a_run;
use crate::plan::schemas::check;

fn schemas() -> [(&'static str, Value); 6] {
    [
        ("event", report::schema_of_event()),
        ("status", report::schema_of_status()),
        ("preview", report::schema_of_path()),
        ("check", report::schema_of_check()),
        ("rollback", report::schema_of_way_back()),
        ("validate", report::schema_of_validation()),
    ]
}

#[test]
fn the_schemas_are_those_of_the_types() {
    for (name, schema) in schemas() {
        check(&format!("schemas/{name}.schema.json"), &schema);
    }
}

#[test]
fn the_program_prints_them() {
    let desk = Desk::new();
    for (name, schema) in schemas() {
        assert_eq!(desk.json(&["schema", name]), [schema]);
    }
}

#[test]
fn what_commands_print_fits_its_schema() {
    let desk = Desk::new();
    a_run(&desk, true);
    desk.write(
        "faulty.yaml",
        "apiVersion: sms-plan/v1\nkind: Plan\nstages: []\n",
    );
    let knock = Desk::of(super::check::PLAN, super::check::INVENTORY);
    let pair = ["plan.yaml", "-i", "inventory.yaml", "--format", "json"];
    let of_run = [RUN, "-i", "inventory.yaml", "--format", "json"];
    let [event, status, preview, check, rollback, validate] = schemas();
    let said = [
        (&event, desk.json(&[&["events"][..], &of_run].concat())),
        (&status, desk.json(&[&["status"][..], &of_run].concat())),
        (&preview, desk.json(&[&["preview"][..], &pair].concat())),
        (&check, knock.json(&[&["check"][..], &pair].concat())),
        (
            &rollback,
            desk.json(&[&["rollback", "--preview"][..], &of_run].concat()),
        ),
        (&validate, desk.json(&[&["validate"][..], &pair].concat())),
        (
            &validate,
            desk.json(&["validate", "faulty.yaml", "--format", "json"]),
        ),
    ];
    for ((name, schema), documents) in said {
        let validator = jsonschema::validator_for(schema).unwrap();
        for document in documents {
            if let Err(error) = validator.validate(&document) {
                panic!("{name}: {error}: {document:#}");
            }
            // A schema that takes everything would prove nothing.
            assert!(
                !validator.is_valid(&Value::Object(serde_json::Map::new())),
                "{name}"
            );
        }
    }
}
