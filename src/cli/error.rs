//! What a person reads when something went wrong: the error, its causes, and what to do next.

use std::error::Error;
use std::process::ExitCode;

use super::Exit;
use crate::action::ActionError;
use crate::action::CredentialError;
use crate::action::chain_of;
use crate::engine::EngineError;
use crate::plan::Diagnostics;
use crate::report::graph::PictureError;
use crate::store::SealError;
use crate::store::StoreError;

/// An error on its way to the terminal.
#[derive(Debug)]
pub(super) struct CliError {
    exit: Exit,
    /// Outermost first; empty where everything was said already.
    chain: Vec<String>,
    hints: Vec<String>,
}

impl CliError {
    /// The command line, or something that it names, cannot be used.
    pub(super) fn usage(words: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            chain: vec![words.into()],
            hints: Vec::new(),
        }
    }

    /// Only a person can go on from here.
    pub(super) fn paused(words: impl Into<String>) -> Self {
        Self {
            exit: Exit::Paused,
            ..Self::usage(words)
        }
    }

    /// The faults of a file, which stand on the screen already.
    pub(super) fn faulty() -> Self {
        Self {
            exit: Exit::Faulty,
            chain: Vec::new(),
            hints: Vec::new(),
        }
    }

    pub(super) fn hint(mut self, words: impl Into<String>) -> Self {
        self.hints.push(words.into());
        self
    }

    /// The same error with another exit code.
    pub(super) fn ends_with(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The same error, where it ended a run that was under way: the use was right.
    pub(super) fn under_way(self, resume: &str) -> Self {
        match self.exit {
            // The run is somebody else's now.
            Exit::Stopped => self,
            Exit::Usage => self.ends_with(Exit::Failed).hint(resume),
            _ => self.hint(resume),
        }
    }

    fn of(exit: Exit, error: &dyn Error) -> Self {
        Self {
            exit,
            chain: chain_of(error),
            hints: Vec::new(),
        }
    }
}

/// Prints an error and returns its exit code.
#[expect(
    clippy::print_stderr,
    reason = "the one place where errors reach the terminal"
)]
pub(super) fn print(error: &CliError) -> ExitCode {
    let mut lines = error.chain.iter();
    if let Some(first) = lines.next() {
        eprintln!("error: {first}");
    }
    for cause in lines {
        eprintln!("caused by: {cause}");
    }
    if !error.hints.is_empty() {
        eprintln!();
    }
    for hint in &error.hints {
        eprintln!("hint: {hint}");
    }
    error.exit.into()
}

