//! What a person sees while a run goes on: a line for each stage that ends, and on a terminal one
//! that lives, with the percent, what is under way, and the time since the run began.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;

use super::described;
use super::duration;
use super::milliseconds;
use super::seconds_between;
use super::tables::whole;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::Run;
use crate::run::StageId;
use crate::run::Stall;

/// How often the living line is drawn anew.
const TICK: Duration = Duration::from_millis(200);

/// Tells a run as it happens.
pub struct Live {
    descriptions: BTreeMap<StageId, usize>,
    plan: Plan,
    bar: ProgressBar,
    terminal: bool,
    /// When the first event was told.
    began: Option<String>,
    under_way: Vec<StageId>,
}

impl Live {
    /// Begins to tell a run.
    pub fn new(plan: &Plan, run: &Run) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let target = if terminal {
            ProgressDrawTarget::stdout()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(1000), target);
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>5}  {elapsed:>8}  {bar:24}  {wide_msg}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(TICK);
        let live = Self {
            descriptions: plan
                .stages
                .iter()
                .enumerate()
                .map(|(i, s)| (s.id.clone(), i))
                .collect(),
            plan: plan.clone(),
            bar,
            terminal,
            began: None,
            under_way: Vec::new(),
        };
        live.say(&format!(
            "run {}  plan {} {}",
            run.id(),
            plan.metadata.name,
            plan.metadata.version
        ));
        live
    }

    /// Hears of an event that is durable; `roots` is asked only where a text has values.
    pub fn hear(&mut self, event: &Event, run: &Run, roots: &dyn Fn() -> Roots) {
        self.began.get_or_insert_with(|| event.at.clone());
        if let Some(stage) = &event.stage {
            self.hear_stage(stage, event, roots);
        } else if let EventKind::Stopped { reason } = &event.kind {
            self.say(&format!("       {reason}"));
        } else if let EventKind::ConfirmationDue { until } = &event.kind {
            self.say(&format!(
                "       every stage has ended; it is rolled back unless somebody confirms it until {until}:\n       \
                 sms-plan approve {} --by NAME",
                run.id()
            ));
        } else if let EventKind::RollBackBegun { reason, .. } = &event.kind {
            let why = if reason.is_empty() {
                String::new()
            } else {
                format!(": {reason}")
            };
            self.say(&format!("       rolling back{why}"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a percentage lies between 0 and 100"
        )]
        self.bar.set_position((run.percent() * 10.0) as u64);
        self.bar.set_prefix(format!("{}%", whole(run.percent())));
        // Where nobody sees the line, nothing is spent on it: many stages may be under way.
        if self.terminal {
            let texts: Vec<String> = self
                .under_way
                .iter()
                .map(|stage| self.text_of(stage, roots))
                .collect();
            self.bar.set_message(texts.join(" | "));
        }
    }

    /// Hears of a stage that takes much longer than it usually does.
    pub fn hear_stall(&self, stall: &Stall, roots: &dyn Fn() -> Roots) {
        let now = jiff::Timestamp::now().to_string();
        let began = self.began.as_deref().unwrap_or(&now);
        let at = duration(seconds_between(began, &now).unwrap_or_default());
        let text = self.text_of(&stall.stage, roots);
        self.say(&stalled(stall, &at, &text));
    }

    fn hear_stage(&mut self, stage: &StageId, event: &Event, roots: &dyn Fn() -> Roots) {
        let text = self.text_of(stage, roots);
        let began = self.began.as_deref().unwrap_or(&event.at);
        let at = duration(seconds_between(began, &event.at).unwrap_or_default());
        let percent = whole(event.percent);
        match &event.kind {
            EventKind::Started { attempt, saw, .. } => {
                if !self.under_way.contains(stage) {
                    self.under_way.push(stage.clone());
                }
                let again = match (attempt, saw) {
                    (1, _) => String::new(),
                    (n, Some(saw)) => format!("  (attempt {n}; {saw})"),
                    (n, None) => format!("  (attempt {n})"),
                };
                self.say(&format!("{percent:>4}%  {at:>8}  {text}{again}"));
            }
            EventKind::Succeeded {
                settled: Some(saw), ..
            } => {
                self.end(stage);
                self.say(&format!(
                    "{percent:>4}%  {at:>8}  {text}  (done already: {saw})"
                ));
            }
            EventKind::Succeeded { .. } | EventKind::Adopted { .. } => self.end(stage),
            EventKind::Retrying {
                delay_ms, error, ..
            } => {
                let delay = milliseconds(*delay_ms);
                let why = error.join(": ");
                self.say(&format!(
                    "{percent:>4}%  {at:>8}  {text}  failed, again in {delay}: {why}"
                ));
            }
            EventKind::UndoStarted { attempt, .. } => {
                if !self.under_way.contains(stage) {
                    self.under_way.push(stage.clone());
                }
                let again = match attempt {
                    0 | 1 => String::new(),
                    n => format!("  (attempt {n})"),
                };
                self.say(&format!("{percent:>4}%  {at:>8}  undo: {text}{again}"));
            }
            EventKind::Undone { settled } => {
                self.end(stage);
                if let Some(saw) = settled {
                    self.say(&format!(
                        "{percent:>4}%  {at:>8}  undo: {text}  (gone already: {saw})"
                    ));
                }
            }
            EventKind::UndoFailed {
                delay_ms: Some(delay_ms),
                error,
                ..
            } => {
                let why = error.join(": ");
                self.say(&format!(
                    "{percent:>4}%  {at:>8}  undo: {text}  failed, again in {}: {why}",
                    milliseconds(*delay_ms)
                ));
            }
            EventKind::UndoFailed { waiting, .. } => {
                self.end(stage);
                let how = match waiting {
                    Some(_) => "waits for a person",
                    None => "FAILED",
                };
                self.say(&format!("{percent:>4}%  {at:>8}  undo: {text}  {how}"));
            }
            EventKind::Failed { .. } => {
                self.end(stage);
                self.say(&format!("{percent:>4}%  {at:>8}  {text}  FAILED"));
            }
            EventKind::Waiting { .. } => {
                self.end(stage);
                self.say(&format!(
                    "{percent:>4}%  {at:>8}  {text}  waits for a person"
                ));
            }
            _ => {}
        }
    }

    fn end(&mut self, stage: &StageId) {
        self.under_way.retain(|other| other != stage);
    }

    fn text_of(&self, stage: &StageId, roots: &dyn Fn() -> Roots) -> String {
        match self.descriptions.get(stage) {
            Some(position) => {
                let stage = &self.plan.stages[*position];
                if stage.description.has_values() {
                    described(stage, &roots())
                } else {
                    stage.description.source_text().to_owned()
                }
            }
            None => stage.to_string(),
        }
    }

    #[expect(
        clippy::print_stdout,
        reason = "where there is no terminal, lines go straight out"
    )]
    fn say(&self, line: &str) {
        if self.terminal {
            self.bar.println(line);
        } else {
            println!("{line}");
        }
    }
}

/// What a person reads of a stage that takes much longer than it usually does.
pub fn stalled(stall: &Stall, at: &str, description: &str) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a stage lasts hours, not ages")]
    let [lasts, usual] = [stall.seconds, stall.usual_seconds].map(|s| duration(s as f64));
    let mut text = format!(
        "{:>4}%  {at:>8}  {description}  no progress for {lasts}, usual {usual}",
        whole(stall.percent)
    );
    for cause in &stall.causes {
        let _infallible = write!(text, "\n{:17}probable cause: {cause}", "");
    }
    text
}

impl Drop for Live {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
