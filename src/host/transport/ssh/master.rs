//! One ssh master process and the files that it needs while it opens.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use secrecy::ExposeSecret;
use secrecy::SecretString;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::process::Child;
use tokio::process::ChildStdin;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::config::Connection;
use super::config::record_script;
use crate::host::HostErrorKind;
use crate::host::Logon;
use crate::host::LogonMethod;
use crate::host::Pin;

/// What a connection is opened with.
pub(in crate::host) struct Opening<'a> {
    pub(in crate::host) folder: &'a Path,
    pub(in crate::host) address: &'a str,
    pub(in crate::host) alias: &'a str,
    pub(in crate::host) logon: &'a Logon,
    pub(in crate::host) pin: Option<&'a Pin>,
}

/// Who answered.
pub(in crate::host) struct Met {
    pub(in crate::host) uid: u32,
    pub(in crate::host) machine_id: String,
    pub(in crate::host) host_keys: Vec<String>,
    /// Whether the admin's own files knew the key.
    pub(in crate::host) known_before: bool,
}

/// A master that has logged on.
pub(super) struct Master {
    /// `None` once it is closed.
    process: Mutex<Option<Process>>,
    socket: PathBuf,
}

struct Process {
    child: Child,
    /// The remote command lives as long as this pipe is open.
    _stdin: ChildStdin,
    /// Removed with the connection.
    _folder: tempfile::TempDir,
    _elsewhere: Option<tempfile::TempDir>,
}

/// The longest that a logon may take; behind winbind it takes seconds.
const LOGON: Duration = Duration::from_secs(40);

/// Says who is there, then stays until our end of the pipe is closed, by whatever.
const HELLO: &str = "exec /bin/sh -c 'echo \"sms-plan-hello $(id -u) $(cat /etc/machine-id)\"; exec cat >/dev/null'";

