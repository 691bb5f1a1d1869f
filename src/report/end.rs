//! How a run's end is told: what it came to, why, and the next command.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::described;
use super::duration;
use super::known;
use super::known::Known;
use super::known::Place;
use super::seconds_between;
use super::tables::whole;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Back;
use crate::run::Run;
use crate::run::RunState;
use crate::run::StageStatus;
use crate::run::Verdict;
use crate::run::WaitingFor;

/// What a run came to, and what to do next.
pub fn ending(plan: &Plan, roots: &Roots, run: &Run, state: &Path) -> String {
    let mut text = String::new();
    let id = run.id();
    let with_state = format!("--state {}", state.display());
    let mut told = BTreeSet::new();
    for (position, stage) in plan.stages.iter().enumerate() {
        let seen = run.stage(position);
        let what = match seen.status {
            StageStatus::Failed => "failed",
            StageStatus::Waiting => "waits for a person",
            StageStatus::InDoubt | StageStatus::Running => "is in doubt: a resume will look",
            StageStatus::Undoing if seen.waiting.is_some() => {
                "is not undone, and waits for a person"
            }
            StageStatus::Undoing if !seen.error.is_empty() => "could not be undone",
            StageStatus::Undoing => "is being undone: whoever goes on will look",
            _ => continue,
        };
        let _infallible = writeln!(
            text,
            "\nstage `{}` ({}%) {what}: {}",
            stage.id,
            whole(plan.starts_at(position)),
            described(stage, roots)
        );
        let stands = matches!(
            seen.status,
            StageStatus::Failed | StageStatus::Waiting | StageStatus::Undoing
        );
        if stands {
            let mut causes = seen.error.iter();
            let label = match seen.waiting {
                None => "error",
                Some(WaitingFor::Approval | WaitingFor::Begin) => "asked",
                Some(_) => "seen",
            };
            if let Some(first) = causes.next() {
                let _infallible = writeln!(text, "{label}: {first}");
            }
            for cause in causes {
                let _infallible = writeln!(text, "caused by: {cause}");
            }
            if let Some(until) = seen.until.as_ref().filter(|_| seen.waiting.is_some()) {
                let _infallible = writeln!(text, "it counts as refused at {until}");
            }
            if seen.waiting != Some(WaitingFor::Approval)
                && let Some(known) = known_issue(plan, position, &seen.error)
                && told.insert(&known.issue.id)
            {
                text.push_str(&known::beside(known, id.as_str(), stage.id.as_str(), state));
            }
        }
        let stuck = run.back().is_some() && !seen.error.is_empty();
        let way_out = match seen.waiting {
            _ if stuck => Some(format!(
                "hint: look at the machine; undo the stage whatever a look shows: sms-plan rollback \
                 {id} {with_state} --retry {stage} --reason TEXT; or leave its effect as it is: \
                 --leave {stage} --reason TEXT",
                stage = stage.id
            )),
            Some(WaitingFor::Approval | WaitingFor::Begin) => Some(format!(
                "hint: sms-plan approve {id} {} --by NAME {with_state}",
                stage.id
            )),
            Some(WaitingFor::Judgement) => Some(format!(
                "hint: only a person can judge that; look at the machine, and if you\n\
                 \x20     put it right: the next resume looks again\n\
                 \x20     want the stage to run again whatever is there: \
                 sms-plan resume {id} {with_state} --retry {stage} --reason TEXT\n\
                 \x20     did the step by hand: \
                 sms-plan adopt {id} {stage} --by NAME --reason TEXT {with_state}",
                stage = stage.id
            )),
            Some(WaitingFor::Machine) => Some(
                "hint: bring it back, or mend the way to it; the next resume looks before it does \
                 anything"
                    .to_owned(),
            ),
            Some(WaitingFor::Fact) | None => None,
        };
        if let Some(way_out) = way_out {
            let _infallible = writeln!(text, "{way_out}");
        }
    }
    if let Some(back) = run.back() {
        text.push_str(&ending_back(run, back, &with_state));
        return text;
    }
    let take_back = format!("or take it back: sms-plan rollback {id} {with_state}");
    if run.is_complete()
        && let Some(wanted) = run.unconfirmed()
    {
        let until = match &wanted.until {
            Some(until) => format!("; the time for that ends, or ended, at {until}"),
            None => String::new(),
        };
        let _infallible = writeln!(
            text,
            "\nrun {id}: every stage has ended, and nobody has confirmed it yet{until}\n\
             nothing is rolled back while no process drives the run\n\
             hint: let it stand: sms-plan approve {id} --by NAME {with_state}\n\
             hint: {take_back}"
        );
        return text;
    }
    let by_hand = format!("or finish it by hand: sms-plan book {id} {with_state}");
    let _infallible = match run.state() {
        RunState::Succeeded => {
            writeln!(
                text,
                "\n 100%  Succeeded\n\nrun {id} has succeeded{}",
                lasted(run)
            )
        }
        RunState::Failed => writeln!(
            text,
            "\nrun {id} has failed at {}%; nothing that was done is lost\n\
             hint: mend the cause, then go on: sms-plan resume {id} {with_state}\n\
             hint: {take_back}\n\
             hint: {by_hand}",
            whole(run.percent())
        ),
        RunState::Paused => writeln!(
            text,
            "\nrun {id} is paused at {}%\nhint: go on: sms-plan resume {id} {with_state}\n\
             hint: {take_back}\n\
             hint: {by_hand}",
            whole(run.percent())
        ),
        _ => writeln!(
            text,
            "\nrun {id} is stopped at {}%\nhint: go on: sms-plan resume {id} {with_state}\n\
             hint: {take_back}",
            whole(run.percent())
        ),
    };
    text
}

