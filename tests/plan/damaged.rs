//! Good files, damaged at random: whatever stands in a file, loading ends, within bounded memory, and
//! says what is wrong at a place that is there, under a code that is in the table.
//!
//! `PROPTEST_CASES=20000 cargo test --test main plan::damaged` runs it long.

use std::process::Command;

use proptest::prelude::*;
use sms_plan::plan::Diagnostics;
use sms_plan::plan::Source;
use sms_plan::plan::check_pair;
use sms_plan::plan::codes;
use sms_plan::plan::load_inventory;
use sms_plan::plan::load_plan;

use super::catalogue;
use super::source;

/// The address space that loading may take, in KiB; what the limits on nodes and aliases allow needs
/// about three quarters of it.
const MOST_MEMORY: u64 = 1_000_000;

/// What is put into a file: everything that ever made a reader of YAML, CEL or Handlebars stumble.
fn pieces() -> Vec<String> {
    let short = [
        "",
        "&a ",
        "*a",
        "<<: *a",
        "<<: [*a, *a]",
        "? ",
        "!!binary x",
        "---",
        "...",
        "%YAML 1.1",
        "- - - - -",
        "\t",
        "null",
        "~",
        "true",
        "[]",
        "{}",
        "[",
        "]",
        "{",
        "}",
        "'",
        "\"",
        "|",
        ">-",
        "|2",
        "# c",
        ": ",
        ",",
        "2026-11-24",
        "99999999999999999999999999",
        "-1e999",
        "1e308",
        "0x7fffffffffffffffff",
        ".nan",
        "-0",
        "{{{source.name}}}",
        "{{#each stages}}x{{/each}}",
        "{{source.nme}}",
        "{{",
        "source.os ==",
        "source.os == 3",
        "stages[\"connect-source\"].output.x",
        "'a' in [1]",
        "!x",
        "\u{202e}",
        "\u{0}",
        "\u{feff}",
        "\u{85}",
        "\u{2028}",
        "é",
        "👩\u{200d}👩",
        "a\u{301}",
        "\r",
        "\r\n",
        "id: connect-source",
        "needs: [connect-source]",
        "uses: host.run",
        "with: { env: { PASSWORD: x } }",
        "0.0.0.0/0",
        "::/129",
        "fe80::1%eth0",
    ];
    let long = [
        "[".repeat(80),
        "{a: ".repeat(80),
        "- ".repeat(80),
        "(".repeat(300),
        "!".repeat(2_000),
        "1+".repeat(2_000),
        "{{#if source.os}}".repeat(60),
        "x".repeat(20_000),
        "👩".repeat(3_000),
        "*a, ".repeat(200),
        format!("&a [{}]", "x, ".repeat(3_000)),
    ];
    short
        .iter()
        .map(|text| (*text).to_owned())
        .chain(long)
        .collect()
}

/// One damage: what is done, where (of a thousand), and with which piece.
type Damage = (u8, usize, usize);

