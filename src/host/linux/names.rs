//! The machine's name and its alternate names.

use serde_json::Value;

use super::LinuxHost;
use super::edit::hosts;
use super::edit::smb_conf;
use super::look::Look;
use super::operation::Kind;
use super::operation::Values;
use super::unsupported;
use crate::host::HostErrorKind;
use crate::host::HostSnapshot;
use crate::host::Naming;
use crate::host::Part;

const NAMING: &str = include_str!("scripts/naming.sh");
const RENAME: &str = include_str!("scripts/rename.sh");
const KEYTAB_NAMES: &str = include_str!("scripts/keytab_names.sh");
const SMB_CONF: &str = include_str!("scripts/smb_conf.sh");

const ALIASES: &str = "netbios aliases";
const HOSTNAMES: &str = "additional dns hostnames";

/// The texts of the files that hold the name, as they are to be.
struct Texts {
    hosts: String,
    hostname: String,
    smb: Option<String>,
}

impl LinuxHost {
    pub(super) async fn naming_parts(&self, naming: &Naming) -> Result<Vec<Part>, HostErrorKind> {
        let look = self.look().await?;
        let more = Values::new().with("FROM", &naming.from);
        let more = self
            .operate(Kind::Look, &[KEYTAB_NAMES, NAMING], more)
            .await?;
        let wanted = texts(&look, naming);
        let running = look.text("name");
        let hostname = look.text("hostname");
        let mut parts = vec![
            part(
                "hosts",
                look.text("hosts") == wanted.hosts,
                "the hosts file".to_owned(),
            ),
            part(
                "hostname",
                hostname == wanted.hostname,
                format!("/etc/hostname has `{}`", hostname.trim()),
            ),
            part(
                "running",
                running == wanted.hostname.trim(),
                format!("the system calls itself `{running}`"),
            ),
        ];
        if wanted.smb.is_some() {
            let now = look.smb("netbios name").unwrap_or_default();
            let done = now.eq_ignore_ascii_case(&naming.to) && set_in_file(&look);
            parts.push(part("smb.conf", done, format!("smb.conf gives `{now}`")));
            if naming.drop_alternates {
                let names = look.alternates();
                let saw = if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(", ")
                };
                parts.push(part(
                    "alternates",
                    names.is_empty(),
                    format!("alternate names: {saw}"),
                ));
            }
            if naming.drop_keytab {
                let old = more.has("old_keys");
                let saw = if old { "has" } else { "has no" };
                parts.push(part(
                    "keytab",
                    !old,
                    format!("the keytab {saw} keys of `{}`", naming.from),
                ));
            }
        }
        Ok(parts)
    }

    pub(super) async fn do_rename(&self, naming: &Naming) -> Result<(), HostErrorKind> {
        computer_name(&naming.to)?;
        let look = self.look_to_change().await?;
        let wanted = texts(&look, naming);
        self.put_names(
            &look,
            &naming.from,
            &naming.to.to_ascii_uppercase(),
            wanted,
            naming.drop_keytab,
        )
        .await
    }

    pub(super) async fn do_restore_names(&self, snapshot: &Value) -> Result<(), HostErrorKind> {
        let damaged = || unsupported("the snapshot has no names of this machine".to_owned());
        let facts = HostSnapshot::facts(snapshot).ok_or_else(damaged)?;
        let text = |key: &str| snapshot[key].as_str().map(str::to_owned);
        let look = self.look_to_change().await?;
        let smb = text("smbConf").map(|then| {
            smb_back(
                &look.text("smb_conf"),
                &then,
                &facts.alternates,
                facts.netbios_name.as_deref(),
            )
        });
        let wanted = Texts {
            hosts: text("hosts").ok_or_else(damaged)?,
            hostname: text("hostname").ok_or_else(damaged)?,
            smb,
        };
        let netbios = facts
            .netbios_name
            .unwrap_or_else(|| facts.name.to_ascii_uppercase());
        self.put_names(&look, "", &netbios, wanted, false).await?;
        self.reload_smb().await
    }

    async fn put_names(
        &self,
        look: &Look,
        from: &str,
        netbios: &str,
        wanted: Texts,
        drop_keytab: bool,
    ) -> Result<(), HostErrorKind> {
        let values = Values::new()
            .with("FROM", from)
            .with("TO", wanted.hostname.trim())
            .with("NETBIOS", netbios)
            .with("HOSTS_OLD", look.text("hosts"))
            .with("HOSTS_NEW", &wanted.hosts)
            .with("HOSTNAME_OLD", look.text("hostname"))
            .with("HOSTNAME_NEW", &wanted.hostname)
            .with("SMB_OLD", look.text("smb_conf"))
            .with("SMB_NEW", wanted.smb.unwrap_or_default())
            .with("DROP_KEYTAB", if drop_keytab { "yes" } else { "no" });
        self.operate(Kind::Change, &[KEYTAB_NAMES, RENAME], values)
            .await
            .map(drop)
    }

    /// Adds alternate names: short ones as NetBIOS aliases, others as host names.
    pub(super) async fn do_set_alternates(
        &self,
        names: &[String],
        realm: &str,
    ) -> Result<(), HostErrorKind> {
        let look = self.look_to_change().await?;
        let has = look.alternates();
        let has = |name: &str| has.iter().any(|other| other.eq_ignore_ascii_case(name));
        let (mut aliases, mut hostnames) = (
            smb_conf::list(look.smb(ALIASES).as_deref()),
            smb_conf::list(look.smb(HOSTNAMES).as_deref()),
        );
        for name in names {
            computer_name(name.split('.').next().unwrap_or_default())?;
            if has(name) {
                continue;
            }
            if name.contains('.') {
                hostnames.push(name.clone());
            } else {
                aliases.push(name.clone());
            }
        }
        if look
            .smb("realm")
            .is_some_and(|now| !now.eq_ignore_ascii_case(realm))
        {
            return Err(unsupported(format!(
                "smb.conf is not for the realm `{realm}`"
            )));
        }
        self.put_alternates(&look, &aliases, &hostnames).await
    }

    pub(super) async fn do_remove_alternates(&self) -> Result<(), HostErrorKind> {
        let look = self.look_to_change().await?;
        self.put_alternates(&look, &[], &[]).await
    }

    async fn put_alternates(
        &self,
        look: &Look,
        aliases: &[String],
        hostnames: &[String],
    ) -> Result<(), HostErrorKind> {
        let old = look.text("smb_conf");
        let mut new = old.clone();
        for (key, list) in [(ALIASES, aliases), (HOSTNAMES, hostnames)] {
            if smb_conf::list(look.smb(key).as_deref()) != list {
                let value = list.join(" ");
                new = smb_conf::set(
                    &new,
                    key,
                    Some(value.as_str()).filter(|value| !value.is_empty()),
                );
            }
        }
        let values = Values::new().with("SMB_OLD", &old).with("SMB_NEW", &new);
        self.operate(Kind::Change, &[SMB_CONF], values).await?;
        let left = self.look().await?;
        let (mut wanted, mut seen) = ([aliases, hostnames].concat(), left.alternates());
        wanted.sort_by_key(|name| name.to_ascii_lowercase());
        seen.sort_by_key(|name| name.to_ascii_lowercase());
        if wanted.len() == seen.len()
            && wanted
                .iter()
                .zip(&seen)
                .all(|(a, b)| a.eq_ignore_ascii_case(b))
        {
            Ok(())
        } else {
            Err(unsupported(format!(
                "an included file of smb.conf sets alternate names too; they are now: {}",
                seen.join(", ")
            )))
        }
    }

    async fn reload_smb(&self) -> Result<(), HostErrorKind> {
        let text = self.look().await?.text("smb_conf");
        if text.is_empty() {
            return Ok(());
        }
        let values = Values::new().with("SMB_OLD", &text).with("SMB_NEW", &text);
        self.operate(Kind::Change, &[SMB_CONF], values)
            .await
            .map(drop)
    }
}

