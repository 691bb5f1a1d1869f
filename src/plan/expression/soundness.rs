//! What the checker accepts, the evaluator never refuses because of a type.
//!
//! Expressions are written at random, mostly of the type that their place asks for and now and then
//! of another one; values are those of the kinds of pairs.

use std::sync::LazyLock;

use cel::ExecutionError;
use proptest::prelude::*;

use super::Expression;
use crate::plan::foresee::Answer;
use crate::plan::foresee::Foresight;
use crate::plan::kinds::kinds;
use crate::plan::roots::Roots;

#[derive(Clone, Copy, PartialEq)]
enum Wanted {
    Bool,
    Int,
    Uint,
    Double,
    Text,
    Texts,
    Ints,
    Group,
    Null,
}

const ALL: [Wanted; 9] = [
    Wanted::Bool,
    Wanted::Int,
    Wanted::Uint,
    Wanted::Double,
    Wanted::Text,
    Wanted::Texts,
    Wanted::Ints,
    Wanted::Group,
    Wanted::Null,
];

/// Writes expressions along a list of choices; when that has ended, the first and simplest.
struct Writer<'a> {
    choices: std::slice::Iter<'a, u8>,
    locals: Vec<(String, Wanted)>,
    /// How many of 256 places are filled with any type.
    strays: u8,
}

