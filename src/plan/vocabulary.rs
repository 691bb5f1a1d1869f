//! The names that expressions and templates may use, and the types behind them.
//!
//! Hosts have the inventory's keys and nothing else; an output may hold anything.

use super::diagnostic::did_you_mean;
use super::roots::ROOTS;

/// The type of a value, as far as it is known before a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Text,
    Number,
    List,
    Map,
    Null,
    Any,
}

impl Kind {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Bool => "a yes or no",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::List => "a list",
            Self::Map => "a group of values",
            Self::Null => "null",
            Self::Any => "a value",
        }
    }

    /// Whether a value of this type may equal one of the other.
    pub(crate) fn fits(self, other: Self) -> bool {
        self == other
            || [self, other]
                .iter()
                .any(|kind| matches!(kind, Self::Any | Self::Null))
    }
}

/// A path that names nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownName {
    /// The path up to and with the unknown name.
    pub(crate) path: String,
    pub(crate) help: Option<String>,
}

type Fields = &'static [(&'static str, Shape)];

#[derive(Clone, Copy)]
enum Shape {
    Leaf(Kind),
    Fields(Fields),
    /// Any key, each of this shape.
    Each(&'static Self),
}

const TEXT: Shape = Shape::Leaf(Kind::Text);
const BOOL: Shape = Shape::Leaf(Kind::Bool);
const ANY: Shape = Shape::Leaf(Kind::Any);

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
    ("dns", Shape::Leaf(Kind::List)),
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

/// Looks a path up; `None` stands for a key that is computed.
pub(crate) fn look_up(path: &[Option<String>]) -> Result<Kind, UnknownName> {
    let mut written = String::new();
    let mut shape = Shape::Fields(&[
        ("source", Shape::Fields(HOST)),
        ("destination", Shape::Fields(HOST)),
        ("directory", Shape::Fields(DIRECTORY)),
        ("inventory", Shape::Fields(INVENTORY)),
        ("stages", STAGES),
        ("run", Shape::Fields(RUN)),
    ]);
    for key in path {
        let name = key.as_deref();
        if let Some(name) = name {
            if !written.is_empty() {
                written.push('.');
            }
            written.push_str(name);
        }
        shape = match shape {
            Shape::Leaf(Kind::Any | Kind::List) => return Ok(Kind::Any),
            Shape::Leaf(kind) => {
                let help = Some(format!("{} has no fields", kind.words()));
                return Err(UnknownName {
                    path: written,
                    help,
                });
            }
            Shape::Each(inner) => *inner,
            Shape::Fields(fields) => match name {
                None => return Ok(Kind::Any),
                Some(name) => {
                    let found = fields.iter().find(|(known, _)| *known == name);
                    let Some((_, inner)) = found else {
                        let known = || fields.iter().map(|(known, _)| *known);
                        let list = || known().collect::<Vec<_>>().join("`, `");
                        let help = did_you_mean(name, known())
                            .unwrap_or_else(|| format!("known here: `{}`", list()));
                        return Err(UnknownName {
                            path: written,
                            help: Some(help),
                        });
                    };
                    *inner
                }
            },
        };
    }
    Ok(match shape {
        Shape::Leaf(kind) => kind,
        Shape::Fields(_) | Shape::Each(_) => Kind::Map,
    })
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