/// Looks at each of these alternate names, and at whether there are others.
pub(super) fn alternate_parts(look: &Look, names: &[String]) -> Vec<Part> {
    let seen = look.alternates();
    let is =
        |name: &str, list: &[String]| list.iter().any(|other| other.eq_ignore_ascii_case(name));
    let mut parts: Vec<Part> = names
        .iter()
        .map(|name| {
            let there = is(name, &seen);
            part(
                name,
                there,
                format!("`{name}` is {}", if there { "set" } else { "not set" }),
            )
        })
        .collect();
    let others: Vec<&str> = seen
        .iter()
        .filter(|name| !is(name, names))
        .map(String::as_str)
        .collect();
    let saw = if others.is_empty() {
        "none".to_owned()
    } else {
        others.join(", ")
    };
    parts.push(part(
        "others",
        others.is_empty(),
        format!("other alternate names: {saw}"),
    ));
    parts
}

fn part(name: &str, done: bool, saw: String) -> Part {
    Part {
        name: name.to_owned(),
        done,
        saw,
    }
}

/// Samba falls back to the host name, which would make an unset name look right.
fn set_in_file(look: &Look) -> bool {
    let text = look.text("smb_conf");
    smb_conf::set(&text, "netbios name", None)
        != smb_conf::set(&text, "netbios name of nobody", None)
}

