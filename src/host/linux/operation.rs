//! One guarded operation: fixed text, values on standard input, an answer in lines.

use std::collections::BTreeMap;
use std::time::Duration;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::LinuxHost;
use crate::host::HostErrorKind;
use crate::host::transport::Answer;

/// What the guard on the machine is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Look,
    Settle,
    Change,
    Fence,
    Unfence,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Settle => "settle",
            Self::Change => "change",
            Self::Fence => "fence",
            Self::Unfence => "unfence",
        }
    }
}

/// The text of an operation, put together from files of `scripts/`.
pub(super) type Text = &'static [&'static str];

/// The values of an operation.
#[derive(Default)]
pub(super) struct Values(Vec<(String, Zeroizing<Vec<u8>>)>);

impl Values {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a value. A name that ends in `_B64` keeps its value encoded on the machine, which
    /// binary data needs.
    pub(super) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.0
            .push((name.to_owned(), Zeroizing::new(value.as_ref().to_vec())));
        self
    }
}

const GUARD: &str = include_str!("scripts/guard.sh");
const PRELUDE: &str = include_str!("scripts/prelude.sh");
const COMMON: &str = include_str!("scripts/common.sh");

/// The guard's last word before it hands over.
const BEGIN: &[u8] = b"sms-plan-begin\n";

/// One command line holds all of the text, and Linux bounds it at 128 KiB.
const MOST_TEXT: usize = 96 << 10;

/// How long beyond the machine's own limit we wait for its answer.
const GRACE: Duration = Duration::from_secs(20);

impl LinuxHost {
    /// Runs one of our own operations and reads the lines of its answer.
    pub(super) async fn operate(
        &self,
        kind: Kind,
        text: Text,
        values: Values,
    ) -> Result<Lines, HostErrorKind> {
        let text = text.iter().fold(COMMON.to_owned(), |all, part| all + part);
        let answer = self.guarded(kind, &text, values).await?;
        match answer.code {
            0 => Lines::read(&answer.stdout),
            94 => Err(HostErrorKind::Unsupported {
                words: last_lines(&answer.stderr),
            }),
            code => Err(HostErrorKind::Failed {
                code,
                stderr: last_lines(&answer.stderr),
            }),
        }
    }

    /// Runs a text behind the guard. The answer's standard output begins behind the guard's words.
    pub(super) async fn guarded(
        &self,
        kind: Kind,
        text: &str,
        values: Values,
    ) -> Result<Answer, HostErrorKind> {
        let body = format!("{PRELUDE}{text}");
        if body.len() + GUARD.len() > MOST_TEXT {
            return Err(HostErrorKind::Unsupported {
                words: format!(
                    "the script is longer than the {} KiB that fit",
                    (MOST_TEXT - 8192) >> 10
                ),
            });
        }
        let mut argv = vec!["sh", "-c", GUARD, "sms-plan", &body];
        // `sh -c TEXT NAME FIRST`: the name is `$0`, the operation is the guard's `$1`.
        if self.transport.needs_sudo() {
            argv.splice(0..0, ["sudo", "-n"]);
        }
        let limit = self.guard.limit;
        let began = Instant::now();
        let mut answer = self
            .transport
            .exchange(&argv, self.input(kind, &values), limit + GRACE)
            .await?;
        let Some(at) = answer
            .stdout
            .windows(BEGIN.len())
            .position(|window| window == BEGIN)
        else {
            return Err(not_begun(&answer));
        };
        answer.stdout = Zeroizing::new(answer.stdout[at + BEGIN.len()..].to_vec());
        let ended = matches!(answer.code, 124 | 137)
            && began.elapsed() + Duration::from_secs(2) >= limit / 2;
        if ended {
            return Err(HostErrorKind::TimedOut {
                seconds: limit.as_secs(),
            });
        }
        Ok(answer)
    }

