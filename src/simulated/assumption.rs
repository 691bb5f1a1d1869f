//! What an inventory leaves out, and what a person says of it: `--assume source.osVersion=2016`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::str::FromStr;

use crate::run::Place;

/// Everything that can be assumed, with what it means.
pub const ASSUMABLE: &[(&str, &str)] = &[
    ("source.os", "windows or linux"),
    ("source.osVersion", "the release, as in an inventory"),
    ("source.domainJoined", "true or false"),
    ("source.clustered", "true or false"),
    (
        "source.restart",
        "how long it is away at a restart, as in 90s or 4m",
    ),
    (
        "source.firewall",
        "all, or domain: remote management is open in the domain's profile only",
    ),
    (
        "source.tokenFilter",
        "LocalAccountTokenFilterPolicy before the run: absent, 0 or 1",
    ),
    ("source.alternates", "alternate names, divided by commas"),
    (
        "source.owner",
        "who owns its computer account: admins, us or somebody",
    ),
    ("destination.os", "see source.os"),
    ("destination.osVersion", "see source.osVersion"),
    ("destination.domainJoined", "see source.domainJoined"),
    ("destination.clustered", "see source.clustered"),
    ("destination.restart", "see source.restart"),
    ("destination.firewall", "see source.firewall"),
    ("destination.tokenFilter", "see source.tokenFilter"),
    ("destination.owner", "see source.owner"),
    (
        "directory.admin",
        "true or false: whether our users are in Domain Admins",
    ),
    ("directory.quota", "ms-DS-MachineAccountQuota"),
    (
        "directory.replication",
        "until a DNS change is seen, as in 30s",
    ),
    (
        "directory.samba",
        "true or false: whether the domain controller runs Samba",
    ),
    (
        "directory.tokenFilterPolicy",
        "the value that a group policy forces: none, 0 or 1",
    ),
    (
        "network.dhcp",
        "true or false: whether a DHCP server answers",
    ),
];

/// What is assumed of a pair of servers beside its inventory.
#[derive(Clone, Debug, Default)]
pub struct Assumptions {
    given: BTreeMap<String, String>,
}

/// Why something cannot be assumed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssumptionError {
    /// It has no `=`.
    #[error("`{0}` is not of the form NAME=VALUE, as in `source.osVersion=2016`")]
    Form(String),
    /// There is no such thing to assume.
    #[error("nothing called `{name}` can be assumed; there are {known}")]
    Name {
        /// What was given.
        name: String,
        /// All names.
        known: String,
    },
    /// The run that the twin is made of has seen it.
    #[error("`{0}` is not assumed: the run has seen how it was")]
    Seen(String),
    /// The value cannot be one.
    #[error("`{name}` cannot be `{value}`: {wanted}")]
    Value {
        /// What was given.
        name: String,
        /// Its value.
        value: String,
        /// What it takes.
        wanted: String,
    },
}

impl Assumptions {
    /// Reads assumptions as the command line gives them.
    pub fn read(texts: &[String]) -> Result<Self, AssumptionError> {
        let mut given = BTreeMap::new();
        for text in texts {
            let (name, value) = text
                .split_once('=')
                .ok_or_else(|| AssumptionError::Form(text.clone()))?;
            if !ASSUMABLE.iter().any(|(known, _)| *known == name) {
                let known: BTreeSet<&str> = ASSUMABLE.iter().map(|(known, _)| *known).collect();
                return Err(AssumptionError::Name {
                    name: name.to_owned(),
                    known: known.into_iter().collect::<Vec<_>>().join(", "),
                });
            }
            given.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self { given })
    }

    /// How long a server is away at a restart, where somebody says so.
    pub fn restart(&self, place: Place) -> Option<&str> {
        self.text(&format!("{place}.restart"))
    }

    /// The text that is assumed for `name`.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// The value that is assumed for `name`.
    pub(super) fn value<T: FromStr>(&self, name: &str) -> Result<Option<T>, AssumptionError> {
        self.read_as(name, |text| text.parse().ok())
    }

    /// The same, read by a rule of its own.
    pub(super) fn read_as<T>(
        &self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, AssumptionError> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        read(text).map(Some).ok_or_else(|| AssumptionError::Value {
            name: name.to_owned(),
            value: text.to_owned(),
            wanted: ASSUMABLE
                .iter()
                .find(|(known, _)| *known == name)
                .map_or_else(String::new, |(_, wanted)| (*wanted).to_owned()),
        })
    }
}
