//! The terminal program; everything it does stands in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    sms_plan::cli::run()
}
