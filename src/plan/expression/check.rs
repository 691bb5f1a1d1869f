//! Finds unknown names and wrong types in an expression before anything runs.
//!
//! Types are followed as far as they are known; outputs of stages are not, and never a fault.

use cel::IdedExpr;
use cel::Program;
use cel::common::ast::CallExpr;
use cel::common::ast::EntryExpr;
use cel::common::ast::Expr;
use cel::common::ast::LiteralValue;
use cel::common::ast::operators;

use super::Reference;
use crate::plan::diagnostic::did_you_mean;
use crate::plan::roots::ROOTS;
use crate::plan::vocabulary::Kind;
use crate::plan::vocabulary::choices;
use crate::plan::vocabulary::is_root;
use crate::plan::vocabulary::look_up;

/// The longest expression, in bytes.
const LONGEST: usize = 2_000;

/// Functions of CEL that need nothing but their arguments.
const FUNCTIONS: [&str; 14] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "max",
    "min",
    "bool",
    "type",
    "dyn",
];

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
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            help: None,
            words: String::new(),
            label: String::new(),
        }
    }
}

pub(super) fn check(text: &str) -> Result<(Program, Vec<Reference>), Vec<ExpressionFault>> {
    if text.len() > LONGEST {
        let mut fault = ExpressionFault::new(
            "P045",
            format!("the expression is longer than {LONGEST} bytes"),
        );
        fault.help = Some("split the stage, or let a script decide".into());
        return Err(vec![fault]);
    }
    if text.trim().is_empty() {
        return Err(vec![ExpressionFault::new(
            "P040",
            "the expression is empty",
        )]);
    }
    let program = Program::compile(text).map_err(|errors| vec![syntax(text, &errors)])?;
    let mut walk = Walk {
        locals: Vec::new(),
        reads: Vec::new(),
        faults: Vec::new(),
    };
    let kind = walk.kind(program.expression());
    if walk.faults.is_empty() && !kind.fits(Kind::Bool) || kind == Kind::Null {
        let message = format!("the expression is {}, not a yes or no", kind.words());
        walk.faults.push(ExpressionFault {
            help: Some("compare it with a value, as in `source.os == \"linux\"`".into()),
            ..ExpressionFault::new("P042", message)
        });
    }
    if walk.faults.is_empty() {
        Ok((program, walk.reads))
    } else {
        Err(walk.faults)
    }
}

fn syntax(text: &str, errors: &cel::ParseErrors) -> ExpressionFault {
    let first = errors.errors.first();
    let why = first.map_or("no expression", |error| error.msg.as_str());
    // The parser's list of everything it would have liked is of no use to a reader.
    let why = why.split(" expecting ").next().unwrap_or(why);
    // It quotes what it met as it stands, and a message is one line.
    let why = why.replace(['\n', '\r'], " ");
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
    fault.help = Some(if text.contains(" and ") || text.contains(" or ") {
        "write `&&` and `||` for and, or".into()
    } else if text.contains(" = ") {
        "compare with `==`".into()
    } else {
        "conditions are CEL, as in `source.os == \"linux\" && source.domainJoined`".into()
    });
    fault
}

struct Walk {
    /// Names that macros such as `exists` bring in.
    locals: Vec<String>,
    reads: Vec<Reference>,
    faults: Vec<ExpressionFault>,
}

