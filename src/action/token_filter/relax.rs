//! `token_filter.relax`: turns the filtering of local accounts off.

use async_trait::async_trait;
use serde_json::json;

use super::KEY;
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
use crate::action::Prepared;
use crate::action::registry::NoParameters;
use crate::action::registry::parameters;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// The value that turns the filtering off.
const OFF: Option<u32> = Some(1);

/// Turns the filtering of local accounts off.
pub(crate) struct Relax;

#[async_trait]
impl Action for Relax {
    fn signature(&self) -> Signature {
        Signature {
            uses: "token_filter.relax",
            allows: SERVERS,
            parameters: parameters::<NoParameters>(),
            templates: &[],
            expressions: &[],
            changes: true,
            summary: "turns the local account token filter off",
            nature: Nature::change("the token filter policy")
                .back("puts the policy back as it was")
                .moot(super::ON_WINDOWS_ONLY),
        }
    }

    fn superseded_by(&self) -> &'static [&'static str] {
        &["token_filter.restore"]
    }

    fn pace(&self) -> Pace {
        Pace::seconds(15, &[])
    }

    async fn probe(&self, cx: &Context) -> Result<Probe, ActionError> {
        let value = cx.host().await?.token_filter().await?;
        Ok(if value == OFF {
            Probe::after(said(value), Outcome::output(cx.token.clone()))
        } else {
            Probe::new(Standing::Before, said(value))
        })
    }

    async fn prepare(&self, cx: &Context) -> Result<Prepared, ActionError> {
        let value = cx.host().await?.token_filter().await?;
        Ok(Prepared {
            token: json!({ "before": value }),
            ..Prepared::default()
        })
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        set(cx, OFF).await?;
        Ok(Outcome::output(cx.token.clone()))
    }

    async fn undo(&self, cx: &Context) -> Result<(), ActionError> {
        Ok(cx.host().await?.set_token_filter(before(cx)?).await?)
    }

    fn book(&self, cx: &Context) -> Manual {
        if cx.token.is_null() {
            // The document, "Manual cutover", 3b.
            return Manual::new().say(
                "No change is needed: this run has not changed the policy, and a person at the console \
                 does not need it changed.",
            );
        }
        Manual::new()
            .say("This run may have turned the filtering off already. It is put back later; see the policy's own section.")
            .look(
                format!("reg query {KEY} /v LocalAccountTokenFilterPolicy"),
                "The value is 0x1, or absent if it was not changed.",
            )
    }

    fn book_back(&self, cx: &Context) -> Manual {
        put_back(cx)
    }
}
