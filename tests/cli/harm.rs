//! The state of a run that was cut off, harmed in every way that disks and people know: it is said
//! what happened and what to do, nothing more is lost, and never is a run begun anew in silence.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use insta::assert_snapshot;
use sms_plan::run::RunId;
use sms_plan::store::{KeySource, Sealer};

use super::errands::{APPLY, Errands, RESUME, until};

const STATE: &str = ".sms-plan/state.db";
const LOG: &str = ".sms-plan/state.db-wal";
const INDEX: &str = ".sms-plan/state.db-shm";

/// These tests end the program where they want, which a release does not let them.
macro_rules! only_where_it_can_be_cut {
    () => {
        if !cfg!(debug_assertions) {
            return;
        }
    };
}

impl Errands {
    /// How it ended and what it said, without what differs from run to run.
    fn said(&self, run: &str, output: Output) -> String {
        self.desk.ended(output).replace(run, "[run]")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.desk.path(name)
    }

    /// Every command refuses this state in the same words, and leaves the files as they are.
    #[track_caller]
    fn is_refused(&self) -> String {
        let run = self.run();
        let read = |name: &str| fs::read(self.file(name)).ok();
        let before = [STATE, LOG].map(read);
        let told = self.said(&run, self.all(&APPLY));
        for command in [&RESUME[..], &["status", "-i", "inventory.yaml"]] {
            assert_eq!(self.said(&run, self.all(command)), told, "{command:?}");
        }
        assert!([STATE, LOG].map(read) == before, "the files were changed");
        // What was under way at the kill may still end by itself; nothing is begun, or done twice.
        for (errand, times) in self.effects() {
            assert!(
                ["left-one", "right-one"].contains(&&*errand),
                "{errand} was begun"
            );
            assert_eq!(times, 1, "{errand}");
        }
        told
    }
}

#[test]
fn a_log_that_was_removed() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let kept = fs::read(errands.file(LOG)).unwrap();
    fs::remove_file(errands.file(LOG)).unwrap();
    fs::remove_file(errands.file(INDEX)).unwrap();
    assert_snapshot!(errands.is_refused());

    fs::write(errands.file(LOG), kept).unwrap();
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    errands.ended_well("put back");
}

#[test]
fn a_log_that_was_cut_short() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let whole = fs::read(errands.file(LOG)).unwrap();
    fs::remove_file(errands.file(INDEX)).unwrap();
    // The last commit has lost its end, and with it its standing.
    fs::write(errands.file(LOG), &whole[..whole.len() - 100]).unwrap();
    let run = errands.run();
    let told = errands.said(&run, errands.all(&RESUME));
    let note = format!(".sms-plan/runs/{run}/last-event");
    // How many events a commit holds depends on which of the two errands is faster.
    let told: String = told
        .split("event ")
        .map(|part| part.trim_start_matches(|sign: char| sign.is_ascii_digit()))
        .collect::<Vec<_>>()
        .join("event N");
    assert_snapshot!(told);
    let verify = errands.all(&["events", "-i", "inventory.yaml", "--verify"]);
    assert_eq!(verify.status.code(), Some(1), "{verify:?}");

    // The way out that it names.
    fs::remove_file(errands.file(&note)).unwrap();
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
}

#[test]
fn an_older_copy_of_the_database() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let run = errands.run();
    let copy = [STATE, LOG].map(|name| fs::read(errands.file(name)).unwrap());
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    for (name, content) in [STATE, LOG].into_iter().zip(copy) {
        fs::write(errands.file(name), content).unwrap();
    }
    let told = errands.said(&run, errands.all(&RESUME));
    assert!(told.starts_with("exit 2\n"), "{told}");
    assert!(told.contains("is an older copy"), "{told}");
    errands_ran_once(&errands);
}

#[track_caller]
fn errands_ran_once(errands: &Errands) {
    let effects = errands.effects();
    assert!(effects.values().all(|times| *times == 1), "{effects:?}");
}

#[test]
fn an_index_that_was_removed_is_made_again() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    fs::remove_file(errands.file(INDEX)).unwrap();
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    errands.ended_well("resumed");
}

