//! A condition as what it asks of facts, and which of them decide it.

use cel::IdedExpr;
use cel::common::ast::CallExpr;
use cel::common::ast::Expr;
use cel::common::ast::LiteralValue;
use cel::common::ast::operators;
use serde_json::Value;

use crate::plan::expression::Expression;
use crate::plan::roots::Roots;

/// A condition, as far as it can be told in words.
pub(super) enum Term {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    If(Box<[Self; 3]>),
    Fact(Fact),
    /// Something that asks for more than a fact.
    Other,
}

/// One question about one value: whether it is among some.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fact {
    keys: Vec<Key>,
    pub(super) among: Vec<Value>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Key {
    Name(String),
    /// The value at another path.
    At(Vec<String>),
}

/// A fact of a host that takes part in the decision.
#[derive(Clone, Debug)]
pub(super) struct Known<'a> {
    pub(super) fact: &'a Fact,
    pub(super) host: &'a str,
    /// The value; null where it is not known.
    pub(super) value: Value,
    /// Whether the fact holds.
    pub(super) holds: bool,
    /// What was asked for: mostly the fact itself, and where a release of the system is asked for as
    /// well, that release.
    pub(super) demand: &'a Fact,
    /// Whether it only chose which of two questions was asked.
    pub(super) chooses: bool,
    /// The operating system and release of the host, where they are known.
    pub(super) system: (Option<String>, Option<String>),
}

impl Fact {
    /// The last name of its path, as in `domainJoined`.
    pub(super) fn name(&self) -> &str {
        match self.keys.last() {
            Some(Key::Name(name)) => name,
            Some(Key::At(_)) | None => "",
        }
    }

    /// The host that it is about; that of a credential is the host that names it.
    fn host(&self) -> Option<&str> {
        let root = |name: &str| ["source", "destination"].contains(&name);
        match self.keys.as_slice() {
            [Key::Name(host), Key::Name(_)] if root(host) => Some(host),
            [Key::Name(_), Key::Name(group), Key::At(path), Key::Name(_)]
                if group == "credentials" && path.last().is_some_and(|key| key == "credential") =>
            {
                path.first().map(String::as_str).filter(|host| root(host))
            }
            _ => None,
        }
    }

    fn value(&self, roots: &Roots) -> Option<Value> {
        let keys = self.keys.iter().map(|key| match key {
            Key::Name(name) => Some(name.clone()),
            Key::At(path) => Some(roots.get(path)?.as_str()?.to_owned()),
        });
        let path: Vec<String> = keys.collect::<Option<_>>()?;
        roots.get(&path).filter(|value| !value.is_null()).cloned()
    }

    /// The fact as it is; nothing where it is not one of a host.
    fn known<'a>(&'a self, roots: &Roots) -> Option<Known<'a>> {
        let host = self.host()?;
        let value = self.value(roots).unwrap_or(Value::Null);
        let of_host = |name: &str| Some(roots.get(&[host, name])?.as_str()?.to_owned());
        Some(Known {
            fact: self,
            host,
            holds: self.among.contains(&value),
            value,
            demand: self,
            chooses: false,
            system: (of_host("os"), of_host("osVersion")),
        })
    }
}

impl Term {
    /// Reads a condition.
    pub(super) fn read(when: &Expression) -> Self {
        Self::of(when.syntax())
    }

    fn of(expr: &IdedExpr) -> Self {
        if let Some(keys) = keys(expr) {
            return Self::Fact(Fact {
                keys,
                among: vec![Value::Bool(true)],
            });
        }
        match &expr.expr {
            Expr::Call(call) if call.target.is_none() => Self::of_call(call),
            _ => Self::Other,
        }
    }

