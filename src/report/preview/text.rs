//! The preview for a terminal, at most [`WIDTH`] columns wide.

use std::fmt::Write as _;

use super::Preview;
use super::server;
use super::whole;
use crate::plan::Runs;
use crate::report::wrap::wrapped;

const WIDTH: usize = 96;

/// Where the text of a row begins.
const ROW: usize = 13;
/// Where the text of a remark begins.
const REMARK: usize = 15;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

pub(super) fn text(preview: &Preview<'_>, colour: bool) -> String {
    let paint = |style: &str, text: &str| {
        if colour {
            format!("{style}{text}{PLAIN}")
        } else {
            text.to_owned()
        }
    };
    let remark = |name: &str, text: &str| {
        let lines = column(text, REMARK);
        format!("{name:<REMARK$}{}\n", lines.trim_start())
    };
    let plan = &preview.plan.metadata;
    let mut out = format!(
        "{}\n\n",
        paint(BOLD, &format!("{} {}", plan.name, plan.version))
    );
    for (place, host) in preview.hosts() {
        let address = host.address.to_string();
        let named = match &host.name {
            Some(name) => format!("{name} ({address})"),
            None => address,
        };
        out += &remark(place, &format!("{named}, {}", server(host)));
    }
    out += &remark("not known yet", &preview.open());
    for (what, reason) in &preview.accepted {
        out += &remark("accepted", &format!("{what}; reason: {reason}"));
    }
    if !preview.refusals.is_empty() {
        let words = format!(
            "apply refuses this pair now: {}",
            preview.refusals.join("; ")
        );
        out += &paint(YELLOW, &format!("\n{}", column(&words, 0)));
        out.push('\n');
    }
    out.push('\n');
    let last = preview.rows.len().saturating_sub(1);
    for (position, row) in preview.rows.iter().enumerate() {
        let state = position == 0 || position == last;
        let mark = match row.runs {
            _ if state => "    ",
            Runs::Yes => "run ",
            Runs::No => "skip",
            Runs::Unknown => "?   ",
        };
        let words = column(&row.description, ROW);
        let mut lines = format!(
            "{:>4}%  {mark}  {}\n",
            whole(row.percent),
            words.trim_start()
        );
        if !state {
            let why = column(&format!("{}: {}", row.id, row.reason), ROW);
            // A skipped row is dim as a whole.
            if row.runs == Runs::No {
                lines += &why;
            } else {
                lines += &paint(DIM, &why);
            }
            lines.push('\n');
        }
        out += &if row.runs == Runs::No {
            paint(DIM, &lines)
        } else {
            lines
        };
    }
    let _infallible = writeln!(out, "\n{}\n", paint(BOLD, &preview.counted()));
    let bare = |id: &str| id.to_owned();
    out += &remark("outage", &preview.outage(bare));
    out += &remark("no return", &preview.no_return(bare));
    out += &remark("undo", &preview.undo(bare));
    out += &remark("longest chain", &preview.longest_chain(bare, ", "));
    out += &remark("side by side", &preview.steps());
    for step in preview.outlook.steps.iter().filter(|step| step.len() > 1) {
        out += &remark("", &super::listed(step, bare, " | "));
    }
    out
}

/// Breaks a text into lines that all begin at a column.
fn column(text: &str, from: usize) -> String {
    let lines: Vec<String> = wrapped(text, WIDTH - from)
        .iter()
        .map(|line| format!("{:from$}{line}", ""))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_break_between_words() {
        let word = "0123456789".repeat(4);
        assert_eq!(
            column(&format!("{word} {word} {word}"), 10),
            format!("          {word} {word}\n          {word}")
        );
    }
}
