//! What is known of failures: symptoms with cause, fix and the way on, as data with their sources.
//!
//! The data are the YAML files beside this one. A text (an error and its causes, a line of a log, a
//! code) is read for evidence in `evidence.rs`, and the entries are weighed against it in
//! `weigh.rs`; nothing is invented where nothing is known.

mod evidence;
mod issue;
mod log;
mod tell;
mod weigh;

pub use issue::Issue;
pub use issue::Seen;
pub use issue::WayOn;
pub use issue::issues;
pub use log::Found;
pub use log::in_log;
pub use tell::beside;
pub use tell::told;
pub use tell::told_json;
pub use weigh::Known;
pub use weigh::Place;
pub use weigh::known;
