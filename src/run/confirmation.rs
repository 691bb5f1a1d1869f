//! A run that a person must confirm once every stage has ended; else it is rolled back.

use super::EventKind;

/// What a person wants confirmed, and in which time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// Who wants it.
    pub by: String,
    /// How long the person has, in milliseconds.
    pub within_ms: u64,
    /// When the time is over, UTC; none before every stage has ended.
    pub until: Option<String>,
    confirmed: bool,
}

impl Confirmation {
    /// What is wanted after one more event.
    pub(super) fn after(before: Option<Self>, event: &EventKind) -> Option<Self> {
        match event {
            EventKind::ConfirmationWanted { by, within_ms } => Some(Self {
                by: by.clone(),
                within_ms: *within_ms,
                until: None,
                confirmed: false,
            }),
            EventKind::ConfirmationDue { until } => before.map(|wanted| Self {
                until: Some(until.clone()),
                ..wanted
            }),
            EventKind::Confirmed { .. } => before.map(|wanted| Self {
                confirmed: true,
                ..wanted
            }),
            _ => before,
        }
    }

    /// Returns whether a person still has to say so.
    pub(super) fn is_open(&self) -> bool {
        !self.confirmed
    }
}
