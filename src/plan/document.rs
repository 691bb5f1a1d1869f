//! From a text to a value: the first pass of loading.
//!
//! A [`Document`] exists only if the structure of its text was surveyed, so what follows may
//! trust its size, its depth and its keys.

use serde::Deserialize;
use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Diagnostics;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::places;
use super::source::Source;
use super::spec::API_VERSION;

/// A text whose structure is sound, and its value.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
}

impl Document {
    /// Reads a text that is meant to be of this kind (`Plan` or `Inventory`).
    pub(crate) fn read(source: &Source, kind: &str) -> Result<Self, Diagnostics> {
        let mut faults = Faults::default();
        let survey = places::survey(source, &mut faults);
        if faults.has_errors() {
            return Err(faults.settle(source));
        }
        let value = parse(source.text(), survey.merges).map_err(|error| {
            let place = error.location();
            let at = place.map_or(0, |place| place.index().min(source.text().len()));
            let end = source.text()[at..]
                .find('\n')
                .map_or(source.text().len(), |n| at + n);
            faults.push(Fault::error(
                "P005",
                At::bytes(at..end),
                format!("not YAML: {error}"),
            ));
            std::mem::take(&mut faults).settle(source)
        })?;
        check_kind(&value, kind, &mut faults);
        if faults.has_errors() {
            return Err(faults.settle(source));
        }
        Ok(Self { value })
    }
}

fn parse(text: &str, merges: bool) -> Result<Value, serde_yaml::Error> {
    if merges {
        let mut value: serde_yaml::Value = serde_yaml::from_str(text)?;
        value.apply_merge()?;
        return Value::deserialize(value);
    }
    serde_yaml::from_str(text)
}

/// A file of another kind or version gets one message, not one for each of its fields.
fn check_kind(value: &Value, kind: &str, faults: &mut Faults) {
    let Value::Object(map) = value else {
        faults.push(
            Fault::error("P012", At::value(""), "the file holds no map of fields").help(format!(
                "it opens with `apiVersion: {API_VERSION}` and `kind: {kind}`"
            )),
        );
        return;
    };
    let other = if kind == "Plan" { "Inventory" } else { "Plan" };
    if map.get("kind").and_then(Value::as_str) == Some(other) {
        faults.push(
            Fault::error(
                "P014",
                At::value("/kind"),
                format!("this is an {other}, not a {kind}")
                    .replace("an Plan", "a plan")
                    .replace("an Inventory", "an inventory")
                    .replace("a Plan", "a plan")
                    .replace("a Inventory", "an inventory"),
            )
            .help("the plan comes first, then the inventory"),
        );
    }
    let version = match map.get("apiVersion") {
        Some(Value::String(version)) => Some(version.clone()),
        // A number that is meant as a version is unknown as well.
        Some(number @ Value::Number(_)) => Some(number.to_string()),
        _ => None,
    };
    if let Some(version) = version.filter(|version| version != API_VERSION) {
        let number = version
            .strip_prefix("sms-plan/v")
            .and_then(|n| n.parse::<u32>().ok());
        let fault = match number {
            Some(number) if number > 1 => Fault::error(
                "P015",
                At::value("/apiVersion"),
                format!("this file was written for a newer sms-plan (`{version}`)"),
            )
            .help(format!(
                "this program reads `{API_VERSION}`; use a newer one"
            )),
            _ => Fault::error(
                "P015",
                At::value("/apiVersion"),
                format!("unknown version `{version}`"),
            )
            .help(format!("write `apiVersion: {API_VERSION}`")),
        };
        faults.push(fault);
    }
}