fn texts(look: &Look, naming: &Naming) -> Texts {
    let now = look.text("hostname");
    // A machine whose host name is the full one keeps that habit.
    let hostname = match now.trim().split_once('.') {
        Some((_, domain)) => format!("{}.{domain}\n", naming.to),
        None => format!("{}\n", naming.to),
    };
    let smb = look.0.get("smb_conf").map(|text| {
        let named = if look.smb("netbios name").as_deref() == Some(&naming.to.to_ascii_uppercase())
            && set_in_file(look)
        {
            text
        } else {
            smb_conf::set(&text, "netbios name", Some(&naming.to.to_ascii_uppercase()))
        };
        if naming.drop_alternates {
            smb_conf::set(&smb_conf::set(&named, ALIASES, None), HOSTNAMES, None)
        } else {
            named
        }
    });
    let domain = naming.realm.as_deref();
    let hosts = hosts::rename(
        &look.text("hosts"),
        &naming.from,
        &naming.to,
        domain,
        naming.address.as_deref(),
    );
    Texts {
        hosts,
        hostname,
        smb,
    }
}

/// Puts the names of a former `smb.conf` back, and with them the whole former text, unless somebody
/// changed other things meanwhile.
fn smb_back(now: &str, then: &str, alternates: &[String], netbios: Option<&str>) -> String {
    let without = |text: &str| {
        ["netbios name", ALIASES, HOSTNAMES]
            .iter()
            .fold(text.to_owned(), |text, key| smb_conf::set(&text, key, None))
    };
    if without(now) == without(then) {
        return then.to_owned();
    }
    let (full, short): (Vec<&str>, Vec<&str>) = alternates
        .iter()
        .map(String::as_str)
        .partition(|name| name.contains('.'));
    let mut text = smb_conf::set(now, "netbios name", netbios);
    for (key, list) in [(ALIASES, short.join(" ")), (HOSTNAMES, full.join(" "))] {
        text = smb_conf::set(
            &text,
            key,
            Some(list.as_str()).filter(|list| !list.is_empty()),
        );
    }
    text
}

/// NetBIOS, and so Samba, takes 15 signs.
fn computer_name(name: &str) -> Result<(), HostErrorKind> {
    let plain = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && name.len() <= 15;
    if plain {
        Ok(())
    } else {
        Err(unsupported(format!(
            "`{name}` is not a computer name: at most 15 letters, digits and `-`, no `-` at an end"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_former_text_comes_back_whole_unless_shares_changed() {
        let then = "[global]\n   netbios name = FS01\n   netbios aliases = FSALT\n[data]\n";
        let now = "[global]\n   netbios name = FS01-OLD\n[data]\n";
        let alternates = ["FSALT".to_owned()];
        assert_eq!(smb_back(now, then, &alternates, Some("FS01")), then);
        let edited = format!("{now}[new]\n");
        let back = smb_back(&edited, then, &alternates, Some("FS01"));
        assert!(
            back.contains("= FS01\n") && back.contains("= FSALT\n") && back.ends_with("[new]\n"),
            "{back}"
        );
    }

    #[test]
    fn computer_names_are_short_and_plain() {
        assert!(computer_name("fs01-old").is_ok());
        for bad in ["", "-a", "a-", "sixteen-letters-x", "a.b", "ä"] {
            assert!(computer_name(bad).is_err(), "{bad}");
        }
    }
}
