//! Tests of the program as a whole, one module a room.

mod engine;
mod host;
mod run_fold;
mod store;
