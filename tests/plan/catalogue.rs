//! The actions as plans see them; the action room registers the same.

use serde_json::Value;
use serde_json::json;
use sms_plan::plan::Catalogue;
use sms_plan::plan::Signature;
use sms_plan::run::Place;

const HOSTS: &[Place] = &[Place::Source, Place::Destination];
const DIRECTORY: &[Place] = &[Place::Directory];
const ANYWHERE: &[Place] = &[
    Place::Source,
    Place::Destination,
    Place::Directory,
    Place::Orchestrator,
];
const MACHINES: &[Place] = &[Place::Source, Place::Destination, Place::Orchestrator];

fn parameters(properties: &Value, required: &[&str]) -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

fn plain(uses: &'static str, allows: &'static [Place], parameters: Value) -> Signature {
    Signature {
        uses,
        allows,
        parameters,
        templates: &[],
        expressions: &[],
        changes: true,
        summary: "does what its name says",
    }
}

pub(super) fn all() -> Catalogue {
    let none = || parameters(&json!({}), &[]);
    let text = || json!({ "type": "string", "minLength": 1 });
    let duration = || json!({ "type": "string", "pattern": "^([0-9]+(ms|s|m|h|d))+$" });
    Catalogue::new(vec![
        plain(
            "host.connect",
            HOSTS,
            parameters(&json!({ "as": { "enum": ["given", "temporary"] } }), &[]),
        ),
        plain("directory.copy_permissions", DIRECTORY, none()),
        plain("account.clear", HOSTS, none()),
        plain("account.create", HOSTS, none()),
        plain("account.remove", HOSTS, none()),
        plain("token_filter.relax", HOSTS, none()),
        plain("token_filter.restore", HOSTS, none()),
        plain("domain.leave", HOSTS, none()),
        plain("domain.join", HOSTS, none()),
        plain("network.collect", HOSTS, none()),
        plain("network.map", HOSTS, none()),
        plain("host.rename", HOSTS, none()),
        plain(
            "host.restart",
            HOSTS,
            parameters(
                &json!({ "ordinal": { "type": "integer", "minimum": 1 } }),
                &["ordinal"],
            ),
        ),
        Signature {
            templates: &["/answersAs"],
            changes: false,
            ..plain(
                "host.wait",
                HOSTS,
                parameters(
                    &json!({
                        "after": { "type": "string", "x-stage": ["host.restart"] },
                        "answersAs": text(),
                    }),
                    &[],
                ),
            )
        },
        plain("names.remove_alternates", HOSTS, none()),
        plain(
            "names.set_alternates",
            HOSTS,
            parameters(
                &json!({ "from": { "type": "string", "x-stage": ["names.remove_alternates"] } }),
                &["from"],
            ),
        ),
        Signature {
            templates: &["/env/*"],
            ..plain(
                "host.run",
                MACHINES,
                parameters(
                    &json!({
                        "script": text(),
                        "probe": text(),
                        "undo": text(),
                        "shell": { "enum": ["sh", "powershell"] },
                        "env": { "type": "object", "additionalProperties": { "type": "string" } },
                    }),
                    &["script"],
                ),
            )
        },
        Signature {
            templates: &["/message"],
            changes: false,
            ..plain(
                "control.approve",
                ANYWHERE,
                parameters(
                    &json!({ "message": text(), "timeout": duration() }),
                    &["message"],
                ),
            )
        },
        Signature {
            expressions: &["/expression"],
            templates: &["/address"],
            changes: false,
            ..plain(
                "control.wait",
                ANYWHERE,
                parameters(
                    &json!({
                        "port": { "type": "integer", "minimum": 1, "maximum": 65535 },
                        "address": text(),
                        "expression": text(),
                    }),
                    &[],
                ),
            )
        },
        Signature {
            expressions: &["/that"],
            templates: &["/message"],
            changes: false,
            ..plain(
                "control.assert",
                ANYWHERE,
                parameters(&json!({ "that": text(), "message": text() }), &["that"]),
            )
        },
        Signature {
            templates: &["/text"],
            changes: false,
            ..plain(
                "control.note",
                ANYWHERE,
                parameters(&json!({ "text": text() }), &["text"]),
            )
        },
    ])
}
