//! A question that is asked before a run begins, and its answer.

use super::StageId;

/// One question of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The stage that would ask it, by its position in the plan.
    pub stage: usize,
    /// The precondition, or the action that foresees what it needs itself.
    pub question: String,
    /// What came back.
    pub answer: Answer,
}

/// What came back to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing is in the way.
    Yes,
    /// The run would fail here; why, outermost first.
    No(Vec<String>),
    /// Nobody could tell; why, outermost first.
    Unanswered(Vec<String>),
    /// It builds on a stage that came to nothing.
    NotAsked(StageId),
}
