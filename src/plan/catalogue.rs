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
    /// What a preview says of it.
    pub nature: Nature,
}

/// What a preview says of the stages of an action, before anything runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nature {
    /// What one is called in a sentence, as in `this restart`.
    pub noun: &'static str,
    /// What a fact makes of it, where that says more than "only for others".
    pub moot: &'static [Moot],
    /// Whether it can be taken back.
    pub undo: Undo,
    /// What its undo does, as in `joins the domain again`; empty where it does nothing.
    pub back: &'static str,
    /// What it does to the identity under which clients find a server.
    pub identity: Identity,
    /// Where, and why, the run cannot simply be taken back once it has run.
    pub no_return: Option<(Place, &'static str)>,
    /// The parts of the inventory that decide what its stages do on a host, beside what their own
    /// expressions and templates read.
    pub follows: &'static [Part],
}

/// A part of the inventory that decides what some stages do. Each is about one host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What kind of server it is.
    Kind,
    /// The name that it takes.
    NewName,
    /// The addresses that it gets instead of its own.
    NewAddresses,
    /// Which adapter of it takes which addresses of the other server.
    Mapping,
}

impl Nature {
    /// An action that only looks, waits or tells.
    pub const fn look(noun: &'static str) -> Self {
        Self {
            noun,
            moot: &[],
            undo: Undo::NotNeeded,
            back: "",
            identity: Identity::Untouched,
            no_return: None,
            follows: &[],
        }
    }

    /// An action that changes something, and whose undo leads back to what was.
    pub const fn change(noun: &'static str) -> Self {
        Self {
            undo: Undo::Full,
            ..Self::look(noun)
        }
    }

    /// The same, with what it does to the identity.
    #[must_use]
    pub const fn identity(self, identity: Identity) -> Self {
        Self { identity, ..self }
    }

    /// The same, with the parts of the inventory that it follows.
    #[must_use]
    pub const fn follows(self, follows: &'static [Part]) -> Self {
        Self { follows, ..self }
    }

    /// The same, with what its undo does.
    #[must_use]
    pub const fn back(self, back: &'static str) -> Self {
        Self { back, ..self }
    }

    /// The same, with what facts make of it.
    #[must_use]
    pub const fn moot(self, moot: &'static [Moot]) -> Self {
        Self { moot, ..self }
    }
}

/// A fact of a server that leaves a stage nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moot {
    /// The fact, as the last name of its path: `domainJoined`.
    pub fact: &'static str,
    /// Its value, as text: `false`.
    pub is: &'static str,
    /// What follows, as in `it has no domain to leave`.
    pub words: &'static str,
}

/// Whether what a stage did can be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// Its undo leads back to what was before.
    Full,
    /// It leaves nothing behind that would have to be taken back.
    NotNeeded,
    /// Only where the plan says how, at this JSON pointer inside `with`.
    Given(&'static str),
}

/// What a stage does to the identity under which clients find a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Nothing.
    Untouched,
    /// It takes it away, brings it, or interrupts the service.
    Moves,
    /// It sees that the server answers.
    Shows,
    /// It moves further names only.
    Alternates,
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
