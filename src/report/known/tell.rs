//! How what is known is told: below an error, as an answer, and to machines.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use serde_json::json;

use super::issue::Issue;
use super::issue::WayOn;
use super::log::Found;
use super::weigh::Known;
use crate::report::wrap::wrapped;

/// The width of a line for people.
const WIDTH: usize = 97;

/// What stands below a stage's error; the command that goes on is told at the end of the run.
pub fn beside(known: Known, run: &str, stage: &str, state: &Path) -> String {
    let state = state.display().to_string();
    let mut text = symptom(known.issue);
    for way in &known.issue.next {
        if *way != WayOn::Resume {
            let command = way.command(run, stage, Some(&state));
            let _infallible = writeln!(text, "  {:<9}{command}", format!("{}:", way.when()));
        }
    }
    text
}

/// An answer for a person: everything known, best first.
pub fn told(found: &[Found]) -> String {
    let mut text = String::new();
    for (rank, Found { known, line, lines }) in found.iter().enumerate() {
        if rank > 0 {
            text.push('\n');
        }
        match line {
            Some(line) if *lines > 1 => {
                let _infallible = writeln!(text, "line {line}, and {} more:", lines - 1);
            }
            Some(line) => {
                let _infallible = writeln!(text, "line {line}:");
            }
            None => {}
        }
        text.push_str(&symptom(known.issue));
        for way in &known.issue.next {
            let command = way.command("RUN", "STAGE", None);
            let _infallible = writeln!(text, "  {:<9}{command}", format!("{}:", way.when()));
        }
    }
    text
}

/// An answer for machines.
pub fn told_json(found: &[Found]) -> Value {
    let one = |Found { known, line, lines }: &Found| {
        let issue = known.issue;
        json!({
            "id": issue.id,
            "title": issue.title,
            "cause": issue.cause,
            "fix": issue.fix,
            "next": issue.next.iter().map(|way| way.command("RUN", "STAGE", None)).collect::<Vec<_>>(),
            "sources": issue.sources,
            "weight": known.weight,
            "line": line,
            "lines": lines,
        })
    };
    json!({ "known": found.iter().map(one).collect::<Vec<_>>() })
}

fn symptom(issue: &Issue) -> String {
    let mut text = format!("known issue {}: {}\n", issue.id, issue.title);
    for (label, words) in [
        ("cause:", issue.cause.as_str()),
        ("fix:", issue.fix.as_str()),
        ("source:", issue.sources.join("; ").as_str()),
    ] {
        labelled(&mut text, label, words);
    }
    text
}

/// A label and its words, wrapped beside it.
fn labelled(text: &mut String, label: &str, words: &str) {
    let label = format!("  {label:<9}");
    let indent = label.len();
    for (position, line) in wrapped(words, WIDTH - indent).iter().enumerate() {
        let label = if position == 0 { label.as_str() } else { "" };
        let _infallible = writeln!(text, "{label:indent$}{line}");
    }
}
