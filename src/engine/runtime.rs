//! The runtime that runs are driven on.

use tokio::runtime::Builder;
use tokio::runtime::Runtime;

/// How many tasks may end before the engine looks at them: what ends together shares one commit.
const AT_ONCE: u32 = 1024;

/// Makes the runtime: one thread, as in a rehearsal. All that a run waits for is outside of it, and
/// to wake another thread takes about as long as to sync the journal.
///
/// # Errors
///
/// When the system has no handle left for it.
pub fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread()
        .event_interval(AT_ONCE)
        .enable_all()
        .build()
}
