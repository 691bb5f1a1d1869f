//! The program as a person meets it: words, exit codes, and nothing changed by a mistake.

mod by_hand;
mod explain;
mod files;
mod state;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// A folder with a good plan and a good inventory, and the program in it.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for (from, to) in [
            ("plans/cutover.yaml", "plan.yaml"),
            ("examples/lab/inventory.yaml", "inventory.yaml"),
        ] {
            let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(from);
            std::fs::copy(from, desk.path(to)).unwrap();
        }
        // No credential must be missing where something else is asked.
        desk.write("id_ed25519", "not a key");
        desk.write("ca.pem", "not a certificate");
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// The program, in the folder, with the password that the inventory names.
    fn program(&self, arguments: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sms-plan"));
        program
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .env("HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.path("config"))
            .env("LAB_ADMIN_PASSWORD", "any")
            .env_remove("SMS_PLAN_STATE")
            .env_remove("SMS_PLAN_KEY_FILE")
            .env_remove("SMS_PLAN_PASSPHRASE")
            .env_remove("RUST_LOG");
        program
    }

    fn run(&self, arguments: &[&str]) -> String {
        self.told(&mut self.program(arguments))
    }

    /// How the program ended, and what it said on standard error.
    fn told(&self, program: &mut Command) -> String {
        let out = program.output().unwrap();
        let here = self.folder.path().display().to_string();
        let said = String::from_utf8(out.stderr)
            .unwrap()
            .replace(&here, "[here]");
        format!("exit {}\n{said}", out.status.code().unwrap())
    }

    /// Nothing of a run may be there.
    #[track_caller]
    fn is_untouched(&self) {
        assert!(!self.path(".sms-plan").exists(), "a state folder was made");
        assert!(!self.path("config").exists(), "a key was made");
    }
}
