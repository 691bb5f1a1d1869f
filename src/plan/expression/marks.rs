//! Where the parts of an expression stand in its text.

use cel::IdedExpr;
use cel::common::ast::EntryExpr;
use cel::common::ast::Expr;
use cel::common::ast::SourceInfo;

/// Returns the words of a part, as they are written; empty where the parser does not know them.
pub(super) fn words<'a>(info: &SourceInfo, text: &'a str, part: &IdedExpr) -> &'a str {
    let mut span = None;
    reach(info, part, &mut span);
    let Some((first, last)) = span else {
        return "";
    };
    // The parser counts characters.
    let byte = |at: u32| {
        let mut starts = text.char_indices().map(|(byte, _)| byte);
        starts.nth(usize::try_from(at).unwrap_or(usize::MAX))
    };
    let (Some(start), end) = (byte(first), byte(last + 1).unwrap_or(text.len())) else {
        return "";
    };
    // A call knows of its bracket; its name stands before that.
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let named = if text[start..].starts_with('(') {
        text[..start].trim_end_matches(name).len()
    } else {
        start
    };
    text.get(named..complete(text, start, end)).unwrap_or("")
}

/// Widens a span to the first and the last character that its parts know of: a node knows but the
/// sign that made it.
fn reach(info: &SourceInfo, part: &IdedExpr, span: &mut Option<(u32, u32)>) {
    if let Some((first, last)) = info.offset_for(part.id) {
        *span = Some(span.map_or((first, last), |(from, to)| (from.min(first), to.max(last))));
    }
    match &part.expr {
        Expr::Select(select) => reach(info, &select.operand, span),
        Expr::Call(call) => {
            for part in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
                reach(info, part, span);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|one| reach(info, one, span)),
        Expr::Map(map) => {
            for entry in &map.entries {
                if let EntryExpr::MapEntry(entry) = &entry.expr {
                    reach(info, &entry.key, span);
                    reach(info, &entry.value, span);
                }
            }
        }
        Expr::Comprehension(all) => {
            reach(info, &all.iter_range, span);
            reach(info, &all.loop_step, span);
        }
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => {}
    }
}

/// Takes the rest of a name after a dot, and the brackets that close those inside, along.
fn complete(text: &str, start: usize, end: usize) -> usize {
    let mut open = 0_i32;
    let mut quote = None;
    let mut end = end;
    for (at, c) in text[start..].char_indices() {
        let at = start + at;
        let inside = at < end;
        let name = c.is_alphanumeric() || c == '_';
        match (quote, c) {
            (Some(mark), c) if c == mark => quote = None,
            (None, '"' | '\'') if inside => quote = Some(c),
            (None, '(' | '[' | '{') if inside => open += 1,
            (None, ')' | ']' | '}') if inside || open > 0 => {
                open -= 1;
                end = end.max(at + 1);
            }
            (None, _) if !inside && open <= 0 => {
                let after_dot = text[..end].ends_with(|c: char| c == '.' || c.is_alphanumeric());
                if name && after_dot {
                    end = at + c.len_utf8();
                } else {
                    break;
                }
            }
            _ => {}
        }
    }
    end
}
