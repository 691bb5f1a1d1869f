//! Tables for people: a run's status, the list of runs, an event.

use std::fmt::Write as _;
use std::path::Path;

use super::described;
use super::duration;
use super::milliseconds;
use super::seconds_between;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::RunState;
use crate::run::StageStatus;
use crate::run::Standing;
use crate::store::HeldBy;
use crate::store::RunLine;

/// Where a run stands.
pub fn status(
    plan: &Plan,
    roots: &Roots,
    run: &Run,
    holder: Option<&HeldBy>,
    state: &Path,
) -> String {
    let mut text = format!(
        "run {}  {}  {}%  plan {} {}\n",
        run.id(),
        run.state(),
        whole(run.percent()),
        plan.metadata.name,
        plan.metadata.version
    );
    match holder {
        Some(held) if held.alive => {
            let _infallible = writeln!(
                text,
                "driven by process {} on {} since {}",
                held.holder.pid, held.holder.machine, held.since
            );
        }
        _ if matches!(run.state(), RunState::Running | RunState::RollingBack) => {
            let command = match run.back() {
                None => "resume",
                Some(_) => "rollback",
            };
            let _infallible = writeln!(
                text,
                "nobody drives it: its process is gone\nhint: go on: sms-plan {command} {} --state {}",
                run.id(),
                state.display()
            );
        }
        _ => {}
    }
    if let Some(back) = run.back() {
        let _infallible = writeln!(
            text,
            "rolled back since {}, {}",
            back.at,
            by_whom(&back.by, &back.reason)
        );
        for line in &back.differences {
            let _infallible = writeln!(text, "differs from before: {line}");
        }
    }
    if let Some(until) = run.unconfirmed().and_then(|wanted| wanted.until.as_ref()) {
        let _infallible = writeln!(
            text,
            "not confirmed yet: it is rolled back at {until} unless somebody does, as long as a process drives \
             it\nhint: sms-plan approve {} --by NAME --state {}",
            run.id(),
            state.display()
        );
    }
    for accepted in run.accepted() {
        let _infallible = writeln!(
            text,
            "accepted {}: {}",
            by_whom(&accepted.by, &accepted.reason),
            accepted.what
        );
    }
    text.push('\n');
    for (position, stage) in plan.stages.iter().enumerate() {
        let state = run.stage(position);
        let took = match (&state.started_at, &state.ended_at) {
            (Some(from), Some(to)) => seconds_between(from, to).map(duration).unwrap_or_default(),
            _ => String::new(),
        };
        let repeated = if state.attempts > 1 {
            format!("  {} attempts", state.attempts)
        } else {
            String::new()
        };
        let line = format!(
            "{:>4}%  {:<9}  {took:>8}  {}{repeated}",
            whole(plan.starts_at(position)),
            state.status,
            described(stage, roots)
        );
        let _infallible = writeln!(text, "{}", line.trim_end());
        let stands = match state.status {
            StageStatus::Failed | StageStatus::Waiting => true,
            StageStatus::Undoing => !state.error.is_empty(),
            _ => false,
        };
        if stands {
            let _infallible = writeln!(text, "{:29}{}", "", stage.id);
            for cause in &state.error {
                let _infallible = writeln!(text, "{:29}{cause}", "");
            }
        }
    }
    text
}

/// The list of runs.
pub fn runs(runs: &[RunLine]) -> String {
    if runs.is_empty() {
        return "no runs\n".to_owned();
    }
    let mut text = format!(
        "{:<21}  {:<11}  {:>4}  {:<24}  inventory\n",
        "run", "state", "", "created"
    );
    for run in runs {
        let alive = run.holder.as_ref().is_some_and(|held| held.alive);
        let state = match run.state {
            RunState::Running if !alive => "cut off".to_owned(),
            state => state.to_string(),
        };
        let _infallible = writeln!(
            text,
            "{:<21}  {state:<11}  {:>3}%  {:<24}  {}",
            run.id.as_str(),
            whole(run.percent),
            run.created_at,
            run.inventory_path
        );
    }
    text
}

/// One event in one line.
pub fn event_line(event: &Event) -> String {
    let stage = event
        .stage
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let (name, detail) = told(&event.kind);
    let line = format!(
        "{:>4}  {}  {:>4}%  {name:<13} {stage:<32} {detail}",
        event.seq,
        event.at,
        whole(event.percent)
    );
    format!("{}\n", line.trim_end())
}

