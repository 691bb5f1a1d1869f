//! One test binary: one link step, a module a room.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod action;
mod cli;
mod directory;
mod docs;
mod editors;
mod engine;
mod host;
mod lab;
mod layers;
mod plan;
mod rehearse;
mod report;
mod run_fold;
mod store;
