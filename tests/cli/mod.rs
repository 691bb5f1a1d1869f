//! The program as a person meets it: words, exit codes, and nothing changed by a mistake.

mod bounds;
mod by_hand;
mod check;
mod cut;
mod diff;
mod edited;
mod errands;
mod explain;
mod files;
mod graph;
mod harm;
mod journal;
mod preview;
mod rivals;
mod rollback;
mod schemas;
mod state;
mod twice;
mod upgrade;

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

/// A run that writes three lines of text, one after the other.
const WORDS: &str = "
apiVersion: sms-plan/v1
kind: Plan
metadata: { name: words, version: 1.0.0 }
stages:
  - { id: first, description: First, on: orchestrator, uses: control.note, with: { text: one } }
  - { id: second, description: Second, on: orchestrator, uses: control.note, needs: [first], with: { text: two } }
  - { id: third, description: Third, on: orchestrator, uses: control.note, needs: [second], with: { text: three } }
";

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

    /// A desk with these two files.
    fn of(plan: &str, inventory: &str) -> Self {
        let desk = Self::new();
        desk.write("plan.yaml", plan);
        desk.write("inventory.yaml", inventory);
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

    /// How the program ended, and everything that it said; the result comes first.
    fn all(&self, arguments: &[&str]) -> String {
        let out = self.program(arguments).output().unwrap();
        let result = String::from_utf8(out.stdout.clone()).unwrap();
        format!("{}{}", self.hidden(&result), self.ended(out))
    }

    /// The one document, or the lines, that machines get.
    fn json(&self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let out = self.program(arguments).output().unwrap();
        let documents = serde_json::Deserializer::from_slice(&out.stdout).into_iter();
        let documents: Vec<_> = documents.collect::<Result<_, _>>().unwrap();
        assert!(
            !documents.is_empty(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        documents
    }

    /// How the program ended, and what it said on standard error.
    fn told(&self, program: &mut Command) -> String {
        self.ended(program.output().unwrap())
    }

    fn ended(&self, out: Output) -> String {
        let said = String::from_utf8(out.stderr).unwrap();
        format!(
            "exit {}\n{}",
            out.status.code().unwrap(),
            self.hidden(&said)
        )
    }

    /// How the program ended, and what it printed.
    fn printed(&self, arguments: &[&str]) -> String {
        let out = self.program(arguments).output().unwrap();
        let printed = String::from_utf8(out.stdout).unwrap();
        format!("exit {}\n{printed}", out.status.code().unwrap())
    }

    /// A text without the folder's name.
    fn hidden(&self, text: &str) -> String {
        text.replace(&self.folder.path().display().to_string(), "[here]")
    }

    /// The name of the first run.
    fn first_run(&self) -> String {
        let runs = self.json(&["runs", "-i", "inventory.yaml", "--format", "json"]);
        runs[0]["runs"][0]["run"].as_str().unwrap().to_owned()
    }

    /// A run that fails at once, as nobody is at these addresses; returns its id.
    fn failed_run(&self) -> String {
        let inventory = std::fs::read_to_string(self.path("inventory.yaml")).unwrap();
        let nobody = inventory
            .replace("10.98.0.21 ", "127.0.0.2 ")
            .replace("10.98.0.22", "127.0.0.3");
        self.write("inventory.yaml", nobody);
        self.run(&["apply", "plan.yaml", "-i", "inventory.yaml", "--yes"]);
        let runs = self.printed(&["runs", "-i", "inventory.yaml", "--format", "json"]);
        let runs: serde_json::Value =
            serde_json::from_str(runs.split_once('\n').unwrap().1).unwrap();
        runs["runs"][0]["run"].as_str().unwrap().to_owned()
    }

    /// Nothing of a run may be there.
    #[track_caller]
    fn is_untouched(&self) {
        assert!(!self.path(".sms-plan").exists(), "a state folder was made");
        assert!(!self.path("config").exists(), "a key was made");
    }
}

/// A text without the times in its lines of progress and in its last ones.
fn timeless(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let is_time = |word: &str| word.parse::<f64>().is_ok();
        let mut words: Vec<&str> = line.split(' ').collect();
        if line.contains('%') || line.contains(" after it began") {
            words.retain(|word| !is_time(word) && *word != "ms" && *word != "s");
        }
        words.join(" ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}
