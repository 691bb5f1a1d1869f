//! Faults against a schema, in words.
//!
//! Keywords of JSON Schema mean nothing to the reader of a plan; the field, what it takes and the
//! nearest known word do.

use std::collections::BTreeSet;

use jsonschema::ValidationError;
use jsonschema::error::TypeKind;
use jsonschema::error::ValidationErrorKind;
use serde::Deserialize;
use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::diagnostic::did_you_mean;
use super::diagnostic::nearest;
use super::duration::DurationText;
use super::pointer::escaped;
use super::pointer::unescaped;
use crate::run::Place;

/// Checks a value against a schema; `ours` says which pointers the checks speak for themselves.
pub(crate) fn check(
    schema: &Value,
    value: &Value,
    faults: &mut Faults,
    ours: impl Fn(&str, &Value) -> bool,
) {
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => {
            // Only an action with a broken parameter schema gets here.
            let message = format!("the schema itself is faulty: {error}");
            faults.push(Fault::error("P013", At::value(""), message));
            return;
        }
    };
    // Most files are good, and that is known sooner than what is wrong with one.
    if validator.is_valid(value) {
        return;
    }
    let errors: Vec<ValidationError<'_>> = validator
        .iter_errors(value)
        .filter(|error| !ours(error.instance_path().as_str(), value))
        .collect();
    // What is of another type has no right value either; that is one cause.
    let mistyped: BTreeSet<&str> = errors
        .iter()
        .filter(|error| matches!(error.kind(), ValidationErrorKind::Type { .. }))
        .map(|error| error.instance_path().as_str())
        .collect();
    // A field that is spelled wrongly is also missing; that is one cause.
    let mut meant = BTreeSet::new();
    for error in &errors {
        for field in unexpected(error) {
            if let Some(near) = nearest(
                field,
                known_fields(schema, error).iter().map(String::as_str),
            ) {
                meant.insert((error.instance_path().as_str().to_owned(), near.to_owned()));
            }
        }
    }
    for error in &errors {
        let again = match error.kind() {
            ValidationErrorKind::Required { property } => meant.contains(&(
                error.instance_path().as_str().to_owned(),
                property.as_str().unwrap_or_default().to_owned(),
            )),
            // What is no place at all is said by the field's own type.
            ValidationErrorKind::Enum { .. }
                if is_of_action(error)
                    && error.instance_path().as_str().ends_with("/on")
                    && Place::deserialize(error.instance().as_ref()).is_err() =>
            {
                true
            }
            ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
                mistyped.contains(error.instance_path().as_str())
            }
            _ => false,
        };
        if !again {
            fault(schema, error, faults);
        }
    }
}

fn unexpected<'a>(error: &'a ValidationError<'_>) -> &'a [String] {
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected,
        _ => &[],
    }
}

/// Whether an action's own rule speaks, not the stage's.
fn is_of_action(error: &ValidationError<'_>) -> bool {
    error.schema_path().as_str().contains("/then/")
}

