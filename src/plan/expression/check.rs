//! Finds unknown names and wrong types in an expression before anything runs.
//!
//! Types are followed as far as they are known; outputs of stages are not, and never a fault. What
//! passes never fails in the evaluator because of a type.

use cel::Program;

use super::Reference;
use super::limits;
use super::types::Type;
use super::walk::Found;
use super::walk::Walk;

/// A fault of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExpressionFault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// The words of the expression that it is about; empty for all of it.
    pub(crate) words: String,
    pub(crate) label: String,
}

impl ExpressionFault {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            words: String::new(),
            label: String::new(),
        }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// An expression without a fault.
pub(super) struct Checked {
    pub(super) program: Program,
    pub(super) reads: Vec<Reference>,
    pub(super) vague: bool,
}

pub(super) fn check(text: &str) -> Result<Checked, Vec<ExpressionFault>> {
    limits::check_text(text).map_err(|fault| vec![fault])?;
    if text.trim().is_empty() {
        return Err(vec![ExpressionFault::new(
            "P040",
            "the expression is empty",
        )]);
    }
    let program = limits::parse(text).map_err(|fault| vec![fault])?;
    let mut walk = Walk::new(text, program.source_info());
    let kind = walk.type_of(program.expression());
    let Found {
        reads,
        mut faults,
        vague,
    } = walk.found();
    if faults.is_empty() && !kind.is_open() && kind != Type::Bool {
        let message = format!("the expression is {}, not a yes or no", kind.words());
        let help = "compare it with a value, as in `source.os == \"linux\"`";
        faults.push(ExpressionFault::new("P042", message).help(help));
    }
    if faults.is_empty() {
        Ok(Checked {
            program,
            reads,
            vague,
        })
    } else {
        Err(faults)
    }
}

pub(super) fn syntax(text: &str, errors: &cel::ParseErrors) -> ExpressionFault {
    let first = errors.errors.first();
    let why = first.map_or("no expression", |error| error.msg.as_str());
    // The parser's list of everything it would have liked is of no use to a reader.
    let why = why.split(" expecting ").next().unwrap_or(why);
    let mut fault = ExpressionFault::new("P040", format!("the expression cannot be read: {why}"));
    if let Some(error) = first {
        let line = usize::try_from(error.pos.0 - 1)
            .ok()
            .and_then(|n| text.lines().nth(n));
        let column = usize::try_from(error.pos.1 - 1).unwrap_or(0);
        let rest: String = line.unwrap_or("").chars().skip(column).collect();
        rest.split_whitespace()
            .next()
            .unwrap_or("")
            .clone_into(&mut fault.words);
    }
    fault.help(if text.contains(" and ") || text.contains(" or ") {
        "write `&&` and `||` for and, or"
    } else if text.contains(" = ") {
        "compare with `==`"
    } else {
        "conditions are CEL, as in `source.os == \"linux\" && source.domainJoined`"
    })
}
