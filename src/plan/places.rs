//! One pass over the events of a YAML text, before any value is made of it.
//!
//! It enforces the limits (nodes, depth, aliases), refuses what YAML would decide silently (double
//! keys, tags, keys that are maps), and, on demand, says where each value stands. It never recurses
//! and never expands an alias, so hostile texts cost no more than long ones.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::Event;
use saphyr_parser::Parser;
use saphyr_parser::ScalarStyle;
use saphyr_parser::Span;

use super::diagnostic::At;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::source::Source;

/// How many values a file may hold, aliases counted as what they stand for.
const MOST_NODES: u64 = 4_000_000;
/// How deep values may be nested.
const DEEPEST: usize = 64;
/// How many aliases a file may use.
const MOST_ALIASES: usize = 100;

/// What the pass found out besides faults.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Survey {
    /// Whether a map takes over another one with `<<`.
    pub(crate) merges: bool,
}

/// Checks the structure of a text.
pub(crate) fn survey(source: &Source, faults: &mut Faults) -> Survey {
    let mut pass = Pass::new(source, false);
    pass.run(Some(faults));
    Survey {
        merges: pass.merges,
    }
}

/// Where each value of a text stands, by JSON pointer.
#[derive(Debug, Default)]
pub(crate) struct Places {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    key: Range<usize>,
    value: Range<usize>,
    children: Children,
}

#[derive(Debug)]
enum Children {
    None,
    Map(BTreeMap<String, usize>),
    Sequence(Vec<usize>),
}

impl Places {
    /// Reads the places of a text; of a text with faults, as far as it goes.
    pub(crate) fn read(source: &Source) -> Self {
        let mut pass = Pass::new(source, true);
        pass.run(None);
        Self { nodes: pass.nodes }
    }

    /// Returns the bytes of the key at a pointer, else of the nearest value around it.
    pub(crate) fn key(&self, pointer: &str) -> Range<usize> {
        match self.find(pointer) {
            (Some(node), true) if !node.key.is_empty() => node.key.clone(),
            (Some(node), _) => self.shown(node),
            (None, _) => 0..0,
        }
    }

    /// Returns the bytes of the value at a pointer, else of the nearest value around it.
    pub(crate) fn value(&self, pointer: &str) -> Range<usize> {
        match self.find(pointer) {
            (Some(node), _) => self.shown(node),
            (None, _) => 0..0,
        }
    }

    /// Returns the bytes of the key and of the value at each place that fits a pattern, in the order
    /// of the file: names as in a JSON pointer, `*` for any name and any element.
    ///
    /// What a map takes over with `<<` counts as its own where it is written out; an alias is a
    /// value without anything in it.
    pub(crate) fn matching(&self, pattern: &str) -> Vec<(Range<usize>, Range<usize>)> {
        let mut found: Vec<usize> = if self.nodes.is_empty() {
            vec![]
        } else {
            vec![0]
        };
        for token in pattern.split('/').skip(1) {
            found = found
                .into_iter()
                .flat_map(|node| self.children(node, token))
                .collect();
        }
        let mut places: Vec<_> = found
            .into_iter()
            .map(|node| (self.nodes[node].key.clone(), self.nodes[node].value.clone()))
            .collect();
        places.sort_by_key(|(_, value)| value.start);
        places
    }

    fn children(&self, node: usize, token: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match &self.nodes[node].children {
                Children::Map(children) => {
                    for (name, child) in children {
                        if name == "<<" {
                            open.extend(self.merged(*child));
                        } else if token == "*" || name == token {
                            found.push(*child);
                        }
                    }
                }
                Children::Sequence(children) if token == "*" => found.extend(children),
                Children::None | Children::Sequence(_) => {}
            }
        }
        found
    }

    /// The maps that a `<<` takes over: one, or each of a list.
    fn merged(&self, node: usize) -> Vec<usize> {
        match &self.nodes[node].children {
            Children::Sequence(children) => children.clone(),
            Children::Map(_) | Children::None => vec![node],
        }
    }

    /// A map is shown by its first key: its own span is all of it, or nothing.
    fn shown(&self, node: &Node) -> Range<usize> {
        let first = match &node.children {
            Children::None => None,
            Children::Map(children) => children
                .values()
                .map(|child| &self.nodes[*child].key)
                .min_by_key(|key| key.start),
            Children::Sequence(children) => children.first().map(|child| &self.nodes[*child].value),
        };
        match first {
            Some(first) if !first.is_empty() => first.clone(),
            _ if node.value.is_empty() && !node.key.is_empty() => node.key.clone(),
            _ => node.value.clone(),
        }
    }

    /// Walks down; the flag says whether the walk arrived.
    fn find(&self, pointer: &str) -> (Option<&Node>, bool) {
        let Some(mut node) = self.nodes.first() else {
            return (None, false);
        };
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            let child = match &node.children {
                Children::None => None,
                Children::Map(children) => children.get(&token),
                Children::Sequence(children) => token
                    .parse::<usize>()
                    .ok()
                    .and_then(|index| children.get(index)),
            };
            match child {
                Some(child) => node = &self.nodes[*child],
                None => return (Some(node), false),
            }
        }
        (Some(node), true)
    }
}

