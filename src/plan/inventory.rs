//! The values for one pair of servers: hosts, directory, credentials by reference, mapping.
//!
//! An [`Inventory`] exists only if its file was checked. It never holds a secret, only where one is
//! to be found.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;

use super::roots::Roots;
use super::source::Source;
use super::spec::API_VERSION;
use crate::run::Place;

mod check;
pub(crate) mod schema;

pub use check::load_inventory;

/// The values for one pair of servers.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// Which inventory this is.
    pub metadata: InventoryMetadata,
    /// The server whose identity moves away.
    pub source: HostSpec,
    /// The server that takes the identity over.
    pub destination: HostSpec,
    /// Which adapter of the destination takes the addresses of which adapter of the source.
    pub network_mapping: BTreeMap<String, Mapping>,
    /// The domain, where a host is in one.
    pub directory: Option<DirectorySpec>,
    /// Credentials by name.
    pub credentials: BTreeMap<String, Credential>,
    /// The folder of the file; relative paths start there.
    pub base: PathBuf,
    file: Source,
}

/// An inventory as it is written.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Inventory")]
pub(crate) struct InventorySpec {
    /// The version of this file format.
    #[schemars(extend("const" = API_VERSION))]
    pub(crate) api_version: String,
    /// What this file is: an inventory.
    #[schemars(extend("const" = "Inventory"))]
    pub(crate) kind: String,
    /// What this pair of servers is called.
    pub(crate) metadata: InventoryMetadata,
    /// The two servers.
    pub(crate) hosts: HostsSpec,
    /// For each adapter of the source the adapter of the destination that takes its addresses, or
    /// `skip`, which leaves them where they are.
    #[serde(default)]
    #[schemars(schema_with = "schema::mapping")]
    pub(crate) network_mapping: BTreeMap<String, Mapping>,
    /// The Active Directory domain and how to talk to it. Left out: no host is in a domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DirectorySpec")]
    pub(crate) directory: Option<DirectorySpec>,
    /// Credentials by the name that hosts and directory call them by; secrets only by reference.
    pub(crate) credentials: BTreeMap<String, Credential>,
}

impl InventorySpec {
    /// Takes a description that was checked for the inventory of a file.
    pub(crate) fn into_inventory(self, file: &Source) -> Inventory {
        Inventory {
            metadata: self.metadata,
            source: self.hosts.source,
            destination: self.hosts.destination,
            network_mapping: self.network_mapping,
            directory: self.directory,
            credentials: self.credentials,
            base: file.path().parent().unwrap_or(Path::new("")).to_owned(),
            file: file.clone(),
        }
    }
}

/// The two servers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Hosts")]
pub(crate) struct HostsSpec {
    /// The server whose identity moves away.
    pub(crate) source: HostSpec,
    /// The server that takes the identity over.
    pub(crate) destination: HostSpec,
}

/// Which inventory this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Metadata")]
pub struct InventoryMetadata {
    /// The name of this pair of servers, as runs and reports show it.
    #[schemars(length(min = 1), example = &"fs01")]
    pub name: String,
}

/// One host as the inventory describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Host")]
pub struct HostSpec {
    /// The computer name; a machine with another name is refused. Left out: not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"fs01")]
    pub name: Option<String>,
    /// Where the server answers now: an IP address.
    #[schemars(schema_with = "schema::address")]
    pub address: IpAddr,
    /// The operating system. Left out: learned when connecting; given: must be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Os")]
    pub os: Option<Os>,
    /// The release as text in quotes: for Windows as in `"2003"`, `"2008 R2"` or `"2025"`, for Linux
    /// as in `"12"`. Left out: learned when connecting; given: must be right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"2008 R2", example = &"12")]
    pub os_version: Option<String>,
    /// Whether the server is in a domain. Left out: learned when connecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub domain_joined: Option<bool>,
    /// Whether it is a clustered file server; those are refused. Left out: learned when connecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub clustered: Option<bool>,
    /// How the server is reached. Left out: `winrm` for Windows, `ssh` otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "transport")]
    #[schemars(with = "TransportKind")]
    pub given_transport: Option<TransportKind>,
    /// The credential that logs on to the server: a name under `credentials`.
    #[schemars(example = &"source-root")]
    pub credential: String,
    /// The credential that joins this server to the domain: a name under `credentials`. Left out:
    /// the directory's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", example = &"domain-admin")]
    pub join_credential: Option<String>,
    /// The name that the source goes on under (at most 15 characters), or `random`. Left out:
    /// `random`: a free one is chosen when connecting.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "newName")]
    #[schemars(schema_with = "schema::new_name")]
    pub given_new_name: Option<NewName>,
    /// Whether a Linux source restarts once more after joining under its new name. Left out: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub restart_after_join: Option<bool>,
    /// The new addresses of the source's own adapters, by the adapter's name; the old ones move to
    /// the destination. Only for the source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "schema::adapters")]
    pub network: BTreeMap<String, AdapterChange>,
}

