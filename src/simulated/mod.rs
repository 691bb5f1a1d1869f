//! A simulated twin of two servers, their network and their domain.
//!
//! One value, [`Simulation`], obeys the rules that real servers obey, so that a wrong plan fails in
//! it for the reason for which it would fail outside. Its core is pure (`twin.rs`): state and
//! operation give state and outcome, and each rule stands in the file of its subject with its
//! source. The hosts and the directory that actions see are thin: they take virtual time, let
//! faults strike, and ask the core.

mod account;
mod assumption;
mod change;
mod client;
mod code;
mod directory;
mod dns;
mod domain;
mod end;
mod fault;
mod hardening;
mod host;
mod logon;
mod machine;
mod machines;
mod make;
mod meddling;
mod membership;
mod naming;
mod network;
mod observed;
mod permissions;
mod policy;
mod restart;
mod simulation;
mod system;
mod tempo;
mod timing;
mod twin;
mod witness;

pub use assumption::{ASSUMABLE, AssumptionError, Assumptions};
pub use code::{CODES, Code};
pub use end::{End, Membership};
pub use fault::{Fault, FaultError, FaultKind, looking_at, under};
pub use meddling::Meddling;
pub use observed::{Observed, ObservedError};
pub use simulation::Simulation;
pub use system::{Release, System};
pub use tempo::Tempo;
