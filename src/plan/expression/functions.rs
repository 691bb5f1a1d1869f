//! The functions of CEL that the evaluator has, and what they take and give.

use super::operators::Wrong;
use super::types::Type;
use crate::plan::diagnostic::did_you_mean;

/// How a function is called.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `f(a)`.
    Plain,
    /// `a.f()`.
    Asked,
    Both,
}

/// What a parameter takes: in words, and as a question.
type Takes = (&'static str, fn(&Type) -> bool);

struct Function {
    name: &'static str,
    style: Style,
    takes: &'static [Takes],
    gives: Type,
}

const TEXT: Takes = ("a text", |one| *one == Type::Text);
const SIZED: Takes = ("a text, a list or a group of values", |one| {
    matches!(
        one,
        Type::Text | Type::Bytes | Type::List(_) | Type::Map(..) | Type::Group(_)
    )
});
const PRINTED: Takes = ("a text, a number or a yes or no", |one| {
    matches!(one, Type::Text | Type::Bool | Type::Bytes) || one.is_number()
});
const COUNTED: Takes = ("a text or a number", |one| {
    *one == Type::Text || one.is_number()
});
const DECIDED: Takes = ("a text or a yes or no", |one| {
    matches!(one, Type::Text | Type::Bool)
});
const ENCODED: Takes = ("a text", |one| matches!(one, Type::Text | Type::Bytes));
const ANY: Takes = ("a value", |_| true);

const fn function(
    name: &'static str,
    style: Style,
    takes: &'static [Takes],
    gives: Type,
) -> Function {
    Function {
        name,
        style,
        takes,
        gives,
    }
}

#[rustfmt::skip]
const FUNCTIONS: &[Function] = &[
    function("size", Style::Both, &[SIZED], Type::Int),
    function("contains", Style::Asked, &[TEXT, TEXT], Type::Bool),
    function("startsWith", Style::Asked, &[TEXT, TEXT], Type::Bool),
    function("endsWith", Style::Asked, &[TEXT, TEXT], Type::Bool),
    function("matches", Style::Both, &[TEXT, TEXT], Type::Bool),
    function("string", Style::Plain, &[PRINTED], Type::Text),
    function("int", Style::Plain, &[COUNTED], Type::Int),
    function("uint", Style::Plain, &[COUNTED], Type::Uint),
    function("double", Style::Plain, &[COUNTED], Type::Double),
    function("bool", Style::Plain, &[DECIDED], Type::Bool),
    function("bytes", Style::Plain, &[ENCODED], Type::Bytes),
    function("type", Style::Plain, &[ANY], Type::Name),
    function("dyn", Style::Plain, &[ANY], Type::Any),
];

/// Words of CEL that look like functions and are rewritten by the parser; what is left of them was
/// written wrongly.
const LOOPS: [(&str, &str); 6] = [
    ("has", "has(source.osVersion)"),
    ("all", "directory.dns.all(x, x.startsWith(\"10.\"))"),
    ("exists", "directory.dns.exists(x, x == \"10.0.0.1\")"),
    (
        "exists_one",
        "directory.dns.exists_one(x, x == \"10.0.0.1\")",
    ),
    ("map", "directory.dns.map(x, size(x))"),
    ("filter", "directory.dns.filter(x, x.startsWith(\"10.\"))"),
];

/// What is wrong with a call.
pub(super) enum Miscalled {
    /// There is no such function.
    Unknown(Option<String>),
    /// It is called in another way than it can be.
    Wrong(Wrong),
    /// This value of it (that it is asked of, or else the first, is 0) does not fit.
    Value(usize, Wrong),
}

/// Returns the type of a call; `asked` says whether the first value stands before the name.
pub(super) fn call(name: &str, asked: bool, values: &[Type]) -> Result<Type, Miscalled> {
    if let Some((_, example)) = LOOPS.iter().find(|(word, _)| *word == name) {
        let wrong = Wrong::new(format!("`{name}` is written in another way"));
        return Err(Miscalled::Wrong(wrong.help(format!("as in `{example}`"))));
    }
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
        let known = FUNCTIONS.iter().map(|function| function.name);
        let known = known.chain(LOOPS.iter().map(|(word, _)| *word));
        return Err(Miscalled::Unknown(did_you_mean(name, known)));
    };
    match (function.style, asked) {
        (Style::Plain, true) => {
            let wrong = Wrong::new(format!("`{name}` is not asked of a value"));
            return Err(Miscalled::Wrong(
                wrong.help(format!("write `{name}(…)` around the value")),
            ));
        }
        (Style::Asked, false) => {
            let wrong = Wrong::new(format!("`{name}` is asked of a text"));
            return Err(Miscalled::Wrong(wrong.help(format!(
                "write it behind the text, as in `source.name.{name}(\"fs\")`"
            ))));
        }
        _ => {}
    }
    let before = usize::from(asked);
    let (wanted, given) = (function.takes.len(), values.len());
    if wanted != given {
        let many = match wanted.saturating_sub(before) {
            0 => "no value".to_owned(),
            1 => "1 value".to_owned(),
            many => format!("{many} values"),
        };
        return Err(Miscalled::Wrong(Wrong::new(format!(
            "`{name}` takes {many} in its brackets, not {}",
            given.saturating_sub(before)
        ))));
    }
    for (at, (value, (words, fits))) in values.iter().zip(function.takes).enumerate() {
        if !value.is_open() && !fits(value) {
            let verb = if asked && at == 0 { "asks" } else { "takes" };
            return Err(Miscalled::Value(
                at,
                Wrong::new(format!(
                    "`{name}` {verb} {words}, and this is {}",
                    value.words()
                )),
            ));
        }
    }
    Ok(function.gives.clone())
}

/// Says what is wrong with a regular expression, if anything is.
pub(super) fn regular_expression(pattern: &str) -> Option<String> {
    let mut context = cel::Context::default();
    context.add_variable_from_value("pattern", pattern);
    let program = cel::Program::compile("\"\".matches(pattern)").ok()?;
    let cel::ExecutionError::FunctionError { message, .. } = program.execute(&context).err()?
    else {
        return None;
    };
    let reason = message.lines().last().unwrap_or_default();
    Some(reason.trim_start_matches("error: ").to_owned())
}