#[test]
fn an_emptied_database() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    for name in [LOG, INDEX] {
        fs::remove_file(errands.file(name)).unwrap();
    }
    fs::write(errands.file(STATE), b"").unwrap();
    let told = errands.is_refused();
    assert!(told.starts_with("exit 2\n"), "{told}");
    assert!(told.contains("does not know run `[run]`"), "{told}");
}

#[test]
fn a_database_that_is_gone() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    for name in [STATE, LOG, INDEX] {
        fs::remove_file(errands.file(name)).unwrap();
    }
    let told = errands.is_refused();
    assert!(told.contains("does not know run `[run]`"), "{told}");
    assert!(!errands.file(STATE).exists(), "a new one was made");
}

#[test]
fn a_folder_in_its_place() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    for name in [STATE, LOG, INDEX] {
        fs::remove_file(errands.file(name)).unwrap();
    }
    fs::create_dir(errands.file(STATE)).unwrap();
    assert_snapshot!(errands.is_refused());
}

#[test]
fn a_link_to_nowhere() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    for name in [STATE, LOG, INDEX] {
        fs::remove_file(errands.file(name)).unwrap();
    }
    std::os::unix::fs::symlink("/nonexistent/state.db", errands.file(STATE)).unwrap();
    assert_snapshot!(errands.is_refused());
}

#[test]
fn a_link_to_where_it_was_moved() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    fs::create_dir(errands.file("moved")).unwrap();
    for name in ["state.db", "state.db-wal"] {
        let from = errands.file(".sms-plan").join(name);
        fs::rename(from, errands.file("moved").join(name)).unwrap();
    }
    fs::remove_file(errands.file(INDEX)).unwrap();
    std::os::unix::fs::symlink("../moved/state.db", errands.file(STATE)).unwrap();
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    errands.ended_well("by the link");
}

/// The journal with one event replaced, and every hash made anew: as another program would write it.
fn rewritten(errands: &Errands, seq: i64, old: &str, new: &str) {
    use sha2::Digest as _;

    let database = rusqlite::Connection::open(errands.file(STATE)).unwrap();
    let read = "SELECT seq, body FROM events ORDER BY seq";
    let mut read = database.prepare(read).unwrap();
    let events = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    let events: Vec<(i64, String)> = events.unwrap().map(Result::unwrap).collect();
    let mut hash = String::new();
    for (at, mut body) in events {
        if at == seq {
            assert!(body.contains(old), "{body}");
            body = body.replace(old, new);
        }
        let digest = sha2::Sha256::digest(format!("{hash}\n{body}"));
        hash.clear();
        for byte in digest {
            let _infallible = write!(hash, "{byte:02x}");
        }
        let update = "UPDATE events SET body = ?2, hash = ?3 WHERE seq = ?1";
        database.execute(update, (at, body, &hash)).unwrap();
    }
    database
        .execute("UPDATE runs SET hash = ?1", [&hash])
        .unwrap();
    // What was noted of the journal as it was.
    let note = format!(".sms-plan/runs/{}/last-event", errands.run());
    fs::remove_file(errands.file(&note)).unwrap();
}

#[test]
fn an_event_of_a_newer_format() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    rewritten(&errands, 3, "\"v\":1", "\"v\":2");
    let known_kind = errands.is_refused();
    rewritten_kind(&errands);
    assert_snapshot!(errands.is_refused());
    assert!(known_kind.contains("journal format 2"), "{known_kind}");
}

fn rewritten_kind(errands: &Errands) {
    let note = format!(".sms-plan/runs/{}/last-event", errands.run());
    fs::write(errands.file(&note), "").unwrap();
    rewritten(
        errands,
        3,
        "\"event\":\"Started\"",
        "\"event\":\"Teleported\"",
    );
}

#[test]
fn a_database_of_a_newer_format() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let database = rusqlite::Connection::open(errands.file(STATE)).unwrap();
    database.pragma_update(None, "user_version", 9).unwrap();
    drop(database);
    assert_snapshot!(errands.is_refused());
}

