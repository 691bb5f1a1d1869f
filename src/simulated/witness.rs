//! Compares every change with the journal at that moment: only a stage whose start is durable may
//! make one, and no look may.

use std::collections::BTreeSet;

use super::fault::Under;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::StageId;

/// What the journal says of who may change something; nothing while there is no journal.
#[derive(Clone, Debug, Default)]
pub(super) struct Witness {
    begun: Option<BTreeSet<StageId>>,
}

impl Witness {
    /// Learns what is durable.
    pub(super) fn learn(&mut self, events: &[Event]) {
        let begun = self.begun.get_or_insert_default();
        for event in events {
            match (&event.kind, &event.stage) {
                (EventKind::Started { .. } | EventKind::UndoStarted { .. }, Some(stage)) => {
                    begun.insert(stage.clone());
                }
                // Whatever was under way is in doubt: it must be begun anew.
                (EventKind::LeaseTaken { .. }, _) => begun.clear(),
                (kind, Some(stage)) if ends(kind) => {
                    begun.remove(stage);
                }
                _ => {}
            }
        }
    }

    /// Says what is wrong with a change that is about to be made, if something is.
    pub(super) fn objection(&self, under: Option<&Under>, what: &str) -> Option<String> {
        let begun = self.begun.as_ref()?;
        let Some(under) = under else {
            return Some(format!("on no stage's behalf: {what}"));
        };
        let stage = &under.stage;
        if !under.acts {
            return Some(format!("`{stage}` was only to look: {what}"));
        }
        (!begun.contains(stage))
            .then(|| format!("`{stage}` acts, and its start is not in the journal: {what}"))
    }
}

/// Whether a stage does nothing more after this.
fn ends(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Succeeded { .. }
            | EventKind::Failed { .. }
            | EventKind::Retrying { .. }
            | EventKind::Waiting { .. }
            | EventKind::Undone { .. }
            | EventKind::UndoFailed { .. }
    )
}
