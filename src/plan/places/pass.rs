//! One walk over the events of a text: limits, what YAML would decide silently, and places.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::Span;

use super::Children;
use super::Node;
use super::bytes::CharToByte;
use super::yaml;
use crate::plan::diagnostic::At;
use crate::plan::diagnostic::Fault;
use crate::plan::diagnostic::Faults;
use crate::plan::source::Source;

/// How many values a file may hold, aliases counted as what they stand for.
const MOST_NODES: u64 = 4_000_000;
/// How deep values may be nested.
pub(super) const DEEPEST: usize = 64;
/// How many aliases a file may use.
const MOST_ALIASES: usize = 100;

/// One value that is still open.
struct Open<'a> {
    kind: Kind<'a>,
    /// Where it begins.
    start: Range<usize>,
    anchor: usize,
    /// Values in it so far, aliases counted as what they stand for.
    size: u64,
    node: Option<usize>,
}

/// A value that aliases stand for.
#[derive(Clone, Copy)]
struct Anchor {
    size: u64,
    node: Option<usize>,
}

enum Kind<'a> {
    /// `key` is the one whose value comes next.
    Map {
        keys: BTreeMap<Cow<'a, str>, Range<usize>>,
        key: Option<(Cow<'a, str>, Range<usize>)>,
    },
    Sequence,
}

pub(super) struct Pass<'a> {
    text: &'a str,
    bytes: CharToByte<'a>,
    build: bool,
    pub(super) nodes: Vec<Node>,
    open: Vec<Open<'a>>,
    anchors: BTreeMap<usize, Anchor>,
    aliases: usize,
    /// Whether a map takes over another one with `<<`.
    pub(super) merges: bool,
}

impl<'a> Pass<'a> {
    pub(super) fn new(source: &'a Source, build: bool) -> Self {
        let text = source.text();
        Self {
            text,
            bytes: CharToByte::new(text),
            build,
            nodes: Vec::new(),
            open: Vec::new(),
            anchors: BTreeMap::new(),
            aliases: 0,
            merges: false,
        }
    }

