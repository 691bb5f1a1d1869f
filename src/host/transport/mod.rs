//! How an operation gets to the machine and its answer back.

mod local;
mod ssh;

use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use super::HostErrorKind;

pub(super) use local::Local;
pub(super) use ssh::CONNECTION;
pub(super) use ssh::Opening;
pub(super) use ssh::Ssh;

/// Runs one program on the machine.
#[async_trait]
pub(super) trait Transport: Send + Sync {
    /// Runs `argv`, which is fixed text, with `input` on its standard input, for at most
    /// `patience`.
    async fn exchange(
        &self,
        argv: &[&str],
        input: Zeroizing<Vec<u8>>,
        patience: Duration,
    ) -> Result<Answer, HostErrorKind>;

    /// Returns whether the account needs `sudo` for what only root may do.
    fn needs_sudo(&self) -> bool;
}

/// What a program said when it had ended.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) code: i32,
    pub(super) stdout: Zeroizing<Vec<u8>>,
    pub(super) stderr: String,
}

/// More than any answer of ours; a script that says more is cut, not waited for in memory.
const MOST_OUTPUT: u64 = 32 << 20;
const MOST_ERRORS: u64 = 1 << 20;

async fn drain(
    stream: Option<impl AsyncRead + Unpin>,
    most: u64,
) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(mut stream) = stream {
        (&mut stream).take(most).read_to_end(&mut bytes).await?;
        // What is beyond is read as well, or the program would wait for us.
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    }
    Ok(bytes)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
