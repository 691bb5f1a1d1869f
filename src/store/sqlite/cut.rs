//! Ends the process at one commit of a run's history, as a power cut would. Only in builds with
//! debug assertions: a release has none of it.
//!
//! `SMS_PLAN_CUT=before:3` kills at the third commit of this process, before it is made;
//! `after:3` as soon as it is durable, before anybody hears of it and anything that it allows
//! begins. Renewals of the lease do not count: they come with the clock.

use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use rustix::process::Signal;
use rustix::process::getpid;
use rustix::process::kill_process;

/// Where a process may be cut off at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nothing of it is durable.
    Before,
    /// It is durable, and nobody knows.
    After,
}

static CUT: LazyLock<Option<(Moment, u64)>> = LazyLock::new(|| {
    let wanted = std::env::var("SMS_PLAN_CUT").ok()?;
    let cut = read(&wanted);
    assert!(
        cut.is_some(),
        "SMS_PLAN_CUT is `{wanted}`, not before:N or after:N"
    );
    cut
});

static COMMITS: AtomicU64 = AtomicU64::new(0);

/// Counts a commit, and ends the process if it is to end here.
pub(super) fn here(moment: Moment) {
    let commit = match moment {
        Moment::Before => COMMITS.fetch_add(1, Ordering::Relaxed) + 1,
        Moment::After => COMMITS.load(Ordering::Relaxed),
    };
    if *CUT == Some((moment, commit)) {
        kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
    }
}

fn read(wanted: &str) -> Option<(Moment, u64)> {
    let (moment, commit) = wanted.split_once(':')?;
    let moment = match moment {
        "before" => Moment::Before,
        "after" => Moment::After,
        _ => return None,
    };
    Some((moment, commit.parse().ok()?))
}
