//! The schemas as others read them: a second validator, and the server behind the YAML support of
//! editors.
//!
//! Both are programs that are not ours. `tests/editors/install` fetches them and prints the folder
//! that `SMS_PLAN_EDITORS` has to name (`tests/run` does that); without it these tests are skipped.

mod completion;
mod diagnostics;
mod server;
mod validator;

use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;

/// Returns the folder of the tools, or says loudly that this test proves nothing now.
fn tools(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SMS_PLAN_EDITORS").map(PathBuf::from);
    if folder.is_none() {
        // Not by the macros: what they print, the test harness keeps to itself.
        let line = format!("SKIPPED (no editors): {name}\n");
        std::io::stderr()
            .write_all(line.as_bytes())
            .expect("standard error");
    }
    folder
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The YAML files below a folder of the project, as paths from its root, in order.
fn yaml_files(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "yaml") {
                let path = path.strip_prefix(root()).unwrap();
                found.push(path.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The plans and inventories that are good and that people start from.
fn shipped() -> Vec<String> {
    let files = [yaml_files("plans"), yaml_files("examples")].concat();
    assert!(files.len() > 2, "{files:?}");
    files
}