impl HostSpec {
    /// Returns how it is reached.
    pub fn transport(&self) -> TransportKind {
        self.given_transport.unwrap_or(match self.os {
            Some(Os::Windows) => TransportKind::Winrm,
            Some(Os::Linux) | None => TransportKind::Ssh,
        })
    }

    /// Returns the name that it takes; only the source takes one.
    pub fn new_name(&self) -> NewName {
        self.given_new_name.clone().unwrap_or(NewName::Random)
    }

    /// Returns whether it restarts after joining, where its system leaves that open (Linux).
    pub fn restarts_after_join(&self) -> bool {
        self.restart_after_join.unwrap_or(true)
    }
}

/// An operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Os {
    /// Windows Server.
    Windows,
    /// Linux with Samba.
    Linux,
}

/// How a host is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransportKind {
    /// SSH on port 22, or what the administrator's `ssh_config` says.
    Ssh,
    /// WinRM on port 5985 or 5986.
    Winrm,
}

/// The name that the source takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum NewName {
    /// One is chosen when connecting, checked in the directory and DNS.
    Random,
    /// This one.
    Name(String),
}

impl From<String> for NewName {
    fn from(text: String) -> Self {
        if text == "random" {
            Self::Random
        } else {
            Self::Name(text)
        }
    }
}

impl From<NewName> for String {
    fn from(name: NewName) -> Self {
        match name {
            NewName::Random => "random".into(),
            NewName::Name(name) => name,
        }
    }
}

/// What an adapter gets instead of its addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
pub enum AdapterChange {
    /// An address from DHCP.
    Dhcp,
    /// These addresses.
    Static(StaticAddresses),
}

/// Addresses of an adapter that are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Adapter")]
pub struct StaticAddresses {
    /// The addresses with their prefix lengths, as in `10.98.0.41/24`; at least one.
    #[schemars(schema_with = "schema::prefixed_list")]
    pub addresses: Vec<Prefixed>,
    /// The address of the default gateway. Left out: none is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::address")]
    pub gateway: Option<IpAddr>,
    /// The addresses of the DNS servers. Left out: those that the adapter has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::addresses")]
    pub dns: Vec<IpAddr>,
    /// Further routes. Left out: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Route")]
pub struct Route {
    /// The network that the route leads to, with its prefix length.
    #[schemars(schema_with = "schema::prefixed")]
    pub to: Prefixed,
    /// The address of the gateway on the way there.
    #[schemars(schema_with = "schema::address")]
    pub via: IpAddr,
}

impl From<AdapterChange> for Value {
    fn from(change: AdapterChange) -> Self {
        match change {
            AdapterChange::Dhcp => "dhcp".into(),
            AdapterChange::Static(addresses) => {
                json!(addresses)
            }
        }
    }
}

impl TryFrom<Value> for AdapterChange {
    type Error = serde_json::Error;
    fn try_from(value: Value) -> Result<Self, serde_json::Error> {
        if value == "dhcp" {
            return Ok(Self::Dhcp);
        }
        serde_json::from_value(value).map(Self::Static)
    }
}

/// An address with the length of its network's prefix, as in `10.98.0.41/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefixed {
    /// The address.
    pub address: IpAddr,
    /// The length of the prefix in bits.
    pub prefix: u8,
}

/// Why a text is not an address with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address with a prefix length, as in `10.98.0.41/24`")]
pub struct PrefixedError(String);

impl Prefixed {
    /// Returns whether another address is in the same network.
    pub fn contains(&self, other: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(four) => (u128::from(u32::from(four)) << 96, true),
            IpAddr::V6(six) => (u128::from(six), false),
        };
        let (ours, four) = bits(self.address);
        let (theirs, other_four) = bits(other);
        let mask = u128::MAX
            .checked_shl(128 - u32::from(self.prefix))
            .unwrap_or(0);
        four == other_four && ours & mask == theirs & mask
    }
}

impl FromStr for Prefixed {
    type Err = PrefixedError;
    fn from_str(text: &str) -> Result<Self, PrefixedError> {
        let fault = || PrefixedError(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(fault)?;
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let prefix: u8 = prefix.parse().map_err(|_| fault())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if prefix > most {
            Err(fault())
        } else {
            Ok(Self { address, prefix })
        }
    }
}

impl fmt::Display for Prefixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl TryFrom<String> for Prefixed {
    type Error = PrefixedError;
    fn try_from(text: String) -> Result<Self, PrefixedError> {
        text.parse()
    }
}

impl From<Prefixed> for String {
    fn from(prefixed: Prefixed) -> Self {
        prefixed.to_string()
    }
}

/// Where the addresses of a source adapter go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Mapping {
    /// Nowhere: they stay.
    Skip,
    /// Onto this adapter of the destination.
    To(String),
}

