//! How a person asks the loop to end.

/// A person's wish, in rising strength.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Go on.
    #[default]
    No,
    /// Start nothing more and let what is under way finish.
    Finish,
    /// End now; what is under way stays in doubt.
    Abort,
}