pub(super) fn told(kind: &EventKind) -> (&'static str, String) {
    match kind {
        EventKind::RunCreated {
            plan, plan_version, ..
        } => ("RunCreated", format!("{plan} {plan_version}")),
        EventKind::RunResumed { by, .. } => ("RunResumed", by.clone()),
        EventKind::RollBackBegun { by, reason } => ("RollBackBegun", by_whom(by, reason)),
        EventKind::LeaseTaken {
            epoch,
            machine,
            pid,
            took_over,
        } => {
            let why = took_over
                .as_ref()
                .map(|why| format!(", {why}"))
                .unwrap_or_default();
            (
                "LeaseTaken",
                format!("epoch {epoch}, process {pid} on {machine}{why}"),
            )
        }
        EventKind::Snapshot { .. } => ("Snapshot", String::new()),
        EventKind::Skipped { reason } => ("Skipped", reason.clone()),
        EventKind::Started {
            attempt,
            standing,
            saw,
            ..
        } => {
            let look = match (standing, saw) {
                (Some(standing), Some(saw)) => {
                    format!(", after a look ({}): {saw}", told_standing(*standing))
                }
                _ => String::new(),
            };
            ("Started", format!("attempt {attempt}{look}"))
        }
        EventKind::Retrying {
            attempt,
            delay_ms,
            error,
            ..
        } => (
            "Retrying",
            format!(
                "attempt {attempt} failed, next in {delay_ms} ms: {}",
                error.join(": ")
            ),
        ),
        EventKind::Succeeded {
            duration_ms,
            settled,
            ..
        } => (
            "Succeeded",
            settled.as_ref().map_or_else(
                || format!("{duration_ms} ms"),
                |saw| format!("settled by a look: {saw}"),
            ),
        ),
        EventKind::Adopted { by, reason, .. } => ("Adopted", format!("by {by}: {reason}")),
        EventKind::Failed { attempt, error, .. } => {
            ("Failed", format!("attempt {attempt}: {}", error.join(": ")))
        }
        EventKind::Waiting { message, until, .. } => {
            let until = until.as_ref().map(|until| format!(", until {until}"));
            ("Waiting", format!("{message}{}", until.unwrap_or_default()))
        }
        EventKind::Approved { by, reason, .. } => ("Approved", by_whom(by, reason)),
        EventKind::Rejected { by, reason } => ("Rejected", by_whom(by, reason)),
        EventKind::HeldBack { by } => ("HeldBack", format!("by {by}")),
        EventKind::PlanEdited {
            changes,
            by,
            reason,
            accepted,
            ..
        } => ("PlanEdited", edit(changes, by, reason, accepted)),
        EventKind::OverrideAccepted { what, by, reason } => {
            ("OverrideAccepted", format!("{what}, by {by}: {reason}"))
        }
        EventKind::UndoStarted { attempt, saw, .. } => (
            "UndoStarted",
            saw.as_ref().map_or_else(
                || format!("attempt {attempt}"),
                |saw| format!("attempt {attempt}; {saw}"),
            ),
        ),
        EventKind::Undone { settled } => ("Undone", settled.clone().unwrap_or_default()),
        EventKind::UndoFailed {
            attempt,
            delay_ms,
            error,
            ..
        } => (
            "UndoFailed",
            match delay_ms {
                Some(delay) => format!(
                    "attempt {attempt}, again in {delay} ms: {}",
                    error.join(": ")
                ),
                None => format!("attempt {attempt}: {}", error.join(": ")),
            },
        ),
        EventKind::Compared {
            differences,
            allowed,
        } => (
            "Compared",
            format!(
                "{} differ, {} cannot return",
                differences.len(),
                allowed.len()
            ),
        ),
        EventKind::ConfirmationWanted { by, within_ms } => (
            "ConfirmationWanted",
            format!("by {by}, within {}", milliseconds(*within_ms)),
        ),
        EventKind::ConfirmationDue { until } => ("ConfirmationDue", format!("until {until}")),
        EventKind::Confirmed { by, reason } => ("Confirmed", by_whom(by, reason)),
        EventKind::Stopped { reason } => ("Stopped", reason.clone()),
        EventKind::RunEnded { state } => ("RunEnded", state.to_string()),
    }
}

/// What was edited, by whom, and what of it was accepted in spite of a refusal.
fn edit(changes: &[String], by: &str, reason: &str, accepted: &[String]) -> String {
    let mut text = changes.join("; ");
    if !by.is_empty() {
        text = format!("by {by}: {text}");
    }
    if !accepted.is_empty() {
        text = format!("{text}; accepted, {reason}: {}", accepted.join("; "));
    }
    text
}

/// Who decided, and why if they said so.
fn by_whom(by: &str, reason: &str) -> String {
    if reason.is_empty() {
        format!("by {by}")
    } else {
        format!("by {by}: {reason}")
    }
}

/// A standing as the documentation writes it.
fn told_standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Before => "before",
        Standing::After => "after",
        Standing::Between => "between",
        Standing::Foreign => "foreign",
        Standing::Unreachable => "unreachable",
    }
}

/// A percentage as the document writes it: whole, and with decimals only where it is not.
pub(super) fn whole(percent: f64) -> String {
    let rounded = (percent * 10.0).round() / 10.0;
    if rounded.fract().abs() < 0.05 {
        format!("{rounded:.0}")
    } else {
        format!("{rounded:.1}")
    }
}