fn fault(schema: &Value, error: &ValidationError<'_>, faults: &mut Faults) {
    let pointer = error.instance_path().as_str().to_owned();
    let name = unescaped(pointer.rsplit('/').next().unwrap_or_default());
    let instance = error.instance();
    let here = || At::value(&pointer);
    let made = match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. }
        | ValidationErrorKind::UnevaluatedProperties { .. } => {
            let known = known_fields(schema, error);
            for field in unexpected(error) {
                let at = At::key(format!("{pointer}/{}", escaped(field)));
                let help = did_you_mean(field, known.iter().map(String::as_str)).or_else(|| {
                    (!known.is_empty()).then(|| format!("known here: `{}`", known.join("`, `")))
                });
                faults.push(
                    Fault::error("P010", at, format!("unknown field `{field}`"))
                        .label("not a field here")
                        .maybe_help(help),
                );
            }
            return;
        }
        ValidationErrorKind::Required { property } => {
            let field = property.as_str().unwrap_or_default();
            Fault::error("P011", here(), format!("`{field}` is missing"))
                .label(format!("this needs `{field}`"))
                .maybe_help(help_for_missing(schema, error, field))
        }
        ValidationErrorKind::Type { kind } => {
            let wanted = match kind {
                TypeKind::Single(one) => type_words(&one.to_string()).to_owned(),
                TypeKind::Multiple(many) => many
                    .iter()
                    .map(|one| type_words(&one.to_string()))
                    .collect::<Vec<_>>()
                    .join(" or "),
            };
            let field = if name.is_empty() {
                "the file".into()
            } else {
                format!("`{name}`")
            };
            let message = if instance.is_null() {
                format!("{field} is empty, and takes {wanted}")
            } else {
                format!("{field} takes {wanted}, not {}", value_words(instance))
            };
            Fault::error("P012", here(), message).maybe_help(help_for_type(&wanted, instance))
        }
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> = options
                .as_array()
                .into_iter()
                .flatten()
                .map(plain)
                .collect();
            let given = plain(instance);
            let near = did_you_mean(&given, options.iter().map(String::as_str));
            let list = format!("it takes `{}`", options.join("`, `"));
            let (code, message) = match name.as_str() {
                "uses" => ("P030", format!("unknown action `{given}`")),
                "on" if is_of_action(error) => {
                    let action = format!("this action acts on `{}`", options.join("` or `"));
                    let message = format!("this action cannot act on `{given}`");
                    faults.push(Fault::error("P031", here(), message).help(action));
                    return;
                }
                _ => ("P013", format!("`{name}` is never `{given}`")),
            };
            Fault::error(code, here(), message).help(near.unwrap_or(list))
        }
        ValidationErrorKind::Constant { expected_value } => Fault::error(
            "P013",
            here(),
            format!(
                "`{name}` has to be `{}`, not `{}`",
                plain(expected_value),
                plain(instance)
            ),
        )
        .maybe_help(did_you_mean(
            &plain(instance),
            [plain(expected_value).as_str()],
        )),
        ValidationErrorKind::Pattern { pattern } => {
            let given = plain(instance);
            let message = format!("`{given}` is not allowed as `{name}`");
            let help = if pattern == DurationText::PATTERN {
                "write a duration as in `5s`, `15m` or `1h30m`".to_owned()
            } else if name == "id" {
                "write lower-case words and digits joined by `-`, as in `join-source`".to_owned()
            } else {
                format!("it matches `{pattern}`")
            };
            Fault::error("P013", here(), message).help(help)
        }
        ValidationErrorKind::Minimum { limit }
        | ValidationErrorKind::ExclusiveMinimum { limit } => Fault::error(
            "P013",
            here(),
            format!("`{name}` is at least {}, not {instance}", whole(limit)),
        ),
        ValidationErrorKind::Maximum { limit }
        | ValidationErrorKind::ExclusiveMaximum { limit } => Fault::error(
            "P013",
            here(),
            format!("`{name}` is at most {}, not {instance}", whole(limit)),
        ),
        ValidationErrorKind::MinLength { .. } if plain(instance).is_empty() => {
            Fault::error("P013", here(), format!("`{name}` is empty"))
        }
        ValidationErrorKind::MinLength { .. } => {
            Fault::error("P013", here(), format!("`{name}` is too short"))
        }
        ValidationErrorKind::MinItems { .. } | ValidationErrorKind::MinProperties { .. } => {
            Fault::error("P013", here(), format!("`{name}` is empty")).help(format!(
                "it holds at least one; leave `{name}` out if that is allowed"
            ))
        }
        ValidationErrorKind::MaxProperties { limit } => {
            Fault::error("P013", here(), format!("`{name}` holds at most {limit}"))
        }
        _ => Fault::error("P013", here(), error.to_string()),
    };
    faults.push(made);
}

/// A limit as people write it: `0`, not `0.0`.
fn whole(limit: &Value) -> String {
    let text = limit.to_string();
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// What a field is for, or what an action's parameters are.
fn help_for_missing(schema: &Value, error: &ValidationError<'_>, field: &str) -> Option<String> {
    let path = error.schema_path().as_str();
    let (parent, _) = path.rsplit_once('/')?;
    let object = schema.pointer(parent)?.get("properties")?.get(field)?;
    if field == "with" {
        let required = object["required"].as_array()?;
        let names: Vec<&str> = required.iter().filter_map(Value::as_str).collect();
        return Some(format!("its parameters: `{}`", names.join("`, `")));
    }
    let words = object["description"].as_str()?;
    let sentence = words.split_once(". ").map_or(words, |(first, _)| first);
    Some(format!("`{field}`: {}", sentence.trim_end_matches('.')))
}

/// How a value is written that is meant right and is of another type to YAML.
fn help_for_type(wanted: &str, instance: &Value) -> Option<String> {
    match (wanted, instance) {
        ("a text", Value::Bool(_) | Value::Number(_)) => Some(format!(
            "texts that look like numbers or like true and false need quotes: \"{instance}\""
        )),
        ("a list", Value::String(text)) => Some(format!("write it as a list of one: [{text}]")),
        ("true or false", Value::String(text))
            if ["yes", "on", "no", "off"].contains(&text.to_lowercase().as_str()) =>
        {
            Some("YAML 1.2 knows `true` and `false` only".to_owned())
        }
        ("a number" | "a whole number", Value::String(text)) if text.parse::<f64>().is_ok() => {
            Some(format!("write it without quotes: {text}"))
        }
        _ => None,
    }
}

/// The fields that stand beside the keyword that refused one.
fn known_fields(schema: &Value, error: &ValidationError<'_>) -> Vec<String> {
    let path = error.schema_path().as_str();
    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
    let fields = schema
        .pointer(parent)
        .and_then(|object| object["properties"].as_object());
    fields
        .into_iter()
        .flat_map(|fields| fields.keys().cloned())
        .collect()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn type_words(name: &str) -> &'static str {
    match name {
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map of fields",
        _ => "nothing",
    }
}

fn value_words(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map of fields",
    }
}
