//! A run that needs no servers: two lanes of scripts on this machine, each of which leaves one line
//! in a file, with notes, a wait and a retry.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::process::Output;

use serde_json::Value;

use super::Desk;

// No domain: nobody has to log on to a directory first.
pub(super) const INVENTORY: &str = "
apiVersion: sms-plan/v1
kind: Inventory
metadata: { name: stand }
hosts:
  source: { name: fs01, address: 192.0.2.21, os: linux, domainJoined: false, credential: root }
  destination: { name: fs02, address: 192.0.2.22, os: linux, domainJoined: false, credential: root }
networkMapping: {}
credentials:
  root: { username: root, privateKey: id_ed25519 }
";

/// The stages that leave a line.
pub(super) const ERRANDS: [&str; 5] = ["left-one", "left-two", "right-one", "right-two", "last"];

pub(super) const APPLY: [&str; 7] = [
    "apply",
    "plan.yaml",
    "-i",
    "inventory.yaml",
    "--yes",
    "--format",
    "json",
];
pub(super) const RESUME: [&str; 5] = ["resume", "-i", "inventory.yaml", "--format", "json"];

/// A desk with that plan.
pub(super) struct Errands {
    pub(super) desk: Desk,
}

impl Errands {
    pub(super) fn new() -> Self {
        let desk = Desk::new();
        desk.write("inventory.yaml", INVENTORY);
        desk.write("plan.yaml", plan(desk.folder.path(), ""));
        Self { desk }
    }

    /// `last` begins with this line of shell.
    pub(super) fn with(line: &str) -> Self {
        let errands = Self::new();
        let plan = plan(errands.desk.folder.path(), line);
        errands.desk.write("plan.yaml", plan);
        errands
    }

    /// The program; it ends itself where `cut` says.
    pub(super) fn cut(&self, arguments: &[&str], cut: &str) -> Command {
        let mut program = self.desk.program(arguments);
        program.env("SMS_PLAN_CUT", cut);
        program
    }

    /// A run that was killed with two errands under way. Nothing of it is in `state.db` itself yet,
    /// only in the write-ahead log beside it.
    #[track_caller]
    pub(super) fn cut_off() -> Self {
        let errands = Self::new();
        let killed = errands.cut(&APPLY, "before:8").output().unwrap();
        assert_eq!(killed.status.code(), None, "{killed:?}");
        assert!(errands.journal_length() > 4);
        errands
    }

    /// Counts past the program, which tidies up when it ends.
    fn journal_length(&self) -> i64 {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let path = self.desk.path(".sms-plan/state.db");
        let database = rusqlite::Connection::open_with_flags(path, flags).unwrap();
        let count = "SELECT count(*) FROM events";
        database.query_row(count, [], |row| row.get(0)).unwrap()
    }

    /// The name of the only run that has left a folder.
    pub(super) fn run(&self) -> String {
        let runs = std::fs::read_dir(self.desk.path(".sms-plan/runs")).unwrap();
        let names: Vec<_> = runs.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 1, "{names:?}");
        names[0].to_str().unwrap().to_owned()
    }

    /// How often each line was left.
    pub(super) fn effects(&self) -> BTreeMap<String, usize> {
        let text = std::fs::read_to_string(self.desk.path("effects")).unwrap_or_default();
        let mut effects = BTreeMap::new();
        for line in text.lines() {
            *effects.entry(line.to_owned()).or_default() += 1;
        }
        effects
    }

    /// The journal of the only run; empty where there is none.
    pub(super) fn journal(&self) -> Vec<Value> {
        lines(&self.all(&["events", "-i", "inventory.yaml", "--format", "json"]))
    }

    /// Every effect once, the journal whole, nothing locked.
    #[track_caller]
    pub(super) fn ended_well(&self, when: &str) {
        let once: BTreeMap<_, _> = ERRANDS.map(|id| (id.to_owned(), 1)).into();
        assert_eq!(self.effects(), once, "{when}: {:#?}", self.journal());
        let journal = self.journal();
        assert_eq!(journal.last().unwrap()["state"], "succeeded", "{when}");
        let verify = self.all(&["events", "-i", "inventory.yaml", "--verify"]);
        assert_eq!(verify.status.code(), Some(0), "{when}: {verify:?}");
        let locks = self
            .desk
            .printed(&["runs", "-i", "inventory.yaml", "--locks"]);
        assert_eq!(locks, "exit 0\nnothing is locked\n", "{when}");
    }

    pub(super) fn all(&self, arguments: &[&str]) -> Output {
        self.desk.program(arguments).output().unwrap()
    }
}

/// The JSON lines that a program printed.
#[track_caller]
pub(super) fn lines(output: &Output) -> Vec<Value> {
    let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    lines.collect::<Result<_, _>>().unwrap()
}

fn plan(folder: &Path, last: &str) -> String {
    let effects = folder.join("effects");
    let tried = folder.join("tried");
    let (effects, tried) = (effects.display(), tried.display());
    let errand = |id: &str, needs: &str, before: &str| {
        format!(
            "  - {{ id: {id}, description: {id}, on: orchestrator, uses: host.run, needs: [{needs}], \
             with: {{ script: \"{before} echo {id} >>{effects}\", probe: \"grep -qx {id} {effects}\", \
             undo: \"sed -i /{id}/d {effects}\" }} }}\n"
        )
    };
    let fails_once = format!("[ -e {tried} ] || {{ : >{tried}; exit 1; }};");
    [
        "apiVersion: sms-plan/v1\nkind: Plan\nmetadata: { name: errands, version: 1.0.0 }\n\
         defaults: { retry: { attempts: 3, delay: 10ms } }\nstages:\n\
         \x20 - { id: open, description: open, on: orchestrator, uses: control.note, with: { text: begins } }\n",
        &errand("left-one", "open", ""),
        &errand("right-one", "open", ""),
        "  - { id: wait, description: wait, on: orchestrator, uses: control.wait, needs: [left-one], \
         with: { expression: \"inventory.metadata.name == 'stand'\" } }\n",
        &errand("left-two", "wait", &fails_once),
        &errand("right-two", "right-one", ""),
        &errand("last", "left-two, right-two", last),
    ]
    .concat()
}

/// Waits until a living program has come so far.
#[expect(
    clippy::disallowed_methods,
    reason = "there is no runtime here that it could block"
)]
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{what}: it never came");
}
