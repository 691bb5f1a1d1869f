//! What a plan knows of actions: their names, places and parameters.
//!
//! The action room builds it; nothing here knows what an action does.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::run::Place;

/// What a plan must know of one action.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its name, as in `host.rename`.
    pub uses: &'static str,
    /// Where it may act.
    pub allows: &'static [Place],
    /// The JSON schema of `with`.
    pub parameters: Value,
    /// JSON pointers inside `with` whose texts are Handlebars; a trailing `/*` means every value of
    /// that map or list, as in `/env/*`.
    pub templates: &'static [&'static str],
    /// JSON pointers inside `with` whose texts are CEL, each a yes or no.
    pub expressions: &'static [&'static str],
    /// Whether it changes anything.
    pub changes: bool,
    /// What it does, in one line.
    pub summary: &'static str,
}

/// The actions that a plan may use, by name.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(BTreeMap<&'static str, Signature>);

impl Catalogue {
    /// Collects signatures; of two with one name the later counts.
    pub fn new(signatures: Vec<Signature>) -> Self {
        Self(
            signatures
                .into_iter()
                .map(|signature| (signature.uses, signature))
                .collect(),
        )
    }

    /// Returns the signature of an action.
    pub fn get(&self, uses: &str) -> Option<&Signature> {
        self.0.get(uses)
    }

    /// Goes through the names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }

    /// Goes through the signatures, in alphabetical order.
    pub fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.0.values()
    }
}