/// How a run stands that is taken back, or was.
fn ending_back(run: &Run, back: &Back, with_state: &str) -> String {
    let id = run.id();
    let mut text = String::from("\n");
    let mut list = |title: &str, lines: &[String]| {
        if lines.is_empty() {
            return;
        }
        let _infallible = writeln!(text, "{title}");
        for line in lines {
            let _infallible = writeln!(text, "  {line}");
        }
        text.push('\n');
    };
    let stands = match run.state() {
        RunState::RolledBack => {
            let left: Vec<String> = run
                .stages()
                .filter(|(_, stage)| stage.status == StageStatus::Left)
                .map(|(shape, stage)| {
                    let why = stage.remark.as_deref().unwrap_or_default();
                    format!("{}: {why}", shape.id)
                })
                .collect();
            list("left as it is:", &left);
            list("cannot return, and differs:", &back.allowed);
            list("DIFFERS from what was there before:", &back.differences);
            let verdict = if !back.differences.is_empty() {
                "; not everything is as it was, see above"
            } else if run.snapshots().is_empty() {
                ": everything it did is undone; it had looked at no server that could be compared"
            } else if left.is_empty() {
                ": both servers and their directory objects are as before"
            } else {
                ", but for what was left as it is"
            };
            let _infallible = writeln!(text, "run {id} is rolled back{verdict}");
            return text;
        }
        RunState::Failed => "has failed on its way back",
        RunState::Paused => "is paused on its way back",
        _ => "is stopped on its way back",
    };
    let _infallible = writeln!(
        text,
        "run {id} {stands}, at {}%; nothing that was undone is lost\n\
         hint: go on: sms-plan rollback {id} {with_state}\n\
         hint: or take the rest back by hand: sms-plan book {id} {with_state}",
        whole(run.percent())
    );
    text
}

/// The best that is known of a stage's error, if that is certain enough.
pub(super) fn known_issue(plan: &Plan, position: usize, error: &[String]) -> Option<Known> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a percent is between 0 and 100"
    )]
    let percent = plan.starts_at(position) as u32;
    let place = Place {
        stage: Some(plan.stages[position].id.as_str()),
        percent: Some(percent),
    };
    let found = known::known(&error.join("\n"), place).into_iter().next();
    found.filter(|known| known.is_sure())
}

/// How long it is from the run's beginning to the end of its last stage.
fn lasted(run: &Run) -> String {
    let ended = run
        .stages()
        .filter_map(|(_, stage)| stage.ended_at.as_ref())
        .max();
    run.created()
        .zip(ended)
        .and_then(|(created, ended)| seconds_between(&created.at, ended))
        .map(|seconds| format!(", {} after it began", duration(seconds)))
        .unwrap_or_default()
}

/// What `apply` says where a finished run for these servers is found.
pub fn already_done(plan: &Plan, roots: &Roots, run: &Run, verdicts: &[Verdict]) -> String {
    let mut text = format!(
        "already done by run {}; every stage was looked at:\n\n",
        run.id()
    );
    for ((position, stage), verdict) in plan.stages.iter().enumerate().zip(verdicts) {
        let (mark, saw) = match verdict {
            Verdict::NotOnPath => continue,
            Verdict::ChangesNothing => ("done", String::new()),
            Verdict::Superseded(by) => ("done", format!("ended on purpose by `{by}`")),
            Verdict::Stands(saw) => ("done", saw.clone()),
            Verdict::CannotTell(saw) => ("?", saw.clone()),
            Verdict::Differs(saw) => ("DIFFERS", saw.clone()),
        };
        let _infallible = writeln!(
            text,
            "{:>4}%  {mark:<7}  {}",
            whole(plan.starts_at(position)),
            described(stage, roots)
        );
        if !saw.is_empty() {
            let _infallible = writeln!(text, "{:16}{saw}", "");
        }
    }
    let differing = verdicts
        .iter()
        .filter(|verdict| matches!(verdict, Verdict::Differs(_)))
        .count();
    text.push_str(match differing {
        0 => "\nnothing was changed\n",
        1 => "\none stage differs from what the run left; nothing was changed\n",
        _ => "\nsome stages differ from what the run left; nothing was changed\n",
    });
    text
}
