//! What the documents say is so: files are there, commands and options are the program's, examples
//! are valid, and functions that are named exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

#[test]
fn every_file_that_is_named_is_there() {
    let mut faults = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let named = files_named(&read(document));
        assert!(document == "CHANGELOG.md" || named.len() > 5, "{document}");
        for file in named {
            if !root().join(&file).exists() {
                faults.push(format!("{document} names `{file}`, which is not there"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_command_of_the_readme_is_one_of_the_program() {
    let known = commands();
    let mut faults = Vec::new();
    let mut used = commands_used(&read("README.md"));
    assert!(used.len() > 10, "{used:?}");
    used.extend(commands_used(&read("examples/lab/README.md")));
    for (command, options) in used {
        let Some(help) = known.get(&command) else {
            faults.push(format!("`sms-plan {command}` is no command"));
            continue;
        };
        for option in options {
            if !help.contains(&option) {
                faults.push(format!("`sms-plan {command}` has no option `{option}`"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_command_of_the_program_is_in_the_readme() {
    let readme = read("README.md");
    for command in commands().keys().filter(|name| *name != "help") {
        assert!(
            readme.contains(&format!("sms-plan {command}")),
            "the README says nothing of `sms-plan {command}`"
        );
    }
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let help = text(&program(&["--help"]));
    let (_, table) = help.split_once("Exit codes:\n").unwrap();
    let of_help: Vec<(String, String)> = table
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()))
        .collect();
    let of_readme: Vec<(String, String)> = read("README.md")
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let code = cells.next()?.to_owned();
            code.parse::<u8>().ok()?;
            let meaning = cells.next()?.trim_end_matches(" |").to_owned();
            Some((code, meaning))
        })
        .collect();
    assert_eq!(of_help.len(), 8, "{help}");
    assert_eq!(of_readme, of_help);
}

#[test]
fn shipped_files_and_examples_are_valid() {
    let mut faults = Vec::new();
    for plan in yaml_files("plans") {
        check_valid(&[&plan], &mut faults);
    }
    let inventories = yaml_files("examples");
    assert!(!inventories.is_empty(), "the examples were not found");
    for inventory in inventories {
        check_valid(&["plans/cutover.yaml", "-i", &inventory], &mut faults);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn inventories_and_plans_of_the_readme_are_valid() {
    let readme = read("README.md");
    let blocks: Vec<&str> = fences(&readme)
        .into_iter()
        .filter_map(|block| block.strip_prefix("yaml\n"))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let mut inventories = 0;
    let mut faults = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        let file = folder.path().join(format!("block-{number}.yaml"));
        fs::write(&file, block).unwrap();
        let file = file.display().to_string();
        if block.contains("kind: Inventory") {
            inventories += 1;
            check_valid(&["plans/cutover.yaml", "-i", &file], &mut faults);
        } else if block.contains("kind: Plan") {
            check_valid(&[&file], &mut faults);
        }
    }
    assert!(inventories > 0, "the README shows no inventory");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn functions_that_the_architecture_names_exist() {
    let sources = sources();
    let document = read("ARCHITECTURE.md");
    let mut named = 0;
    for span in spans(&document) {
        let Some(name) = span.strip_suffix("()") else {
            continue;
        };
        named += 1;
        let name = name.rsplit("::").next().unwrap();
        let defined = [format!("fn {name}("), format!("fn {name}<")];
        assert!(
            defined.iter().any(|text| sources.contains(text)),
            "`{span}` does not exist"
        );
    }
    assert!(named > 10, "only {named} functions were found");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn program(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sms-plan"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn check_valid(files: &[&str], faults: &mut Vec<String>) {
    let arguments: Vec<&str> = ["validate"].iter().chain(files).copied().collect();
    let output = program(&arguments);
    if !output.status.success() || !output.stderr.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        faults.push(format!("{}: {said}", files.join(" ")));
    }
}

/// The commands of the program, each with its help.
fn commands() -> BTreeMap<String, String> {
    let help = text(&program(&["--help"]));
    let (_, list) = help.split_once("Commands:\n").unwrap();
    list.lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .map(|name| {
            let help = text(&program(&[name, "--help"]));
            (name.to_owned(), help)
        })
        .collect()
}

/// Every `sms-plan COMMAND` in code, with the options that follow on its line.
fn commands_used(document: &str) -> Vec<(String, Vec<String>)> {
    let mut used = Vec::new();
    for code in fences(document).into_iter().chain(spans(document)) {
        for line in code.lines() {
            let line = line.split(" #").next().unwrap_or_default();
            let Some((_, rest)) = line.split_once("sms-plan ") else {
                continue;
            };
            let mut words = rest.split_whitespace();
            let Some(command) = words.find(|word| !word.starts_with('-')) else {
                continue;
            };
            if !command.chars().all(|c| c.is_ascii_lowercase()) {
                continue;
            }
            let options = words
                .map(|word| word.trim_matches(['[', ']']))
                .filter(|word| word.starts_with('-'))
                .map(|word| word.split('=').next().unwrap_or_default().to_owned());
            used.push((command.to_owned(), options.collect()));
        }
    }
    used
}

/// The fenced blocks, each beginning with the word behind its fence.
fn fences(document: &str) -> Vec<&str> {
    document.split("\n```").skip(1).step_by(2).collect()
}

/// The inline code outside the fenced blocks.
fn spans(document: &str) -> Vec<&str> {
    document
        .split("\n```")
        .step_by(2)
        .flat_map(|prose| prose.split('`').skip(1).step_by(2))
        .collect()
}

/// Paths in inline code and in links.
fn files_named(document: &str) -> Vec<String> {
    let mut named = Vec::new();
    let tops = [
        "src/",
        "tests/",
        "plans/",
        "examples/",
        "schemas/",
        "benches/",
    ];
    for span in spans(document) {
        let first = span.split_whitespace().next().unwrap_or_default();
        if tops.iter().any(|top| first.starts_with(top)) {
            named.push(first.to_owned());
        }
    }
    for (_, rest) in document
        .match_indices("](")
        .map(|(at, _)| document.split_at(at + 2))
    {
        let target = rest.split(')').next().unwrap_or_default();
        if !target.contains("://") && !target.starts_with('#') {
            named.push(target.split('#').next().unwrap_or_default().to_owned());
        }
    }
    named
}

fn yaml_files(folder: &str) -> Vec<String> {
    files_below(&root().join(folder), "yaml")
        .into_iter()
        .map(|path| {
            let path = path.strip_prefix(root()).unwrap().to_owned();
            path.display().to_string()
        })
        .collect()
}

fn sources() -> String {
    files_below(&root().join("src"), "rs")
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// The files below a folder with this ending, without hidden folders.
fn files_below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            found.extend(files_below(&path, ending));
        } else if path.extension().is_some_and(|found| found == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}
