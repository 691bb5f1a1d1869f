//! One pass over the events of a YAML text, before any value is made of it.
//!
//! It enforces the limits (nodes, depth, aliases), refuses what YAML would decide silently (double
//! keys, tags, keys that are maps), and, on demand, says where each value stands. It never recurses
//! and never expands an alias, so hostile texts cost no more than long ones.

mod bytes;
mod pass;
mod scalar;
mod yaml;

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::ScalarStyle;

use super::diagnostic::Faults;
use super::pointer::unescaped;
use super::source::Source;
use pass::Pass;
use scalar::Scalar;

/// How many merges within merges are followed; the rest is shown at the outermost map.
const MOST_MERGES: usize = 3;

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

/// Where something stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The bytes that a reader has to look at.
    pub(crate) span: Range<usize>,
    /// Where what stands there was written, if an alias only repeats it.
    pub(crate) origin: Option<Range<usize>>,
}

#[derive(Debug)]
struct Node {
    key: Range<usize>,
    value: Range<usize>,
    children: Children,
}

#[derive(Debug)]
enum Children {
    Scalar(ScalarStyle),
    /// What it stands for; none if that is no value, but a key.
    Alias(Option<usize>),
    Map(BTreeMap<String, usize>),
    Sequence(Vec<usize>),
}

/// Where a walk along a pointer came to.
struct Arrival<'a> {
    node: &'a Node,
    /// The first alias on the way.
    alias: Option<&'a Node>,
    /// Whether the whole way was there.
    whole: bool,
}

impl Places {
    /// Reads the places of a text; of a text with faults, as far as it goes.
    pub(crate) fn read(source: &Source) -> Self {
        let mut pass = Pass::new(source, true);
        pass.run(None);
        Self { nodes: pass.nodes }
    }

    /// Returns where the key at a pointer stands, else the nearest value around it.
    pub(crate) fn key(&self, pointer: &str) -> Spot {
        self.spot(pointer, |places, arrival| {
            if arrival.whole && !arrival.node.key.is_empty() {
                arrival.node.key.clone()
            } else {
                places.shown(arrival.node)
            }
        })
    }

    /// Returns where the value at a pointer stands, else the nearest value around it.
    pub(crate) fn value(&self, pointer: &str) -> Spot {
        self.spot(pointer, |places, arrival| places.shown(arrival.node))
    }

    /// Returns where these bytes of the text at a pointer stand, `find` telling which; the whole
    /// value where it finds none.
    pub(crate) fn part(
        &self,
        source: &Source,
        pointer: &str,
        find: impl Fn(&str) -> Option<Range<usize>>,
    ) -> Spot {
        self.spot(pointer, |places, arrival| {
            let Children::Scalar(style) = arrival.node.children else {
                return places.shown(arrival.node);
            };
            let scalar = Scalar::read(source.text(), &arrival.node.value, style);
            find(&scalar.value)
                .and_then(|part| scalar.place(&part))
                .unwrap_or_else(|| places.shown(arrival.node))
        })
    }

    fn spot(&self, pointer: &str, place: impl Fn(&Self, &Arrival<'_>) -> Range<usize>) -> Spot {
        let Some(arrival) = self.walk(pointer) else {
            return Spot {
                span: 0..0,
                origin: None,
            };
        };
        let found = place(self, &arrival);
        match arrival.alias {
            Some(alias) => Spot {
                span: alias.value.clone(),
                origin: Some(found),
            },
            None => Spot {
                span: found,
                origin: None,
            },
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
                Children::Scalar(_) | Children::Alias(_) | Children::Sequence(_) => {}
            }
        }
        found
    }

    /// The maps that a `<<` takes over: one, or each of a list.
    fn merged(&self, node: usize) -> Vec<usize> {
        match &self.nodes[node].children {
            Children::Sequence(children) => children.clone(),
            Children::Map(_) | Children::Scalar(_) | Children::Alias(_) => vec![node],
        }
    }

    /// A map is shown by its first key: its own span is all of it, or nothing.
    fn shown(&self, node: &Node) -> Range<usize> {
        let first = match &node.children {
            Children::Scalar(_) | Children::Alias(_) => None,
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

    fn walk(&self, pointer: &str) -> Option<Arrival<'_>> {
        let mut at = Arrival {
            node: self.nodes.first()?,
            alias: None,
            whole: true,
        };
        for token in pointer.split('/').skip(1) {
            let token = unescaped(token);
            let Some((node, alias)) = self.step(at.node, &token, MOST_MERGES) else {
                at.whole = false;
                break;
            };
            at.node = node;
            at.alias = at.alias.or(alias);
        }
        if let Some(stands_for) = self.stands_for(at.node) {
            at.alias = at.alias.or(Some(at.node));
            at.node = stands_for;
        }
        Some(at)
    }

    /// One step down, with the alias that it led through.
    fn step<'a>(
        &'a self,
        node: &'a Node,
        token: &str,
        merges: usize,
    ) -> Option<(&'a Node, Option<&'a Node>)> {
        let (inside, alias) = match self.stands_for(node) {
            Some(stands_for) => (stands_for, Some(node)),
            None => (node, None),
        };
        match &inside.children {
            Children::Scalar(_) | Children::Alias(_) => None,
            Children::Map(children) => {
                if let Some(child) = children.get(token) {
                    return Some((&self.nodes[*child], alias));
                }
                let from = &self.nodes[*children.get("<<").filter(|_| merges > 0)?];
                // What is merged is a map, or a list of maps.
                let (child, merged) = match &from.children {
                    Children::Sequence(maps) => maps
                        .iter()
                        .find_map(|map| self.step(&self.nodes[*map], token, merges - 1))?,
                    _ => self.step(from, token, merges - 1)?,
                };
                Some((child, alias.or(merged)))
            }
            Children::Sequence(children) => {
                let child = children.get(token.parse::<usize>().ok()?)?;
                Some((&self.nodes[*child], alias))
            }
        }
    }

    fn stands_for(&self, node: &Node) -> Option<&Node> {
        match node.children {
            Children::Alias(stands_for) => self.nodes.get(stands_for?),
            _ => None,
        }
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
        assert_eq!(codes("name: {{ x }}\n"), ["P008 1:7"]);
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
