//! What is compared: plans, stages and inventories as values, without what has no meaning.

use std::time::Duration;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::fields::FieldChange;
use super::fields::changes;
use crate::plan::duration::DurationText;
use crate::plan::expression::bare;
use crate::plan::inventory::HostSpec;
use crate::plan::inventory::Inventory;
use crate::plan::model::Plan;
use crate::plan::model::Precondition;
use crate::plan::model::Question;
use crate::plan::model::Retry;
use crate::plan::model::Stage;
use crate::plan::template::Template;

/// What a plan says of itself and of all its stages.
pub(super) fn plan(plan: &Plan) -> Value {
    json!({
        "metadata": plan.metadata,
        "begins": plan.begins,
        "defaults": {
            "timeout": duration(plan.defaults.timeout),
            "runTimeout": duration(plan.run_timeout),
            "retry": retry(plan.defaults.retry),
        },
    })
}

/// What a stage says, but for its id, its timeout and its retries.
pub(super) fn stage<'a>(stage: &Stage, called: impl Fn(usize) -> &'a str) -> Value {
    let needs: Map<String, Value> = stage
        .needs
        .iter()
        .map(|need| (called(*need).to_owned(), Value::from(called(*need))))
        .collect();
    let mut value = json!({
        "description": words(&stage.description),
        "weight": stage.weight,
        "needs": needs,
    });
    if let (Value::Object(value), Value::Object(effect)) = (&mut value, effect(stage)) {
        value.extend(effect);
        if let Some(note) = &stage.note {
            value.insert("note".to_owned(), words(note));
        }
    }
    value
}

/// What a stage does, as a text; its id and its needs are not part of it.
pub(super) fn content(stage: &Stage) -> String {
    let mut value = effect(stage);
    value.sort_all_objects();
    value.to_string()
}

fn effect(stage: &Stage) -> Value {
    let mut value = json!({
        "on": stage.on,
        "uses": stage.uses,
        "with": stage.with,
    });
    if let Some(when) = &stage.when {
        value["when"] = Value::from(bare(when.source_text()));
    }
    if !stage.preconditions.is_empty() {
        value["preconditions"] = stage.preconditions.iter().map(precondition).collect();
    }
    value
}

/// How the timeout and the retries of a stage differ. Where it follows the defaults of its plan
/// before and after, the defaults tell it once for all stages.
pub(super) fn settings(old: &Plan, was: &Stage, new: &Plan, stage: &Stage) -> Vec<FieldChange> {
    let side =
        |stage: &Stage| json!({ "timeout": duration(stage.timeout), "retry": retry(stage.retry) });
    let defaults = |plan: &Plan| {
        json!({
            "timeout": duration(plan.defaults.timeout),
            "retry": retry(plan.defaults.retry),
        })
    };
    let (old_defaults, new_defaults) = (defaults(old), defaults(new));
    let follows = |change: &FieldChange| {
        change.old.as_ref() == old_defaults.pointer(&change.field)
            && change.new.as_ref() == new_defaults.pointer(&change.field)
    };
    let mut found = changes(&side(was), &side(stage));
    found.retain(|change| !follows(change));
    found
}

fn words(template: &Template) -> Value {
    Value::from(template.source_text().trim_end())
}

fn duration(duration: Duration) -> Value {
    Value::from(DurationText(duration).to_string())
}

fn retry(retry: Retry) -> Value {
    json!({
        "attempts": retry.attempts,
        "delay": duration(retry.delay),
        "factor": retry.factor,
        "jitter": retry.jitter,
    })
}

fn precondition(precondition: &Precondition) -> Value {
    let question = match &precondition.question {
        Question::Tcp { ports } => json!({ "ports": ports }),
        Question::Expr(expression) => Value::from(bare(expression.source_text())),
        Question::Logon { account } => json!({ "account": account }),
        Question::NameFree { name } => json!({ "name": words(name) }),
        Question::AddressFree { of } => json!({ "of": of }),
        Question::DirectoryRight { right, of } => json!({ "right": right, "of": of }),
        Question::Disk { path, free_mib } => json!({ "path": path, "freeMib": free_mib }),
    };
    let mut value = Map::from_iter([(precondition.question.name().to_owned(), question)]);
    if let Some(when) = &precondition.when {
        value.insert("when".to_owned(), Value::from(bare(when.source_text())));
    }
    if let Some(message) = &precondition.message {
        value.insert("message".to_owned(), words(message));
    }
    if precondition.early {
        value.insert("early".to_owned(), Value::from(true));
    }
    Value::Object(value)
}

/// What an inventory says, with what holds where it says nothing; secrets as references.
pub(super) fn inventory(inventory: &Inventory) -> Value {
    let host = |host: &HostSpec, is_source: bool| {
        let mut value = json!(host);
        value["transport"] = json!(host.transport());
        if is_source {
            value["newName"] = json!(host.new_name());
            value["restartAfterJoin"] = json!(host.restarts_after_join());
        }
        value
    };
    let mut value = json!({
        "metadata": inventory.metadata,
        "hosts": {
            "source": host(&inventory.source, true),
            "destination": host(&inventory.destination, false),
        },
        "networkMapping": inventory.network_mapping,
        "credentials": inventory.credentials,
    });
    if let Some(directory) = &inventory.directory {
        value["directory"] = json!(directory);
    }
    value
}
