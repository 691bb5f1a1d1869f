//! Two processes and one run, two runs and one server, a process that sleeps: only one of them
//! writes, and the others say who it is.

use std::io::Read as _;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::Value;

use super::errands::{APPLY, Errands, INVENTORY, RESUME, lines, until};

/// `last` waits for this file.
const GO: &str = "go";

/// A run that is under way in a process of its own, and waits in `last` until it may go on.
struct Living {
    errands: Errands,
    child: Child,
    run: String,
}

impl Living {
    fn new() -> Self {
        let wait = "i=0; while [ ! -e {go} ] && [ $i -lt 600 ]; do i=$((i+1)); sleep 0.05; done;";
        let errands = Errands::with(wait);
        let plan = std::fs::read_to_string(errands.desk.path("plan.yaml")).unwrap();
        let go = errands.desk.path(GO).display().to_string();
        errands.desk.write("plan.yaml", plan.replace("{go}", &go));
        let mut program = errands.desk.program(&APPLY);
        let program = program.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = program.spawn().unwrap();
        until("the last errand", || {
            if child.try_wait().unwrap().is_some() {
                let mut told = [String::new(), String::new()];
                let (out, err) = (child.stdout.as_mut(), child.stderr.as_mut());
                out.unwrap().read_to_string(&mut told[0]).unwrap();
                err.unwrap().read_to_string(&mut told[1]).unwrap();
                panic!("it ended before: {told:#?}");
            }
            let begun = |event: &Value| event["stage"] == "last" && event["event"] == "Started";
            errands.journal().iter().any(begun)
        });
        let run = errands.run();
        Self {
            errands,
            child,
            run,
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let done = Command::new("kill").args([signal, &pid]).status().unwrap();
        assert!(done.success(), "{signal}");
    }

    /// Stops it, and not in the middle of a write: nobody else can write then.
    fn stop(&self) {
        let stat = format!("/proc/{}/stat", self.child.id());
        until("it stops between two writes", || {
            self.signal("-STOP");
            until("it stops", || {
                std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") T "))
            });
            let may_write = self.may_write();
            if !may_write {
                self.signal("-CONT");
            }
            may_write
        });
    }

    fn may_write(&self) -> bool {
        let database = self.database();
        database.busy_timeout(Duration::ZERO).unwrap();
        database.execute_batch("BEGIN IMMEDIATE; ROLLBACK").is_ok()
    }

    fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.errands.desk.path(".sms-plan/state.db")).unwrap()
    }

    /// The lease is as old as if it had slept for longer than that lasts.
    fn lease_ends(&self, when: &str) {
        let update = format!("UPDATE leases SET expires_at = unixepoch() {when}");
        assert_eq!(self.database().execute(&update, []).unwrap(), 1);
    }

    fn go(&self) {
        self.errands.desk.write(GO, "");
    }

    fn say(&self, arguments: &[&str]) -> String {
        hidden(
            &self.errands.desk.all(arguments),
            &self.run,
            self.child.id(),
        )
    }

    fn end(self) -> (Errands, Output) {
        let output = self.child.wait_with_output().unwrap();
        (self.errands, output)
    }
}

/// A text without what differs from one run to the next.
fn hidden(text: &str, run: &str, pid: u32) -> String {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let mut text = text.replace(run, "[run]");
    for (differs, name) in [
        (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]"),
        (&format!(r"\b{pid}\b"), "[pid]"),
    ] {
        let differs = regex::Regex::new(differs).unwrap();
        text = differs.replace_all(&text, name).into_owned();
    }
    text.replace(machine.trim(), "[machine]")
}

const LOCKS: [&str; 4] = ["runs", "-i", "inventory.yaml", "--locks"];

#[test]
fn two_processes_and_one_run() {
    let living = Living::new();
    assert_snapshot!("the_second_process", living.say(&RESUME));
    assert_snapshot!("locks_of_a_living_run", living.say(&LOCKS));
    let applied = living.say(&APPLY);
    assert!(applied.starts_with("exit 2\n"), "{applied}");
    living.go();
    let (errands, output) = living.end();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    errands.ended_well("undisturbed");
}