impl Writer<'_> {
    fn choose(&mut self, of: usize) -> usize {
        self.choices.next().map_or(0, |choice| usize::from(*choice)) % of
    }

    fn one_of<'b>(&mut self, words: &[&'b str]) -> &'b str {
        words[self.choose(words.len())]
    }

    fn expression(&mut self, wanted: Wanted, depth: usize) -> String {
        let stray = self
            .choices
            .next()
            .is_some_and(|choice| *choice < self.strays);
        let wanted = if stray {
            ALL[self.choose(ALL.len())]
        } else {
            wanted
        };
        let local = self
            .locals
            .iter()
            .rev()
            .find(|(_, kind)| *kind == wanted)
            .cloned();
        if let Some((name, _)) = local
            && self.choose(2) == 1
        {
            return name;
        }
        if depth == 0 {
            return self.atom(wanted).to_owned();
        }
        let d = depth - 1;
        match wanted {
            Wanted::Bool => self.question(d),
            Wanted::Int | Wanted::Uint => self.number(wanted, d, &["+", "-", "*", "/", "%"]),
            Wanted::Double => self.number(wanted, d, &["+", "-", "*", "/"]),
            Wanted::Text => match self.choose(6) {
                0 => self.atom(wanted).to_owned(),
                1 => self.both(wanted, "+", d),
                2 => {
                    let of = [
                        Wanted::Int,
                        Wanted::Uint,
                        Wanted::Double,
                        Wanted::Bool,
                        Wanted::Text,
                    ];
                    let of = of[self.choose(of.len())];
                    format!("string({})", self.expression(of, d))
                }
                3 => format!(
                    "{}[{}]",
                    self.expression(Wanted::Texts, d),
                    self.expression(Wanted::Int, d)
                ),
                4 => format!(
                    "{}[{}]",
                    self.expression(Wanted::Group, d),
                    self.expression(Wanted::Text, d)
                ),
                _ => self.either(wanted, d),
            },
            Wanted::Texts | Wanted::Ints => self.list(wanted, d),
            Wanted::Group => match self.choose(3) {
                0 => self.atom(wanted).to_owned(),
                1 => format!(
                    "{{{}: {}}}",
                    self.expression(Wanted::Text, d),
                    self.expression(Wanted::Text, d)
                ),
                _ => self.either(wanted, d),
            },
            Wanted::Null => "null".to_owned(),
        }
    }

    fn atom(&mut self, wanted: Wanted) -> &'static str {
        let words: &[&str] = match wanted {
            Wanted::Bool => &[
                "true",
                "source.domainJoined",
                "destination.clustered",
                "has(source.osVersion)",
                "source.restartAfterJoin",
                "(source.os == 'linux')",
                "(destination.os == 'windows')",
                "(source.credential == 'fs01')",
                "(destination.transport == 'ssh')",
                "(source.osVersion in ['2003', '12'])",
                "(inventory.credentials[destination.credential].scope == 'local')",
                "('fs01' in inventory.credentials)",
                "source.exists(fact, fact == 'name')",
            ],
            Wanted::Int => &["1", "0", "-3", "9223372036854775807", "size(directory.dns)"],
            Wanted::Uint => &["1u", "0u", "7u"],
            Wanted::Double => &["1.5", "0.0", "-2.0"],
            Wanted::Text => &[
                "\"a\"",
                "source.os",
                "source.osVersion",
                "inventory.credentials[source.credential].scope",
                "'10'",
                "directory.domain",
            ],
            Wanted::Texts => &["[\"a\", \"linux\"]", "[]", "directory.dns"],
            Wanted::Ints => &["[1, 2]", "[]", "[3]"],
            Wanted::Group => &["inventory.networkMapping", "{\"a\": \"b\"}", "{}"],
            Wanted::Null => &["null"],
        };
        self.one_of(words)
    }

    fn both(&mut self, of: Wanted, sign: &str, depth: usize) -> String {
        let (left, right) = (self.expression(of, depth), self.expression(of, depth));
        format!("({left} {sign} {right})")
    }

    fn either(&mut self, of: Wanted, depth: usize) -> String {
        let question = self.expression(Wanted::Bool, depth);
        let (yes, no) = (self.expression(of, depth), self.expression(of, depth));
        format!("({question} ? {yes} : {no})")
    }

    fn number(&mut self, of: Wanted, depth: usize, signs: &[&str]) -> String {
        match self.choose(6) {
            0 => self.atom(of).to_owned(),
            1 => self.either(of, depth),
            2 => format!("-{}", self.expression(of, depth)),
            3 => {
                let word = match of {
                    Wanted::Uint => "uint",
                    Wanted::Double => "double",
                    _ => "int",
                };
                let from = [Wanted::Int, Wanted::Uint, Wanted::Double, Wanted::Text];
                let from = from[self.choose(from.len())];
                format!("{word}({})", self.expression(from, depth))
            }
            4 if of == Wanted::Int => {
                let from = [Wanted::Text, Wanted::Texts, Wanted::Group];
                let from = from[self.choose(from.len())];
                format!("{}.size()", self.expression(from, depth))
            }
            _ => {
                let sign = self.one_of(signs);
                self.both(of, sign, depth)
            }
        }
    }

    fn list(&mut self, of: Wanted, depth: usize) -> String {
        let element = if of == Wanted::Ints {
            Wanted::Int
        } else {
            Wanted::Text
        };
        match self.choose(6) {
            0 => self.atom(of).to_owned(),
            1 => self.both(of, "+", depth),
            2 => self.either(of, depth),
            3 => format!("[{}]", self.expression(element, depth)),
            4 => {
                let from = self.expression(of, depth);
                let question = self.under(element, Wanted::Bool, depth);
                format!("{from}.filter({question})")
            }
            _ => {
                let ranges = [
                    (Wanted::Texts, Wanted::Text),
                    (Wanted::Ints, Wanted::Int),
                    (Wanted::Group, Wanted::Text),
                ];
                let (range, inner) = ranges[self.choose(ranges.len())];
                let from = self.expression(range, depth);
                let made = self.under(inner, element, depth);
                format!("{from}.map({made})")
            }
        }
    }

    /// A name for the elements of a loop, and an expression that may use it.
    fn under(&mut self, element: Wanted, made: Wanted, depth: usize) -> String {
        let name = format!("x{}", self.locals.len());
        self.locals.push((name.clone(), element));
        let made = self.expression(made, depth);
        self.locals.pop();
        format!("{name}, {made}")
    }

    fn question(&mut self, depth: usize) -> String {
        match self.choose(9) {
            0 => self.atom(Wanted::Bool).to_owned(),
            1 => {
                let sign = self.one_of(&["&&", "||"]);
                self.both(Wanted::Bool, sign, depth)
            }
            2 => format!("!{}", self.expression(Wanted::Bool, depth)),
            3 => {
                let of = ALL[self.choose(ALL.len())];
                let sign = self.one_of(&["==", "!="]);
                self.both(of, sign, depth)
            }
            4 => {
                let of = [
                    Wanted::Int,
                    Wanted::Double,
                    Wanted::Text,
                    Wanted::Uint,
                    Wanted::Bool,
                ];
                let of = of[self.choose(of.len())];
                let sign = self.one_of(&["<", "<=", ">", ">="]);
                self.both(of, sign, depth)
            }
            5 => {
                let of = [
                    (Wanted::Text, Wanted::Texts),
                    (Wanted::Int, Wanted::Ints),
                    (Wanted::Text, Wanted::Group),
                ];
                let (one, all) = of[self.choose(of.len())];
                let (one, all) = (self.expression(one, depth), self.expression(all, depth));
                format!("({one} in {all})")
            }
            6 => {
                let word = self.one_of(&["contains", "startsWith", "endsWith", "matches"]);
                let (text, other) = (
                    self.expression(Wanted::Text, depth),
                    self.expression(Wanted::Text, depth),
                );
                format!("{text}.{word}({other})")
            }
            7 => {
                let word = self.one_of(&["all", "exists", "exists_one"]);
                let ranges = [
                    (Wanted::Texts, Wanted::Text),
                    (Wanted::Ints, Wanted::Int),
                    (Wanted::Group, Wanted::Text),
                ];
                let (range, element) = ranges[self.choose(ranges.len())];
                let from = self.expression(range, depth);
                let question = self.under(element, Wanted::Bool, depth);
                format!("{from}.{word}({question})")
            }
            _ => self.either(Wanted::Bool, depth),
        }
    }
}

