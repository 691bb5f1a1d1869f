//! What a run leaves beside the database: a folder of its own, made only when its first events are
//! durable, and in it the number and the hash of its last event.
//!
//! By them a database is noticed that was emptied, cut short or put back from an older copy. A
//! journal does not need them: who removes them removes only the notice.

use std::collections::BTreeSet;
use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

use crate::run::Event;
use crate::run::RunId;

/// The run's own folder in a state folder.
pub fn run_folder(state: &Path, run: &RunId) -> PathBuf {
    state.join("runs").join(run.as_str())
}

/// Where the last event of a run is noted.
pub(super) fn note_of(state: &Path, run: &RunId) -> PathBuf {
    run_folder(state, run).join("last-event")
}

/// The runs that have begun in a state folder, as far as it shows.
pub(super) fn begun(state: &Path) -> BTreeSet<RunId> {
    let Ok(entries) = fs::read_dir(state.join("runs")) else {
        return BTreeSet::new();
    };
    entries
        .flatten()
        .filter_map(|entry| RunId::new(entry.file_name().to_str()?).ok())
        .collect()
}

/// Notes the last event of a run that is durable. Not synced: what the note lacks after a power cut
/// makes it only weaker.
pub(super) fn note(state: &Path, last: &Event) {
    let path = note_of(state, &last.run);
    // Always as long as before, so that it is overwritten in one piece.
    let line = format!("{:>12} {}\n", last.seq, last.hash);
    let write = || {
        let open = || {
            OpenOptions::new()
                .create(true)
                .write(true)
                .truncate(false)
                .open(&path)
        };
        let mut file = open().or_else(|_| {
            fs::create_dir_all(run_folder(state, &last.run))?;
            open()
        })?;
        file.write_all(line.as_bytes())
    };
    if let Err(error) = write() {
        // The journal has it; only a later look at a changed database knows less.
        tracing::warn!(path = %path.display(), %error, "the last event could not be noted");
    }
}

/// The number and the hash of the last event that was noted, if one can be read.
pub(super) fn noted(state: &Path, run: &RunId) -> Option<(u64, String)> {
    let text = fs::read_to_string(note_of(state, run)).ok()?;
    let (seq, hash) = text.trim().split_once(' ')?;
    (hash.len() == 64).then_some((seq.parse().ok()?, hash.to_owned()))
}
