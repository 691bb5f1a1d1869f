//! The program at work: its events as they come, and how it ended.

use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use sms_plan::run::Event;
use sms_plan::run::EventKind;
use tokio::io::AsyncBufReadExt as _;
use tokio::io::AsyncReadExt as _;
use tokio::io::BufReader;
use tokio::io::Lines;
use tokio::process::Child;
use tokio::process::ChildStdout;
use tokio::process::Command;

/// Longer than any run of the lab takes, with all its repeats.
const LIMIT: Duration = Duration::from_mins(6);

/// A run of the program.
pub(super) struct Drive {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    began: Instant,
    printed: String,
}

/// How it ended.
pub(super) struct Ended {
    /// The exit code; none after a kill.
    pub(super) code: Option<i32>,
    /// Standard output.
    pub(super) out: String,
    /// Standard error.
    pub(super) err: String,
    /// How long it took.
    pub(super) took: Duration,
}

impl Drive {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            began: Instant::now(),
            printed: String::new(),
        }
    }

    /// Waits until a stage has started, as the journal knows it.
    pub(super) async fn until_started(&mut self, stage: &str) {
        loop {
            let event = self.next_event().await;
            let event = event.unwrap_or_else(|| panic!("it ended before {stage} started"));
            if matches!(event.kind, EventKind::Started { .. })
                && event.stage.is_some_and(|id| id.as_str() == stage)
            {
                return;
            }
        }
    }

    async fn next_event(&mut self) -> Option<Event> {
        let line = tokio::time::timeout(LIMIT, self.lines.next_line())
            .await
            .expect("it says nothing any more")
            .unwrap()?;
        self.printed += &format!("{line}\n");
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}")))
    }

    /// The process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id().expect("it still runs")
    }

    /// Ends it as a power cut of this machine would.
    pub(super) fn kill(&mut self) {
        self.child.start_kill().unwrap();
    }

    pub(super) async fn end(mut self) -> Ended {
        let mut err = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        let all = async {
            let read_errors = errors.read_to_string(&mut err);
            let read_lines = async {
                while let Some(line) = self.lines.next_line().await.unwrap() {
                    self.printed += &format!("{line}\n");
                }
            };
            let (read, ()) = tokio::join!(read_errors, read_lines);
            read.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(LIMIT, all).await.expect("it ends");
        Ended {
            code: status.code(),
            out: self.printed,
            err,
            took: self.began.elapsed(),
        }
    }
}

impl Ended {
    /// It must have ended with this exit code.
    #[track_caller]
    pub(super) fn with(self, code: i32) -> Self {
        let Self { out, err, .. } = &self;
        assert_eq!(self.code, Some(code), "\n{out}\n{err}");
        self
    }
}
