//! Schemas of the inventory's values that are written as words: addresses, secrets, mappings.
//!
//! Whether a word is a good address is asked by the checks, which can say more about it.

use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;

use super::Route;

pub(crate) fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "description": "An IP address, as in 10.98.0.21." })
}

pub(crate) fn addresses(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": address(generator) })
}

pub(crate) fn prefixed(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "An IP address with the length of its prefix, as in 10.98.0.41/24.",
    })
}

pub(crate) fn prefixed_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "items": prefixed(generator) })
}

pub(crate) fn new_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "The name that the source takes, or `random`, which is the default.",
    })
}

pub(crate) fn mapping(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "For each adapter of the source the adapter of the destination that takes \
                        its addresses, or `skip`.",
        "additionalProperties": { "type": "string", "minLength": 1 },
    })
}

/// `dhcp`, or a map of addresses; told apart by the type, so that faults name the field.
pub(crate) fn adapters(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "The new addresses of the source's own adapters.",
        "additionalProperties": {
            "type": ["string", "object"],
            "if": { "type": "string" },
            "then": { "const": "dhcp" },
            "else": {
                "type": "object",
                "additionalProperties": false,
                "required": ["addresses"],
                "properties": {
                    "addresses": prefixed_list(generator),
                    "gateway": address(generator),
                    "dns": addresses(generator),
                    "routes": {
                        "type": "array",
                        "items": generator.subschema_for::<Route>(),
                    },
                },
            },
        },
    })
}

pub(crate) fn secret(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "description": "Where a secret is: exactly one of these.",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": {
            "env": {
                "type": "string",
                "minLength": 1,
                "description": "The environment variable that holds it.",
            },
            "file": {
                "type": "string",
                "minLength": 1,
                "description": "The file that holds it.",
            },
            "prompt": {
                "type": "string",
                "minLength": 1,
                "description": "The question to ask a person.",
            },
            "command": {
                "type": "array",
                "minItems": 1,
                "items": { "type": "string" },
                "description": "The program that prints it, and its arguments.",
            },
        },
    })
}