impl Master {
    /// Logs on.
    pub(super) async fn open(opening: &Opening<'_>) -> Result<(Self, Met), HostErrorKind> {
        let made = local("a folder for the connection was not made");
        let folder = tempfile::Builder::new()
            .prefix(CONNECTION)
            .tempdir_in(opening.folder)
            .map_err(&made)?;
        let elsewhere = socket_folder(folder.path()).map_err(&made)?;
        let socket = elsewhere.as_ref().unwrap_or(&folder).path().join("s");
        let prepared = prepare(folder.path(), opening)
            .map_err(local("the files of the connection were not written"))?;
        let mut command = Command::new("ssh");
        command
            .arg("-F")
            .arg(folder.path().join("config"))
            .arg("-M")
            .arg("-S")
            .arg(&socket);
        command.arg("-T").arg("--").arg(opening.address).arg(HELLO);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if prepared.askpass {
            command
                .env("SSH_ASKPASS", folder.path().join("askpass"))
                .env("SSH_ASKPASS_REQUIRE", "force");
            command.env_remove("DISPLAY");
        }
        let mut child = command.spawn().map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => HostErrorKind::Unsupported {
                words: "this machine has no `ssh` in its PATH: install the OpenSSH client"
                    .to_owned(),
            },
            _ => HostErrorKind::Local {
                words: "`ssh` did not start".to_owned(),
                source,
            },
        })?;
        let (Some(stdin), Some(stdout), Some(mut stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(HostErrorKind::Answer {
                words: "`ssh` has no pipes".to_owned(),
            });
        };
        let heard = tokio::spawn(async move {
            let mut said = Vec::new();
            let mut block = [0; 4096];
            // Read to the end, so that ssh never waits for us; the first words are the telling ones.
            while let Ok(size @ 1..) = stderr.read(&mut block).await {
                if said.len() < 64 << 10 {
                    said.extend_from_slice(&block[..size]);
                }
            }
            String::from_utf8_lossy(&said).into_owned()
        });
        let hello = async {
            let mut lines = BufReader::new(stdout).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(words) = line.strip_prefix("sms-plan-hello ") {
                    return Some(words.to_owned());
                }
            }
            None
        };
        let answered = async {
            match (&opening.logon.method, prepared.askpass) {
                (LogonMethod::Password(password), true) => {
                    let fifo = folder.path().join("password");
                    tokio::select! {
                        words = hello => words,
                        // Never ends, so that a refused password is heard as ssh's own end.
                        () = offer(&fifo, password) => None,
                    }
                }
                _ => hello.await,
            }
        };
        let words = tokio::time::timeout(LOGON, answered).await;
        forget(folder.path());
        let Ok(Some(words)) = words else {
            drop(child.kill().await);
            let said = heard.await.unwrap_or_default();
            let late = words.is_err();
            return Err(refusal(opening, &said, late));
        };
        let (uid, machine_id) = words.split_once(' ').unwrap_or((&words, ""));
        let uid = uid.parse().map_err(|_| HostErrorKind::Answer {
            words: format!("`{words}` to `id -u`"),
        })?;
        if machine_id.is_empty() {
            return Err(HostErrorKind::Unsupported {
                words: "the machine has no /etc/machine-id".to_owned(),
            });
        }
        let shown = std::fs::read_to_string(folder.path().join("shown")).unwrap_or_default();
        let trusted =
            std::fs::read_to_string(folder.path().join("known_hosts")).unwrap_or_default();
        let host_keys = match opening.pin {
            Some(pin) => pin.host_keys.clone(),
            None => learned(&shown, &trusted),
        };
        if host_keys.is_empty() {
            return Err(HostErrorKind::Unsupported {
                words: "the machine's host key was not learned: `ssh` on this machine must be OpenSSH 8.5 or later".to_owned(),
            });
        }
        let met = Met {
            uid,
            machine_id: machine_id.trim().to_owned(),
            host_keys,
            known_before: opening
                .pin
                .map_or(trusted.trim().is_empty(), |pin| pin.known_before),
        };
        let process = Mutex::new(Some(Process {
            child,
            _stdin: stdin,
            _folder: folder,
            _elsewhere: elsewhere,
        }));
        Ok((Self { process, socket }, met))
    }

    /// Returns where the master listens.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns whether the process lives.
    pub(super) async fn alive(&self) -> bool {
        let mut process = self.process.lock().await;
        process
            .as_mut()
            .is_some_and(|process| matches!(process.child.try_wait(), Ok(None)))
    }

    /// Ends the process and removes its files. Programs that it started on the machine go on.
    pub(super) async fn close(&self) {
        let process = self.process.lock().await.take();
        if let Some(mut process) = process
            && let Err(error) = process.child.kill().await
        {
            tracing::debug!(%error, "the ssh master had ended already");
        }
    }
}

struct Prepared {
    askpass: bool,
}

fn prepare(folder: &Path, opening: &Opening<'_>) -> io::Result<Prepared> {
    let identity = match &opening.logon.method {
        LogonMethod::PrivateKey(path) => Some(path.clone()),
        LogonMethod::PrivateKeyText(text) => {
            let path = folder.join("key");
            private(&path, text.expose_secret().as_bytes(), 0o600)?;
            Some(path)
        }
        LogonMethod::Password(_) => None,
    };
    let askpass = identity.is_none();
    let home = std::env::home_dir().map(|home| home.join(".ssh"));
    let connection = Connection {
        address: opening.address,
        username: &opening.logon.username,
        alias: opening.alias,
        pin: opening.pin,
        identity: identity.as_deref(),
        password: askpass,
        folder,
        home: home.as_deref(),
    };
    private(&folder.join("config"), connection.text().as_bytes(), 0o600)?;
    private(
        &folder.join("known_hosts"),
        connection.known_hosts().as_bytes(),
        0o600,
    )?;
    private(
        &folder.join("record"),
        record_script(folder).as_bytes(),
        0o600,
    )?;
    if askpass {
        // Once only: the second question, to which the answer was wrong, gets none.
        let fifo = folder.join("password");
        let text = fifo.display().to_string().replace('\'', "'\\''");
        let script = format!("#!/bin/sh\nexec cat '{text}'\n");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            &fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )?;
        private(&folder.join("askpass"), script.as_bytes(), 0o700)?;
    }
    Ok(Prepared { askpass })
}

