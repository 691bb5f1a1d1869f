//! The walk through an expression: what type each part has, what it reads, and what is wrong.
//!
//! A part with a fault has an open type, so that nothing further is said against it.

use cel::IdedExpr;
use cel::common::ast::CallExpr;
use cel::common::ast::ComprehensionExpr;
use cel::common::ast::EntryExpr;
use cel::common::ast::Expr;
use cel::common::ast::LiteralValue;
use cel::common::ast::MapExpr;
use cel::common::ast::SourceInfo;
use cel::common::ast::operators;

use super::Reference;
use super::check::ExpressionFault;
use super::functions;
use super::functions::Miscalled;
use super::loops;
use super::marks;
use super::operators as typing;
use super::operators::Wrong;
use super::types::Type;
use crate::plan::diagnostic::did_you_mean;
use crate::plan::vocabulary::ALL;
use crate::plan::vocabulary::choices;
use crate::plan::vocabulary::field;
use crate::plan::vocabulary::written;

pub(super) struct Walk<'a> {
    text: &'a str,
    info: &'a SourceInfo,
    /// Names that loops such as `exists` bring in, the innermost last.
    locals: Vec<(String, Type)>,
    reads: Vec<Reference>,
    faults: Vec<ExpressionFault>,
    /// Whether the part at hand only chooses a value of a group.
    chooses: bool,
    vague: bool,
}

/// What a walk has found.
pub(super) struct Found {
    pub(super) reads: Vec<Reference>,
    pub(super) faults: Vec<ExpressionFault>,
    /// Whether it asks what is there at all, or for names that people choose: the answer to that
    /// is never that of all pairs of a kind.
    pub(super) vague: bool,
}

