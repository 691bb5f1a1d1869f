//! The room `host`: the guard here, and everything else against the lab.
//!
//! The tests of the lab run under `examples/lab/lab run` with `SMS_PLAN_LAB=1`, one at a time.

mod domain;
mod guard;
mod lab;
mod logon;
mod names;
mod network;
