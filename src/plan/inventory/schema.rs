//! Schemas of the inventory's values that are written as words: addresses, secrets, mappings.
//!
//! Whether a word is a good address is asked by the checks, which can say more about it.

use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;

use super::StaticAddresses;

pub(crate) fn address(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "An IP address, as in `10.98.0.21`.",
        "examples": ["10.98.0.21"],
    })
}

pub(crate) fn addresses(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": address(generator) })
}

pub(crate) fn prefixed(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "description": "An IP address with the length of its prefix, as in `10.98.0.41/24`.",
        "examples": ["10.98.0.41/24"],
    })
}

pub(crate) fn prefixed_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "minItems": 1, "items": prefixed(generator) })
}

pub(crate) fn new_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "default": "random",
        "examples": ["fs01-old"],
    })
}

pub(crate) fn mapping(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": "string",
            "minLength": 1,
            "description": "The adapter of the destination that takes the addresses, or `skip`.",
            "examples": ["eth0", "skip"],
        },
    })
}

/// `dhcp`, or a map of addresses; told apart by the type, so that faults name the field.
pub(crate) fn adapters(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "additionalProperties": {
            "type": ["string", "object"],
            "description": "What the adapter of this name gets: `dhcp`, or a map of addresses.",
            "examples": ["dhcp", { "addresses": ["10.98.0.41/24"] }],
            "if": { "type": "string" },
            "then": { "const": "dhcp" },
            "else": generator.subschema_for::<StaticAddresses>(),
        },
    })
}

pub(crate) fn secret(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "title": "Secret",
        "examples": [{ "env": "JOIN_PASSWORD" }],
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
        "properties": {
            "env": {
                "type": "string",
                "minLength": 1,
                "description": "The environment variable that holds the secret.",
                "examples": ["JOIN_PASSWORD"],
            },
            "file": {
                "type": "string",
                "minLength": 1,
                "description": "The file that holds the secret, without its last line break; relative to \
                                this file.",
                "examples": ["/run/secrets/join"],
            },
            "prompt": {
                "type": "string",
                "minLength": 1,
                "description": "The question that a person is asked on the terminal; what is typed is \
                                not shown.",
                "examples": ["Password of the joining account"],
            },
            "command": {
                "type": "array",
                "minItems": 1,
                "items": { "type": "string" },
                "description": "The program that prints the secret, and its arguments; no shell is \
                                between.",
                "examples": [["pass", "show", "join"]],
            },
        },
    })
}
