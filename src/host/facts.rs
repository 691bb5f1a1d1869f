//! What a look at a machine shows.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;

use crate::run::RunId;
use crate::run::Sealed;

/// Which family of operating systems a machine belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Os {
    /// Windows Server.
    Windows,
    /// Linux with Samba.
    Linux,
}

/// Whom a connection must meet: recorded at the first connection, demanded at every later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// The SSH host keys, each as type and base64 text, as in `ssh-ed25519 AAAA…`.
    pub host_keys: Vec<String>,
    /// The identity of the installed system.
    pub machine_id: String,
    /// Whether the orchestrator's user already knew the key; else it was taken on trust.
    pub known_before: bool,
}

/// What a machine is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// The computer name, without a domain.
    pub name: String,
    /// The fully qualified name, where the machine knows one.
    pub fqdn: Option<String>,
    /// The family of operating systems.
    pub os: Os,
    /// The release, as in `12` or `2012 R2`.
    pub os_version: String,
    /// The release in words, as in `Debian GNU/Linux 12 (bookworm)`.
    pub os_name: String,
    /// Whether the machine holds a domain membership. It is not proven against the domain.
    pub domain_joined: bool,
    /// The domain, where one is configured.
    pub domain: Option<DomainFacts>,
    /// The NetBIOS name under which the machine is, or would be, a member.
    pub netbios_name: Option<String>,
    /// Whether it is a clustered file server.
    #[serde(default)]
    pub clustered: bool,
    /// The identity of the installed system.
    pub machine_id: String,
    /// The identity of the current boot.
    pub boot: String,
    /// The network adapters.
    pub adapters: Vec<Adapter>,
    /// The alternate computer names, short ones and fully qualified ones.
    pub alternates: Vec<String>,
    /// The local accounts of people and of their like (not those of services).
    pub accounts: Vec<String>,
    /// Why this machine cannot take part, one reason a line; empty when it can.
    pub refusals: Vec<String>,
}

/// The domain that a machine is configured for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainFacts {
    /// The Kerberos realm, in capitals.
    pub realm: String,
    /// The NetBIOS name of the domain.
    pub workgroup: String,
}

/// A network adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Adapter {
    /// Its name, as in `eth0`.
    pub name: String,
    /// Its hardware address, in lower case with colons.
    pub mac: String,
    /// The addresses that it holds now, with prefix lengths; link-local ones are left out.
    pub addresses: Vec<String>,
    /// The addresses that it will hold after a restart, with prefix lengths.
    pub configured: Vec<String>,
    /// The configured default gateway.
    pub gateway: Option<String>,
    /// The configured DNS servers.
    pub dns: Vec<String>,
    /// The configured routes, without the default one.
    pub routes: Vec<Route>,
    /// Whether it takes its address from DHCP.
    pub dhcp: bool,
    /// Who configures it at a restart.
    pub kept_by: NetworkKeeper,
    /// The file that configures it.
    pub file: Option<String>,
}

/// A static route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// The network that it leads to, with a prefix length.
    pub to: String,
    /// The gateway.
    pub via: String,
}

/// Who configures an adapter at a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkKeeper {
    /// systemd-networkd.
    Networkd,
    /// `NetworkManager`.
    NetworkManager,
    /// `/etc/network/interfaces`.
    Ifupdown,
    /// netplan.
    Netplan,
    /// cloud-init.
    CloudInit,
    /// Windows itself.
    Windows,
    /// Nobody that is known here.
    Unknown,
}

/// Everything that is needed to put a machine back.
#[derive(Clone, Debug)]
pub struct HostSnapshot {
    /// What may be journaled: the facts and the texts of the configuration files.
    pub value: Value,
    /// What must be sealed: the membership's secrets. Names: `secrets` and `keytab`.
    pub sealed: Vec<Sealed>,
}

impl HostSnapshot {
    /// Reads the text of the file that configures `adapter` out of a journaled snapshot.
    pub fn network_file(value: &Value, adapter: &str) -> Option<String> {
        value["networkFiles"][adapter].as_str().map(str::to_owned)
    }

    /// Reads the facts out of a journaled snapshot.
    pub fn facts(value: &Value) -> Option<Facts> {
        Facts::deserialize(&value["facts"]).ok()
    }
}

/// The run that a machine obeys, as its fence says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obeyed {
    /// The run.
    pub run: RunId,
    /// From where it is driven and since when, for a person.
    pub words: String,
}

/// How a local account stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Whether it exists.
    pub exists: bool,
    /// The run that made it, by the marker it left.
    pub marker_run: Option<String>,
    /// Whether it can log on with its password.
    pub password_set: bool,
    /// Whether it can log on with the run's key.
    pub key_set: bool,
    /// Whether it is an administrator.
    pub administrator: bool,
    /// How many processes it runs.
    pub processes: u32,
}

impl AccountState {
    /// Returns whether the account is complete: it can log on, by a key where it is to have one, and
    /// is an administrator.
    pub fn ready(&self, by_key: bool) -> bool {
        self.exists && self.password_set && (self.key_set || !by_key) && self.administrator
    }
}

/// Which membership is asked for.
#[derive(Clone, Debug)]
pub struct MembershipQuestion {
    /// The Kerberos realm.
    pub realm: String,
    /// The one domain controller that is asked, by name.
    pub dc: String,
}

/// How the domain membership stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Whether the machine holds a machine password.
    pub secret_present: bool,
    /// Whether the domain controller accepts that password; `None` when it could not be asked.
    pub trusted: Option<bool>,
    /// Whether the domain controller answers the machine.
    pub dc_reachable: bool,
    /// The NetBIOS name under which the machine is, or would be, a member.
    pub netbios_name: String,
    /// Whether a keytab is there.
    pub keytab_present: bool,
    /// What was seen, in one line for a person.
    pub saw: String,
}

/// One part of a larger change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Its name, as in `hostname`.
    pub name: String,
    /// Whether it is as wanted.
    pub done: bool,
    /// What was seen, in one line for a person.
    pub saw: String,
}

/// Whether a machine's services answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Services {
    /// Whether all do.
    pub ready: bool,
    /// Those that do not yet, as in `smbd`.
    pub waiting_for: Vec<String>,
}