/// One step of a path.
enum Step<'a> {
    Field(&'a str),
    Index(&'a IdedExpr),
}

impl<'a> Walk<'a> {
    pub(super) fn new(text: &'a str, info: &'a SourceInfo) -> Self {
        Self {
            text,
            info,
            locals: Vec::new(),
            reads: Vec::new(),
            faults: Vec::new(),
            chooses: false,
            vague: false,
        }
    }

    pub(super) fn found(self) -> Found {
        Found {
            reads: self.reads,
            faults: self.faults,
            vague: self.vague,
        }
    }

    pub(super) fn type_of(&mut self, part: &IdedExpr) -> Type {
        match &part.expr {
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Bool,
                LiteralValue::Double(_) => Type::Double,
                LiteralValue::Int(_) => Type::Int,
                LiteralValue::UInt(_) => Type::Uint,
                LiteralValue::String(_) => Type::Text,
                LiteralValue::Null => Type::Null,
                LiteralValue::Bytes(_) => Type::Bytes,
            },
            Expr::Ident(_) | Expr::Select(_) => self.path(part),
            Expr::Call(call) => self.call(part, call),
            Expr::List(list) => {
                let mut element = Type::Nothing;
                for one in &list.elements {
                    let kind = self.type_of(one);
                    element = self.side_by_side(element, kind, one, "a list");
                }
                Type::list(element)
            }
            Expr::Map(map) => self.group(map),
            Expr::Comprehension(all) => self.looped(all),
            Expr::Struct(made) => {
                let message = format!("unknown type `{}`", made.type_name);
                self.fault("P041", message, made.type_name.clone());
                Type::Any
            }
            Expr::Unspecified => Type::Any,
        }
    }

    fn side_by_side(&mut self, all: Type, one: Type, part: &IdedExpr, what: &str) -> Type {
        all.join(one).unwrap_or_else(|(all, one)| {
            let message = format!(
                "{what} holds values of one type, and here {} stands beside {}",
                one.words(),
                all.words()
            );
            self.wrong(part, Wrong::new(message))
        })
    }

    fn group(&mut self, map: &MapExpr) -> Type {
        let (mut keys, mut values) = (Type::Nothing, Type::Nothing);
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let (key, value) = (self.type_of(&entry.key), self.type_of(&entry.value));
            if !typing::is_key(&key) || key == Type::Double {
                let message = format!("values of a group are not named by {}", key.many());
                keys = self.wrong(&entry.key, Wrong::new(message));
            } else {
                keys = self.side_by_side(keys, key, &entry.key, "a group");
            }
            values = self.side_by_side(values, value, &entry.value, "a group");
        }
        Type::Map(Box::new(keys), Box::new(values))
    }

    /// A chain of fields and indices, from its beginning on.
    fn path(&mut self, part: &IdedExpr) -> Type {
        let mut steps = Vec::new();
        let mut at = part;
        let tested = matches!(&part.expr, Expr::Select(select) if select.test);
        loop {
            match &at.expr {
                Expr::Select(select) if std::ptr::eq(at, part) || !select.test => {
                    steps.push((Step::Field(&select.field), at));
                    at = &select.operand;
                }
                Expr::Call(call) if is_index(call) => {
                    steps.push((Step::Index(&call.args[1]), at));
                    at = &call.args[0];
                }
                _ => break,
            }
        }
        steps.reverse();
        let kind = if let Expr::Ident(name) = &at.expr {
            match self.local(name) {
                Some(kind) => self.steps(kind, &steps, &mut vec![name.clone()]),
                None => self.rooted(name, &steps, tested),
            }
        } else {
            let kind = self.type_of(at);
            self.steps(kind, &steps, &mut Vec::new())
        };
        if tested { Type::Bool } else { kind }
    }

    fn local(&self, name: &str) -> Option<Type> {
        let found = self.locals.iter().rev().find(|(local, _)| local == name);
        found.map(|(_, kind)| kind.clone())
    }

    /// A path that begins at one of the roots; what it reads is remembered.
    fn rooted(&mut self, root: &str, steps: &[(Step<'_>, &IdedExpr)], tested: bool) -> Type {
        let shape = match field(ALL, root) {
            Ok(shape) => shape,
            Err(help) => {
                self.unknown(root, help);
                return Type::Any;
            }
        };
        if root == "stages" && steps.first().and_then(|(step, _)| literal(step)).is_none() {
            let help = "write the id, as in `stages[\"join-source\"].output.name`";
            let fault = ExpressionFault::new("P041", "a stage has to be named literally");
            self.faults.push(ExpressionFault {
                words: root.to_owned(),
                ..fault.help(help)
            });
            return Type::Any;
        }
        let before = self.faults.len();
        let mut path = vec![root.to_owned()];
        let kind = self.steps(shape.into(), steps, &mut path);
        if self.faults.len() == before {
            let known = steps.iter().map_while(|(step, _)| literal(step)).count();
            path.truncate(1 + known);
            let group = matches!(kind, Type::Group(_) | Type::Map(..));
            let name = path.last().is_some_and(|last| last == "credential") && !self.chooses;
            self.vague |= tested || group || name;
            self.reads.push(Reference { path, tested });
        }
        kind
    }

    /// Goes from a value along steps; `path` is what has been gone so far.
    fn steps(
        &mut self,
        from: Type,
        steps: &[(Step<'_>, &IdedExpr)],
        path: &mut Vec<String>,
    ) -> Type {
        let mut kind = from;
        for (step, part) in steps {
            let found = match (&kind, step) {
                (Type::Group(fields), step) if literal(step).is_some() => {
                    let name = literal(step).unwrap_or_default();
                    field(fields, name)
                        .map(Type::from)
                        .map_err(|help| (name, help))
                }
                (Type::Map(..) | Type::Group(_) | Type::Any | Type::Nothing, Step::Field(name)) => {
                    match typing::index(&kind, &Type::Text) {
                        Ok(found) => Ok(found),
                        Err(wrong) => {
                            path.push((*name).to_owned());
                            kind = self.wrong(part, wrong);
                            continue;
                        }
                    }
                }
                (_, Step::Field(name)) => Err((*name, format!("{} has no fields", kind.words()))),
                (_, Step::Index(index)) => {
                    let before = self.chooses;
                    self.chooses = matches!(index.expr, Expr::Select(_));
                    let found = self.type_of(index);
                    self.chooses = before;
                    match typing::index(&kind, &found) {
                        Ok(found) => Ok(found),
                        Err(wrong) => {
                            kind = self.wrong(part, wrong);
                            continue;
                        }
                    }
                }
            };
            path.push(literal(step).unwrap_or("…").to_owned());
            kind = found.unwrap_or_else(|(_, help)| {
                self.unknown(&path.join("."), help);
                Type::Any
            });
        }
        kind
    }

    fn call(&mut self, part: &IdedExpr, call: &CallExpr) -> Type {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            (operators::INDEX, [_, _]) => self.path(part),
            (operators::LOGICAL_AND | operators::LOGICAL_OR, sides) => {
                for side in sides {
                    self.decides(side, "`&&` and `||` join what is yes or no");
                }
                Type::Bool
            }
            (operators::LOGICAL_NOT, [side]) => {
                self.decides(side, "`!` turns a yes or no round");
                Type::Bool
            }
            (operators::CONDITIONAL, [question, yes, no]) => {
                self.decides(question, "`? :` asks a yes or no");
                let (yes, kind) = (self.type_of(yes), self.type_of(no));
                yes.join(kind).unwrap_or_else(|(yes, kind)| {
                    let message = format!(
                        "`? :` gives {} or {}, and has to give values of one type",
                        yes.words(),
                        kind.words()
                    );
                    self.wrong(no, Wrong::new(message))
                })
            }
            (operators::NEGATE, [of]) => {
                let kind = self.type_of(of);
                typing::negative(&kind).unwrap_or_else(|wrong| self.wrong(part, wrong))
            }
            (name, [left, right]) if typing::is_binary(name) => {
                let (one, two) = (self.type_of(left), self.type_of(right));
                let faults = self.faults.len();
                let kind = typing::binary(name, &one, &two)
                    .unwrap_or_else(|wrong| self.wrong(part, wrong));
                let compares = [operators::EQUALS, operators::NOT_EQUALS, operators::IN];
                if faults == self.faults.len() && compares.contains(&name) {
                    self.chosen(name, left, right);
                }
                // The answer's type is known even where its sides do not fit.
                let answers = !matches!(
                    name,
                    operators::ADD
                        | operators::SUBSTRACT
                        | operators::MULTIPLY
                        | operators::DIVIDE
                        | operators::MODULO
                );
                if answers { Type::Bool } else { kind }
            }
            _ => self.function(part, call),
        }
    }

    fn function(&mut self, part: &IdedExpr, call: &CallExpr) -> Type {
        let name = call.func_name.as_str();
        let parts: Vec<&IdedExpr> = call
            .target
            .as_deref()
            .into_iter()
            .chain(&call.args)
            .collect();
        // What stands in the brackets of a loop that was written wrongly has names of its own.
        let is_loop = matches!(
            name,
            "has" | "all" | "exists" | "exists_one" | "existsOne" | "map" | "filter"
        );
        let values: Vec<Type> = if is_loop {
            vec![Type::Any; parts.len()]
        } else {
            parts.iter().map(|part| self.type_of(part)).collect()
        };
        let kind = match functions::call(name, call.target.is_some(), &values) {
            Ok(kind) => kind,
            Err(Miscalled::Unknown(near)) => {
                let fault = ExpressionFault::new("P041", format!("unknown function `{name}`"));
                self.faults.push(ExpressionFault {
                    help: near,
                    words: name.to_owned(),
                    ..fault
                });
                Type::Any
            }
            Err(Miscalled::Wrong(wrong)) => self.wrong(part, wrong),
            Err(Miscalled::Value(at, wrong)) => self.wrong(parts[at], wrong),
        };
        if name == "matches"
            && let [_, pattern] = parts.as_slice()
            && let Expr::Literal(LiteralValue::String(text)) = &pattern.expr
            && let Some(reason) = functions::regular_expression(text.inner())
        {
            let wrong = Wrong::new(format!("not a regular expression: {reason}"));
            return self.wrong(
                pattern,
                wrong.help("write a sign that stands for itself in `[]`"),
            );
        }
        kind
    }

    fn looped(&mut self, all: &ComprehensionExpr) -> Type {
        let range = self.type_of(&all.iter_range);
        let element = range.element().unwrap_or_else(|| {
            let message = format!(
                "a loop goes through a list or the names of a group, and this is {}",
                range.words()
            );
            self.wrong(&all.iter_range, Wrong::new(message))
        });
        self.locals.push((all.iter_var.clone(), element));
        let shape = loops::written(all);
        if let Some(question) = shape.question {
            let asks = format!("`{}` asks a yes or no of each value", shape.name);
            self.decides(question, &asks);
        }
        let made = shape.made.map(|made| self.type_of(made));
        self.locals.pop();
        match made {
            Some(made) => Type::list(made),
            None => Type::Bool,
        }
    }

    /// A place where only a yes or no fits.
    fn decides(&mut self, part: &IdedExpr, why: &str) {
        let kind = self.type_of(part);
        if !kind.is_open() && kind != Type::Bool {
            self.wrong(
                part,
                Wrong::new(format!("{why}, and this is {}", kind.words())),
            );
        }
    }

    /// A text compared with one that the field never has.
    fn chosen(&mut self, name: &str, left: &IdedExpr, right: &IdedExpr) {
        let (path, words) = match (self.named(left), self.named(right)) {
            (Some(path), None) => (path, texts(right)),
            (None, Some(path)) if name != operators::IN => (path, texts(left)),
            _ => return,
        };
        let Some(known) = choices(&path) else {
            return;
        };
        for word in words.iter().filter(|word| !known.contains(&word.as_str())) {
            let name = written(&path).replace("[\"…\"]", "[…]");
            let message = format!("`{name}` is never `{word}`");
            let help = did_you_mean(word, known.iter().copied())
                .unwrap_or_else(|| format!("it is one of `{}`", known.join("`, `")));
            self.faults.push(ExpressionFault {
                words: word.clone(),
                ..ExpressionFault::new("P042", message).help(help)
            });
        }
    }

    /// The path of a fact; a computed step of it is shown as `…`.
    fn named(&self, part: &IdedExpr) -> Option<Vec<String>> {
        match &part.expr {
            Expr::Ident(name) if self.local(name).is_none() && name != "stages" => {
                Some(vec![name.clone()])
            }
            Expr::Select(select) if !select.test => {
                let mut path = self.named(&select.operand)?;
                path.push(select.field.clone());
                Some(path)
            }
            Expr::Call(call) if is_index(call) => {
                let mut path = self.named(&call.args[0])?;
                path.push(text(&call.args[1]).unwrap_or("…").to_owned());
                Some(path)
            }
            _ => None,
        }
    }

    fn unknown(&mut self, path: &str, help: String) {
        let fault = ExpressionFault::new("P041", format!("unknown name `{path}`")).help(help);
        self.faults.push(ExpressionFault {
            words: path.to_owned(),
            label: "not defined here".into(),
            ..fault
        });
    }

    fn fault(&mut self, code: &'static str, message: String, words: String) {
        let fault = ExpressionFault::new(code, message);
        self.faults.push(ExpressionFault { words, ..fault });
    }

    fn wrong(&mut self, part: &IdedExpr, wrong: Wrong) -> Type {
        self.faults.push(ExpressionFault {
            help: wrong.help,
            words: marks::words(self.info, self.text, part).to_owned(),
            ..ExpressionFault::new("P042", wrong.message)
        });
        Type::Any
    }
}

fn is_index(call: &CallExpr) -> bool {
    call.func_name == operators::INDEX && call.args.len() == 2
}

/// The name of a step, where it is written and not computed.
fn literal<'a>(step: &Step<'a>) -> Option<&'a str> {
    match step {
        Step::Field(name) => Some(name),
        Step::Index(index) => text(index),
    }
}

fn text(part: &IdedExpr) -> Option<&str> {
    match &part.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn texts(part: &IdedExpr) -> Vec<String> {
    match &part.expr {
        Expr::List(list) => list.elements.iter().flat_map(texts).collect(),
        _ => text(part).map(str::to_owned).into_iter().collect(),
    }
}
