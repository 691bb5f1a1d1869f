//! Whole cutovers in the lab: the real program, real machines, a real domain.
//!
//! Runs inside `examples/lab/lab run` with `SMS_PLAN_LAB=1` (`tests/run` does that), one test after
//! the other: each begins with a lab as after `lab up`. Elsewhere each says loudly that it was
//! skipped. What every scenario must end in is said once, in `end`.

mod accounts;
mod adopt;
mod back_by_hand;
mod broken;
mod check;
mod cutover;
mod drive;
mod edited;
mod end;
mod foreign;
mod killed;
mod machines;
mod outage;
mod person;
mod refused;
mod rivals;
mod rollback;
mod scene;
mod strange;
mod twice;
mod twin;

use std::io::Write as _;

/// Says something that is seen although the test passes: the harness keeps what macros print.
fn say(text: &str) {
    writeln!(std::io::stderr(), "{text}").expect("standard error");
}
