//! What a look at one stage of a finished run shows.

/// What a look at one stage of a finished run shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was not on the run's path.
    NotOnPath,
    /// It changes nothing that could be looked at.
    ChangesNothing,
    /// A later stage, named here, took its effect away on purpose.
    Superseded(String),
    /// Its effect is there: what was seen.
    Stands(String),
    /// No look can tell; why.
    CannotTell(String),
    /// Its effect is not there any more, or nobody could look: what was seen.
    Differs(String),
}
