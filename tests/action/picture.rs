//! What is there, seen past all that is tested: files and state of both servers by the lab's own
//! root, their objects by a plain search in the directory.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use sms_plan::directory::Computer;
use sms_plan::directory::DirectoryReader as _;
use sms_plan::directory::LdapDirectory;
use sms_plan::directory::Parts;

use super::on;

/// What changes by itself, with each boot or each logon.
pub(crate) const PASSES: [&str; 3] = ["fs01 boot", "fs02 boot", "whenChanged"];

/// What cannot come back once a machine has joined anew: the allowed differences of a roll back.
pub(crate) const NEVER_RETURNS: [&str; 10] = [
    "fs01 boot",
    "fs02 boot",
    "whenChanged",
    "keyVersion",
    "passwordLastSet",
    "fs01 machine password",
    "fs02 machine password",
    "fs01 keytab",
    "fs02 keytab",
    "operatingSystem",
];

/// Prints `KEY base64` lines. The machine's own names and addresses, all files that a cutover
/// touches, and how the membership stands.
const LOOK: &str = r#"
show() { printf '%s\t' "$1"; base64 -w0; echo; }
for file in /etc/hostname /etc/hosts /etc/resolv.conf /etc/samba/smb.conf /etc/systemd/network/*.network; do
  cat "$file" | show "$file"
done
uname -n | show 'running name'
ip -o -4 addr show dev eth0 scope global | awk '{ print $4 }' | sort | show addresses
ip -4 route show default | awk '{ print $3 }' | show gateway
tdbdump -k SECRETS/MACHINE_PASSWORD/LAB /var/lib/samba/private/secrets.tdb 2>/dev/null | sha256sum | show 'machine password'
[ -n "$(tdbdump -k SECRETS/MACHINE_PASSWORD/LAB /var/lib/samba/private/secrets.tdb 2>/dev/null)" ] && echo yes | show 'a member'
[ -e /etc/krb5.keytab ] && sha256sum </etc/krb5.keytab | show keytab
cat /proc/sys/kernel/random/boot_id | show boot
grep MsftSms /etc/passwd | cut -d: -f1,5 | show account
ls /etc/sudoers.d | show sudoers
ls /home | grep MsftSms | show homes
"#;

/// One look at everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture(BTreeMap<String, String>);

impl Picture {
    /// Looks at both servers, at their objects, and at all that the names lead to.
    pub(crate) async fn take(directory: &LdapDirectory) -> Self {
        let mut seen = BTreeMap::new();
        for machine in ["fs01", "fs02"] {
            for line in on(machine, LOOK).lines() {
                let (key, value) = line.split_once('\t').expect("a key and a value");
                seen.insert(format!("{machine} {key}"), decoded(value));
            }
        }
        for name in ["FS01", "FS02", "FS01-OLD"] {
            let found = directory
                .computer_by_name(name)
                .await
                .expect("the directory answers");
            let Some(computer) = found else { continue };
            object(directory, name, &computer, &mut seen).await;
            let mut addresses: Vec<String> = directory
                .lookup(name)
                .await
                .expect("DNS answers")
                .iter()
                .map(ToString::to_string)
                .collect();
            addresses.sort();
            seen.insert(format!("DNS {name}"), addresses.join(" "));
        }
        Self(seen)
    }

    /// What differs, except for keys that contain one of these words.
    pub(crate) fn differences(&self, other: &Self, except: &[&str]) -> Vec<String> {
        let keys = self
            .0
            .keys()
            .chain(other.0.keys().filter(|key| !self.0.contains_key(*key)));
        keys.filter(|key| self.0.get(*key) != other.0.get(*key))
            .filter(|key| !except.iter().any(|word| key.contains(word)))
            .map(|key| {
                format!(
                    "{key}: was {:?}, is {:?}",
                    self.0.get(key),
                    other.0.get(key)
                )
            })
            .collect()
    }
}

async fn object(
    directory: &LdapDirectory,
    name: &str,
    computer: &Computer,
    seen: &mut BTreeMap<String, String>,
) {
    let Ok(Value::Object(parts)) = serde_json::to_value(computer) else {
        panic!("a computer is an object");
    };
    for (key, value) in parts {
        seen.insert(format!("object {name} {key}"), value.to_string());
    }
    let descriptor = directory
        .descriptor(&computer.guid, Parts::OWNER_GROUP_DACL)
        .await
        .expect("a descriptor");
    seen.insert(
        format!("object {name} descriptor"),
        format!("{descriptor:?}"),
    );
}

fn decoded(text: &str) -> String {
    use base64::Engine as _;

    let bytes = base64::prelude::BASE64_STANDARD
        .decode(text)
        .expect("base64");
    String::from_utf8(bytes).expect("text")
}

/// A client of the domain reads the share's marker at a name; `Err` is what it read instead.
pub(crate) async fn client_reads(machine: &str) -> Result<(), String> {
    let wanted = on(machine, "cat /srv/data/marker.txt");
    let mut said = String::new();
    for _ in 0..40 {
        said = super::lab(&["poll", "fresh", "--seconds", "1"]);
        if said
            .lines()
            .any(|line| line.contains(" ok ") && line.contains(wanted.trim()))
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    Err(said)
}
