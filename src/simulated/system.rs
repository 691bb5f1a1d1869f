//! What each kind of server can do.

use std::fmt;
use std::str::FromStr;

use crate::host::Os;

/// What a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux with Samba.
    Linux,
    /// Windows Server.
    Windows(Release),
}

/// A release of Windows Server, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Release {
    W2003,
    W2003R2,
    W2008,
    W2008R2,
    W2012,
    W2012R2,
    W2016,
    W2019,
    W2022,
    W2025,
}

impl Release {
    /// Every release that the document's rows know, oldest first.
    pub const ALL: [Self; 10] = [
        Self::W2003,
        Self::W2003R2,
        Self::W2008,
        Self::W2008R2,
        Self::W2012,
        Self::W2012R2,
        Self::W2016,
        Self::W2019,
        Self::W2022,
        Self::W2025,
    ];

    /// As inventories spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::W2003 => "2003",
            Self::W2003R2 => "2003 R2",
            Self::W2008 => "2008",
            Self::W2008R2 => "2008 R2",
            Self::W2012 => "2012",
            Self::W2012R2 => "2012 R2",
            Self::W2016 => "2016",
            Self::W2019 => "2019",
            Self::W2022 => "2022",
            Self::W2025 => "2025",
        }
    }

    /// Whether a rename and a join may share one restart: `NETSETUP_JOIN_WITH_NEW_NAME` is there
    /// since Vista (lmjoin.h; the document's rows 43 and 51 give Windows Server 2003 one restart
    /// for each).
    pub fn joins_under_new_name(self) -> bool {
        self > Self::W2003R2
    }

    /// Whether local accounts lose their administrator's rights over the network: User Account
    /// Control came after Windows Server 2003 (KB951016).
    pub fn filters_local_administrators(self) -> bool {
        self > Self::W2003R2
    }

    /// Whether the firewall has profiles, of which that of the domain is lost with the membership:
    /// since Windows Server 2008.
    pub fn has_network_profiles(self) -> bool {
        self > Self::W2003R2
    }
}

impl FromStr for Release {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|release| release.as_str() == text)
            .ok_or(())
    }
}

impl System {
    /// The family.
    pub fn os(self) -> Os {
        match self {
            Self::Linux => Os::Linux,
            Self::Windows(_) => Os::Windows,
        }
    }

    pub(super) fn is_windows(self) -> bool {
        self.os() == Os::Windows
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux => f.write_str("Linux with Samba"),
            Self::Windows(release) => write!(f, "Windows Server {}", release.as_str()),
        }
    }
}
