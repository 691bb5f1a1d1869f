//! What a check found: whether a run may begin, and everything that is in its way.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::described;
use super::end::known_issue;
use super::tables::whole;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Answer;
use crate::run::Asked;
use crate::run::StageId;

/// `check --format json`.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckDocument {
    /// Whether nothing is in the way of a run.
    pub ready: bool,
    /// Why `apply` would refuse the pair whatever the answers are; empty where it would not.
    pub refused: Vec<String>,
    /// What was asked, in the order of the plan.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The stage that would ask it.
    pub stage: StageId,
    /// What is shown while that runs.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub percent: f64,
    /// What people read of the stage.
    pub description: String,
    /// The precondition, or the action that foresees what it needs itself.
    pub asks: String,
    /// What came back.
    pub answer: AnswerWord,
    /// Why it is no, or nobody could tell, outermost first; or the stage that it builds on.
    pub why: Vec<String>,
}

/// What came back to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerWord {
    /// Nothing is in the way.
    Yes,
    /// The run would fail there.
    No,
    /// Nobody could tell.
    Unanswered,
    /// It builds on a stage that could not be looked at.
    NotAsked,
}

/// Puts a check into its document.
pub fn checked(plan: &Plan, roots: &Roots, asked: &[Asked], refused: Vec<String>) -> CheckDocument {
    let questions: Vec<Question> = asked
        .iter()
        .map(|asked| {
            let stage = &plan.stages[asked.stage];
            let (answer, why) = match &asked.answer {
                Answer::Yes => (AnswerWord::Yes, Vec::new()),
                Answer::No(why) => (AnswerWord::No, why.clone()),
                Answer::Unanswered(why) => (AnswerWord::Unanswered, why.clone()),
                Answer::NotAsked(on) => (AnswerWord::NotAsked, vec![on.to_string()]),
            };
            Question {
                stage: stage.id.clone(),
                percent: plan.starts_at(asked.stage),
                description: described(stage, roots),
                asks: asked.question.clone(),
                answer,
                why,
            }
        })
        .collect();
    let well = |question: &Question| question.answer == AnswerWord::Yes;
    CheckDocument {
        ready: refused.is_empty() && questions.iter().all(well),
        refused,
        questions,
    }
}

impl CheckDocument {
    /// Returns it for a terminal.
    pub fn text(&self, plan: &Plan) -> String {
        let mut text = String::new();
        let widest = |of: fn(&Question) -> &str| {
            let lengths = self.questions.iter().map(|question| of(question).len());
            lengths.max().unwrap_or_default()
        };
        let stages = widest(|question| question.stage.as_str());
        let asked = widest(|question| &question.asks);
        let mut told = BTreeSet::new();
        let mut causes: BTreeMap<&str, &StageId> = BTreeMap::new();
        for question in &self.questions {
            let answer = match question.answer {
                AnswerWord::Yes => "yes".to_owned(),
                AnswerWord::No => "NO".to_owned(),
                AnswerWord::Unanswered => "nobody could tell".to_owned(),
                AnswerWord::NotAsked => format!("not asked: see {}", question.why.join(", ")),
            };
            let _infallible = writeln!(
                text,
                "{:>4}%  {:<stages$}  {:<asked$}  {answer}",
                whole(question.percent),
                question.stage.as_str(),
                question.asks,
            );
            if !question.answer.is_trouble() {
                continue;
            }
            let root = question.why.last();
            let before = root.and_then(|root| causes.get(root.as_str()));
            for (depth, cause) in question.why.iter().enumerate() {
                let label = if depth == 0 { "error" } else { "caused by" };
                let _infallible = match before {
                    // Two stages often fail for one reason.
                    Some(stage) if Some(cause) == root => {
                        writeln!(text, "       {label}: the same as at {stage}")
                    }
                    _ => writeln!(text, "       {label}: {cause}"),
                };
            }
            if let Some(root) = root {
                causes.entry(root).or_insert(&question.stage);
            }
            let at = plan
                .stages
                .iter()
                .position(|stage| stage.id == question.stage);
            let known = at.and_then(|at| known_issue(plan, at, &question.why));
            if let Some(issue) = known.map(|known| known.issue)
                && told.insert(&issue.id)
            {
                let _infallible = writeln!(
                    text,
                    "       known issue {id}: {}; see sms-plan explain {id}",
                    issue.title,
                    id = issue.id
                );
            }
        }
        for part in self.refused.iter().map(|why| format!("refused: {why}\n")) {
            next(&mut text, &part);
        }
        next(&mut text, &self.summary());
        text
    }

    fn summary(&self) -> String {
        let count = |word| {
            let those = self.questions.iter();
            those.filter(|question| question.answer == word).count()
        };
        let counts = [
            (count(AnswerWord::Yes), "yes"),
            (count(AnswerWord::No), "no"),
            (
                count(AnswerWord::Unanswered) + count(AnswerWord::NotAsked),
                "not known",
            ),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let found = if counts.is_empty() {
            "nothing was asked".to_owned()
        } else {
            counts.join(", ")
        };
        let ready = if self.ready { "ready" } else { "not ready" };
        format!("{ready}: {found}; nothing was changed\n")
    }
}

/// Adds a part below an empty line.
fn next(text: &mut String, part: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(part);
}

impl AnswerWord {
    /// Whether it needs to be explained.
    fn is_trouble(self) -> bool {
        matches!(self, Self::No | Self::Unanswered)
    }
}
