//! How an event becomes an entry of a journal: its number, its stored text, and the hash over it
//! and all before it. The same for every store.

use sha2::Digest as _;
use sha2::Sha256;

use super::Lease;
use super::StoreError;
use crate::run::Draft;
use crate::run::EVENT_VERSION;
use crate::run::Event;
use crate::run::EventKind;
use crate::run::RunState;
use crate::run::hex;

/// How the text of an event ends that has no hash yet: it is the last field, as its schema promises.
const NO_HASH: &str = r#","hash":""}"#;

/// Gives an event its place in the journal; the stored text is the event without its hash.
pub(super) fn written(
    lease: &Lease,
    seq: u64,
    draft: Draft,
    previous: &str,
) -> Result<(Event, String), StoreError> {
    let mut event = Event {
        v: EVENT_VERSION,
        seq,
        at: draft.at,
        run: lease.run.clone(),
        percent: draft.percent,
        stage: draft.stage,
        kind: draft.kind,
        hash: String::new(),
    };
    let unreadable = |source| StoreError::Unreadable {
        run: lease.run.clone(),
        seq,
        source,
    };
    let text = serde_json::to_string(&event).map_err(unreadable)?;
    let body = text
        .strip_suffix(NO_HASH)
        .expect("`hash` is the last field of an event")
        .to_owned()
        + "}";
    event.hash = chain(previous, &body);
    Ok((event, body))
}

/// The hash of an entry: SHA-256, in hexadecimal, over the previous hash and the stored text.
pub(super) fn chain(previous: &str, body: &str) -> String {
    let digest = Sha256::new_with_prefix(previous)
        .chain_update("\n")
        .chain_update(body)
        .finalize();
    hex(&digest)
}

/// The run's state as the list of runs shows it; the journal stays the truth.
pub(super) fn state_after(kind: &EventKind) -> Option<RunState> {
    match kind {
        EventKind::RollBackBegun { .. }
        | EventKind::RunResumed {
            rolling_back: true, ..
        } => Some(RunState::RollingBack),
        EventKind::RunCreated { .. } | EventKind::RunResumed { .. } => Some(RunState::Running),
        EventKind::RunEnded { state } => Some(*state),
        _ => None,
    }
}
