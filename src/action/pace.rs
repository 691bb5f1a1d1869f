//! How long an action takes where nothing is wrong, and what probably is where it takes much longer.

use std::time::Duration;

use super::Context;
use crate::plan::Os;

/// What is known of an action's duration.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The longest that it takes where nothing is wrong; none where only the plan's author knows.
    pub usual: Option<Duration>,
    /// What is probably wrong where it takes much longer, the likeliest first.
    pub causes: &'static [Cause],
}

/// A known reason why an action takes long.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// What it is, and what to do about it.
    pub words: &'static str,
    /// Who says so; empty where it is our own experience.
    pub source: &'static str,
    /// The system that it is known of; none for any.
    pub os: Option<Os>,
}

impl Pace {
    /// Of an action that takes as long as the plan's author likes.
    pub const UNKNOWN: Self = Self {
        usual: None,
        causes: &[],
    };

    /// Of an action that usually takes this many seconds at most.
    pub const fn seconds(usual: u64, causes: &'static [Cause]) -> Self {
        Self {
            usual: Some(Duration::from_secs(usual)),
            causes,
        }
    }

    /// The causes that fit the system on which a stage acts, as sentences with their source.
    pub fn causes_for(&self, cx: &Context) -> Vec<String> {
        let facts = cx.view.roots.host(cx.place());
        let os = facts["os"].as_str();
        let fits = |cause: &&Cause| match cause.os {
            None => true,
            Some(Os::Linux) => os == Some("linux"),
            Some(Os::Windows) => os == Some("windows"),
        };
        let told = |cause: &Cause| match cause.source {
            "" => cause.words.to_owned(),
            source => format!("{} ({source})", cause.words),
        };
        self.causes.iter().filter(fits).map(told).collect()
    }
}

impl Cause {
    /// Known of any system, by experience.
    pub const fn any(words: &'static str) -> Self {
        Self {
            words,
            source: "",
            os: None,
        }
    }

    /// Known of Windows, and written down there.
    pub const fn windows(words: &'static str, source: &'static str) -> Self {
        Self {
            words,
            source,
            os: Some(Os::Windows),
        }
    }

    /// Known of Linux, by experience.
    pub const fn linux(words: &'static str) -> Self {
        Self {
            words,
            source: "",
            os: Some(Os::Linux),
        }
    }
}
