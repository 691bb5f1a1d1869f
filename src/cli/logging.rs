//! Where `tracing` goes: to the run's log file, and with `-v` to standard error.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Starts logging; once a process.
///
/// Only our own modules are heard: what libraries say of a connection may hold secrets.
pub(super) fn start(verbose: u8, file: Option<&Path>) -> std::io::Result<()> {
    let level = |text: &str| EnvFilter::new(format!("off,sms_plan={text}"));
    let screen = (verbose > 0).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_target(false)
            .with_filter(level(if verbose > 1 { "debug" } else { "info" }))
    });
    let log = match file {
        Some(path) => {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let file = OpenOptions::new().create(true).append(true).open(path)?;
            let layer = tracing_subscriber::fmt::layer()
                .with_writer(Arc::new(file))
                .with_ansi(false)
                .with_filter(level("debug"));
            Some(layer)
        }
        None => None,
    };
    // A second start in one process, as tests may do, keeps the first.
    let _already = tracing_subscriber::registry()
        .with(screen)
        .with(log)
        .try_init();
    Ok(())
}