impl From<String> for Mapping {
    fn from(text: String) -> Self {
        if text == "skip" {
            Self::Skip
        } else {
            Self::To(text)
        }
    }
}

impl From<Mapping> for String {
    fn from(mapping: Mapping) -> Self {
        match mapping {
            Mapping::Skip => "skip".into(),
            Mapping::To(adapter) => adapter,
        }
    }
}

/// The domain and how to talk to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Directory")]
pub struct DirectorySpec {
    /// The domain's DNS name.
    #[schemars(example = &"example.test")]
    pub domain: String,
    /// The DNS name of the domain controller that is used throughout the run.
    #[schemars(example = &"dc1.example.test")]
    pub server: String,
    /// The domain controller's address. Left out: looked up at `dns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::address")]
    pub address: Option<IpAddr>,
    /// The addresses of the DNS servers that names of the domain are looked up at, and nowhere else.
    #[schemars(schema_with = "schema::addresses")]
    pub dns: Vec<IpAddr>,
    /// The credential that binds LDAP and performs both joins: a name under `credentials`.
    #[schemars(example = &"domain-admin")]
    pub credential: String,
    /// How LDAP is secured. Left out: `ldaps`.
    #[serde(default)]
    pub security: LdapSecurity,
    /// The file with the certificates, in PEM, that the domain controller's certificate is checked
    /// against; relative to this file. Left out: the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathBuf", example = &"ca.pem")]
    pub ca_file: Option<PathBuf>,
}

/// How LDAP is secured; plain LDAP is not offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LdapSecurity {
    /// TLS from the first byte, port 636.
    #[default]
    Ldaps,
    /// TLS after `StartTLS`, port 389.
    Starttls,
}

/// An account and where its secret is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(title = "Credential")]
pub struct Credential {
    /// The account's name; one of the domain as in `admin@example.test`.
    #[schemars(example = &"root", example = &"admin@example.test")]
    pub username: String,
    /// Whether it is an account of the machine or of the domain. Left out: `domain`.
    #[serde(default)]
    pub scope: Scope,
    /// Where the password is; never the password itself. Left out: `privateKey` is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::secret")]
    pub password: Option<SecretRef>,
    /// The file of the account's private key for SSH, relative to this file. Left out: `password` is
    /// needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathBuf", example = &"keys/cutover")]
    pub private_key: Option<PathBuf>,
}

/// Whether an account survives leaving the domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// An account of the machine.
    Local,
    /// An account of the domain; the cautious default, as it stops working when the host leaves.
    #[default]
    Domain,
}

/// Where a secret is; never the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// In this environment variable.
    Env(String),
    /// In this file, without its last line break.
    File(PathBuf),
    /// A person types it in; the text is the question.
    Prompt(String),
    /// A program prints it: the program and its arguments, never a shell's line.
    Command(Vec<String>),
}

impl Inventory {
    /// Returns a host; nothing for places that are not hosts.
    pub fn host(&self, place: Place) -> Option<&HostSpec> {
        match place {
            Place::Source => Some(&self.source),
            Place::Destination => Some(&self.destination),
            Place::Directory | Place::Orchestrator => None,
        }
    }

    /// Returns a path of the file as seen from here: relative ones start at the file's folder.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// Returns the file that it was read from.
    pub fn file(&self) -> &Source {
        &self.file
    }

    /// Returns the values that expressions and templates read; never a secret, nor where one is.
    pub fn roots(&self) -> Roots {
        let host = |host: &HostSpec, is_source: bool| {
            let mut value = json!(host);
            if let Value::Object(map) = &mut value {
                map.remove("joinCredential");
                map.insert("transport".into(), json!(host.transport()));
                map.insert("network".into(), json!(host.network));
                if is_source {
                    map.insert("newName".into(), json!(host.new_name()));
                }
                map.insert("restartAfterJoin".into(), host.restarts_after_join().into());
            }
            value
        };
        let credentials: serde_json::Map<String, Value> = self
            .credentials
            .iter()
            .map(|(name, c)| {
                (
                    name.clone(),
                    json!({ "username": c.username, "scope": c.scope }),
                )
            })
            .collect();
        Roots::of_inventory(json!({
            "metadata": self.metadata,
            "hosts": {
                "source": host(&self.source, true),
                "destination": host(&self.destination, false),
            },
            "networkMapping": self.network_mapping,
            "directory": self.directory,
            "credentials": credentials,
        }))
    }
}