/// Pairs of all kinds as their inventories say them, by their place among all pairs.
static PAIRS: LazyLock<Vec<(usize, Roots)>> = LazyLock::new(|| {
    let all = Foresight::pairs().iter().enumerate();
    let roots = |(at, (_, pair)): (usize, &(_, crate::plan::kinds::Pair))| {
        (at, pair.inventory("pair").roots())
    };
    all.step_by(29).map(roots).collect()
});

fn written(choices: &[u8], strays: u8) -> String {
    let mut writer = Writer {
        choices: choices.iter(),
        locals: Vec::new(),
        strays,
    };
    writer.expression(Wanted::Bool, 3)
}

/// Whether the evaluator had no answer because of a type. Numbers that cannot be ordered are none:
/// one of them is no number at all (0.0 / 0.0).
fn is_of_type(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::NoSuchOverload(overload) => !overload
            .argument_types()
            .iter()
            .all(|name| ["int", "uint", "double"].contains(&name.as_str())),
        ExecutionError::NoSuchKey(_)
        | ExecutionError::DivisionByZero(_)
        | ExecutionError::RemainderByZero(_)
        | ExecutionError::Overflow(..)
        | ExecutionError::IndexOutOfBounds(_)
        | ExecutionError::FunctionError { .. }
        | ExecutionError::DuplicateKey(_) => false,
        _ => true,
    }
}

fn values() -> Vec<Roots> {
    let some = ["P1", "P4b", "P5", "L1a"];
    let kinds = kinds().iter().filter(|kind| some.contains(&kind.code));
    kinds.map(crate::plan::kinds::Kind::roots).collect()
}

fn check(text: &str) -> Result<(), String> {
    let Ok(expression) = Expression::compile(text) else {
        return Ok(());
    };
    for roots in values() {
        match expression.execute(&roots) {
            Ok(cel::Value::Bool(_)) => {}
            Ok(other) => return Err(format!("`{text}` is {other:?}")),
            Err(error) if is_of_type(&error) => return Err(format!("`{text}`: {error}")),
            Err(_) => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_has_no_wrong_type(
        choices in prop::collection::vec(any::<u8>(), 0..120),
        strays in prop::sample::select(vec![0, 10, 40]),
    ) {
        let text = written(&choices, strays);
        prop_assert_eq!(check(&text), Ok(()));
    }

    /// Else the property above would hold for a checker that refuses everything.
    #[test]
    fn what_is_written_well_is_accepted(
        choices in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let text = written(&choices, 0);
        // What the writer knows nothing of: a minus before what has no sign, texts that a fact
        // never has, regular expressions, yes and no in order, and nulls.
        if let Err(faults) = Expression::compile(&text) {
            let known = ["`-` takes", "is never", "regular expression", "orders numbers", "loops", "longer", "levels"];
            for fault in faults {
                prop_assert!(
                    known.iter().any(|words| fault.message.contains(words)),
                    "{}: {}", text, fault.message
                );
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is foreseen of a kind is what its pairs then get.
    #[test]
    fn what_is_foreseen_comes(
        choices in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let text = written(&choices, 0);
        let Ok(when) = Expression::compile(&text) else { return Ok(()) };
        let mut foresight = Foresight::default();
        let (never, answers) = (foresight.never(&when), foresight.answers(Some(&when)));
        for (pair, roots) in PAIRS.iter() {
            let answer = when.evaluate_bool(roots);
            prop_assert!(!never || answer != Ok(true), "{} is true for {:?}", text, Foresight::pairs()[*pair]);
            match answers[*pair] {
                Answer::Open => {}
                foreseen => prop_assert_eq!(
                    Ok(foreseen == Answer::Yes), answer, "{} for {:?}", text, Foresight::pairs()[*pair]
                ),
            }
        }
    }
}
