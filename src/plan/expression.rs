//! Conditions: CEL over the roots, compiled once, with everything they read known beforehand.
//!
//! A value that is not known yet is told apart from every other failure, for a stage then waits
//! instead of failing or being skipped.

mod check;
mod functions;
mod layout;
mod limits;
mod loops;
mod marks;
mod operators;
#[cfg(test)]
mod soundness;
mod types;
mod walk;

use std::fmt;
use std::sync::Arc;
use std::sync::LazyLock;

use cel::Context;
use cel::Env;
use cel::IdedExpr;
use cel::Program;
use serde_json::Value;

use super::roots::Roots;
use super::vocabulary::written;

use check::Checked;
pub(crate) use check::ExpressionFault;
pub(crate) use layout::bare;

/// The functions of CEL; making them costs more than any condition.
static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A checked CEL expression; cheap to clone.
#[derive(Clone)]
pub struct Expression(Arc<Inner>);

struct Inner {
    text: String,
    program: Program,
    reads: Vec<Reference>,
    roots: Vec<String>,
    stages: Vec<String>,
    vague: bool,
}

/// One value that an expression or a template reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its path as far as it is written literally, as in `["source", "os"]`.
    pub path: Vec<String>,
    /// Whether it is only asked for with `has(…)`.
    pub tested: bool,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It reads something that is not known yet.
    #[error("`{path}` is not known yet")]
    Unknown {
        /// What it reads, as in `source.os`.
        path: String,
    },
    /// It cannot be evaluated.
    #[error("`{expression}` has no value: {reason}")]
    Failed {
        /// The expression.
        expression: String,
        /// What was wrong.
        reason: String,
    },
    /// It has a value that is no yes or no where one is needed.
    #[error("`{expression}` is {value}, not a yes or no")]
    NotBool {
        /// The expression.
        expression: String,
        /// Its value.
        value: Value,
    },
}

impl Expression {
    /// Compiles an expression that has to be a yes or no, and checks all its names and types.
    pub(crate) fn compile(text: &str) -> Result<Self, Vec<ExpressionFault>> {
        let Checked {
            program,
            reads,
            vague,
        } = check::check(text)?;
        let mut roots: Vec<String> = reads
            .iter()
            .filter_map(|r| r.path.first().cloned())
            .collect();
        roots.sort_unstable();
        roots.dedup();
        let of_stage = |r: &Reference| match r.path.as_slice() {
            [root, id, ..] if root == "stages" => Some(id.clone()),
            _ => None,
        };
        let mut stages: Vec<String> = reads.iter().filter_map(of_stage).collect();
        stages.sort_unstable();
        stages.dedup();
        Ok(Self(Arc::new(Inner {
            text: text.to_owned(),
            program,
            reads,
            roots,
            stages,
            vague,
        })))
    }

    /// Returns the text as it stands in the plan.
    pub fn source_text(&self) -> &str {
        &self.0.text
    }

    /// Returns its syntax tree.
    pub(super) fn syntax(&self) -> &IdedExpr {
        self.0.program.expression()
    }

    /// Returns what it reads.
    pub fn reads(&self) -> &[Reference] {
        &self.0.reads
    }

    /// Whether it asks what is there at all, or for names that people choose, so that its answer
    /// for what a kind of pair settles says nothing.
    pub(crate) fn is_vague(&self) -> bool {
        self.0.vague
    }

    /// Evaluates it.
    pub fn evaluate(&self, roots: &Roots) -> Result<Value, ExpressionError> {
        match self.execute(roots) {
            Ok(value) => Ok(from_cel(&value)),
            Err(error) => Err(self.explain(roots, &error)),
        }
    }

    fn execute(&self, roots: &Roots) -> Result<cel::Value, cel::ExecutionError> {
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        for root in &self.0.roots {
            let value = roots.root(root, &self.0.stages);
            context.add_variable_from_value(root.as_str(), to_cel(&value));
        }
        self.0.program.execute(&context)
    }

    /// Evaluates it to a yes or no.
    pub fn evaluate_bool(&self, roots: &Roots) -> Result<bool, ExpressionError> {
        match self.evaluate(roots)? {
            Value::Bool(answer) => Ok(answer),
            value => Err(ExpressionError::NotBool {
                expression: self.0.text.clone(),
                value,
            }),
        }
    }

    fn explain(&self, roots: &Roots, error: &cel::ExecutionError) -> ExpressionError {
        if let cel::ExecutionError::NoSuchKey(key) = error {
            let unknown = self
                .0
                .reads
                .iter()
                .filter(|read| !read.tested)
                .find(|read| {
                    is_not_known_yet(roots, &read.path)
                        && read.path.iter().any(|k| k == key.as_str())
                });
            if let Some(read) = unknown {
                return ExpressionError::Unknown {
                    path: written(&read.path),
                };
            }
        }
        ExpressionError::Failed {
            expression: self.0.text.clone(),
            reason: error.to_string(),
        }
    }
}

/// Whether a path may still become known: facts of a host, the run, and outputs of stages that have
/// not ended. What the inventory leaves out, or an output does not hold, will never be there.
pub(crate) fn is_not_known_yet(roots: &Roots, path: &[String]) -> bool {
    match path {
        [root, id, ..] if root == "stages" => roots.get(&["stages", id]).is_none(),
        [root, ..] if matches!(root.as_str(), "source" | "destination" | "run") => {
            roots.get(path).is_none()
        }
        _ => false,
    }
}

fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(yes) => cel::Value::Bool(*yes),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => cel::Value::Int(whole),
            (None, Some(whole)) => cel::Value::UInt(whole),
            _ => cel::Value::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(list) => list.iter().map(to_cel).collect::<Vec<_>>().into(),
        Value::Object(map) => {
            #[expect(
                clippy::disallowed_types,
                reason = "the library's map is one; order is not seen"
            )]
            let map: std::collections::HashMap<cel::objects::Key, cel::Value> = map
                .iter()
                .map(|(key, value)| (key.as_str().into(), to_cel(value)))
                .collect();
            map.into()
        }
    }
}

fn from_cel(value: &cel::Value) -> Value {
    match value {
        cel::Value::Bool(yes) => Value::Bool(*yes),
        cel::Value::Int(whole) => Value::from(*whole),
        cel::Value::UInt(whole) => Value::from(*whole),
        cel::Value::Float(number) => Value::from(*number),
        cel::Value::String(text) => Value::from(text.as_str()),
        cel::Value::List(list) => Value::Array(list.iter().map(from_cel).collect()),
        cel::Value::Map(map) => {
            let mut entries: Vec<(String, Value)> = map
                .map
                .iter()
                .map(|(key, value)| (key.to_string(), from_cel(value)))
                .collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(entries.into_iter().collect())
        }
        // Bytes and the like have no place in JSON.
        _ => Value::Null,
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.0.text).finish()
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}
