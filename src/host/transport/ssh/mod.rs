//! SSH, by the system's own `ssh`: the admin's configuration, agent and jump hosts hold.
//!
//! Each connection is a master of our own, which `openssh` then multiplexes over. The master's
//! remote command ends when our end of its pipe closes, so a killed orchestrator leaves no master.

mod config;
mod master;

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use openssh::Session;
use openssh::Stdio;
use tokio::io::AsyncWriteExt;
use zeroize::Zeroizing;

use super::Answer;
use super::MOST_ERRORS;
use super::MOST_OUTPUT;
use super::Transport;
use super::drain;
use super::text;
use crate::host::HostErrorKind;

pub(in crate::host) use master::CONNECTION;
pub(in crate::host) use master::Opening;

/// One connection.
pub(in crate::host) struct Ssh {
    session: Session,
    master: master::Master,
    sudo: bool,
    broken: AtomicBool,
}

impl Ssh {
    /// Logs on, with one new connection. Returns the host key that was met as well.
    pub(in crate::host) async fn open(
        opening: &Opening<'_>,
    ) -> Result<(Self, master::Met), HostErrorKind> {
        let (master, met) = master::Master::open(opening).await?;
        let session = Session::resume_mux(master.socket().into(), None);
        let sudo = met.uid != 0;
        Ok((
            Self {
                session,
                master,
                sudo,
                broken: AtomicBool::new(false),
            },
            met,
        ))
    }

    /// Returns whether the machine still answers over this connection.
    ///
    /// The process alone proves little: ssh needs some seconds to see that an address is gone.
    pub(in crate::host) async fn answers(&self) -> bool {
        if self.broken.load(Ordering::Relaxed) || !self.master.alive().await {
            return false;
        }
        let asked = self
            .exchange(&["true"], Zeroizing::default(), Duration::from_secs(3))
            .await;
        asked.is_ok_and(|answer| answer.code == 0)
    }

    /// Ends the connection.
    pub(in crate::host) async fn close(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.master.close().await;
    }
}

#[async_trait]
impl Transport for Ssh {
    async fn exchange(
        &self,
        argv: &[&str],
        input: Zeroizing<Vec<u8>>,
        patience: Duration,
    ) -> Result<Answer, HostErrorKind> {
        let mut command = self.session.command(argv[0]);
        command
            .args(&argv[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = match command.spawn().await {
            Ok(child) => child,
            Err(error) => {
                // Nothing was started, so nothing is in doubt.
                self.broken.store(true, Ordering::Relaxed);
                return Err(HostErrorKind::Unreachable {
                    words: chain(&error),
                });
            }
        };
        let mut stdin = child.stdin().take();
        let (stdout, stderr) = (child.stdout().take(), child.stderr().take());
        let talk = async {
            let send = async {
                if let Some(mut stdin) = stdin.take() {
                    // A guard that refuses stops reading; its answer says why.
                    drop(stdin.write_all(&input).await);
                    drop(stdin.shutdown().await);
                }
            };
            let ((), stdout, stderr, status) = tokio::join!(
                send,
                drain(stdout, MOST_OUTPUT),
                drain(stderr, MOST_ERRORS),
                child.wait()
            );
            (stdout, stderr, status)
        };
        let lost = |words: String| {
            self.broken.store(true, Ordering::Relaxed);
            HostErrorKind::ConnectionLost { words }
        };
        let (stdout, stderr, status) =
            tokio::time::timeout(patience, talk).await.map_err(|_| {
                self.broken.store(true, Ordering::Relaxed);
                HostErrorKind::TimedOut {
                    seconds: patience.as_secs(),
                }
            })?;
        let stderr = text(&stderr.unwrap_or_default());
        let status = status.map_err(|error| lost(join(&chain(&error), &stderr)))?;
        let stdout = stdout.map_err(|error| lost(error.to_string()))?;
        let code = status
            .code()
            .ok_or_else(|| lost(join("the program was ended by a signal", &stderr)))?;
        Ok(Answer {
            code,
            stdout,
            stderr,
        })
    }

    fn needs_sudo(&self) -> bool {
        self.sudo
    }
}

fn join(words: &str, more: &str) -> String {
    let more = more.trim();
    if more.is_empty() {
        words.to_owned()
    } else {
        format!("{words} ({more})")
    }
}

/// An error with its causes: openssh's own words alone say little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        words = format!("{words}: {cause}");
        next = cause.source();
    }
    words
}
