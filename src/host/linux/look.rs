//! What a machine says of itself, read into facts.

use serde_json::Value;
use serde_json::json;

use super::edit::hosts;
use super::edit::networkd;
use super::edit::smb_conf;
use super::operation::Lines;
use crate::host::Adapter;
use crate::host::DomainFacts;
use crate::host::Facts;
use crate::host::HostErrorKind;
use crate::host::NetworkKeeper;
use crate::host::Os;

/// What one look brought home.
pub(super) struct Look(pub(super) Lines);

impl Look {
    pub(super) fn text(&self, key: &str) -> String {
        self.0.get(key).unwrap_or_default()
    }

    pub(super) fn smb(&self, key: &str) -> Option<String> {
        smb_conf::get(&self.text("smb_global"), key).map(str::to_owned)
    }

    pub(super) fn alternates(&self) -> Vec<String> {
        let mut names = smb_conf::list(self.smb("netbios aliases").as_deref());
        names.extend(smb_conf::list(
            self.smb("additional dns hostnames").as_deref(),
        ));
        names
    }

    pub(super) fn facts(&self) -> Result<Facts, HostErrorKind> {
        let lines = &self.0;
        let os_release = self.text("os_release");
        let release = |key: &str| {
            let line = os_release
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        let full = lines.need("name")?;
        let name = full.split('.').next().unwrap_or_default().to_owned();
        let realm = self.smb("realm");
        let fqdn = lines.get("fqdn").filter(|fqdn| fqdn.contains('.'));
        let ads = self
            .smb("security")
            .is_some_and(|s| s.eq_ignore_ascii_case("ads"));
        Ok(Facts {
            fqdn,
            os: Os::Linux,
            os_version: release("VERSION_ID"),
            os_name: release("PRETTY_NAME"),
            domain_joined: lines.has("secret"),
            domain: realm.filter(|_| ads).map(|realm| DomainFacts {
                realm: realm.to_ascii_uppercase(),
                workgroup: self.smb("workgroup").unwrap_or_default(),
            }),
            netbios_name: self.smb("netbios name"),
            clustered: false,
            machine_id: lines.need("machine_id")?,
            boot: lines.need("boot")?,
            adapters: self.adapters()?,
            alternates: self.alternates(),
            accounts: lines.all("account"),
            refusals: self.refusals(),
            name,
        })
    }

    pub(super) fn adapters(&self) -> Result<Vec<Adapter>, HostErrorKind> {
        let not_json = |error: serde_json::Error| HostErrorKind::Answer {
            words: format!("`ip -j addr`: {error}"),
        };
        let live: Value = match self.0.get("addr") {
            Some(text) => serde_json::from_str(&text).map_err(not_json)?,
            None => Value::Array(Vec::new()),
        };
        let mut adapters = Vec::new();
        for (name, kept) in self.0.under("kept.") {
            let all = live.as_array().map(Vec::as_slice).unwrap_or_default();
            let link = all.iter().find(|link| link["ifname"] == name.as_str());
            let held = link
                .and_then(|link| link["addr_info"].as_array())
                .cloned()
                .unwrap_or_default();
            let addresses: Vec<String> = held
                .iter()
                .filter(|address| address["scope"] == "global")
                .filter_map(|a| {
                    Some(format!(
                        "{}/{}",
                        a["local"].as_str()?,
                        a["prefixlen"].as_u64()?
                    ))
                })
                .collect();
            let file = self.0.get(&format!("file.{name}"));
            let wanted = networkd::read(&self.text(&format!("text.{name}")));
            if addresses.is_empty() && file.is_none() {
                continue;
            }
            let kept_by = match kept.as_str() {
                "networkd" => NetworkKeeper::Networkd,
                "network-manager" => NetworkKeeper::NetworkManager,
                "ifupdown" => NetworkKeeper::Ifupdown,
                "netplan" => NetworkKeeper::Netplan,
                "cloud-init" => NetworkKeeper::CloudInit,
                _ => NetworkKeeper::Unknown,
            };
            adapters.push(Adapter {
                mac: link
                    .and_then(|link| link["address"].as_str())
                    .unwrap_or_default()
                    .to_owned(),
                addresses,
                configured: wanted.addresses,
                gateway: wanted.gateway,
                dns: if wanted.dns.is_empty() {
                    hosts::nameservers(&self.text("resolv"))
                } else {
                    wanted.dns
                },
                routes: wanted.routes,
                dhcp: wanted.dhcp,
                kept_by,
                file,
                name,
            });
        }
        Ok(adapters)
    }

    /// Why this machine cannot take part.
    fn refusals(&self) -> Vec<String> {
        let lines = &self.0;
        let mut reasons = Vec::new();
        let lacks = lines.all("lacks");
        for need in [
            "testparm",
            "net",
            "tdbdump",
            "tdbbackup",
            "ip",
            "gzip",
            "systemctl",
        ] {
            if lacks.iter().any(|one| one == need) {
                let package = match need {
                    "testparm" | "net" => " (Samba)",
                    "tdbdump" | "tdbbackup" => " (tdb-tools)",
                    "ip" => " (iproute2)",
                    _ => "",
                };
                reasons.push(format!("the machine lacks the command `{need}`{package}"));
            }
        }
        if lines.all("active").iter().any(|one| one == "sssd") {
            reasons.push(
                "sssd is running: members that use sssd are not supported yet, only winbind"
                    .to_owned(),
            );
        }
        if self
            .smb("config backend")
            .is_some_and(|b| b.eq_ignore_ascii_case("registry"))
        {
            reasons.push(
                "Samba's configuration is in its registry, which is not supported yet".to_owned(),
            );
        }
        if self
            .smb("server role")
            .is_some_and(|role| role.contains("domain controller"))
        {
            reasons.push(
                "the machine is a domain controller, which cannot be cut over: demote it, cut it \
                 over as a member, and promote the destination"
                    .to_owned(),
            );
        }
        let included = self.text("smb_conf").lines().any(|line| {
            let line: String = line
                .to_ascii_lowercase()
                .chars()
                .filter(|c| !c.is_whitespace())
                .collect();
            line.starts_with("include=registry") || line.starts_with("configfile=")
        });
        if included {
            reasons.push(
                "smb.conf takes its settings from elsewhere (`include = registry`, `config file`)"
                    .to_owned(),
            );
        }
        reasons
    }

    /// Why an adapter cannot be changed, if so.
    pub(super) fn refuse_adapter(&self, adapter: &Adapter) -> Option<String> {
        let keeper = match adapter.kept_by {
            NetworkKeeper::Networkd => None,
            NetworkKeeper::NetworkManager => Some("NetworkManager"),
            NetworkKeeper::Ifupdown => Some("ifupdown (/etc/network/interfaces)"),
            NetworkKeeper::Netplan => Some("netplan"),
            NetworkKeeper::CloudInit => Some("cloud-init"),
            NetworkKeeper::Windows | NetworkKeeper::Unknown => Some("nothing that is known here"),
        };
        let name = &adapter.name;
        if let Some(keeper) = keeper {
            return Some(format!(
                "the adapter {name} is configured by {keeper}; only systemd-networkd is supported yet"
            ));
        }
        if let Some(extra) = self.0.get(&format!("extra.{name}")) {
            return Some(format!(
                "the adapter {name} has settings in {extra} too, which is not supported yet"
            ));
        }
        let file = adapter.file.as_deref().unwrap_or_default();
        (!file.starts_with("/etc/")).then(|| {
            format!("the adapter {name} is configured by {file}, which is not meant to be edited; copy it to /etc/systemd/network first")
        })
    }

    /// Everything that may be journaled.
    pub(super) fn value(&self) -> Result<Value, HostErrorKind> {
        let files: serde_json::Map<String, Value> = self
            .0
            .under("text.")
            .into_iter()
            .map(|(name, text)| (name, Value::String(text)))
            .collect();
        Ok(json!({
            "facts": self.facts()?,
            "networkFiles": files,
            "smbConf": self.0.get("smb_conf"),
            "hosts": self.0.get("hosts"),
            "hostname": self.0.get("hostname"),
            "resolv": self.0.get("resolv"),
            "routes": self.0.get("route").and_then(|text| serde_json::from_str::<Value>(&text).ok()),
            "secretsFile": self.0.get("secrets_file"),
            "keytabFile": self.0.get("keytab_file"),
        }))
    }
}
