//! Events and runs, for people and for machines. Nothing here knows a terminal's state or a store.

mod back;
pub mod book;
mod check;
mod closing;
mod difference;
pub mod document;
mod end;
pub mod graph;
mod json;
pub mod known;
mod live;
mod locks;
mod preview;
mod rehearsal;
mod schema;
mod tables;
mod verify;
mod wrap;

pub use back::BeyondReturn;
pub use back::StageBack;
pub use back::WayBack;
pub use check::CheckDocument;
pub use check::checked;
pub use closing::Closing;
pub use closing::closing;
pub use difference::inventory_difference;
pub use difference::only_one;
pub use difference::plan_difference;
pub use end::already_done;
pub use end::ending;
pub use json::StageLine;
pub use json::StatusDocument;
pub use json::already_done_json;
pub use json::event_json;
pub use json::stall_json;
pub use json::status_document;
pub use live::Live;
pub use live::stalled;
pub use locks::LocksDocument;
pub use locks::locks;
pub use locks::locks_document;
pub use preview::{Preview, PreviewDocument};
pub use rehearsal::{fault_table, fault_table_json, rehearsed, rehearsed_json};
pub use schema::schema_of_check;
pub use schema::schema_of_event;
pub use schema::schema_of_path;
pub use schema::schema_of_status;
pub use schema::schema_of_validation;
pub use schema::schema_of_way_back;
pub use tables::event_line;
pub use tables::runs;
pub use tables::status;
pub use verify::JournalDocument;
pub use verify::Noted;
pub use verify::journal;
pub use verify::verified;

use crate::plan::Roots;
use crate::plan::Stage;

/// A stage's text with its values filled in; as it stands in the plan where one is not known.
fn described(stage: &Stage, roots: &Roots) -> String {
    stage
        .description
        .render(roots)
        .unwrap_or_else(|_| stage.description.source_text().to_owned())
}

/// Seconds as a person reads them: `0.8 s`, `12 s`, `3:07 min`, `1:02:03 h`.
fn duration(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a run lasts hours, not ages, and never less than nothing"
    )]
    let whole = seconds.round() as u64;
    match whole {
        0..=9 => format!("{seconds:.1} s"),
        10..=99 => format!("{whole} s"),
        100..=5999 => format!("{}:{:02} min", whole / 60, whole % 60),
        _ => format!(
            "{}:{:02}:{:02} h",
            whole / 3600,
            whole / 60 % 60,
            whole % 60
        ),
    }
}

/// Milliseconds as a person reads them.
#[expect(clippy::cast_precision_loss, reason = "hours at most")]
fn milliseconds(span: u64) -> String {
    duration(span as f64 / 1000.0)
}

/// Seconds between two times of a journal.
fn seconds_between(from: &str, to: &str) -> Option<f64> {
    let (from, to): (jiff::Timestamp, jiff::Timestamp) = (from.parse().ok()?, to.parse().ok()?);
    Some(to.duration_since(from).as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(0.84), "0.8 s");
        assert_eq!(duration(12.4), "12 s");
        assert_eq!(duration(187.0), "3:07 min");
        assert_eq!(duration(7325.0), "2:02:05 h");
    }
}