fn damaged(text: &str, damages: &[Damage]) -> String {
    let pieces = pieces();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (what, at, with) in damages {
        let at = at * lines.len() / 1000;
        let piece = &pieces[with % pieces.len()];
        let Some(line) = lines.get_mut(at) else { break };
        let indent = line.len() - line.trim_start().len();
        let half = line.char_indices().nth(with % (line.chars().count() + 1));
        let half = half.map_or(line.len(), |(byte, _)| byte);
        match what % 10 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines.insert(at, format!("{}{piece}", " ".repeat(indent))),
            3 => line.insert_str(half, piece),
            4 => line.truncate(half),
            5 => line.insert_str(0, &" ".repeat(with % 9)),
            6 => *line = line.trim_start().to_owned(),
            7 => {
                let value = line.find(": ").map_or(line.len(), |found| found + 2);
                line.replace_range(value.., piece);
            }
            8 => {
                let other = (at + with) % lines.len();
                lines.swap(at, other);
            }
            _ => {
                if let Some(last) = line.pop() {
                    line.push(char::from_u32(u32::from(last) ^ (1 << (with % 8))).unwrap_or('?'));
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

fn check(source: &Source, found: &Diagnostics) {
    let lines: Vec<&str> = source.text().split('\n').collect();
    for one in found.iter() {
        let seen = format!("{} {}:{} {}", one.code, one.line, one.column, one.message);
        assert!(codes::code(one.code).is_some(), "{seen}");
        assert!(
            !one.message.is_empty() && !one.message.contains('\n'),
            "{seen}"
        );
        let line = lines.get(one.line.wrapping_sub(1));
        let columns = line.unwrap_or_else(|| panic!("{seen}")).chars().count();
        assert!((1..=columns + 1).contains(&one.column), "{seen}");
        for label in &one.labels {
            assert!(source.text().get(label.span.clone()).is_some(), "{seen}");
        }
    }
    assert_eq!(found.is_empty(), found.render(true).is_empty());
}

fn load_both(plan: &str, inventory: &str) {
    let plan = Source::from_text("plan.yaml", plan);
    let inventory = Source::from_text("inventory.yaml", inventory);
    let loaded_plan = load_plan(&plan, &catalogue::all());
    let loaded_inventory = load_inventory(&inventory);
    match &loaded_plan {
        Ok(loaded) => check(&plan, &loaded.warnings),
        Err(faults) => check(&plan, faults),
    }
    match &loaded_inventory {
        Ok(loaded) => check(&inventory, &loaded.warnings),
        Err(faults) => check(&inventory, faults),
    }
    if let (Ok(plan), Ok(inventory)) = (loaded_plan, loaded_inventory) {
        assert!(
            check_pair(&plan.value, &inventory.value)
                .iter()
                .all(|one| one.line > 0)
        );
    }
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    prop::collection::vec((0_u8..10, 0_usize..1000, 0_usize..10_000), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::with_cases(std::env::var("PROPTEST_CASES").map_or(64, |n| n.parse().unwrap()))
    })]

    #[test]
    fn damaged_files_are_refused_with_words(plan in damages(), inventory in damages()) {
        load_both(
            &damaged(source("plans/cutover.yaml").text(), &plan),
            &damaged(source("examples/lab/inventory.yaml").text(), &inventory),
        );
    }

    #[test]
    fn arbitrary_bytes_are_refused_with_words(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("any.yaml");
        std::fs::write(&path, bytes).unwrap();
        match Source::read(&path) {
            Err(faults) => prop_assert!(faults.iter().all(|one| codes::code(one.code).is_some())),
            Ok(source) => load_both(source.text(), source.text()),
        }
    }
}

/// As much as the limits allow: every alias is one of the hundred, and all together stay below the
/// most values that a file may hold.
#[test]
fn the_largest_bomb_that_is_allowed_is_refused() {
    let words = "x,".repeat(39_000);
    let aliases = "*a,".repeat(99);
    load_both(
        &format!("a: &a [{words}]\nb: [{aliases}]\n"),
        &format!("hosts: &a [{words}]\nb: [{aliases}]\n"),
    );
    // Anchors in anchors: each holds all that stands below it.
    let open: Vec<String> = (0..60).map(|n| format!("&a{n} [")).collect();
    let open = open.concat();
    let text = format!("a: {open}{words}{}\n", "]".repeat(60));
    load_both(&text, &text);
}

/// The same tests once more in a process that may not take more; an allocation beyond that ends it.
#[cfg(target_os = "linux")]
#[test]
fn loading_takes_bounded_memory() {
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -v \"$0\" && exec \"$@\"",
            &MOST_MEMORY.to_string(),
        ])
        .arg(std::env::current_exe().unwrap())
        .args([
            "--test-threads=1",
            "plan::damaged::",
            "--skip",
            "bounded_memory",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("4 passed"), "{said}");
}

#[test]
fn a_message_is_one_line_whatever_it_quotes() {
    let plan = source("plans/cutover.yaml");
    let text = plan
        .text()
        .replacen("when: ", "when: |\n      a |\n      ", 1);
    let broken = Source::from_text("plan.yaml", text);
    check(&broken, &load_plan(&broken, &catalogue::all()).unwrap_err());
}
