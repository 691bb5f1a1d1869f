//! How much an expression may ask: whatever is written, it is read and answered at once, on a
//! small stack.

use cel::IdedExpr;
use cel::Program;
use cel::common::ast::EntryExpr;
use cel::common::ast::Expr;

use super::check::ExpressionFault;
use super::check::syntax;

/// The longest expression, in bytes.
const LONGEST: usize = 2_000;

/// The most brackets and choices inside each other.
const MOST_BRACKETS: usize = 16;

/// The most steps of anything else, such as additions, inside each other.
const DEEPEST: usize = 32;

/// What the parser may use for the worst text that is short enough: it calls itself some dozen
/// times for each bracket and each sum.
const STACK: usize = 64 << 20;

/// So few signs that make the parser call itself are read on any stack.
const FEW: usize = 6;

/// The most loops (`all`, `exists`, `map` …) inside each other: two take as long as the product of
/// their lists.
const MOST_LOOPS: usize = 2;

/// Looks at the text, before anything reads it: a parser calls itself for each bracket.
pub(super) fn check_text(text: &str) -> Result<(), ExpressionFault> {
    if text.len() > LONGEST {
        let fault = ExpressionFault::new(
            "P045",
            format!("the expression is longer than {LONGEST} bytes"),
        );
        return Err(fault.help("split the stage, or let a script decide"));
    }
    let (mut depth, mut deepest, mut questions) = (0_usize, 0, 0);
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, '?') => questions += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    if deepest + questions > MOST_BRACKETS {
        return Err(too_deep(MOST_BRACKETS));
    }
    Ok(())
}

/// Reads a text that was looked at, and looks at what was read.
pub(super) fn parse(text: &str) -> Result<Program, ExpressionFault> {
    let read = || {
        let program = Program::compile(text).map_err(|errors| syntax(text, &errors))?;
        check_tree(program.expression())?;
        Ok(program)
    };
    let nests = |c: &char| matches!(c, '(' | '[' | '{' | '?' | '+' | '-' | '*' | '/' | '%');
    if text.chars().filter(nests).count() <= FEW {
        return read();
    }
    std::thread::scope(|scope| {
        let own = std::thread::Builder::new().stack_size(STACK);
        let read = own
            .spawn_scoped(scope, read)
            .map(std::thread::ScopedJoinHandle::join);
        match read {
            Ok(Ok(read)) => read,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(ExpressionFault::new(
                "P046",
                format!("there is no room to read the expression: {error}"),
            )),
        }
    })
}

/// Looks at what was read.
fn check_tree<'a>(root: &'a IdedExpr) -> Result<(), ExpressionFault> {
    // Not by recursion: the depth is what is asked.
    let mut open = vec![(root, 1, 0)];
    while let Some((part, depth, loops)) = open.pop() {
        if depth > DEEPEST {
            return Err(too_deep(DEEPEST));
        }
        let inner = |part: &'a IdedExpr| (part, depth + 1, loops);
        match &part.expr {
            Expr::Select(select) => open.push(inner(&select.operand)),
            Expr::Call(call) => {
                open.extend(call.target.as_deref().map(inner));
                open.extend(call.args.iter().map(inner));
            }
            Expr::List(list) => open.extend(list.elements.iter().map(inner)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        open.extend([inner(&entry.key), inner(&entry.value)]);
                    }
                }
            }
            Expr::Comprehension(all) => {
                if loops == MOST_LOOPS {
                    let message = format!("more than {MOST_LOOPS} loops stand inside each other");
                    let fault = ExpressionFault::new("P046", message);
                    return Err(fault.help("let a script decide, and read its output"));
                }
                open.push(inner(&all.iter_range));
                open.push((&all.loop_step, depth + 1, loops + 1));
            }
            Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }
    Ok(())
}

fn too_deep(most: usize) -> ExpressionFault {
    let message = format!("the expression goes more than {most} levels deep");
    ExpressionFault::new("P046", message).help("split the stage, or let a script decide")
}

#[cfg(test)]
mod tests {
    use crate::plan::expression::check::check;

    /// Reads and answers a text on less stack than any of our threads has.
    fn code(text: String) -> &'static str {
        let small = std::thread::Builder::new().stack_size(3 << 19);
        let checked = small.spawn(move || {
            let checked = check(&text).map_err(|faults| faults[0].code)?;
            checked.program.execute(&cel::Context::default()).ok();
            Ok("fine")
        });
        checked.unwrap().join().unwrap().unwrap_or_else(|code| code)
    }

    #[test]
    fn whatever_is_written_ends_on_a_small_stack() {
        for (text, expected) in [
            ("true && ".repeat(200) + "true", "fine"),
            ("1 + ".repeat(28) + "1 == 1", "fine"),
            ("1 + ".repeat(400) + "1 == 1", "P046"),
            ("(".repeat(900) + "true" + &")".repeat(900), "P046"),
            ("(".repeat(16) + "true" + &")".repeat(16), "fine"),
            ("[".repeat(16) + &"]".repeat(16) + " == []", "fine"),
            ("true ? true : ".repeat(16) + "true", "fine"),
            ("[".repeat(1_900), "P046"),
            ("!".repeat(1_500) + "true", "fine"),
            ("-".repeat(1_500) + "1 == 1", "fine"),
            ("true ? ".repeat(200), "P046"),
            ("run".to_owned() + &".a".repeat(900), "P046"),
            (
                "stages[\"a\"].output".to_owned() + &".a".repeat(900) + " == 1",
                "P046",
            ),
            (
                "stages[\"a\"].output".to_owned() + &"[0]".repeat(400) + " == 1",
                "P046",
            ),
            ("\"".to_owned() + &"(".repeat(100) + "\" == \"a\"", "fine"),
            ("a".repeat(2_001), "P045"),
        ] {
            assert_eq!(code(text.clone()), expected, "{}", &text[..20]);
        }
    }

    #[test]
    fn two_loops_inside_each_other_are_enough() {
        let two = "[1].exists(x, [2].exists(y, x == y))";
        assert_eq!(code(two.to_owned()), "fine");
        assert_eq!(code(format!("[1].exists(z, {two})")), "P046");
        assert_eq!(code(format!("{two} && {two}")), "fine");
        let range = "[1].map(x, x).map(x, x).map(x, x).exists(x, x == 1)";
        assert_eq!(code(range.to_owned()), "fine");
    }
}