#[test]
fn a_database_that_is_taken_away_under_a_living_run() {
    let errands = Errands::with("sleep 2;");
    let mut program = errands.desk.program(&APPLY);
    let child = program.stdout(std::process::Stdio::piped());
    let child = child.stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("the first effect", || !errands.effects().is_empty());
    let run = errands.run();
    fs::create_dir(errands.file("elsewhere")).unwrap();
    for name in ["state.db", "state.db-wal"] {
        let from = errands.file(".sms-plan").join(name);
        fs::rename(from, errands.file("elsewhere").join(name)).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert_snapshot!(errands.said(&run, output));
    let effects = errands.effects();

    fs::remove_file(errands.file(INDEX)).ok();
    for name in ["state.db", "state.db-wal"] {
        let back = errands.file(".sms-plan").join(name);
        fs::rename(errands.file("elsewhere").join(name), back).unwrap();
    }
    assert!(errands.journal().len() >= effects.len());
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    errands.ended_well("put back");
}

/// The program as somebody who is not root; none where this is not root, who may do everything.
fn as_nobody(errands: &Errands, arguments: &[&str]) -> Option<Command> {
    let root = fs::write("/proc/self/oom_score_adj", "0").is_ok()
        && fs::metadata("/proc/self").is_ok_and(|own| {
            use std::os::unix::fs::MetadataExt as _;
            own.uid() == 0
        });
    if !root {
        return None;
    }
    let folder = errands.file(".");
    let open = |path: &Path, mode: &str| {
        let done = Command::new("chmod").arg(mode).arg(path).status().unwrap();
        assert!(done.success());
    };
    open(&folder, "755");
    // Where the program was built others may not be let in.
    let copy = errands.file("program");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_sms-plan"), &copy).unwrap();
        open(&copy, "755");
    }
    let original = errands.desk.program(arguments);
    let mut program = Command::new("setpriv");
    program
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(copy)
        .args(arguments)
        .current_dir(errands.file("."))
        .stdin(std::process::Stdio::null())
        .envs(
            original
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    Some(program)
}

#[test]
fn a_state_folder_of_somebody_else() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let Some(mut resume) = as_nobody(&errands, &RESUME) else {
        return;
    };
    let run = errands.run();
    let told = errands.said(&run, resume.output().unwrap());
    assert_snapshot!(told);
    let mut apply = as_nobody(&errands, &APPLY).unwrap();
    assert_eq!(errands.said(&run, apply.output().unwrap()), told);
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
}

#[test]
fn a_database_that_may_only_be_read() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let Some(mut resume) = as_nobody(&errands, &RESUME) else {
        return;
    };
    let shell = "chown -R 65534 .sms-plan && chmod 400 .sms-plan/state.db*";
    let mut sh = Command::new("sh");
    let done = sh.args(["-c", shell]).current_dir(errands.file("."));
    assert!(done.status().unwrap().success());
    let run = errands.run();
    assert_snapshot!(errands.said(&run, resume.output().unwrap()));
    let status = ["status", "-i", "inventory.yaml"];
    let mut status = as_nobody(&errands, &status).unwrap();
    let status = status.output().unwrap();
    assert_eq!(
        status.status.code(),
        Some(0),
        "looking is possible: {status:?}"
    );
}

/// A small file system of its own; gone when this is.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where only root could mount it, or nobody can.
    fn new(path: PathBuf, kilobytes: u32) -> Option<Self> {
        fs::create_dir_all(&path).unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(&path)
            .output();
        let mounted = mounted.is_ok_and(|output| output.status.success());
        if !mounted {
            // Not by the macros: what they print, the test harness keeps to itself.
            let words = "SKIPPED (nothing can be mounted here): full and read-only disks\n";
            std::io::stderr().write_all(words.as_bytes()).unwrap();
        }
        mounted.then_some(Self(path))
    }

    fn becomes(&self, option: &str) {
        let option = format!("remount,{option}");
        // What the killed program had begun may be at work for a moment yet.
        until(&option, || {
            let mut mount = Command::new("mount");
            let mount = mount.args(["-o", &option]).arg(&self.0).output();
            mount.unwrap().status.success()
        });
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A folder that stays mounted would be seen by whoever removes it.
        drop(Command::new("umount").arg(&self.0).status());
    }
}