    fn input(&self, kind: Kind, values: &Values) -> Zeroizing<Vec<u8>> {
        let guard = &self.guard;
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let mut input = Zeroizing::new(Vec::new());
        let header = format!(
            "sms-plan-1\n{}\n{}\n{}\n{}\n{}\n{}\n\n",
            line(&self.folder),
            guard.run,
            guard.epoch,
            line(&guard.orchestrator),
            guard.limit.as_secs().max(2),
            kind.word(),
        );
        input.extend_from_slice(header.as_bytes());
        for (name, value) in &values.0 {
            input.extend_from_slice(name.as_bytes());
            input.push(b' ');
            let encoded = Zeroizing::new(STANDARD.encode(value.as_slice()));
            input.extend_from_slice(encoded.as_bytes());
            input.push(b'\n');
        }
        input.push(b'\n');
        input
    }
}

/// The guard, or what stands before it, said no.
fn not_begun(answer: &Answer) -> HostErrorKind {
    let words = last_lines(&answer.stderr);
    match answer.code {
        90 => HostErrorKind::Busy { words },
        91 => HostErrorKind::Fenced { words },
        94 => HostErrorKind::Unsupported { words },
        93 => HostErrorKind::PermissionDenied { words },
        _ if answer.stderr.contains("sudo:") => HostErrorKind::PermissionDenied { words },
        127 => HostErrorKind::Unsupported { words },
        137 => HostErrorKind::ConnectionLost {
            words: "the guard was ended by a signal".to_owned(),
        },
        code => HostErrorKind::Failed {
            code,
            stderr: words,
        },
    }
}

/// Returns the last words of a program, as one line.
pub(super) fn last_lines(stderr: &str) -> String {
    // `net` asks its password pipe once more than there is an answer, and says so each time.
    let noise = "Error reading password from file descriptor";
    let lines: Vec<&str> = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with(noise))
        .collect();
    if lines.is_empty() {
        return "it said nothing".to_owned();
    }
    lines[lines.len().saturating_sub(4)..].join("; ")
}

/// The lines of an answer: `key=value`, or `key:=base64` for what may hold line breaks.
#[derive(Debug, Default)]
pub(super) struct Lines(BTreeMap<String, Vec<Zeroizing<Vec<u8>>>>);

impl Lines {
    fn read(stdout: &[u8]) -> Result<Self, HostErrorKind> {
        let mut lines = Self::default();
        for line in stdout
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let at = line.iter().position(|byte| *byte == b'=').ok_or_else(|| {
                HostErrorKind::Answer {
                    words: format!("`{}`", String::from_utf8_lossy(&line[..line.len().min(80)])),
                }
            })?;
            let (key, value) = (&line[..at], &line[at + 1..]);
            let (key, value) = match key.strip_suffix(b":") {
                Some(key) => {
                    let bytes = STANDARD.decode(value).map_err(|_| HostErrorKind::Answer {
                        words: format!(
                            "the value of `{}` is not base64",
                            String::from_utf8_lossy(key)
                        ),
                    })?;
                    (key, bytes)
                }
                None => (key, value.to_vec()),
            };
            let key = String::from_utf8_lossy(key).into_owned();
            lines.0.entry(key).or_default().push(Zeroizing::new(value));
        }
        Ok(lines)
    }

    pub(super) fn bytes(&self, key: &str) -> Option<&Zeroizing<Vec<u8>>> {
        self.0.get(key)?.first()
    }

    /// Returns a value, if it is there and not empty.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        let text = String::from_utf8_lossy(self.bytes(key)?).into_owned();
        Some(text).filter(|text| !text.is_empty())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn need(&self, key: &str) -> Result<String, HostErrorKind> {
        self.get(key).ok_or_else(|| HostErrorKind::Answer {
            words: format!("`{key}` is missing"),
        })
    }

    pub(super) fn all(&self, key: &str) -> Vec<String> {
        let values = self.0.get(key).map(Vec::as_slice).unwrap_or_default();
        values
            .iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// Returns the keys that begin with `prefix`, without it, and their first values.
    pub(super) fn under(&self, prefix: &str) -> Vec<(String, String)> {
        let keys = self.0.keys().filter_map(|key| key.strip_prefix(prefix));
        keys.map(|key| {
            (
                key.to_owned(),
                self.get(&format!("{prefix}{key}")).unwrap_or_default(),
            )
        })
        .collect()
    }
}
