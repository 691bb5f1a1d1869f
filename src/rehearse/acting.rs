//! The same actions, with the twin told on whose behalf they act, so that faults strike there.

use std::sync::Arc;

use async_trait::async_trait;

use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Prepared;
use crate::action::Registry;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::simulated::looking_at;
use crate::simulated::under;
use crate::simulated::undoing;

/// An action that says which stage it acts for; it is the action in everything else.
struct Acting {
    inner: Arc<dyn Action>,
    only_looks: bool,
}

/// The actions of a registry, each with its stage told to the twin.
pub(super) fn told(registry: &Registry) -> Registry {
    let actions = registry.all().map(|inner| -> Arc<dyn Action> {
        let only_looks = !inner.signature().changes;
        Arc::new(Acting { inner, only_looks })
    });
    Registry::of(actions.collect())
}

#[async_trait]
impl Action for Acting {
    fn signature(&self) -> Signature {
        self.inner.signature()
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        self.inner.superseded_by()
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        looking_at(&cx.stage().id, self.inner.probe(cx)).await
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        looking_at(&cx.stage().id, self.inner.prepare(cx)).await
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        under(&cx.stage().id, self.only_looks, self.inner.apply(cx)).await
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        undoing(&cx.stage().id, self.inner.undo(cx)).await
    }

    fn book(&self, cx: &Context) -> Manual {
        self.inner.book(cx)
    }
}