impl Walk {
    fn kind(&mut self, expr: &IdedExpr) -> Kind {
        match &expr.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Kind::Bool,
                LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => {
                    Kind::Number
                }
                LiteralValue::String(_) => Kind::Text,
                LiteralValue::Null => Kind::Null,
                LiteralValue::Bytes(_) => Kind::Any,
            },
            Expr::Ident(_) | Expr::Select(_) => self.path(expr),
            Expr::Call(call) if call.func_name == operators::INDEX => self.path(expr),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                for element in &list.elements {
                    self.kind(element);
                }
                Kind::List
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.kind(&entry.key);
                        self.kind(&entry.value);
                    }
                }
                Kind::Map
            }
            Expr::Comprehension(comprehension) => {
                self.kind(&comprehension.iter_range);
                let before = self.locals.len();
                self.locals.push(comprehension.iter_var.clone());
                self.locals.extend(comprehension.iter_var2.clone());
                self.locals.push(comprehension.accu_var.clone());
                for part in [
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.kind(part);
                }
                self.locals.truncate(before);
                Kind::Any
            }
            Expr::Struct(made) => {
                self.faults.push(ExpressionFault {
                    words: made.type_name.clone(),
                    ..ExpressionFault::new("P041", format!("unknown type `{}`", made.type_name))
                });
                Kind::Any
            }
            Expr::Unspecified => Kind::Any,
        }
    }

    /// A chain of fields and indices, from its root on.
    fn path(&mut self, expr: &IdedExpr) -> Kind {
        let mut keys = Vec::new();
        let mut tested = false;
        let mut at = expr;
        let root = loop {
            match &at.expr {
                Expr::Select(select) => {
                    tested |= select.test;
                    keys.push(Some(select.field.clone()));
                    at = &select.operand;
                }
                Expr::Call(call) if call.func_name == operators::INDEX && call.args.len() == 2 => {
                    keys.push(
                        if let Expr::Literal(LiteralValue::String(key)) = &call.args[1].expr {
                            Some(key.inner().to_owned())
                        } else {
                            self.kind(&call.args[1]);
                            None
                        },
                    );
                    at = &call.args[0];
                }
                Expr::Ident(name) => break name,
                _ => {
                    self.kind(at);
                    return if tested { Kind::Bool } else { Kind::Any };
                }
            }
        };
        if self.locals.contains(root) {
            return if tested { Kind::Bool } else { Kind::Any };
        }
        keys.push(Some(root.clone()));
        keys.reverse();
        if !is_root(root) {
            self.faults.push(ExpressionFault {
                help: did_you_mean(root, ROOTS)
                    .or_else(|| Some(format!("known here: `{}`", ROOTS.join("`, `")))),
                words: root.clone(),
                label: "not defined here".into(),
                ..ExpressionFault::new("P041", format!("unknown name `{root}`"))
            });
            return Kind::Any;
        }
        if root == "stages" && !matches!(keys.get(1), Some(Some(_))) {
            self.faults.push(ExpressionFault {
                help: Some("write the id, as in `stages[\"join-source\"].output.name`".into()),
                words: root.clone(),
                ..ExpressionFault::new("P041", "a stage has to be named literally")
            });
            return Kind::Any;
        }
        let kind = match look_up(&keys) {
            Ok(kind) => kind,
            Err(unknown) => {
                let last = unknown.path.rsplit('.').next().unwrap_or_default();
                self.faults.push(ExpressionFault {
                    help: unknown.help,
                    words: if last.is_empty() {
                        String::new()
                    } else {
                        unknown.path.clone()
                    },
                    label: "not defined here".into(),
                    ..ExpressionFault::new("P041", format!("unknown name `{}`", unknown.path))
                });
                Kind::Any
            }
        };
        let path: Vec<String> = keys.into_iter().map_while(|key| key).collect();
        self.reads.push(Reference { path, tested });
        if tested { Kind::Bool } else { kind }
    }

    fn call(&mut self, call: &CallExpr) -> Kind {
        let target = call.target.as_deref().map(|target| self.kind(target));
        let kinds: Vec<Kind> = call.args.iter().map(|arg| self.kind(arg)).collect();
        match call.func_name.as_str() {
            operators::LOGICAL_AND | operators::LOGICAL_OR | operators::LOGICAL_NOT => {
                for (arg, kind) in call.args.iter().zip(&kinds) {
                    if !kind.fits(Kind::Bool) {
                        self.wrong(
                            arg,
                            format!(
                                "`&&`, `||` and `!` join a yes or no, and this is {}",
                                kind.words()
                            ),
                        );
                    }
                }
                Kind::Bool
            }
            operators::EQUALS | operators::NOT_EQUALS => {
                self.same(call, &kinds);
                self.chosen(call);
                Kind::Bool
            }
            operators::LESS
            | operators::LESS_EQUALS
            | operators::GREATER
            | operators::GREATER_EQUALS => {
                self.same(call, &kinds);
                Kind::Bool
            }
            operators::IN => {
                if let [_, Kind::Bool | Kind::Number | Kind::Text] = kinds.as_slice() {
                    self.wrong(
                        &call.args[1],
                        "`in` looks into a list or a group of values".into(),
                    );
                }
                self.chosen(call);
                Kind::Bool
            }
            operators::CONDITIONAL => match kinds.as_slice() {
                [_, yes, no] if yes == no => *yes,
                _ => Kind::Any,
            },
            operators::NOT_STRICTLY_FALSE => Kind::Bool,
            operators::ADD => match kinds.as_slice() {
                [left, right] if left.fits(*right) => *left,
                _ => {
                    self.same(call, &kinds);
                    Kind::Any
                }
            },
            "contains" | "startsWith" | "endsWith" | "matches" => {
                if let Some(Kind::Bool | Kind::Number) = target {
                    let message = format!("`{}` asks a text", call.func_name);
                    if let Some(target) = call.target.as_deref() {
                        self.wrong(target, message);
                    }
                }
                Kind::Bool
            }
            "string" => Kind::Text,
            operators::SUBSTRACT
            | operators::MULTIPLY
            | operators::DIVIDE
            | operators::MODULO
            | operators::NEGATE
            | "size"
            | "int"
            | "uint"
            | "double" => Kind::Number,
            other if FUNCTIONS.contains(&other) => Kind::Any,
            other => {
                self.faults.push(ExpressionFault {
                    help: did_you_mean(other, FUNCTIONS),
                    words: other.to_owned(),
                    ..ExpressionFault::new("P041", format!("unknown function `{other}`"))
                });
                Kind::Any
            }
        }
    }

    fn same(&mut self, call: &CallExpr, kinds: &[Kind]) {
        if let [left, right] = kinds
            && !left.fits(*right)
        {
            let message = format!("{} never equals {}", left.words(), right.words());
            self.wrong(&call.args[0], message);
        }
    }

    /// A text compared with one that the field never has.
    fn chosen(&mut self, call: &CallExpr) {
        let [left, right] = call.args.as_slice() else {
            return;
        };
        let (field, words) = match (static_path(left), static_path(right)) {
            (Some(path), None) => (path, texts(right)),
            (None, Some(path)) if call.func_name != operators::IN => (path, texts(left)),
            _ => return,
        };
        let Some(known) = choices(&field).filter(|_| {
            look_up(&field.iter().cloned().map(Some).collect::<Vec<_>>()) == Ok(Kind::Text)
        }) else {
            return;
        };
        for word in words.iter().filter(|word| !known.contains(&word.as_str())) {
            let name = field.join(".");
            self.faults.push(ExpressionFault {
                help: did_you_mean(word, known.iter().copied())
                    .or_else(|| Some(format!("it is one of `{}`", known.join("`, `")))),
                words: word.clone(),
                ..ExpressionFault::new("P042", format!("`{name}` is never `{word}`"))
            });
        }
    }

    fn wrong(&mut self, expr: &IdedExpr, message: String) {
        let words = static_path(expr)
            .map(|path| path.join("."))
            .unwrap_or_default();
        self.faults.push(ExpressionFault {
            words,
            ..ExpressionFault::new("P042", message)
        });
    }
}

fn static_path(expr: &IdedExpr) -> Option<Vec<String>> {
    match &expr.expr {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) if !select.test => {
            let mut path = static_path(&select.operand)?;
            path.push(select.field.clone());
            Some(path)
        }
        _ => None,
    }
}

fn texts(expr: &IdedExpr) -> Vec<String> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => vec![text.inner().to_owned()],
        Expr::List(list) => list.elements.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}
