//! The machines of the lab, past everything that is tested here.

use std::path::PathBuf;
use std::process::Command;

/// A client that reads files, by Kerberos or NTLM.
pub(super) const CLIENT: &str = "cli";
/// The domain controller.
pub(super) const DC: &str = "dc1";
/// The server that is replaced; the lab knows it by this name however it calls itself.
pub(super) const SOURCE: &str = "fs01";
/// Its replacement.
pub(super) const DESTINATION: &str = "fs02";

/// Returns a value of `lab env`.
pub(super) fn value(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run under `lab run`"))
}

/// The lab's own program.
pub(super) fn program() -> PathBuf {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples/lab/lab");
    std::env::var_os("SMS_PLAN_LAB_TOOL").map_or(default, PathBuf::from)
}

/// Runs the lab's program, which must succeed.
pub(super) fn lab(arguments: &[&str]) -> String {
    let out = Command::new(program()).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "lab {arguments:?}: {said}");
    String::from_utf8(out.stdout).unwrap()
}

/// Runs a shell line on a machine and returns what it printed; a failure is part of that.
pub(super) fn on(machine: &str, line: &str) -> String {
    let out = Command::new(program())
        .args(["exec", machine, "sh", "-c", line])
        .output()
        .unwrap();
    let mut text = String::from_utf8_lossy(&out.stdout).into_owned();
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        text.extend([&out.status.to_string(), ": ", &said]);
    }
    text.trim_end().to_owned()
}

/// How often a machine was switched on or restarted since the lab is up.
pub(super) fn boots(machine: &str) -> usize {
    let name = std::env::var("LAB_NAME").unwrap_or_else(|_| "sms-plan-lab".to_owned());
    let log = std::fs::read_to_string(format!("/run/{name}/{machine}.power")).unwrap();
    log.lines().filter(|line| line.ends_with(" boot")).count()
}

/// Reads the marker file of a share by Kerberos, as the user alice with a new ticket.
pub(super) fn by_kerberos(name: &str) -> String {
    let line = lab(&[
        "poll",
        "fresh",
        "--seconds",
        "0.1",
        "--interval",
        "0.1",
        "--timeout",
        "15",
        "--host",
        name,
    ]);
    line.trim_end().split_once(' ').unwrap().1.to_owned()
}

/// Reads the marker file of a share by NTLM, which needs no name.
pub(super) fn by_ntlm(address: &str) -> String {
    on(
        CLIENT,
        &format!(
            "umask 077; printf 'username=alice\\npassword=%s\\ndomain=LAB\\n' \"$(cat /home/alice/.password)\" >/run/alice; \
             timeout 15 smbclient -A /run/alice //{address}/data -c 'get marker.txt -' 2>&1 | grep -v '^getting file'"
        ),
    )
}
