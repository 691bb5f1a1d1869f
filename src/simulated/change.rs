//! What a machine can be asked to change, as plain values.

use std::collections::BTreeSet;

use super::machine::Key;
use crate::host::DropOld;
use crate::host::HostErrorKind;
use crate::host::JoinTarget;
use crate::host::Naming;
use crate::host::NetworkChange;
use crate::host::RestartAnswer;
use crate::run::RunId;

/// One changing operation on a machine.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Fence,
    Unfence,
    CreateAccount(Account),
    RemoveAccount(String),
    SetTokenFilter(Option<u32>),
    /// By a user of the domain.
    Leave(String),
    Join(String, JoinTarget),
    Rename(Naming),
    RestoreNames(Names),
    Map(NetworkChange),
    Confirm(Confirmation),
    Restart {
        boot: String,
    },
    SetAlternates(Vec<String>),
    RemoveAlternates,
    MergeKeytab(BTreeSet<Key>),
    RestoreSecrets(Secrets),
    /// The user's script of this stage.
    Script(String),
    /// The undo of the user's script of this stage.
    UndoScript(String),
}

/// A local administrator to be.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) password: String,
    pub(super) key: bool,
    pub(super) marker: RunId,
}

/// The names that a machine had.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub(super) name: String,
    pub(super) alternates: Vec<String>,
}

/// The proof that new addresses work.
#[derive(Clone, Debug)]
pub(super) struct Confirmation {
    pub(super) adapter: String,
    pub(super) token: String,
    pub(super) change: NetworkChange,
}

/// What a machine needs to be a member again.
#[derive(Clone, Debug)]
pub(super) struct Secrets {
    pub(super) member: Option<Key>,
    pub(super) keytab: BTreeSet<Key>,
}

/// What a change came to.
#[derive(Debug)]
pub(super) enum Done {
    Nothing,
    Restart(RestartAnswer),
}

pub(super) type Outcome = Result<Done, HostErrorKind>;

impl Change {
    /// What it is called in an error, as the Linux host calls it too.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Fence => "set the fence".to_owned(),
            Self::Unfence => "remove the fence".to_owned(),
            Self::CreateAccount(account) => format!("create the account `{}`", account.name),
            Self::RemoveAccount(name) => format!("remove the account `{name}`"),
            Self::SetTokenFilter(_) => "set the token filter policy".to_owned(),
            Self::Leave(_) => "leave the domain".to_owned(),
            Self::Join(_, target) => format!("join the domain `{}`", target.realm),
            Self::Rename(naming) => format!("rename to `{}`", naming.to),
            Self::RestoreNames(_) => "restore the names".to_owned(),
            Self::Map(change) => format!("change the adapter `{}`", change.adapter),
            Self::Confirm(confirmation) => {
                format!("keep the change of the adapter `{}`", confirmation.adapter)
            }
            Self::Restart { .. } => "restart".to_owned(),
            Self::SetAlternates(_) => "set the alternate names".to_owned(),
            Self::RemoveAlternates => "remove the alternate names".to_owned(),
            Self::MergeKeytab(_) => "merge the keytab".to_owned(),
            Self::RestoreSecrets(_) => "restore the membership's secrets".to_owned(),
            Self::Script(_) => "run the script".to_owned(),
            Self::UndoScript(_) => "run the undo script".to_owned(),
        }
    }

    /// What it answers when it has gone well.
    pub(super) fn done(&self) -> Done {
        match self {
            Self::Restart { .. } => Done::Restart(RestartAnswer::Asked),
            _ => Done::Nothing,
        }
    }

    /// Whether the old addresses stay until a restart.
    pub(super) fn keeps_old(change: &NetworkChange) -> bool {
        change.drop_old == DropOld::AtRestart
    }
}