#[test]
fn a_process_that_sleeps_keeps_the_run_until_its_lease_ends() {
    let living = Living::new();
    living.stop();
    assert_snapshot!("the_first_process_sleeps", living.say(&RESUME));
    assert_snapshot!("locks_of_a_sleeping_run", living.say(&LOCKS));

    living.lease_ends("- 1");
    assert_snapshot!("locks_of_a_silent_run", living.say(&LOCKS));
    living.go();
    let resumed = living.errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    let journal = living.errands.journal();
    let mut taken = journal
        .iter()
        .filter(|event| event["event"] == "LeaseTaken");
    let words = taken.next_back().unwrap()["tookOver"].as_str().unwrap();
    assert!(words.ends_with("has been silent"), "{words}");

    living.signal("-CONT");
    let Living {
        errands,
        child,
        run,
    } = living;
    let pid = child.id();
    let output = child.wait_with_output().unwrap();
    let told = lines(&output);
    assert!(
        journal.windows(told.len()).any(|part| part == told),
        "{told:#?}"
    );
    let told = hidden(&errands.desk.ended(output), &run, pid);
    // It asks the store or the machine first, as it happens, and neither knows it any more.
    if told.contains("a server obeys another driver by now") {
        assert!(told.starts_with("exit 4\n"), "{told}");
    } else {
        assert_snapshot!("the_first_process_wakes", told);
    }
    assert_eq!(errands.journal(), journal, "it wrote something");
    errands.ended_well("taken over");
}

#[test]
fn a_process_that_wakes_before_anybody_wanted_its_run_goes_on() {
    let living = Living::new();
    living.stop();
    living.lease_ends("- 1");
    living.go();
    living.signal("-CONT");
    let (errands, output) = living.end();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    errands.ended_well("awake");
}

#[test]
fn a_clock_that_was_set_back_keeps_no_sleeper_alive() {
    let living = Living::new();
    living.stop();
    // As it looks when the clock is an hour behind what it was at the last renewal.
    living.lease_ends("+ 3600");
    living.go();
    let resumed = living.errands.all(&RESUME);
    assert_eq!(resumed.status.code(), Some(0), "{resumed:?}");
    living.signal("-CONT");
    let (errands, output) = living.end();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    errands.ended_well("taken over");
}

/// Applies another inventory with the same state, where it must be refused for a server.
#[track_caller]
fn second_run(living: &Living, replaced: &[(&str, &str)]) -> String {
    let mut text = INVENTORY.to_owned();
    for (old, new) in replaced {
        assert!(text.contains(old), "{text}");
        text = text.replace(old, new);
    }
    living.errands.desk.write("other.yaml", text);
    let apply = [
        "apply",
        "plan.yaml",
        "-i",
        "other.yaml",
        "--yes",
        "--format",
        "json",
    ];
    let told = living.say(&apply);
    assert!(told.starts_with("exit 2\n"), "{told}");
    let first = told.lines().nth(1).unwrap();
    first.to_owned()
}

#[test]
fn two_runs_and_one_server_however_it_is_written() {
    let living = Living::new();
    let others = ("192.0.2.22", "192.0.2.32");
    let far = ("192.0.2.21", "192.0.2.31");
    let locked =
        |subject: &str| format!("error: `{subject}` belongs to run `[run]`, which has not ended");
    // The same names in other letters, at other addresses.
    for name in ["fs01", "FS01", "Fs01"] {
        let renamed = format!("name: {name},");
        let told = second_run(
            &living,
            &[
                others,
                far,
                ("name: fs01,", &renamed),
                ("name: fs02", "name: fs12"),
            ],
        );
        assert_eq!(told, locked("server fs01"), "{name}");
    }
    // The same address in another notation, under other names, as either server.
    let elsewhere = [("name: fs01", "name: a1"), ("name: fs02", "name: a2")];
    for address in ["192.0.2.21", "\"::ffff:192.0.2.21\"", "\"::FFFF:c000:215\""] {
        let source = [&elsewhere[..], &[others, ("192.0.2.21", address)]].concat();
        assert_eq!(
            second_run(&living, &source),
            locked("address 192.0.2.21"),
            "{address}"
        );
        let destination = [&elsewhere[..], &[far, ("192.0.2.22", address)]].concat();
        assert_eq!(
            second_run(&living, &destination),
            locked("address 192.0.2.21"),
            "{address}"
        );
    }
    // A name that another server is to get.
    let new_name = [
        others,
        far,
        ("name: fs01,", "name: a1, newName: FS02,"),
        ("name: fs02", "name: a2"),
    ];
    assert_eq!(second_run(&living, &new_name), locked("server fs02"));
    assert!(Path::new(&living.errands.desk.path(".sms-plan")).exists());
    living.go();
    let (errands, output) = living.end();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    errands.ended_well("undisturbed");
}
