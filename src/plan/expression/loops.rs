//! Loops (`all`, `exists`, `exists_one`, `map`, `filter`): the parser takes them apart, and this puts
//! them together again.

use cel::IdedExpr;
use cel::common::ast::ComprehensionExpr;
use cel::common::ast::Expr;
use cel::common::ast::operators;

/// A loop as it was written, before the parser took it apart.
pub(super) struct Loop<'a> {
    pub(super) name: &'static str,
    /// What is asked of each value.
    pub(super) question: Option<&'a IdedExpr>,
    /// What is made of each value.
    pub(super) made: Option<&'a IdedExpr>,
}

/// Puts a loop together again: each of them becomes a step that goes on from `@result`.
pub(super) fn written(all: &ComprehensionExpr) -> Loop<'_> {
    let unknown = Loop {
        name: "a loop",
        question: Some(&all.loop_step),
        made: None,
    };
    let Expr::Call(step) = &all.loop_step.expr else {
        return unknown;
    };
    match (step.func_name.as_str(), step.args.as_slice()) {
        (operators::LOGICAL_AND, [_, question]) => Loop {
            name: "all",
            question: Some(question),
            made: None,
        },
        (operators::LOGICAL_OR, [_, question]) => Loop {
            name: "exists",
            question: Some(question),
            made: None,
        },
        (operators::ADD, [_, made]) => Loop {
            name: "map",
            question: None,
            made: only(made),
        },
        (operators::CONDITIONAL, [question, then, _]) => match &then.expr {
            Expr::Call(add) if matches!(add.args.as_slice(), [_, made] if only(made).is_some()) => {
                let kept = matches!(only(&add.args[1]).map(|made| &made.expr),
                    Some(Expr::Ident(name)) if *name == all.iter_var);
                Loop {
                    name: if kept { "filter" } else { "map" },
                    question: Some(question),
                    made: only(&add.args[1]),
                }
            }
            _ => Loop {
                name: "exists_one",
                question: Some(question),
                made: None,
            },
        },
        _ => unknown,
    }
}

/// The only element of a list.
fn only(list: &IdedExpr) -> Option<&IdedExpr> {
    match &list.expr {
        Expr::List(list) if list.elements.len() == 1 => list.elements.first(),
        _ => None,
    }
}