/// Writes the password into the pipe as soon as ssh asks for it, then waits for good.
async fn offer(fifo: &Path, password: &SecretString) {
    loop {
        // Opening fails as long as nobody reads.
        if let Ok(mut pipe) = tokio::net::unix::pipe::OpenOptions::new().open_sender(fifo) {
            let line = zeroize::Zeroizing::new(format!("{}\n", password.expose_secret()));
            if pipe.write_all(line.as_bytes()).await.is_ok() {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    std::future::pending::<()>().await;
}

/// Removes what only the logon needed.
fn forget(folder: &Path) {
    for name in ["key", "password", "askpass"] {
        match std::fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(%error, name, "a file of the logon was not removed");
            }
            _ => {}
        }
    }
}

/// How the folder of a connection begins, inside the run's folder.
pub(in crate::host) const CONNECTION: &str = "connection-";

/// The path of a socket has at most 107 bytes, of which ssh needs 17 for itself: where the run's
/// folder lies too deep, the socket alone goes to the folder for temporary files.
fn socket_folder(folder: &Path) -> io::Result<Option<tempfile::TempDir>> {
    if folder.as_os_str().len() <= 80 {
        return Ok(None);
    }
    tempfile::Builder::new()
        .prefix("sms-plan-")
        .tempdir()
        .map(Some)
}

fn private(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)
}

/// The key that was shown last is the one that the connection stands on.
fn learned(shown: &str, trusted: &str) -> Vec<String> {
    if let Some(line) = shown.lines().last() {
        return vec![line.to_owned()];
    }
    let keys = trusted
        .lines()
        .filter_map(|line| line.split_once(' ').map(|(_, key)| key.to_owned()));
    keys.collect()
}

fn local(words: &'static str) -> impl Fn(io::Error) -> HostErrorKind {
    move |source| HostErrorKind::Local {
        words: words.to_owned(),
        source,
    }
}

/// Reads what ssh said. The texts are those of OpenSSH 8 to 10 (`sshconnect.c`, `sshconnect2.c`).
fn refusal(opening: &Opening<'_>, said: &str, late: bool) -> HostErrorKind {
    let lines: Vec<&str> = said
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    let last = lines.last().copied().unwrap_or("no words").to_owned();
    if has("REMOTE HOST IDENTIFICATION HAS CHANGED")
        || has("Host key verification failed")
        || has("host key is known")
    {
        let words = match opening.pin {
            Some(_) => format!(
                "whoever answers at {} is not the machine that this run recorded, or its host key was changed",
                opening.address
            ),
            None => format!(
                "your known_hosts has another key for {}; if the machine was really installed anew, remove the old one with `ssh-keygen -R {}`",
                opening.address, opening.address
            ),
        };
        return HostErrorKind::HostKeyChanged { words };
    }
    if has("Permission denied")
        || has("Too many authentication failures")
        || has("account has expired")
        || has("Password change required")
        || has("password has expired")
        || has("invalid format")
        || has("error in libcrypto")
        || has("no such identity")
    {
        return HostErrorKind::LogonRefused {
            username: opening.logon.username.clone(),
            words: last,
        };
    }
    if late {
        let seconds = LOGON.as_secs();
        return HostErrorKind::Unreachable {
            words: format!("no logon within {seconds} s ({last})"),
        };
    }
    if has("Bad configuration option") || has("bad configuration options") {
        return HostErrorKind::Unsupported {
            words: format!(
                "`ssh` on this machine does not take its configuration: {}",
                lines.join("; ")
            ),
        };
    }
    HostErrorKind::Unreachable { words: last }
}
