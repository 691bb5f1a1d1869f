//! One scenario: a lab as after `lab up`, an inventory and a state folder of its own.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use sms_plan::run::Event;
use tokio::process::Command;

use super::drive::Drive;
use super::drive::Ended;
use super::end::Before;
use super::machines;
use super::say;

/// Where the lab is, what it was like, and where the program keeps what it knows.
pub(super) struct Scene {
    folder: tempfile::TempDir,
    pub(super) before: Before,
}

impl Scene {
    /// Puts the lab back, or says that `test` is skipped.
    pub(super) fn new(test: &str) -> Option<Self> {
        if std::env::var_os("SMS_PLAN_LAB").is_none() {
            say(&format!("SKIPPED (no lab): {test}"));
            return None;
        }
        machines::lab(&["reset"]);
        let folder = tempfile::tempdir().unwrap();
        for (from, to) in [("LAB_CA", "ca.pem"), ("LAB_SSH_KEY", "id_ed25519")] {
            std::fs::copy(machines::value(from), folder.path().join(to)).unwrap();
        }
        let scene = Self {
            folder,
            before: Before::look(),
        };
        scene.inventory_from("inventory.yaml", &[]);
        Some(scene)
    }

    /// Uses one of the lab's inventories, with these texts replaced.
    pub(super) fn inventory_from(&self, name: &str, replaced: &[(&str, &str)]) {
        let lab = project("examples/lab").join(name);
        let mut text = std::fs::read_to_string(lab).unwrap();
        for (old, new) in replaced {
            assert!(text.contains(old), "{name} has no `{old}`");
            text = text.replace(old, new);
        }
        std::fs::write(self.inventory(), text).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(super) fn inventory(&self) -> PathBuf {
        self.path("inventory.yaml")
    }

    pub(super) fn state(&self) -> PathBuf {
        self.path("state")
    }

    /// All files of the state folder, and what is in them.
    pub(super) fn kept(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.state()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    files.push((entry.path(), std::fs::read(entry.path()).unwrap()));
                }
            }
        }
        files
    }

    /// The program with this scene's state, key and home.
    pub(super) fn program(&self, command: &str) -> Command {
        self.program_in(command, &self.state())
    }

    /// The same with another state folder.
    pub(super) fn program_in(&self, command: &str, state: &Path) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sms-plan"));
        program
            .arg(command)
            .arg("--state")
            .arg(state)
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env_remove("SMS_PLAN_STATE")
            .env_remove("RUST_LOG");
        program
    }

    /// `apply` in text or JSON, with more arguments.
    pub(super) fn apply_command(&self, more: &[&str]) -> Command {
        let mut program = self.program("apply");
        program
            .arg(project("plans/cutover.yaml"))
            .arg("-i")
            .arg(self.inventory())
            .arg("--yes")
            .args(more);
        program
    }

    /// `apply` of a plan of this scene's own, in JSON, with a state folder.
    pub(super) fn apply_plan(&self, plan: &str, state: &Path) -> Command {
        let mut program = self.program_in("apply", state);
        program
            .arg(self.path(plan))
            .arg("-i")
            .arg(self.inventory())
            .args(["--yes", "--format", "json"]);
        program
    }

    /// Starts `apply`; its events are JSON lines.
    pub(super) fn start(&self) -> Drive {
        Drive::start(self.apply_command(&["--format", "json"]))
    }

    /// `apply`, to its end.
    pub(super) async fn apply(&self, more: &[&str]) -> Ended {
        Drive::start(self.apply_command(more)).end().await
    }

    /// `resume` of the only unfinished run, to its end.
    pub(super) async fn resume(&self) -> Ended {
        Drive::start(self.program("resume")).end().await
    }

    /// Resumes until the run is done, at most this often.
    pub(super) async fn resume_until_done(&self, most: usize) -> Ended {
        let mut told = String::new();
        for _ in 0..most {
            let ended = self.resume().await;
            if ended.code == Some(0) {
                return ended;
            }
            told.extend([ended.out, ended.err]);
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        panic!("not done after {most} times `resume`:\n{told}");
    }

    /// The stages that `preview` says will run, in file order.
    pub(super) async fn path_of_this_pair(&self) -> Vec<String> {
        let mut program = self.program("preview");
        program
            .arg(project("plans/cutover.yaml"))
            .arg("-i")
            .arg(self.inventory())
            .args(["--format", "json"]);
        let told = Drive::start(program).end().await.with(0).out;
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let stages = told["stages"].as_array().unwrap().iter();
        stages
            .filter(|stage| stage["runs"] == true)
            .map(|stage| stage["id"].as_str().unwrap().to_owned())
            .filter(|id| id != "idle" && id != "succeeded")
            .collect()
    }

    /// `status`, as people read it.
    pub(super) async fn status(&self) -> String {
        Drive::start(self.program("status")).end().await.with(0).out
    }

    /// The journal of the run.
    pub(super) async fn journal(&self) -> Vec<Event> {
        let mut program = self.program("events");
        program.args(["--format", "json"]);
        let ended = Drive::start(program).end().await.with(0);
        let lines = ended.out.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// A file of this project.
pub(super) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