/// Prints the faults of a file.
#[expect(clippy::print_stderr, reason = "faults of files are for people")]
pub(super) fn print_diagnostics(diagnostics: &Diagnostics) {
    use std::io::IsTerminal as _;

    let text = diagnostics.render(std::io::stderr().is_terminal());
    if !text.is_empty() {
        eprintln!("{}\n", text.trim_end());
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        let told = |exit| Self::of(exit, &error);
        match &error {
            StoreError::Held {
                pid,
                until,
                stopped: true,
                ..
            } => told(Exit::Held)
                .hint(format!(
                    "let it go on with `fg` in its terminal, or with `kill -CONT {pid}`"
                ))
                .hint(format!(
                    "or take the run over by `sms-plan resume` after {until}, when its lease ends"
                )),
            StoreError::Held { .. } => told(Exit::Held)
                .hint("`sms-plan status` shows what it does, `sms-plan stop` asks it to end"),
            StoreError::Locked { run, .. } => {
                told(Exit::Usage).hint(format!("go on with that run: sms-plan resume {run}"))
            }
            StoreError::LeaseLost { run } => told(Exit::Stopped)
                .hint(
                    "this process writes and begins nothing more; what it had handed over to a server \
                     may end there, and the new driver waits for that",
                )
                .hint(format!("see who drives it: sms-plan status {run}")),
            StoreError::NoSuchRun(_) => told(Exit::Usage).hint("`sms-plan runs` lists the runs"),
            StoreError::Foreign { .. } => told(Exit::Usage)
                .hint("name another folder with --state; the file was left as it is"),
            StoreError::Newer { .. } | StoreError::NewerEvent { .. } => told(Exit::Usage)
                .hint("use that version, or a later one; the file was left as it is"),
            StoreError::Lost { run, .. } => told(Exit::Usage)
                .hint(
                    "nothing was changed; put `state.db` back, together with its `state.db-wal`, \
                     from where it went or from a backup",
                )
                .hint(format!(
                    "if there is none: `runs/{run}/log` tells what the run did, and its steps can be \
                     finished by hand; then move `runs/{run}` elsewhere"
                )),
            StoreError::Shortened { run, note, .. } => told(Exit::Usage)
                .hint("nothing was changed; put the newest `state.db` and `state.db-wal` back")
                .hint(format!(
                    "if there are none: `runs/{run}/log` tells what is missing; look at the servers, \
                     remove `{note}`, and a resume begins again what the journal does not know"
                )),
            StoreError::Gone { .. } => told(Exit::Failed)
                .hint(
                    "nothing more was begun; what was under way may have had its effect, and the \
                     journal that would say so is gone",
                )
                .hint("put `state.db` and `state.db-wal` back from where they went, then resume"),
            StoreError::Io { .. } => told(Exit::Usage).hint(
                "nothing was changed; whoever runs sms-plan must be able to read and write the state \
                 folder and the files in it: `ls -la` shows whose they are",
            ),
            StoreError::Full { .. } => told(Exit::Failed)
                .hint("free some room there; nothing that was recorded is lost"),
            StoreError::Busy { .. } => told(Exit::Held)
                .hint("a process that was stopped in the middle of a write (Ctrl-Z, SIGSTOP) must go on or be ended first"),
            StoreError::Damaged { .. }
            | StoreError::Chain { .. }
            | StoreError::Unreadable { .. } => told(Exit::Usage).hint(
                "keep the file as it is and restore it from a backup; without its journal a run \
                     cannot be resumed safely, but its steps can be finished by hand",
            ),
            StoreError::Sqlite(_) => told(Exit::Failed)
                .hint("nothing that was recorded is lost: mend the cause, then resume"),
            _ => told(Exit::Usage),
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Fenced(_) => Self::of(Exit::Stopped, &error)
                .hint(
                    "another process took the run over, or another run works on that server: its record there is \
                     /var/lib/sms-plan/fence, and names run, machine and time",
                )
                .hint(
                    "if that run is finished or given up and nobody drives it, remove /var/lib/sms-plan on the \
                     server and resume",
                ),
            EngineError::EditedMeanwhile => {
                Self::of(Exit::Usage, &error).hint("nothing was changed; say it again")
            }
            EngineError::Fold(_) => Self::of(Exit::Usage, &error),
            EngineError::Seal(error) => error.into(),
        }
    }
}

impl From<CredentialError> for CliError {
    fn from(error: CredentialError) -> Self {
        Self::of(Exit::Usage, &error).hint("this command has changed nothing")
    }
}

impl From<ActionError> for CliError {
    fn from(error: ActionError) -> Self {
        Self {
            exit: Exit::Usage,
            chain: error.chain,
            hints: vec!["this command has changed nothing".to_owned()],
        }
    }
}

impl From<SealError> for CliError {
    fn from(error: SealError) -> Self {
        let told = Self::of(Exit::Usage, &error);
        match error {
            SealError::Open { path, .. } => {
                told.hint(format!("take it from them: chmod 600 {}", path.display()))
            }
            SealError::KeyFile { .. } | SealError::NotAKey { .. } | SealError::Refused { .. } => {
                told.hint(
                    "put the key file back that the run was begun with, or name it with \
                     SMS_PLAN_KEY_FILE, or set the same SMS_PLAN_PASSPHRASE",
                )
                .hint(
                    "if the key is lost, so are the secrets that stages would need: `sms-plan book` \
                     writes down the remaining steps for a person",
                )
            }
            _ => told,
        }
    }
}

impl From<PictureError> for CliError {
    fn from(error: PictureError) -> Self {
        Self::of(Exit::Usage, &error)
    }
}

impl From<Diagnostics> for CliError {
    fn from(diagnostics: Diagnostics) -> Self {
        print_diagnostics(&diagnostics);
        Self::faulty()
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::of(Exit::Usage, &error)
    }
}