/// One value that is still open.
struct Open<'a> {
    kind: Kind<'a>,
    anchor: usize,
    /// Values in it so far, aliases counted as what they stand for.
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

struct Pass<'a> {
    text: &'a str,
    bytes: CharToByte<'a>,
    build: bool,
    nodes: Vec<Node>,
    open: Vec<Open<'a>>,
    anchors: BTreeMap<usize, u64>,
    aliases: usize,
    merges: bool,
}

impl<'a> Pass<'a> {
    fn new(source: &'a Source, build: bool) -> Self {
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

    fn run(&mut self, mut faults: Option<&mut Faults>) {
        let mut say = |fault: Fault| {
            if let Some(faults) = faults.as_deref_mut() {
                faults.push(fault);
            }
        };
        let mut documents = 0;
        let mut total = 0_u64;
        for event in Parser::new_from_str(self.text) {
            let (event, span) = match event {
                Ok(event) => event,
                Err(error) => {
                    let at = self.bytes.at(error.marker().index());
                    say(syntax_fault(self.text, at, error.info()));
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
                        say(tag_fault(here(), &tag.to_string()));
                    }
                    size = 1;
                    if anchor > 0 {
                        self.anchors.insert(anchor, 1);
                    }
                    if style == ScalarStyle::Plain && not_finite(&text) && !self.wants_key() {
                        say(
                            Fault::error("P009", here(), format!("`{text}` is no finite number"))
                                .help("write a number, or quote it if it is meant as text"),
                        );
                    }
                    if self.wants_key() {
                        if style == ScalarStyle::Plain && not_text(&text) {
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
                        self.add(span.clone(), Children::None);
                    }
                }
                Event::Alias(anchor) => {
                    self.aliases += 1;
                    let Some(stands_for) = self.anchors.get(&anchor).copied() else {
                        say(Fault::error(
                            "P006",
                            here(),
                            "this alias stands for what it is part of",
                        )
                        .help("write the value out"));
                        return;
                    };
                    if self.aliases > MOST_ALIASES {
                        let message = format!("more than {MOST_ALIASES} aliases");
                        say(Fault::error("P006", here(), message).help("write the values out"));
                        return;
                    }
                    size = stands_for;
                    if self.wants_key() {
                        say(key_fault(here()));
                        self.take_key(Cow::Borrowed("*"), span.clone());
                    } else {
                        self.add(span.clone(), Children::None);
                    }
                }
                Event::SequenceStart(anchor, ref tag) | Event::MappingStart(anchor, ref tag) => {
                    if let Some(tag) = tag {
                        say(tag_fault(here(), &tag.to_string()));
                    }
                    if self.open.len() >= DEEPEST {
                        say(too_deep(here()));
                        return;
                    }
                    let map = matches!(event, Event::MappingStart(..));
                    let node = if self.wants_key() {
                        say(key_fault(here()));
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
                            self.anchors.insert(closed.anchor, size);
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
                let message = format!("the file holds more than {MOST_NODES} values");
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
        *key = Some((text.clone(), span.clone()));
        let before = keys.get(&text).cloned();
        keys.entry(text).or_insert(span);
        before
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

fn tag_fault(at: At, tag: &str) -> Fault {
    Fault::error("P009", at, format!("the tag `{tag}` has no meaning here")).help("remove it")
}

fn key_fault(at: At) -> Fault {
    Fault::error("P008", at, "a key has to be a word")
        .help("quote values that start with `{{`, as in \"{{source.name}}\"")
}

fn too_deep(at: At) -> Fault {
    Fault::error(
        "P006",
        at,
        format!("values are nested more than {DEEPEST} deep"),
    )
    .help("a plan is at most seven deep; is a bracket not closed?")
}

fn syntax_fault(text: &str, at: usize, info: &str) -> Fault {
    let end = text[at..]
        .find('\n')
        .map_or(text.len(), |offset| at + offset);
    let tab = text[..at]
        .rsplit('\n')
        .next()
        .is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'))
        || text[at..].starts_with('\t');
    // The scanner looks ahead and has a limit of its own, which it may reach before ours.
    if info.contains("recursion limit") {
        return too_deep(At::bytes(at..end.min(at + 1)));
    }
    let fault = Fault::error(
        "P005",
        At::bytes(at..end),
        format!("this is not YAML: {info}"),
    );
    if tab {
        fault.help("YAML is indented with spaces, never with tabs")
    } else {
        fault
    }
}

fn not_finite(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    bare == ".nan" || bare == ".inf"
}

/// Whether a plain key would be read as null, a boolean or a number.
fn not_text(text: &str) -> bool {
    matches!(
        text,
        "" | "~"
            | "null"
            | "Null"
            | "NULL"
            | "true"
            | "True"
            | "TRUE"
            | "false"
            | "False"
            | "FALSE"
    ) || text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && text.parse::<f64>().is_ok()
}

/// The parser counts characters; spans are bytes.
struct CharToByte<'a> {
    /// The byte of every 128th character; nothing for a text of ASCII alone.
    marks: Vec<usize>,
    text: &'a str,
}

impl<'a> CharToByte<'a> {
    const STEP: usize = 128;

    fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                marks: Vec::new(),
                text,
            };
        }
        let marks = text
            .char_indices()
            .step_by(Self::STEP)
            .map(|(byte, _)| byte)
            .collect();
        Self { marks, text }
    }

    fn at(&self, index: usize) -> usize {
        if self.marks.is_empty() {
            return index;
        }
        let Some(mark) = self.marks.get(index / Self::STEP) else {
            return self.text.len();
        };
        let rest = &self.text[*mark..];
        let inside = rest.char_indices().nth(index % Self::STEP);
        mark + inside.map_or(rest.len(), |(byte, _)| byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<String> {
        let source = Source::from_text("t.yaml", text);
        let mut faults = Faults::default();
        survey(&source, &mut faults);
        faults
            .settle(&source)
            .iter()
            .map(|d| format!("{} {}:{}", d.code, d.line, d.column))
            .collect()
    }

    #[test]
    fn structure_that_yaml_would_settle_silently_is_refused() {
        assert_eq!(codes("a: 1\nb: 2\na: 3\n"), ["P007 3:1"]);
        assert_eq!(codes("name: {{ x }}\n"), ["P008 1:8"]);
        assert_eq!(codes("1: x\n"), ["P008 1:1"]);
        assert_eq!(codes("a: !Foo x\n"), ["P009 1:4"]);
        assert_eq!(codes("a: -.inf\n"), ["P009 1:4"]);
        assert_eq!(codes("a: 1\n---\nb: 1\n"), ["P009 2:1"]);
        assert_eq!(codes("# only words\n"), ["P002 1:1"]);
        assert_eq!(codes(""), ["P002 1:1"]);
        assert_eq!(codes("a: &x [*x]\n"), ["P006 1:8"]);
        assert_eq!(codes("é: 1\né: 2\n"), ["P007 2:1"]);
        assert!(codes("a: &x 1\nb: *x\n").is_empty());
    }

    #[test]
    fn hostile_texts_are_quick() {
        let begun = std::time::Instant::now();
        assert_eq!(codes(&"[".repeat(100_000)), ["P006 1:256"]);
        assert_eq!(codes(&"- ".repeat(100_000)), ["P006 1:129"]);
        let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for n in 1..10 {
            let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
            laughs = format!("{laughs}a{n}: &a{n} [{aliases}]\n");
        }
        assert_eq!(codes(&laughs).len(), 1);
        assert!(begun.elapsed().as_secs() < 2);
    }
}
