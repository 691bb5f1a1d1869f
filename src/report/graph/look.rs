//! How a tile tells what its stage is: by a word, a border and a colour, never by colour alone.
//!
//! Colours are those of Okabe and Ito, which people of every kind of colour vision tell apart, made
//! light enough for black text; borders and words remain on paper.

use crate::plan::Runs;
use crate::run::StageStatus;

/// What a tile says of its stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// Nothing: only the plan is drawn.
    Plain,
    /// It is on the path.
    Taken,
    /// It is not on the path.
    Skipped,
    /// That shows only in the run.
    Open,
    /// Where it stands in a run.
    Status(StageStatus),
}

/// Border and colours of a tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Style {
    /// The name of this style in notations that name styles.
    pub(super) name: &'static str,
    pub(super) fill: &'static str,
    pub(super) border: &'static str,
    pub(super) text: &'static str,
    pub(super) width: f64,
    pub(super) line: Line,
}

/// How a border is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Solid,
    Dashed,
    Dotted,
}

impl From<Runs> for Look {
    fn from(runs: Runs) -> Self {
        match runs {
            Runs::Yes => Self::Taken,
            Runs::No => Self::Skipped,
            Runs::Unknown => Self::Open,
        }
    }
}

impl Look {
    /// The word on the tile.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Taken => "runs",
            Self::Skipped => "skipped",
            Self::Open => "open",
            Self::Status(status) => status_word(status),
        }
    }

    /// What the word means.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Taken => "on the path of this pair of servers",
            Self::Skipped | Self::Status(StageStatus::Skipped) => "not on the path",
            Self::Open => "decided when the facts are known",
            Self::Status(status) => match status {
                StageStatus::Pending => "not begun",
                StageStatus::Running => "under way",
                StageStatus::InDoubt => "cut off; a resume looks at it",
                StageStatus::Succeeded => "complete",
                StageStatus::Adopted => "done by a person",
                StageStatus::Failed => "its last attempt failed",
                StageStatus::Waiting => "needs a person",
                StageStatus::Undoing => "being undone",
                StageStatus::Undone => "gone again",
                StageStatus::Left => "left as it is by a roll back",
                StageStatus::Skipped => "not on the path",
            },
        }
    }

    /// Whether the stage does not run.
    pub(super) fn is_off_path(self) -> bool {
        matches!(self, Self::Skipped | Self::Status(StageStatus::Skipped))
    }

    pub(super) fn style(self) -> Style {
        use StageStatus as S;
        match self {
            Self::Plain => style("plain", "#ffffff", "#333333", 1.2, Line::Solid),
            Self::Taken => style("taken", "#dcecf8", "#0072b2", 2.0, Line::Solid),
            Self::Open => style("open", "#fdf6cf", "#8a7a00", 1.6, Line::Dotted),
            Self::Skipped | Self::Status(S::Skipped) => Style {
                text: "#6b6b6b",
                ..style("skipped", "#ffffff", "#8c8c8c", 1.2, Line::Dashed)
            },
            Self::Status(S::Pending) => style("pending", "#ffffff", "#333333", 1.2, Line::Solid),
            Self::Status(S::Running) => style("running", "#fbf3a8", "#7a6c00", 2.6, Line::Solid),
            Self::Status(S::InDoubt) => style("in-doubt", "#f6e0ee", "#a8437f", 2.6, Line::Dotted),
            Self::Status(S::Succeeded) => {
                style("succeeded", "#d3efe4", "#007a59", 1.6, Line::Solid)
            }
            Self::Status(S::Adopted) => style("adopted", "#d3efe4", "#007a59", 1.6, Line::Dashed),
            Self::Status(S::Failed) => style("failed", "#fbdcc8", "#b84a00", 3.2, Line::Solid),
            Self::Status(S::Waiting) => style("waiting", "#fdeac6", "#a86e00", 2.6, Line::Dashed),
            Self::Status(S::Undoing) => style("undoing", "#dbeefa", "#2a7fb0", 2.6, Line::Dashed),
            Self::Status(S::Undone) => style("undone", "#eef6fb", "#2a7fb0", 1.2, Line::Dotted),
            Self::Status(S::Left) => style("left", "#f0e6f6", "#6a4c93", 2.0, Line::Dashed),
        }
    }
}

const fn style(
    name: &'static str,
    fill: &'static str,
    border: &'static str,
    width: f64,
    line: Line,
) -> Style {
    Style {
        name,
        fill,
        border,
        text: "#111111",
        width,
        line,
    }
}

fn status_word(status: StageStatus) -> &'static str {
    match status {
        StageStatus::Pending => "pending",
        StageStatus::Skipped => "skipped",
        StageStatus::Running => "running",
        StageStatus::InDoubt => "in doubt",
        StageStatus::Succeeded => "succeeded",
        StageStatus::Adopted => "adopted",
        StageStatus::Failed => "failed",
        StageStatus::Waiting => "waiting",
        StageStatus::Undoing => "undoing",
        StageStatus::Undone => "undone",
        StageStatus::Left => "left",
    }
}

/// The order of a legend.
impl Ord for Look {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Look {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Look {
    fn rank(self) -> u8 {
        use StageStatus as S;
        match self {
            Self::Plain => 0,
            Self::Taken => 1,
            Self::Open => 2,
            Self::Status(S::Succeeded) => 3,
            Self::Status(S::Adopted) => 4,
            Self::Status(S::Running) => 5,
            Self::Status(S::InDoubt) => 6,
            Self::Status(S::Failed) => 7,
            Self::Status(S::Waiting) => 8,
            Self::Status(S::Undoing) => 9,
            Self::Status(S::Undone) => 10,
            Self::Status(S::Left) => 11,
            Self::Status(S::Pending) => 12,
            Self::Skipped => 13,
            Self::Status(S::Skipped) => 14,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_told_apart_without_colour() {
        use StageStatus as S;
        let of_a_run = [
            S::Pending,
            S::Skipped,
            S::Running,
            S::InDoubt,
            S::Succeeded,
            S::Adopted,
            S::Failed,
            S::Waiting,
            S::Undoing,
            S::Undone,
            S::Left,
        ];
        let of_a_path = [Look::Taken, Look::Skipped, Look::Open];
        for looks in [&of_a_run.map(Look::Status)[..], &of_a_path] {
            for (n, look) in looks.iter().enumerate() {
                assert!(!look.word().is_empty() && !look.meaning().is_empty());
                for other in &looks[..n] {
                    assert_ne!(look.word(), other.word());
                    assert_ne!(look.style().name, other.style().name);
                    assert_ne!(
                        look.style(),
                        Style {
                            name: look.style().name,
                            ..other.style()
                        }
                    );
                }
            }
        }
        let line = |look: Look| look.style().line;
        assert_ne!(line(Look::Taken), line(Look::Skipped));
        assert_ne!(line(Look::Open), line(Look::Skipped));
    }
}
