//! A person who works by the book: at a machine's console, with the commands that it prints and
//! nothing else.

use super::machines::on;
use super::machines::value;
use super::say;

/// The commands of a step in a book of Markdown, without those that only look.
pub(super) fn commands(book: &str, step: &str) -> Vec<String> {
    let from = book
        .find(&format!("\n`{step}` on "))
        .unwrap_or_else(|| panic!("no {step}:\n{book}"));
    let rest = &book[from..];
    let until = rest[1..].find("\n### ").map_or(rest.len(), |at| at + 1);
    let todo = rest[..until]
        .split("How to see that it worked:")
        .next()
        .unwrap();
    let fences = todo.split("\n```\n").skip(1).step_by(2);
    fences.map(str::to_owned).collect()
}

/// Types them at the console of a machine.
pub(super) fn types(machine: &str, commands: &[String]) {
    for command in commands {
        // Whoever types asks for the password; here it comes by a file instead of a terminal.
        let script = format!(
            "set -e\numask 077\ncat >/run/step <<'STEP'\n{command}\nSTEP\n\
             printf %s '{}' >/run/password\nPASSWD_FD=3 sh -e /run/step 3</run/password\nrm -f /run/password",
            value("LAB_ADMIN_PASSWORD")
        );
        say(&format!("    {machine}# {command}"));
        say(&on(machine, &script));
    }
}
