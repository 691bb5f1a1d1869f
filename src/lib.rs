//! Moves a file server's network identity to its replacement, from a plan file.
//!
//! The rooms stand in one order, and each uses only rooms above it; see `ARCHITECTURE.md`.

pub mod run;

pub mod plan;

pub mod store;

pub mod host;

pub mod directory;

pub mod simulated;

pub mod action;

pub mod engine;

pub mod rehearse;

pub mod report;

pub mod cli;
