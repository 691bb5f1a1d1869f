//! From a text to a value: the first pass of loading.
//!
//! A [`Document`] exists only if the structure of its text was surveyed, so what follows may
//! trust its size, its depth and its keys.

use serde_json::Value;

use super::diagnostic::At;
use super::diagnostic::Diagnostics;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::opening::FileKind;
use super::places;
use super::source::Source;
use super::spec::API_VERSION;
use super::upgrade;
use super::value;

/// A text whose structure is sound, and its value.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
}

impl Document {
    /// Reads a text that is meant to be of this kind.
    pub(crate) fn read(source: &Source, kind: FileKind) -> Result<Self, Diagnostics> {
        let document = Self::read_any(source)?;
        let mut faults = Faults::default();
        check_kind(&document.value, kind, &mut faults);
        if faults.has_errors() {
            return Err(faults.settle(source));
        }
        Ok(document)
    }

    /// Reads a text of whatever kind and version.
    pub(crate) fn read_any(source: &Source) -> Result<Self, Diagnostics> {
        let mut faults = Faults::default();
        let survey = places::survey(source, &mut faults);
        if faults.has_errors() {
            return Err(faults.settle(source));
        }
        let value = match value::read(source, survey.merges) {
            Ok(value) => value,
            Err(fault) => {
                faults.push(*fault);
                return Err(faults.settle(source));
            }
        };
        Ok(Self { value })
    }
}

/// A file of another kind or version gets one message, not one for each of its fields.
fn check_kind(value: &Value, kind: FileKind, faults: &mut Faults) {
    let Value::Object(map) = value else {
        faults.push(
            Fault::error("P012", At::value(""), "the file holds no map of fields").help(format!(
                "it opens with `apiVersion: {API_VERSION}` and `kind: {}`",
                kind.name()
            )),
        );
        return;
    };
    let other = match kind {
        FileKind::Plan => FileKind::Inventory,
        FileKind::Inventory => FileKind::Plan,
    };
    if map.get("kind").and_then(Value::as_str) == Some(other.name()) {
        faults.push(
            Fault::error(
                "P014",
                At::value("/kind"),
                format!("this is {}, not {}", other.words(), kind.words()),
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
            _ if upgrade::knows(&version) => Fault::error(
                "P015",
                At::value("/apiVersion"),
                format!("this file was written for an older sms-plan (`{version}`)"),
            )
            .help("rewrite it, comments and all: sms-plan upgrade FILE"),
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
