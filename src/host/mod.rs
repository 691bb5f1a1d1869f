//! How a machine is changed: a [`Host`] is one machine as typed operations.
//!
//! Looking operations take no lock and change nothing. Changing operations go through a guard on
//! the machine itself, which holds a lock, compares the fence and bounds the time. What an
//! operation means for a stage (before, after, between) is decided by the actions, not here.

mod change;
mod connections;
mod error;
mod facts;
mod knock;
mod linux;
mod logon;
mod transport;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::run::Place;
use crate::run::Reach;

pub use change::{
    DropOld, Guard, JoinCredential, JoinTarget, Naming, NetworkChange, NewAccount, RestartAnswer,
    ScriptIntent, ScriptResult, ScriptRun, Shell,
};
pub use connections::Connections;
pub use error::{HostError, HostErrorKind};
pub use facts::{
    AccountState, Adapter, DomainFacts, Facts, HostSnapshot, Membership, MembershipQuestion,
    NetworkKeeper, Obeyed, Os, Part, Pin, Route, Services,
};
pub use knock::{Knock, knock};
pub(crate) use linux::network_file_by_hand;
pub use logon::{Logon, LogonMethod};

/// Opens sessions to the machines of one run, and keeps them for later stages.
#[async_trait]
pub trait Machines: Send + Sync {
    /// Opens a session, or hands out the one that is already open to this place and address as
    /// this account.
    ///
    /// Without a `pin` this is the first connection of the run: the machine's identity is learned
    /// (see [`Host::pin`]) and belongs into the journal. With one, any other machine is refused.
    /// `fresh` asks for a new logon even when a session is open: a session that was opened before
    /// the machine left its domain lives on and proves nothing.
    async fn open(
        &self,
        place: Place,
        reach: &Reach,
        logon: &Logon,
        pin: Option<&Pin>,
        guard: Guard,
        fresh: bool,
    ) -> Result<Arc<dyn Host>, HostError>;

    /// The orchestrator itself, where these machines have one of their own; else it is the real one.
    fn orchestrator(&self, guard: Guard) -> Option<Arc<dyn Host>> {
        drop(guard);
        None
    }

    /// Knocks at a TCP port of any machine, without logging on.
    async fn knock(&self, address: &str, port: u16, limit: Duration) -> Knock {
        knock(address, port, limit).await
    }

    /// Closes the sessions to one place.
    async fn close(&self, place: Place);

    /// Closes all sessions.
    async fn close_all(&self);
}

/// One machine, reached and logged on to.
///
/// Every changing operation may be repeated: twice is once, and after a cut at any point the same
/// operation finishes what is left. Each refuses with [`HostErrorKind::Unsupported`] before its
/// first change when it cannot do its work completely.
#[async_trait]
pub trait Host: Send + Sync {
    // ---- looking

    /// Returns the identity that later connections must meet again.
    fn pin(&self) -> Pin;

    /// Gathers what the machine is now.
    async fn facts(&self) -> Result<Facts, HostError>;

    /// Returns what a snapshot may have journaled: everything of it but the membership's secrets.
    async fn record(&self) -> Result<serde_json::Value, HostError>;

    /// Takes everything that is needed to put the machine back, without changing it.
    async fn snapshot(&self) -> Result<HostSnapshot, HostError>;

    /// Returns the identity of the current boot.
    async fn boot(&self) -> Result<String, HostError>;

    /// Returns whether something that was changed takes effect only at the next restart, as a new
    /// name does on Windows. On Linux every change is live at once.
    async fn pending(&self) -> Result<bool, HostError> {
        Ok(false)
    }

    /// Waits until no changing operation, of this or of a dead orchestrator, is at work.
    ///
    /// The wait ends with [`HostErrorKind::Busy`] at the guard's limit.
    async fn settle(&self) -> Result<(), HostError>;

    /// Looks at a local account.
    async fn account(&self, name: &str) -> Result<AccountState, HostError>;

    /// Looks at the domain membership, as the machine itself and its domain controller see it.
    async fn membership(&self, question: &MembershipQuestion) -> Result<Membership, HostError>;

    /// Looks at each part of a rename.
    async fn naming(&self, naming: &Naming) -> Result<Vec<Part>, HostError>;

    /// Returns the network adapters, live and configured.
    async fn network(&self) -> Result<Vec<Adapter>, HostError>;

    /// Looks at each part of a network change.
    async fn mapping(&self, change: &NetworkChange) -> Result<Vec<Part>, HostError>;

