//! The one list of actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Action;
use super::account;
use super::control;
use super::directory;
use super::domain;
use super::host;
use super::names;
use super::network;
use super::token_filter;
use crate::plan::Catalogue;
use crate::plan::Signature;

/// Actions by the name that plans use.
pub struct Registry {
    actions: BTreeMap<&'static str, (Signature, Arc<dyn Action>)>,
}

impl Registry {
    /// Every action of this program.
    pub fn standard() -> Self {
        Self::of(vec![
            Arc::new(host::Connect),
            Arc::new(directory::CopyPermissions),
            Arc::new(account::Clear),
            Arc::new(account::Create),
            Arc::new(account::Remove),
            Arc::new(token_filter::Relax),
            Arc::new(token_filter::Restore),
            Arc::new(domain::Leave),
            Arc::new(domain::Join),
            Arc::new(network::Collect),
            Arc::new(network::Map),
            Arc::new(host::Rename),
            Arc::new(host::Restart),
            Arc::new(host::Wait),
            Arc::new(names::RemoveAlternates),
            Arc::new(names::SetAlternates),
            Arc::new(host::Run),
            Arc::new(control::Approve),
            Arc::new(control::Wait),
            Arc::new(control::Assert),
            Arc::new(control::Note),
        ])
    }

    /// A registry of just these actions.
    pub fn of(actions: Vec<Arc<dyn Action>>) -> Self {
        let actions = actions
            .into_iter()
            .map(|action| (action.signature(), action))
            .map(|(signature, action)| (signature.uses, (signature, action)))
            .collect();
        Self { actions }
    }

    /// The action of this name.
    pub fn get(&self, uses: &str) -> Option<Arc<dyn Action>> {
        self.actions.get(uses).map(|(_, action)| Arc::clone(action))
    }

    /// Every action, by its name.
    pub fn all(&self) -> impl Iterator<Item = Arc<dyn Action>> {
        self.actions.values().map(|(_, action)| Arc::clone(action))
    }

    /// Returns whether the action of this name changes anything outside the run.
    pub fn changes(&self, uses: &str) -> bool {
        self.actions
            .get(uses)
            .is_some_and(|(signature, _)| signature.changes)
    }

    /// What plans may know of the actions.
    pub fn catalogue(&self) -> Catalogue {
        Catalogue::new(
            self.actions
                .values()
                .map(|(signature, _)| signature.clone())
                .collect(),
        )
    }
}

/// The JSON schema of an action's `with`.
pub(super) fn parameters<T: JsonSchema>() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// The parameters of an action that has none.
#[derive(serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoParameters {}
