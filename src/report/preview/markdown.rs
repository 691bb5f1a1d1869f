//! The preview for a change board, as Markdown with tables.

use std::fmt::Write as _;

use super::Preview;
use super::server;
use super::whole;
use crate::plan::Runs;
use crate::plan::can_be_undone;
use crate::run::Place;
use crate::run::StageId;

pub(super) fn markdown(preview: &Preview<'_>) -> String {
    let plan = &preview.plan.metadata;
    let name = |place: usize| {
        let (_, host) = preview.hosts()[place];
        host.name
            .clone()
            .unwrap_or_else(|| host.address.to_string())
    };
    let mut out = format!(
        "# {} {}: {} is replaced by {}\n\n",
        words(&plan.name),
        words(&plan.version),
        words(&name(0)),
        words(&name(1))
    );
    if !preview.refusals.is_empty() {
        let refusals = words(&preview.refusals.join("; "));
        let _infallible = writeln!(out, "> **`apply` refuses this pair now:** {refusals}\n");
    }
    out += "| server | name | address | what it is |\n|---|---|---|---|\n";
    for (place, host) in preview.hosts() {
        let _infallible = writeln!(
            out,
            "| {place} | {} | {} | {} |",
            host.name.as_deref().map(code).unwrap_or_default(),
            code(&host.address.to_string()),
            words(&server(host))
        );
    }
    let remark = |name: &str, text: &str| format!("- **{name}:** {text}\n");
    out += "\n## What it means\n\n";
    out += &remark("Stages", &preview.counted());
    out += &remark("Outage", &preview.outage(code));
    out += &remark("Point of no return", &preview.no_return(code));
    out += &remark("Undo", &preview.undo(code));
    out += &remark("Longest chain", &preview.longest_chain(code, ", "));
    out += &remark("Not known yet", &preview.open());
    for (what, reason) in &preview.accepted {
        out += &remark(
            "Accepted",
            &format!("{}; reason: {}", words(what), words(reason)),
        );
    }
    out += "\n## Every row\n\n";
    out +=
        "| % | stage | on | what happens | runs | why | undo |\n|---:|---|---|---|---|---|---|\n";
    for (row, stage) in preview.stages().iter().zip(&preview.plan.stages) {
        let runs = match row.runs {
            Runs::Yes => "yes",
            Runs::No => "no",
            Runs::Unknown => "?",
        };
        let undo = match row.runs {
            Runs::No => "",
            _ if can_be_undone(stage) => "yes",
            _ => "**no**",
        };
        let _infallible = writeln!(
            out,
            "| {} | {} | {} | {} | {runs} | {} | {undo} |",
            whole(row.percent),
            code(&row.id),
            stage.on,
            words(&row.description),
            words(&row.reason)
        );
    }
    let _infallible = write!(
        out,
        "\n## What runs side by side\n\n{}.\n\n\
         | step | source | destination | elsewhere |\n|---:|---|---|---|\n",
        preview.steps()
    );
    for (number, step) in preview.outlook.steps.iter().enumerate() {
        let on = |wanted: fn(Place) -> bool| {
            let here = step.iter().filter(|id| {
                let stage = preview.plan.stage(id);
                stage.is_some_and(|stage| wanted(stage.on))
            });
            let here: Vec<StageId> = here.cloned().collect();
            super::listed(&here, code, ", ")
        };
        let _infallible = writeln!(
            out,
            "| {} | {} | {} | {} |",
            number + 1,
            on(|place| place == Place::Source),
            on(|place| place == Place::Destination),
            on(|place| !matches!(place, Place::Source | Place::Destination))
        );
    }
    out += "\n## Approval\n\n\
            | role | name | decision | date |\n|---|---|---|---|\n\
            | owner of the servers | | | |\n\
            | change board | | | |\n";
    out
}

/// A text in which nothing is markup.
fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text as code, also inside a table.
fn code(text: &str) -> String {
    // In a table even code needs the stroke escaped, and a fence is longer than what it holds.
    let text = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let space = if longest > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(words("a|b `c` *d*\n[e]"), "a\\|b \\`c\\` \\*d\\* \\[e\\]");
        assert_eq!(code("fs01"), "`fs01`");
        assert_eq!(code("a`|b"), "`` a`\\|b ``");
    }
}
