//! `control.note`: records a line of text in the journal, and nothing else.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde_json::json;

use super::ANYWHERE;
use crate::action::Action;
use crate::action::ActionError;
use crate::action::Context;
use crate::action::Manual;
use crate::action::registry::parameters;
use crate::plan::Nature;
use crate::plan::Signature;
use crate::run::Outcome;
use crate::run::Probe;
use crate::run::Standing;

/// Records a line of text.
pub(crate) struct Note;

#[derive(JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "only its schema is used: texts come compiled with the plan"
)]
struct Parameters {
    /// The line that goes into the journal. Handlebars, as in `{{source.name}}`.
    #[schemars(example = &"The backup of {{source.name}} was checked.")]
    text: String,
}

#[async_trait]
impl Action for Note {
    fn signature(&self) -> Signature {
        Signature {
            uses: "control.note",
            allows: ANYWHERE,
            parameters: parameters::<Parameters>(),
            templates: &["/text"],
            expressions: &[],
            changes: false,
            summary: "records a line of text in the journal",
            nature: Nature::look("this note"),
        }
    }

    async fn probe(&self, _: &Context) -> Result<Probe, ActionError> {
        Ok(Probe::new(
            Standing::Before,
            "a note leaves nothing behind but the journal's line",
        ))
    }

    async fn apply(&self, cx: &Context) -> Result<Outcome, ActionError> {
        let text = cx.text("/text")?;
        Ok(Outcome::output(json!({ "text": text })))
    }

    async fn undo(&self, _: &Context) -> Result<(), ActionError> {
        Ok(())
    }

    fn book(&self, _: &Context) -> Manual {
        Manual::new()
    }
}
