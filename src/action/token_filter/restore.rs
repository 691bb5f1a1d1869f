//! `token_filter.restore`: puts the filtering of local accounts back as it was.

use async_trait::async_trait;
use serde_json::json;

use super::SERVERS;
use super::before;
use super::put_back;
use super::said;
use super::set;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::Pace;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// Puts the filtering of local accounts back as it was.
pub(crate) struct Restore;

#[async_trait]
impl Action for Restore {
    fn signature(&self) -> Signature {
        Signature {
            uses: "token_filter.restore",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "puts the local account token filter back as it was",
            nature: Nature::change("the token filter policy")
                .back("relaxes the policy again, for the way back")
                .moot(super::ON_WINDOWS_ONLY),
        }
    }

    fn pace(&self) -> Pace {
        Pace::seconds(15, &[])
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let value = cx.host().await?.token_filter().await?;
        Ok(if value == before(cx)? {
            Probe::after(said(value), Outcome::output(json!({ "restored": value })))
        } else {
            Probe::new(Standing::Before, said(value))
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let value = before(cx)?;
        set(cx, value).await?;
        Ok(Outcome::output(json!({ "restored": value })))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        Ok(cx.host().await?.set_token_filter(Some(1)).await?)
    }

    fn book(&self, cx: &Context) -> Manual {
        put_back(cx)
    }

    fn book_back(&self, _: &Context) -> Manual {
        Manual::new().say(
            "Nothing is needed: the policy is relaxed for the run's own way back, and a person at the \
             console does not need it so.",
        )
    }
}