/// Arguments with the state on that disk.
fn on_disk<'a>(command: &[&'a str]) -> Vec<&'a str> {
    [command, &["--state", "disk/state"]].concat()
}

#[test]
fn a_disk_that_is_full() {
    let mut stopped_inside = 0;
    for kilobytes in [48, 64, 120, 160, 200, 240] {
        let errands = Errands::new();
        let Some(disk) = SmallDisk::new(errands.file("disk"), kilobytes) else {
            return;
        };
        let applied = errands.all(&on_disk(&APPLY));
        let told = errands.desk.ended(applied);
        assert!(told.starts_with("exit 1\n"), "{kilobytes} kB: {told}");
        assert!(told.contains("there is no room left"), "{told}");
        assert!(told.contains("nothing that was recorded is lost"), "{told}");

        let resume = errands.all(&on_disk(&RESUME));
        let begun = !errands.effects().is_empty();
        stopped_inside += usize::from(begun);
        assert!(matches!(resume.status.code(), Some(1 | 2)), "{resume:?}");
        disk.becomes("size=4m");
        let resume = errands.all(&on_disk(&RESUME));
        if resume.status.code() != Some(0) {
            assert!(!begun, "{kilobytes} kB: {resume:?}");
            let applied = errands.all(&on_disk(&APPLY));
            assert_eq!(
                applied.status.code(),
                Some(0),
                "{kilobytes} kB: {applied:?}"
            );
        }
        assert_eq!(errands.effects().len(), super::errands::ERRANDS.len());
        errands_ran_once(&errands);
    }
    assert!(
        stopped_inside > 0,
        "no disk was full in the middle of a run"
    );
}

#[test]
fn a_disk_that_may_only_be_read() {
    only_where_it_can_be_cut!();
    let errands = Errands::new();
    let Some(disk) = SmallDisk::new(errands.file("disk"), 4096) else {
        return;
    };
    let apply = on_disk(&APPLY);
    errands.cut(&apply, "before:8").output().unwrap();
    disk.becomes("ro");
    let run = fs::read_dir(errands.file("disk/state/runs"))
        .unwrap()
        .next();
    let run = run.unwrap().unwrap().file_name().into_string().unwrap();
    assert_snapshot!(errands.said(&run, errands.all(&on_disk(&RESUME))));
    disk.becomes("rw");
    let resumed = errands.all(&on_disk(&RESUME));
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    errands_ran_once(&errands);
}

#[test]
fn the_key_of_sealed_secrets() {
    only_where_it_can_be_cut!();
    let errands = Errands::cut_off();
    let run = errands.run();
    let key = errands.file("config/sms-plan/key");
    let sealer = Sealer::new(KeySource::File(key.clone()));
    let id = RunId::new(&run).unwrap();
    let sealed = sealer.seal(&id, "source/membership", b"secret").unwrap();
    let database = rusqlite::Connection::open(errands.file(STATE)).unwrap();
    let insert = "INSERT INTO secrets (run, name, sealed) VALUES (?1, 'source/membership', ?2)";
    database.execute(insert, (&run, sealed)).unwrap();
    drop(database);
    let kept = fs::read(&key).unwrap();
    let resume = || errands.said(&run, errands.all(&RESUME));

    fs::remove_file(&key).unwrap();
    assert_snapshot!("the_key_is_missing", resume());
    assert!(!key.exists(), "a new one was made");
    fs::write(&key, [7; 32]).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert_snapshot!("the_key_is_another_one", resume());
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    assert_snapshot!("the_key_is_for_everybody", resume());
    fs::write(&key, b"short").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    assert_snapshot!("the_key_is_none", resume());
    fs::write(&key, kept).unwrap();
    let resumed = errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    errands.ended_well("put back");
}
