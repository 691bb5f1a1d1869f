//! The names that expressions and templates may use, and the types behind them.
//!
//! Hosts have the inventory's keys and nothing else; an output may hold anything.

use super::diagnostic::did_you_mean;
use super::roots::ROOTS;

/// A path that names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownName {
    /// The path up to and with the unknown name.
    pub(crate) path: String,
    pub(crate) help: Option<String>,
}

/// The values of a group, by name.
pub(crate) type Fields = &'static [(&'static str, Shape)];

/// What stands at a path, as far as it is known before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Bool,
    /// Anything: only the run shows what.
    Any,
    /// A list of these.
    List(&'static Self),
    /// Any key, each of this shape.
    Each(&'static Self),
    /// These keys and no others.
    Fields(Fields),
}

const TEXT: Shape = Shape::Text;
const BOOL: Shape = Shape::Bool;
const ANY: Shape = Shape::Any;

const HOST: Fields = &[
    ("name", TEXT),
    ("address", TEXT),
    ("os", TEXT),
    ("osVersion", TEXT),
    ("domainJoined", BOOL),
    ("clustered", BOOL),
    ("transport", TEXT),
    ("credential", TEXT),
    ("newName", TEXT),
    ("restartAfterJoin", BOOL),
    ("network", Shape::Each(&ANY)),
];

/// Facts of a host that may be learned only when connecting.
pub(crate) const LEARNED: [&str; 6] = [
    "name",
    "os",
    "osVersion",
    "domainJoined",
    "clustered",
    "newName",
];

const DIRECTORY: Fields = &[
    ("domain", TEXT),
    ("server", TEXT),
    ("address", TEXT),
    ("dns", Shape::List(&TEXT)),
    ("credential", TEXT),
    ("security", TEXT),
    ("caFile", TEXT),
];

const INVENTORY: Fields = &[
    ("metadata", Shape::Fields(&[("name", TEXT)])),
    (
        "hosts",
        Shape::Fields(&[
            ("source", Shape::Fields(HOST)),
            ("destination", Shape::Fields(HOST)),
        ]),
    ),
    ("networkMapping", Shape::Each(&TEXT)),
    ("directory", Shape::Fields(DIRECTORY)),
    (
        "credentials",
        Shape::Each(&Shape::Fields(&[("username", TEXT), ("scope", TEXT)])),
    ),
];

const RUN: Fields = &[("id", TEXT), ("plan", TEXT), ("planVersion", TEXT)];

const STAGES: Shape = Shape::Each(&Shape::Fields(&[("output", ANY)]));

/// The texts that a field can have, where they are few.
pub(crate) fn choices(path: &[String]) -> Option<&'static [&'static str]> {
    match path.last().map(String::as_str) {
        Some("os") => Some(&["windows", "linux"]),
        Some("transport") => Some(&["ssh", "winrm"]),
        Some("scope") => Some(&["local", "domain"]),
        _ => None,
    }
}

/// All roots.
pub(crate) const ALL: Fields = &[
    ("source", Shape::Fields(HOST)),
    ("destination", Shape::Fields(HOST)),
    ("directory", Shape::Fields(DIRECTORY)),
    ("inventory", Shape::Fields(INVENTORY)),
    ("stages", STAGES),
    ("run", Shape::Fields(RUN)),
];

/// Looks a path up.
pub(crate) fn look_up(path: &[String]) -> Result<Shape, UnknownName> {
    let mut shape = Shape::Fields(ALL);
    for (at, name) in path.iter().enumerate() {
        shape = match shape {
            Shape::Any | Shape::List(_) => return Ok(Shape::Any),
            Shape::Each(inner) => *inner,
            Shape::Fields(fields) => field(fields, name).map_err(|help| UnknownName {
                path: path[..=at].join("."),
                help: Some(help),
            })?,
            Shape::Text | Shape::Bool => {
                return Err(UnknownName {
                    path: path[..=at].join("."),
                    help: Some(format!("{} has no fields", shape.words())),
                });
            }
        };
    }
    Ok(shape)
}

/// Finds a value of a group by its name, else says what there is.
pub(crate) fn field(fields: Fields, name: &str) -> Result<Shape, String> {
    let known = || fields.iter().map(|(known, _)| *known);
    let found = fields.iter().find(|(known, _)| *known == name);
    found.map(|(_, shape)| *shape).ok_or_else(|| {
        did_you_mean(name, known()).unwrap_or_else(|| {
            format!("known here: `{}`", known().collect::<Vec<_>>().join("`, `"))
        })
    })
}

impl Shape {
    /// Says what it is, for people.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Bool => "a yes or no",
            Self::Any => "a value",
            Self::List(_) => "a list",
            Self::Each(_) | Self::Fields(_) => "a group of values",
        }
    }
}

/// Whether a name is one of the roots.
pub(crate) fn is_root(name: &str) -> bool {
    ROOTS.contains(&name)
}

/// Prints a path as people write it: `stages["join-source"].output`.
pub(crate) fn written(path: &[String]) -> String {
    let mut text = String::new();
    for key in path {
        let word = key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if text.is_empty() {
            text.push_str(key);
        } else if word && !key.starts_with(|c: char| c.is_ascii_digit()) {
            text.push('.');
            text.push_str(key);
        } else {
            text.push_str("[\"");
            text.push_str(key);
            text.push_str("\"]");
        }
    }
    text
}
