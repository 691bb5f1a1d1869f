//! The house keeps its order: each room uses only rooms above it, `run` does nothing but fold, and
//! no file of tests is left out of the binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The rooms from top to bottom, as `ARCHITECTURE.md` lists them.
const ROOMS: [&str; 11] = [
    "run",
    "plan",
    "store",
    "host",
    "directory",
    // The twin of servers and domain: it needs both rooms' words, and no action knows of it.
    "simulated",
    "action",
    "engine",
    // Drives runs on a twin; what it finds out is plain values, which `report` may show.
    "rehearse",
    "report",
    "cli",
];

/// What would make the fold of a journal depend on when and where it is folded.
const NOT_IN_RUN: [&str; 11] = [
    "tokio",
    "async",
    "jiff",
    "rand::",
    "std::fs",
    "std::env",
    "std::io",
    "std::net",
    "std::process",
    "std::thread",
    "std::time",
];

#[test]
fn each_room_uses_only_rooms_above_it() {
    let mut faults = Vec::new();
    for (file, text) in sources() {
        let room = room_of(&file);
        for used in rooms_used(&text) {
            if !may_use(&room, &used) {
                faults.push(format!("{}: `{room}` may not use `{used}`", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_rooms_are_those_of_the_library() {
    let library = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let listed: Vec<&str> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(listed, ROOMS);
}

#[test]
fn a_run_knows_no_clock_no_files_and_no_concurrency() {
    let mut faults = Vec::new();
    for (file, text) in sources() {
        if room_of(&file) != "run" {
            continue;
        }
        for word in NOT_IN_RUN {
            if code(&text).any(|line| line.contains(word)) {
                faults.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_of_tests_is_compiled() {
    let main = fs::read_to_string(root().join("tests/main.rs")).unwrap();
    let listed: BTreeSet<String> = main
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root().join("tests")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let is_module = path.extension().is_some_and(|ending| ending == "rs") && name != "main"
            || path.join("mod.rs").exists();
        if is_module {
            found.insert(name);
        }
    }
    assert_eq!(
        listed, found,
        "tests/main.rs does not list what stands beside it"
    );
}

#[test]
fn the_check_sees_what_it_forbids() {
    assert_eq!(
        rooms_used("use crate::store::{Lease, Store};\nlet x = crate::cli::run();"),
        ["cli", "store"].map(str::to_owned).into()
    );
    assert_eq!(rooms_used("// crate::cli is not meant"), BTreeSet::new());
    assert_eq!(
        rooms_used("use crate::{\n    cli::Exit,\n    run::Run,\n};"),
        ["cli", "run"].map(str::to_owned).into()
    );
    assert!(may_use("engine", "action") && !may_use("action", "engine"));
    assert!(!may_use("report", "engine") && may_use("cli", "engine"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the library with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(root()).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > ROOMS.len(), "the sources were not found");
    found
}

/// The room of a file; `main.rs` and `lib.rs` stand below all rooms.
fn room_of(file: &Path) -> String {
    let mut parts = file.components().skip(1);
    let first = parts.next().unwrap().as_os_str().to_str().unwrap();
    if parts.next().is_some() {
        first.to_owned()
    } else {
        "program".to_owned()
    }
}

fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The rooms that a text names after `crate::`, one by one or in braces.
fn rooms_used(text: &str) -> BTreeSet<String> {
    let code: Vec<&str> = code(text).collect();
    let code = code.join("\n");
    let mut used = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => {
                let end = list.find("};").unwrap_or(list.len());
                list[..end].split(',').map(str::trim).collect()
            }
            None => vec![rest],
        };
        for name in names {
            let word = name
                .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next()
                .unwrap_or_default();
            if ROOMS.contains(&word) {
                used.insert(word.to_owned());
            }
        }
    }
    used
}

fn may_use(room: &str, used: &str) -> bool {
    let place = |name: &str| ROOMS.iter().position(|room| *room == name);
    let do_not_meet = room == "report" && used == "engine";
    match (place(room), place(used)) {
        (Some(room), Some(used)) => used <= room && !do_not_meet,
        _ => true,
    }
}