    /// Looks at each part of the alternate names.
    async fn alternates(&self, names: &[String]) -> Result<Vec<Part>, HostError>;

    /// Returns whether all keys of `keytab` are in the machine's own keytab.
    async fn keytab_holds(&self, keytab: &[u8]) -> Result<bool, HostError>;

    /// Returns how much room is free at a path, in MiB.
    async fn free_mib(&self, path: &str) -> Result<u64, HostError>;

    /// Says whether the machine's services answer.
    async fn services(&self) -> Result<Services, HostError>;

    /// Returns `LocalAccountTokenFilterPolicy`, or `None` where the value is absent.
    async fn token_filter(&self) -> Result<Option<u32>, HostError>;

    /// Says which run the machine obeys; none where it obeys nobody.
    async fn obeys(&self) -> Result<Option<Obeyed>, HostError>;

    // ---- changing

    /// Writes the fence: from now on the machine obeys this run and epoch only.
    async fn set_fence(&self) -> Result<(), HostError>;

    /// Removes the fence and everything else that this run keeps on the machine.
    ///
    /// It is the last act of a run on this machine.
    async fn clear_fence(&self) -> Result<(), HostError>;

    /// Creates the temporary local administrator, with a marker that names the run.
    ///
    /// An account of that name which this run did not make is refused.
    async fn create_account(&self, account: &NewAccount) -> Result<(), HostError>;

    /// Ends the account's processes and removes it, its folder and its rights.
    ///
    /// An account of that name which this run did not make is refused; none is done.
    async fn remove_account(&self, name: &str) -> Result<(), HostError>;

    /// Leaves the domain and keeps the account in the directory, disabled.
    async fn leave(&self, credential: &JoinCredential, dc: &str) -> Result<(), HostError>;

    /// Joins the domain under the machine's present name.
    async fn join(&self, credential: &JoinCredential, target: &JoinTarget)
    -> Result<(), HostError>;

    /// Changes the machine's name wherever it is kept; a later restart makes it complete.
    async fn rename(&self, naming: &Naming) -> Result<(), HostError>;

    /// Adds the new addresses, and takes them back by itself unless [`Host::confirm_network`] is
    /// called in time.
    async fn map_network(&self, change: &NetworkChange) -> Result<(), HostError>;

    /// Keeps the new addresses, and returns when the configuration is durable.
    ///
    /// Call it over a session to a new address: that is the proof that the address works.
    async fn confirm_network(&self, change: &NetworkChange) -> Result<(), HostError>;

    /// Tells the neighbours which adapter holds these addresses now, one part an address.
    ///
    /// The addresses are written without a prefix length.
    async fn announce(&self, addresses: &[String]) -> Result<Vec<Part>, HostError>;

    /// Restarts the machine if `boot` is still its current boot.
    async fn restart(&self, boot: &str) -> Result<RestartAnswer, HostError>;

    /// Makes the machine answer to these names as well, short or fully qualified.
    ///
    /// Other alternate names are left as they are.
    async fn set_alternates(&self, names: &[String], realm: &str) -> Result<(), HostError>;

    /// Makes the machine answer to its own name only.
    async fn remove_alternates(&self) -> Result<(), HostError>;

    /// Adds the keys of another keytab, so that clients with older tickets are still served.
    async fn merge_keytab(&self, keytab: &[u8]) -> Result<(), HostError>;

    /// Undoes a leave exactly: puts the secrets of the membership back.
    ///
    /// The directory's account must be enabled as well, before or after.
    async fn restore_domain_secrets(&self, secrets: &DomainSecrets) -> Result<(), HostError>;

    /// Puts the name, the alternate names and their files back as the snapshot has them.
    ///
    /// `snapshot` is [`HostSnapshot::value`]. As with [`Host::rename`], a restart makes it complete.
    /// Adapters are put back with [`Host::map_network`] and [`NetworkChange::exact`].
    async fn restore_names(&self, snapshot: &serde_json::Value) -> Result<(), HostError>;

    /// Sets `LocalAccountTokenFilterPolicy`, or removes the value.
    async fn set_token_filter(&self, value: Option<u32>) -> Result<(), HostError>;

    /// Runs a user's script.
    async fn run_script(&self, script: &ScriptRun) -> Result<ScriptResult, HostError>;
}

/// The secrets of a domain membership, as a snapshot holds them.
pub struct DomainSecrets {
    /// The file with the machine's password, packed as the snapshot made it.
    pub secrets: Zeroizing<Vec<u8>>,
    /// The keytab, where there was one.
    pub keytab: Option<Zeroizing<Vec<u8>>>,
}
