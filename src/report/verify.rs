//! What a look at a journal's hash chain comes to.

use std::fmt::Write as _;

use serde::Serialize;

use crate::run::Event;
use crate::run::RunId;

/// `events --verify --format json`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JournalDocument {
    /// The run.
    pub run: RunId,
    /// Whether every event fits the one before it, and the last is the one that was written last.
    pub whole: bool,
    /// How many events there are; nothing where the chain is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub events: Option<usize>,
    /// When the first was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// When the last was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// The hash of the last, and with it of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// The first event that does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<u64>,
    /// What was noted elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<Noted>,
}

/// A hash that somebody has noted elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct Noted {
    /// The hash.
    pub hash: String,
    /// The event that has it; none where the journal does not hold what it held then.
    pub event: Option<u64>,
}

/// What is to be said of a journal whose chain is whole.
pub fn journal(run: &RunId, events: &[Event], expected: Option<&str>) -> JournalDocument {
    let noted = |hash: &str| Noted {
        hash: hash.to_owned(),
        event: events
            .iter()
            .find(|event| event.hash == hash)
            .map(|event| event.seq),
    };
    JournalDocument {
        run: run.clone(),
        whole: true,
        events: Some(events.len()),
        first: events.first().map(|event| event.at.clone()),
        last: events.last().map(|event| event.at.clone()),
        hash: events.last().map(|event| event.hash.clone()),
        broken_at: None,
        expected: expected.map(noted),
    }
}

/// The same for people.
pub fn verified(document: &JournalDocument) -> String {
    let count = document.events.unwrap_or_default();
    let mut text = format!(
        "the journal of {} is whole: {count} event{}\n",
        document.run,
        if count == 1 { "" } else { "s" }
    );
    let rows = [
        ("first", &document.first),
        ("last", &document.last),
        ("hash", &document.hash),
    ];
    for (what, value) in rows {
        if let Some(value) = value {
            let _infallible = writeln!(text, "  {what:<9} {value}");
        }
    }
    if let Some(event) = document.expected.as_ref().and_then(|noted| noted.event) {
        let since = u64::try_from(count).unwrap_or(u64::MAX) - event;
        let _infallible = match since {
            0 => writeln!(text, "  expected  found: it is that of the last event"),
            1 => writeln!(text, "  expected  found at event {event}, 1 has followed"),
            _ => writeln!(
                text,
                "  expected  found at event {event}, {since} have followed"
            ),
        };
    }
    text
}
