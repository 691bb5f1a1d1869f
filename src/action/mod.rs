//! What a stage can do.
//!
//! An [`Action`] is an idempotent change that can say how far it has come. To add one, write a file
//! in the room of its subject and one line in `registry.rs`; then three questions are asked of it
//! by the tests: is twice the same as once, does undo lead back, does a cut anywhere leave
//! something that the same action finishes?
//!
//! Authors write plain `async fn`s. Attempts, timeouts, journal and progress are the engine's.

mod account;
mod chance;
mod compare;
mod context;
mod control;
mod credential;
mod directory;
mod domain;
mod error;
mod fences;
mod host;
mod manual;
mod names;
mod network;
mod pace;
mod precondition;
mod registry;
mod roots;
mod server;
mod token_filter;
mod view;
mod world;

pub use compare::Comparison;
pub use context::Context;
pub use credential::CredentialError;
pub use credential::Credentials;
pub use error::ActionError;
pub use error::ActionErrorKind;
pub use error::chain_of;
pub use manual::Line;
pub use manual::Manual;
use manual::whole_file;
pub use pace::Cause;
pub use pace::Pace;
pub use precondition::ask;
pub use registry::Registry;
pub use roots::roots;
pub use server::lacks_hardened_join;
pub use view::View;
pub use world::World;
pub use world::first_reach;
pub use world::sealed_names;

use async_trait::async_trait;
use serde_json::Value;

use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Reach;
use crate::run::Sealed;

/// What an action settles before its first attempt; durable before the attempt begins.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    /// Anything the attempts and probes must agree on, as the boot identity before a restart.
    pub token: Value,
    /// How the host will be reached once the effect is there, if that changes.
    pub reach: Option<Reach>,
    /// Secrets of the attempt, sealed before it begins.
    pub secrets: Vec<Sealed>,
}

/// An idempotent change with a probe and an inverse.
#[async_trait]
pub trait Action: Send + Sync {
    /// Its name, where it may act, its parameters, and what it is in one line.
    fn signature(&self) -> Signature;

    /// The actions whose later success takes this one's effect away on purpose, on the same host:
    /// a finished run is not asked for it any more.
    fn superseded_by(&self) -> &'static [&'static str] {
        &[]
    }

    /// How long it takes where nothing is wrong, and what probably is where it takes much longer.
    fn pace(&self) -> Pace {
        Pace::UNKNOWN
    }

    /// Looks how far the effect has come. Changes nothing.
    ///
    /// Whoever asks has made sure that no earlier attempt is still at work.
    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError>;

    /// Settles what all attempts must agree on. Changes nothing outside; not called again once it
    /// is in the journal, and never of an action that only looks: its attempts need no agreement.
    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let _ = cx;
        Ok(Prepared::default())
    }

    /// Brings the effect about, or finishes what an earlier attempt began.
    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError>;

    /// Takes the effect back, as far as it is there; done twice, it does nothing more.
    async fn undo(&self, cx: &Context) -> Result<(), ActionError>;

    /// Whether anything of it can be known before a run begins.
    fn can_foresee(&self, cx: &Context) -> bool {
        let _ = cx;
        false
    }

    /// Asks what can be known of it before a run begins. Changes nothing, on a machine that obeys no
    /// run as yet.
    ///
    /// What was learned by those that were asked before it stands in the view; none of them is done.
    async fn foresee(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let _ = cx;
        Ok(Outcome::default())
    }

    /// The steps for a person who does it by hand, from what the run knows, or before a run from the
    /// inventory. Connects nowhere, and never holds a password.
    fn book(&self, cx: &Context) -> Manual;

    /// The steps for a person who takes it back by hand; none where it leaves nothing behind. Like
    /// [`Action::book`].
    fn book_back(&self, cx: &Context) -> Manual {
        let _ = cx;
        Manual::new()
    }
}
