//! The run's own ssh configuration: it pins the machine and includes the admin's.

use std::path::Path;

use crate::host::Pin;

/// What the configuration of one connection is made from.
pub(super) struct Connection<'a> {
    pub(super) address: &'a str,
    pub(super) username: &'a str,
    /// The name under which the run knows the machine's key, at whichever address.
    pub(super) alias: &'a str,
    pub(super) pin: Option<&'a Pin>,
    pub(super) identity: Option<&'a Path>,
    pub(super) password: bool,
    /// Where this connection keeps its files.
    pub(super) folder: &'a Path,
    /// The admin's folder, `~/.ssh`.
    pub(super) home: Option<&'a Path>,
}

impl Connection<'_> {
    /// Returns the configuration. Where two lines speak of one thing, ssh takes the first.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |words: String| {
            text.push_str(&words);
            text.push('\n');
        };
        // Only for this address: a jump host is reached with the admin's own settings.
        line(format!("Host {}", self.address));
        line(format!("  User {}", quoted(self.username)));
        for fixed in [
            "ConnectTimeout 10",
            "ServerAliveInterval 5",
            "ServerAliveCountMax 3",
            "NumberOfPasswordPrompts 1",
            "ControlPersist no",
            "ForwardAgent no",
            "ForwardX11 no",
            "ClearAllForwardings yes",
            "PermitLocalCommand no",
            "RemoteCommand none",
            "RequestTTY no",
            "UpdateHostKeys no",
            "LogLevel ERROR",
        ] {
            line(format!("  {fixed}"));
        }
        if let Some(identity) = self.identity {
            line(format!(
                "  IdentityFile {}",
                quoted(&identity.display().to_string())
            ));
            line("  IdentitiesOnly yes".to_owned());
            line("  PreferredAuthentications publickey".to_owned());
            line("  BatchMode yes".to_owned());
        }
        if self.password {
            line("  PreferredAuthentications password,keyboard-interactive".to_owned());
            line("  PubkeyAuthentication no".to_owned());
            line("  GSSAPIAuthentication no".to_owned());
        }
        let own = quoted(&self.folder.join("known_hosts").display().to_string());
        if self.pin.is_some() {
            line(format!("  HostKeyAlias {}", self.alias));
            line(format!("  UserKnownHostsFile {own}"));
            line("  GlobalKnownHostsFile none".to_owned());
            line("  KnownHostsCommand none".to_owned());
            line("  StrictHostKeyChecking yes".to_owned());
        } else {
            // The admin's known hosts speak first; a host that nobody knows is taken on trust, and
            // the run's own file, which ssh writes then, tells us so.
            let theirs = self
                .home
                .map(|home| quoted(&home.join("known_hosts").display().to_string()));
            line(format!(
                "  UserKnownHostsFile {own} {}",
                theirs.unwrap_or_default()
            ));
            let record = quoted(&self.folder.join("record").display().to_string());
            line(format!("  KnownHostsCommand /bin/sh {record} %t %K"));
            line("  StrictHostKeyChecking accept-new".to_owned());
        }
        line("Host *".to_owned());
        if let Some(home) = self.home {
            line(format!(
                "  Include {}",
                quoted(&home.join("config").display().to_string())
            ));
        }
        line("  Include /etc/ssh/ssh_config".to_owned());
        text
    }

    /// Returns the known hosts of a pinned connection.
    pub(super) fn known_hosts(&self) -> String {
        let keys = self
            .pin
            .map(|pin| pin.host_keys.as_slice())
            .unwrap_or_default();
        keys.iter().fold(String::new(), |text, key| {
            format!("{text}{} {key}\n", self.alias)
        })
    }
}

/// Notes the key that the machine shows, and knows nobody.
pub(super) fn record_script(folder: &Path) -> String {
    let file = folder
        .join("shown")
        .display()
        .to_string()
        .replace('\'', "'\\''");
    // Asked for the order of key types, before a key was shown, ssh fills in `NONE`.
    format!("case $2 in '' | NONE) ;; *) printf '%s %s\\n' \"$1\" \"$2\" >'{file}' ;; esac\n")
}

fn quoted(text: &str) -> String {
    // A percent sign would begin one of ssh's own variables.
    format!(
        "\"{}\"",
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('%', "%%")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(pin: Option<&Pin>) -> String {
        let connection = Connection {
            address: "10.0.0.1",
            username: r"LAB\admin",
            alias: "sms-plan-1-source",
            pin,
            identity: Some(Path::new("/k/100% \"mine\"")),
            password: false,
            folder: Path::new("/run folder"),
            home: Some(Path::new("/root/.ssh")),
        };
        connection.text()
    }

    #[test]
    fn a_pinned_connection_knows_only_its_own_machine() {
        let pin = Pin {
            host_keys: vec!["ssh-ed25519 AAAA".to_owned()],
            machine_id: String::new(),
            known_before: true,
        };
        let text = text(Some(&pin));
        for line in [
            "  HostKeyAlias sms-plan-1-source\n",
            "  UserKnownHostsFile \"/run folder/known_hosts\"\n",
            "  GlobalKnownHostsFile none\n",
            "  StrictHostKeyChecking yes\n",
        ] {
            assert!(text.contains(line), "{line} is missing:\n{text}");
        }
        assert!(!text.contains(".ssh/known_hosts"), "{text}");
    }

    #[test]
    fn values_are_quoted_and_the_admins_file_comes_last() {
        let text = text(None);
        assert!(text.contains("  User \"LAB\\\\admin\"\n"), "{text}");
        assert!(
            text.contains("  IdentityFile \"/k/100%% \\\"mine\\\"\"\n"),
            "{text}"
        );
        assert!(text.contains("StrictHostKeyChecking accept-new"), "{text}");
        let (own, theirs) = text.split_once("Host *\n").expect("a part for every host");
        assert!(
            own.starts_with("Host 10.0.0.1\n") && theirs.contains("Include \"/root/.ssh/config\"")
        );
    }
}
