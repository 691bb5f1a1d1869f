//! The orchestrator itself, as a machine.

use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::Answer;
use super::MOST_ERRORS;
use super::MOST_OUTPUT;
use super::Transport;
use super::drain;
use super::text;
use crate::host::HostErrorKind;

/// Runs programs here, as whoever runs sms-plan.
pub(in crate::host) struct Local;

#[async_trait]
impl Transport for Local {
    async fn exchange(
        &self,
        argv: &[&str],
        input: Zeroizing<Vec<u8>>,
        patience: Duration,
    ) -> Result<Answer, HostErrorKind> {
        let failed = |source| HostErrorKind::Local {
            words: format!("`{}` did not run on this machine", argv[0]),
            source,
        };
        // The environment of sms-plan may hold passwords, and a script may print its own.
        let kept = [
            "PATH", "HOME", "LANG", "LC_ALL", "USER", "LOGNAME", "TMPDIR",
        ];
        let mut child = Command::new(argv[0])
            .args(&argv[1..])
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| kept.iter().any(|kept| name == kept)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let mut stdin = child.stdin.take();
        let send = async {
            if let Some(mut stdin) = stdin.take() {
                // A guard that refuses stops reading; its answer says why.
                drop(stdin.write_all(&input).await);
            }
            Ok(())
        };
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let talk = async {
            tokio::try_join!(
                send,
                drain(stdout, MOST_OUTPUT),
                drain(stderr, MOST_ERRORS),
                child.wait()
            )
        };
        let ((), stdout, stderr, status) = tokio::time::timeout(patience, talk)
            .await
            .map_err(|_| HostErrorKind::TimedOut {
                seconds: patience.as_secs(),
            })?
            .map_err(failed)?;
        Ok(Answer {
            code: status.code().unwrap_or(137),
            stdout,
            stderr: text(&stderr),
        })
    }

    fn needs_sudo(&self) -> bool {
        false
    }
}
