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
    /// The version of this format.
    #[schemars(extend("const" = API_VERSION))]
    pub(crate) api_version: String,
    /// What this file is.
    #[schemars(extend("const" = "Inventory"))]
    pub(crate) kind: String,
    pub(crate) metadata: InventoryMetadata,
    pub(crate) hosts: HostsSpec,
    /// For each adapter of the source the adapter of the destination that takes its addresses, or
    /// `skip`.
    #[serde(default)]
    #[schemars(schema_with = "schema::mapping")]
    pub(crate) network_mapping: BTreeMap<String, Mapping>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DirectorySpec")]
    pub(crate) directory: Option<DirectorySpec>,
    /// Credentials by name; secrets only by reference.
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
pub(crate) struct HostsSpec {
    /// The server whose identity moves away.
    pub(crate) source: HostSpec,
    /// The server that takes the identity over.
    pub(crate) destination: HostSpec,
}

/// Which inventory this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct InventoryMetadata {
    /// Its name.
    #[schemars(length(min = 1))]
    pub name: String,
}

/// One host as the inventory describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct HostSpec {
    /// The computer name; a machine with another name is refused. Left out: not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub name: Option<String>,
    /// Where it answers now.
    #[schemars(schema_with = "schema::address")]
    pub address: IpAddr,
    /// Its operating system. Left out: learned when connecting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Os")]
    pub os: Option<Os>,
    /// Its release, for Windows as in `2003`, `2008 R2` or `2025`. Left out: learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub os_version: Option<String>,
    /// Whether it is in a domain. Left out: learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub domain_joined: Option<bool>,
    /// Whether it is a clustered file server. Left out: learned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub clustered: Option<bool>,
    /// How it is reached. Left out: WinRM for Windows, SSH otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "transport")]
    #[schemars(with = "TransportKind")]
    pub given_transport: Option<TransportKind>,
    /// The credential that logs on.
    pub credential: String,
    /// The credential that joins the domain instead of the directory's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    pub join_credential: Option<String>,
    /// The name that the source takes. Left out: random.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "newName")]
    #[schemars(schema_with = "schema::new_name")]
    pub given_new_name: Option<NewName>,
    /// Whether a Linux source restarts after joining. Left out: yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub restart_after_join: Option<bool>,
    /// The new addresses of the source's own adapters.
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
pub struct StaticAddresses {
    /// The addresses with their prefix lengths; at least one.
    #[schemars(schema_with = "schema::prefixed_list")]
    pub addresses: Vec<Prefixed>,
    /// The default gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::address")]
    pub gateway: Option<IpAddr>,
    /// The DNS servers; left out: those it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::addresses")]
    pub dns: Vec<IpAddr>,
    /// Further routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Route {
    /// The network.
    #[schemars(schema_with = "schema::prefixed")]
    pub to: Prefixed,
    /// The gateway.
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
pub struct DirectorySpec {
    /// The domain's DNS name.
    pub domain: String,
    /// The domain controller's DNS name; one throughout a run.
    pub server: String,
    /// Its address. Left out: looked up at `dns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::address")]
    pub address: Option<IpAddr>,
    /// The only DNS servers that names of the domain are looked up at.
    #[schemars(schema_with = "schema::addresses")]
    pub dns: Vec<IpAddr>,
    /// The credential that binds LDAP and joins.
    pub credential: String,
    /// How LDAP is secured.
    #[serde(default)]
    pub security: LdapSecurity,
    /// The certificate authority in PEM. Left out: the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathBuf")]
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
pub struct Credential {
    /// The account's name.
    pub username: String,
    /// Whether it is an account of the machine or of the domain.
    #[serde(default)]
    pub scope: Scope,
    /// Where its password is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "schema::secret")]
    pub password: Option<SecretRef>,
    /// The file of its private key, for SSH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PathBuf")]
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