    pub(super) fn run(&mut self, mut faults: Option<&mut Faults>) {
        let mut say = |fault: Fault| {
            if let Some(faults) = faults.as_deref_mut() {
                faults.push(fault);
            }
        };
        let mut documents = 0;
        let mut total = 0_u64;
        // Where the last key that is no word begins.
        let mut odd_key = 0;
        for event in Parser::new_from_str(self.text) {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.bytes.at(error.marker().index());
                    // What follows from a key that is none was said.
                    if !self.text[odd_key..at].contains('\n') && odd_key > 0 {
                        return;
                    }
                    let open = self.open.last().map(|open| open.start.clone());
                    say(yaml::fault(self.text, at, error.info(), open));
                    return;
                }
            };
            let span = self.span(span);
            let here = || At::bytes(span.clone());
            let mut size = 0;
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        say(
                            Fault::error("P009", here(), "a second document begins here")
                                .help("one file holds one document; remove the `---`"),
                        );
                        return;
                    }
                }
                Event::Scalar(text, style, anchor, tag) => {
                    if let Some(tag) = tag {
                        say(yaml::tag(here(), &tag.to_string()));
                    }
                    size = 1;
                    let is_key = self.wants_key();
                    if style == ScalarStyle::Plain && yaml::not_finite(&text) && !self.wants_key() {
                        say(
                            Fault::error("P009", here(), format!("`{text}` is no finite number"))
                                .help("write a number, or quote it if it is meant as text"),
                        );
                    }
                    if self.wants_key() {
                        if style == ScalarStyle::Plain && yaml::not_text(&text) {
                            say(Fault::error(
                                "P008",
                                here(),
                                format!("the key `{text}` is not text"),
                            )
                            .help(format!("quote it: \"{text}\"")));
                        }
                        self.merges |= text == "<<" && style == ScalarStyle::Plain;
                        if let Some(first) = self.take_key(text.clone(), span.clone()) {
                            say(
                                Fault::error("P007", here(), format!("`{text}` is given twice"))
                                    .label("again here")
                                    .and(At::bytes(first), "first given here")
                                    .help("remove one of the two"),
                            );
                        }
                    } else {
                        self.add(span.clone(), Children::Scalar(style));
                    }
                    if anchor > 0 {
                        let node = if is_key {
                            None
                        } else {
                            self.nodes.len().checked_sub(1)
                        };
                        self.anchors.insert(anchor, Anchor { size, node });
                    }
                }
                Event::Alias(anchor) => {
                    self.aliases += 1;
                    let Some(Anchor { size: counts, node }) = self.anchors.get(&anchor).copied()
                    else {
                        say(Fault::error(
                            "P006",
                            here(),
                            "this alias stands for what it is part of",
                        )
                        .help("write the value out"));
                        return;
                    };
                    if self.aliases > MOST_ALIASES {
                        let message = format!(
                            "this is alias {} of this file, and {MOST_ALIASES} are the most",
                            self.aliases
                        );
                        say(Fault::error("P006", here(), message).help("write the values out"));
                        return;
                    }
                    size = counts;
                    if self.wants_key() {
                        say(yaml::odd_key(self.text, span.clone()));
                        odd_key = span.start;
                        self.take_key(Cow::Borrowed("*"), span.clone());
                    } else {
                        self.add(span.clone(), Children::Alias(node));
                    }
                }
                Event::SequenceStart(anchor, ref tag) | Event::MappingStart(anchor, ref tag) => {
                    if let Some(tag) = tag {
                        say(yaml::tag(here(), &tag.to_string()));
                    }
                    if self.open.len() >= DEEPEST {
                        say(yaml::too_deep(here(), DEEPEST));
                        return;
                    }
                    let map = matches!(event, Event::MappingStart(..));
                    let node = if self.wants_key() {
                        say(yaml::odd_key(self.text, span.clone()));
                        odd_key = span.start;
                        self.take_key(Cow::Borrowed("?"), span.clone());
                        None
                    } else if map {
                        self.add(span.clone(), Children::Map(BTreeMap::new()))
                    } else {
                        self.add(span.clone(), Children::Sequence(Vec::new()))
                    };
                    let kind = if map {
                        Kind::Map {
                            keys: BTreeMap::new(),
                            key: None,
                        }
                    } else {
                        Kind::Sequence
                    };
                    // A key that is a map swallows its own value's turn when it closes.
                    self.open.push(Open {
                        kind,
                        start: span.clone(),
                        anchor,
                        size: 1,
                        node,
                    });
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(closed) = self.open.pop() {
                        size = closed.size;
                        if closed.anchor > 0 {
                            let node = closed.node;
                            self.anchors.insert(closed.anchor, Anchor { size, node });
                        }
                        if let Some(node) = closed.node.and_then(|node| self.nodes.get_mut(node)) {
                            node.value.end = node.value.end.max(span.end);
                        }
                    }
                }
                Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            }
            match self.open.last_mut() {
                Some(open) => open.size = open.size.saturating_add(size),
                None => total = total.saturating_add(size),
            }
            if self.open.last().map_or(total, |open| open.size) > MOST_NODES {
                let message = format!(
                    "the file holds more than {} million values",
                    MOST_NODES / 1_000_000
                );
                say(Fault::error("P006", here(), message)
                    .help("aliases count as what they stand for; write the values out"));
                return;
            }
        }
        // Comments alone make no document, and an empty document no value.
        if documents == 0 || total <= 1 && self.text.trim().is_empty() {
            say(Fault::error("P002", At::bytes(0..0), "the file is empty")
                .help("it opens with `apiVersion: sms-plan/v1`"));
        }
    }

    fn span(&self, span: Span) -> Range<usize> {
        self.bytes.at(span.start.index())..self.bytes.at(span.end.index())
    }

    fn wants_key(&self) -> bool {
        matches!(
            self.open.last(),
            Some(Open {
                kind: Kind::Map { key: None, .. },
                ..
            })
        )
    }

    /// Takes a key, and returns where it stood before if it did.
    fn take_key(&mut self, text: Cow<'a, str>, span: Range<usize>) -> Option<Range<usize>> {
        let Some(Open {
            kind: Kind::Map { keys, key },
            ..
        }) = self.open.last_mut()
        else {
            return None;
        };
        // The name is only asked for where places are built.
        let name = if self.build {
            text.clone()
        } else {
            Cow::Borrowed("")
        };
        *key = Some((name, span.clone()));
        match keys.entry(text) {
            Entry::Occupied(first) => Some(first.get().clone()),
            Entry::Vacant(free) => {
                free.insert(span);
                None
            }
        }
    }

    /// Puts a value under the key, or after the element, that came before it.
    fn add(&mut self, value: Range<usize>, children: Children) -> Option<usize> {
        let (name, key) = match self.open.last_mut() {
            Some(Open {
                kind: Kind::Map { key, .. },
                ..
            }) => key
                .take()
                .map_or((None, 0..0), |(name, span)| (Some(name), span)),
            _ => (None, 0..0),
        };
        if !self.build {
            return None;
        }
        let index = self.nodes.len();
        self.nodes.push(Node {
            key,
            value,
            children,
        });
        let parent = self.open.last().and_then(|open| open.node);
        match (parent.and_then(|parent| self.nodes.get_mut(parent)), name) {
            (
                Some(Node {
                    children: Children::Map(children),
                    ..
                }),
                Some(name),
            ) => {
                children.entry(name.into_owned()).or_insert(index);
            }
            (
                Some(Node {
                    children: Children::Sequence(children),
                    ..
                }),
                _,
            ) => children.push(index),
            _ => {}
        }
        Some(index)
    }
}
