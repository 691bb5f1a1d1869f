//! What operators take and give: what the evaluator has an answer for, and of that only what can
//! have more than one.

use cel::common::ast::operators;

use super::types::Type;

/// Why values do not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// Whether a name is that of an operator with two sides; `&&` and `||` are not among them.
pub(super) fn is_binary(name: &str) -> bool {
    symbol(name).is_some()
}

fn symbol(name: &str) -> Option<&'static str> {
    Some(match name {
        operators::EQUALS => "==",
        operators::NOT_EQUALS => "!=",
        operators::LESS => "<",
        operators::LESS_EQUALS => "<=",
        operators::GREATER => ">",
        operators::GREATER_EQUALS => ">=",
        operators::ADD => "+",
        operators::SUBSTRACT => "-",
        operators::MULTIPLY => "*",
        operators::DIVIDE => "/",
        operators::MODULO => "%",
        operators::IN => "in",
        _ => return None,
    })
}

/// Returns the type of an operator between two values.
pub(super) fn binary(name: &str, left: &Type, right: &Type) -> Result<Type, Wrong> {
    let symbol = symbol(name).unwrap_or(name);
    match symbol {
        "==" | "!=" => equals(left, right),
        "<" | "<=" | ">" | ">=" => order(symbol, left, right),
        "in" => inside(left, right),
        _ => arithmetic(symbol, left, right),
    }
}

fn equals(left: &Type, right: &Type) -> Result<Type, Wrong> {
    match (left, right) {
        (one, two) if one.may_equal(two) => Ok(Type::Bool),
        (Type::Null, other) | (other, Type::Null) => {
            Err(Wrong::new(format!("{} is never null", other.words()))
                .help("a fact is there or not: ask with `has(…)`"))
        }
        _ => {
            let message = format!("{} never equals {}", left.words(), right.words());
            Err(in_other_words(Wrong::new(message), left, right))
        }
    }
}

/// The ways out of the two slips that happen most.
fn in_other_words(wrong: Wrong, left: &Type, right: &Type) -> Wrong {
    let sides = [left, right];
    let text = sides.contains(&&Type::Text);
    if text && sides.iter().any(|side| side.is_number()) {
        wrong.help("write the number in quotes, or turn the text into one with `int(…)`")
    } else if text && sides.contains(&&Type::Bool) {
        wrong.help("a yes or no stands alone, as in `source.domainJoined`, or behind `!`")
    } else {
        wrong
    }
}

fn order(symbol: &str, left: &Type, right: &Type) -> Result<Type, Wrong> {
    let ordered = |one: &Type| one.is_number() || one.is_open() || *one == Type::Text;
    for side in [left, right] {
        if !ordered(side) {
            return Err(Wrong::new(format!(
                "`{symbol}` orders numbers or texts, and this is {}",
                side.words()
            )));
        }
    }
    if left.may_equal(right) {
        return Ok(Type::Bool);
    }
    let message = format!(
        "`{symbol}` cannot order {} and {}",
        left.words(),
        right.words()
    );
    Err(in_other_words(Wrong::new(message), left, right))
}

/// A list never holds, and a group never has as a name, what is of another type.
fn inside(left: &Type, right: &Type) -> Result<Type, Wrong> {
    match right {
        open if open.is_open() => Ok(Type::Bool),
        Type::List(element) if left.may_equal(element) => Ok(Type::Bool),
        Type::List(element) => {
            let message = format!("a list of {} never holds {}", element.many(), left.words());
            Err(in_other_words(Wrong::new(message), left, element))
        }
        Type::Map(..) | Type::Group(_) => key(left, right).map(|()| Type::Bool),
        other => Err(Wrong::new(format!(
            "`in` looks into a list or a group of values, and this is {}",
            other.words()
        ))
        .help("write a list, as in `source.os in [\"linux\"]`, or ask a text with `contains`")),
    }
}

/// Whether something may be a key of a group of values.
fn key(key: &Type, group: &Type) -> Result<(), Wrong> {
    let keys = group.element().unwrap_or(Type::Any);
    if is_key(key) && key.may_equal(&keys) {
        return Ok(());
    }
    Err(Wrong::new(format!(
        "the values of this group are named by {}, and this is {}",
        keys.many(),
        key.words()
    )))
}

/// Whether values of a group can be named so.
pub(super) fn is_key(one: &Type) -> bool {
    matches!(one, Type::Text | Type::Bool) || one.is_number() || one.is_open()
}

fn arithmetic(symbol: &str, left: &Type, right: &Type) -> Result<Type, Wrong> {
    let takes = |one: &Type| match one {
        Type::Text | Type::Bytes | Type::List(_) => symbol == "+",
        Type::Double => symbol != "%",
        other => other.is_number() || other.is_open(),
    };
    for side in [left, right] {
        if !takes(side) {
            let what = match symbol {
                "+" => "joins numbers, texts or lists",
                "%" => "takes whole numbers",
                _ => "takes numbers",
            };
            return Err(Wrong::new(format!(
                "`{symbol}` {what}, and this is {}",
                side.words()
            )));
        }
    }
    left.clone().join(right.clone()).map_err(|_| {
        let wrong = Wrong::new(format!(
            "`{symbol}` cannot join {} and {}",
            left.words(),
            right.words()
        ));
        if left.is_number() && right.is_number() {
            wrong.help("numbers of two kinds do not mix: write `double(…)` or `int(…)` around one")
        } else if [left, right].contains(&&Type::Text) {
            wrong.help("write `string(…)` around what is no text")
        } else {
            wrong
        }
    })
}

/// Returns the type of `-` before a value.
pub(super) fn negative(of: &Type) -> Result<Type, Wrong> {
    match of {
        Type::Int | Type::Double | Type::Any | Type::Nothing => Ok(of.clone()),
        other => Err(Wrong::new(format!(
            "`-` takes a number, and this is {}",
            other.words()
        ))),
    }
}

/// Returns the type of `value[index]`.
pub(super) fn index(of: &Type, index: &Type) -> Result<Type, Wrong> {
    match of {
        open if open.is_open() => Ok(Type::Any),
        Type::List(element) if matches!(index, Type::Int | Type::Uint) || index.is_open() => {
            Ok((**element).clone())
        }
        Type::List(_) => Err(Wrong::new(format!(
            "a list is asked by a whole number, from 0 on, and this is {}",
            index.words()
        ))),
        Type::Map(_, value) => key(index, of).map(|()| (**value).clone()),
        Type::Group(_) => key(index, of).map(|()| Type::Any),
        other => Err(Wrong::new(format!(
            "`[…]` asks a list or a group of values, and this is {}",
            other.words()
        ))),
    }
}
