//! The program at work: its events as they come, and how it ended.

use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use sms_plan::run::Event;
use sms_plan::run::EventKind;
use sms_plan::run::RunId;
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
    run: Option<RunId>,
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
            run: None,
        }
    }

    /// Waits until a stage has started, as the journal knows it.
    pub(super) async fn until_started(&mut self, stage: &str) {
        let started = |kind: &EventKind| matches!(kind, EventKind::Started { .. });
        self.until(stage, started).await;
    }

    /// Waits until a stage is being undone, as the journal knows it.
    pub(super) async fn until_undo_started(&mut self, stage: &str) {
        let started = |kind: &EventKind| matches!(kind, EventKind::UndoStarted { .. });
        self.until(stage, started).await;
    }

    async fn until(&mut self, stage: &str, is: fn(&EventKind) -> bool) {
        loop {
            let event = self.next_event().await;
            let event = event.unwrap_or_else(|| panic!("it ended before it came to {stage}"));
            if is(&event.kind) && event.stage.is_some_and(|id| id.as_str() == stage) {
                return;
            }
        }
    }

    /// Waits for so many events, or the end, and says which the last one was.
    pub(super) async fn until_events(&mut self, events: usize) -> String {
        let mut last = "the start".to_owned();
        for _ in 0..events {
            let Some(event) = self.next_event().await else {
                break;
            };
            let stage = event.stage.map(|id| id.to_string());
            let kind = serde_json::to_value(&event.kind).unwrap();
            let kind = kind["event"].as_str().unwrap();
            last = format!("{} {kind}", stage.unwrap_or_default());
        }
        last
    }

    async fn next_event(&mut self) -> Option<Event> {
        let line = tokio::time::timeout(LIMIT, self.lines.next_line())
            .await
            .expect("it says nothing any more")
            .unwrap()?;
        self.printed.extend([&line, "\n"]);
        let event = serde_json::from_str::<Event>(&line);
        let event = event.unwrap_or_else(|error| panic!("{line}: {error}"));
        self.run = Some(event.run.clone());
        Some(event)
    }

    /// The run, once it has said something.
    pub(super) fn run(&self) -> RunId {
        self.run.clone().expect("an event")
    }

    /// Sends it a signal, as `kill` names it.
    pub(super) async fn signal(&self, signal: &str) {
        let pid = self.child.id().expect("it still runs").to_string();
        let sent = Command::new("kill").args([signal, &pid]).status().await;
        assert!(sent.unwrap().success());
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
                    self.printed.extend([&line, "\n"]);
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