    fn of_call(call: &CallExpr) -> Self {
        let fact = |path: &IdedExpr, values: Option<Vec<Value>>| match (keys(path), values) {
            (Some(keys), Some(among)) => Self::Fact(Fact { keys, among }),
            _ => Self::Other,
        };
        let equals = |left, right| match (literal(left), literal(right)) {
            (None, Some(value)) => fact(left, Some(vec![value])),
            (Some(value), None) => fact(right, Some(vec![value])),
            _ => Self::Other,
        };
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND, [left, right]) => {
                Self::All(joined(operators::LOGICAL_AND, left, right))
            }
            (operators::LOGICAL_OR, [left, right]) => {
                Self::Any(joined(operators::LOGICAL_OR, left, right))
            }
            (operators::LOGICAL_NOT, [inner]) => Self::Not(Box::new(Self::of(inner))),
            (operators::CONDITIONAL, [asked, yes, no]) => {
                Self::If(Box::new([Self::of(asked), Self::of(yes), Self::of(no)]))
            }
            (operators::EQUALS, [left, right]) => equals(left, right),
            (operators::NOT_EQUALS, [left, right]) => Self::Not(Box::new(equals(left, right))),
            (operators::IN, [path, list]) => match &list.expr {
                Expr::List(list) => fact(path, list.elements.iter().map(literal).collect()),
                _ => Self::Other,
            },
            _ => Self::Other,
        }
    }

    /// Whether it holds; `None` where that is not known, or asks for more than facts.
    fn holds(&self, roots: &Roots) -> Option<bool> {
        match self {
            Self::All(terms) => all(terms.iter().map(|term| term.holds(roots))),
            Self::Any(terms) => {
                all(terms.iter().map(|term| term.holds(roots).map(|yes| !yes))).map(|none| !none)
            }
            Self::Not(term) => term.holds(roots).map(|yes| !yes),
            Self::If(parts) => {
                let [asked, yes, no] = parts.as_ref();
                if asked.holds(roots)? { yes } else { no }.holds(roots)
            }
            Self::Fact(fact) => fact.value(roots).map(|value| fact.among.contains(&value)),
            Self::Other => None,
        }
    }

    /// Returns the facts of hosts that decide it; nothing where not only those do.
    pub(super) fn decided(&self, roots: &Roots) -> Option<Vec<Known<'_>>> {
        let holds = self.holds(roots)?;
        match self {
            Self::All(terms) if holds => every(terms.iter().map(|term| term.decided(roots))),
            Self::Any(terms) if !holds => every(terms.iter().map(|term| term.decided(roots))),
            Self::All(terms) | Self::Any(terms) => {
                let one = terms.iter().find(|term| term.holds(roots) == Some(holds))?;
                let mut known = one.decided(roots)?;
                if let Some(release) = release_beside(one, terms)
                    && !holds
                {
                    for one in &mut known {
                        one.demand = release;
                    }
                }
                Some(known)
            }
            Self::Not(term) => term.decided(roots),
            Self::If(parts) => {
                let [asked, yes, no] = parts.as_ref();
                let mut known = asked.decided(roots)?;
                for one in &mut known {
                    one.chooses = true;
                }
                let chosen = if asked.holds(roots)? { yes } else { no };
                known.extend(chosen.decided(roots)?);
                Some(known)
            }
            Self::Fact(fact) => Some(vec![fact.known(roots)?]),
            Self::Other => None,
        }
    }

    /// Returns facts of hosts that are missing for a decision: of those that must all be there the first, of
    /// those of which one is enough all. Nothing where more is missing.
    pub(super) fn open(&self, roots: &Roots, wanted: bool) -> Option<Vec<Known<'_>>> {
        let unknown = |terms: &'_ [Self]| -> Vec<usize> {
            (0..terms.len())
                .filter(|at| terms[*at].holds(roots).is_none())
                .collect()
        };
        match self {
            Self::All(terms) | Self::Any(terms) => {
                let each = matches!(self, Self::All(_)) == wanted;
                let open = unknown(terms);
                if !each {
                    return every(open.iter().map(|at| terms[*at].open(roots, wanted)));
                }
                let first = &terms[*open.first()?];
                let mut known = first.open(roots, wanted)?;
                if let Some(release) = release_beside(first, terms) {
                    for one in &mut known {
                        one.demand = release;
                    }
                }
                Some(known)
            }
            Self::Not(term) => term.open(roots, !wanted),
            Self::If(parts) => {
                let [asked, yes, no] = parts.as_ref();
                if let Some(chosen) = asked.holds(roots) {
                    return if chosen { yes } else { no }.open(roots, wanted);
                }
                let mut known = asked.open(roots, wanted)?;
                for one in &mut known {
                    one.chooses = true;
                }
                Some(known)
            }
            // As with a fact that stands against it: the contrary is asked for.
            Self::Fact(fact) => Some(vec![Known {
                holds: !wanted,
                ..fact.known(roots)?
            }]),
            Self::Other => None,
        }
    }
}

/// The release that is asked for beside a failing question for the system of the same host.
fn release_beside<'a>(failing: &Term, terms: &'a [Term]) -> Option<&'a Fact> {
    let Term::Fact(system) = failing else {
        return None;
    };
    let release = |term: &'a Term| match term {
        Term::Fact(fact) if fact.name() == "osVersion" && fact.host() == system.host() => {
            Some(fact)
        }
        _ => None,
    };
    (system.name() == "os")
        .then(|| terms.iter().find_map(release))
        .flatten()
}

/// The parts of a chain of one operator, however it was grouped.
fn joined(operator: &str, left: &IdedExpr, right: &IdedExpr) -> Vec<Term> {
    let mut terms = Vec::new();
    for side in [left, right] {
        match &side.expr {
            Expr::Call(call) if call.func_name == operator && call.args.len() == 2 => {
                terms.extend(joined(operator, &call.args[0], &call.args[1]));
            }
            _ => terms.push(Term::of(side)),
        }
    }
    terms
}

fn all(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut known = Some(true);
    for answer in answers {
        match answer {
            Some(false) => return Some(false),
            Some(true) => {}
            None => known = None,
        }
    }
    known
}

fn every<'a>(parts: impl Iterator<Item = Option<Vec<Known<'a>>>>) -> Option<Vec<Known<'a>>> {
    Some(parts.collect::<Option<Vec<_>>>()?.concat())
}

/// A path from a root on; `has(…)` is none.
fn keys(expr: &IdedExpr) -> Option<Vec<Key>> {
    match &expr.expr {
        Expr::Ident(name) => Some(vec![Key::Name(name.clone())]),
        Expr::Select(select) if !select.test => {
            let mut keys = keys(&select.operand)?;
            keys.push(Key::Name(select.field.clone()));
            Some(keys)
        }
        Expr::Call(call) if call.func_name == operators::INDEX && call.args.len() == 2 => {
            let mut path = keys(&call.args[0])?;
            path.push(match literal(&call.args[1]) {
                Some(Value::String(name)) => Key::Name(name),
                Some(_) => return None,
                None => Key::At(
                    keys(&call.args[1])?
                        .into_iter()
                        .map(|key| match key {
                            Key::Name(name) => Some(name),
                            Key::At(_) => None,
                        })
                        .collect::<Option<_>>()?,
                ),
            });
            Some(path)
        }
        _ => None,
    }
}

fn literal(expr: &IdedExpr) -> Option<Value> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(Value::from(text.inner())),
        Expr::Literal(LiteralValue::Boolean(yes)) => Some(Value::from(*yes.inner())),
        Expr::Literal(LiteralValue::Int(whole)) => Some(Value::from(*whole.inner())),
        _ => None,
    }
}
