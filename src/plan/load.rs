//! From a text to a plan: all passes, in their order.

use std::time::Duration;

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use super::catalogue::Catalogue;
use super::catalogue::Nature;
use super::check;
use super::check::Compiled;
use super::diagnostic::At;
use super::diagnostic::Diagnostics;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::document::Document;
use super::expression::Expression;
use super::graph::Graph;
use super::model::Defaults;
use super::model::Loaded;
use super::model::Plan;
use super::model::Precondition;
use super::model::Question;
use super::model::Retry;
use super::model::Stage;
use super::opening::FileKind;
use super::schema::schema_of_plan;
use super::shape;
use super::source::Source;
use super::spec::PlanSpec;
use super::spec::PreconditionSpec;
use super::spec::RetrySpec;
use super::spec::StageSpec;
use super::template::Template;
use crate::run::IdError;
use crate::run::StageId;
use crate::run::hex;

const DEFAULT_TIMEOUT: Duration = Duration::from_mins(15);
const DEFAULT_RUN_TIMEOUT: Duration = Duration::from_hours(4);
const DEFAULT_RETRY: Retry = Retry {
    attempts: 3,
    delay: Duration::from_secs(5),
    factor: 2.0,
    jitter: 0.1,
};

/// The checks and the types have come apart.
#[derive(Debug, thiserror::Error)]
enum AssembleError {
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// Reads a plan whose stages use these actions.
///
/// Fails with all faults of the file at once.
pub fn load_plan(source: &Source, catalogue: &Catalogue) -> Result<Loaded<Plan>, Diagnostics> {
    let document = Document::read(source, FileKind::Plan)?;
    let mut faults = Faults::default();
    shape::check(
        &schema_of_plan(catalogue),
        &document.value,
        &mut faults,
        |_, _| false,
    );
    let graph = Graph::read(&document.value, &mut faults);
    let compiled = check::check(&document.value, &graph, catalogue, &mut faults);
    if faults.has_errors() {
        return Err(faults.settle(source));
    }
    let assembled = assemble(document.value, graph, compiled, source, catalogue);
    match assembled {
        Ok(value) => Ok(Loaded {
            value,
            warnings: faults.settle(source),
        }),
        // The schema is made from the same types, so this says that they have come apart.
        Err(error) => {
            faults.push(Fault::error("P013", At::value(""), error.to_string()));
            Err(faults.settle(source))
        }
    }
}

fn assemble(
    mut value: Value,
    graph: Graph,
    compiled: Vec<Compiled>,
    source: &Source,
    catalogue: &Catalogue,
) -> Result<Plan, AssembleError> {
    // Stage by stage, each value freed as its stage is made: a plan may have 100,000 of them.
    let stages = match value["stages"].take() {
        Value::Array(stages) => stages,
        _ => Vec::new(),
    };
    value["stages"] = Value::Array(Vec::new());
    let spec: PlanSpec = serde_json::from_value(value)?;
    let timeout = spec.defaults.timeout.map_or(DEFAULT_TIMEOUT, |text| text.0);
    let run_timeout = spec
        .defaults
        .run_timeout
        .map_or(DEFAULT_RUN_TIMEOUT, |text| text.0);
    let retry = merge(DEFAULT_RETRY, spec.defaults.retry);
    let mut dependants = vec![Vec::new(); graph.ids.len()];
    for (index, needs) in graph.needs.iter().enumerate() {
        for need in needs {
            dependants[*need].push(index);
        }
    }
    let stages = stages
        .into_iter()
        .zip(graph.needs)
        .zip(compiled)
        .map(|((stage, needs), compiled)| {
            let spec: StageSpec = serde_json::from_value(stage)?;
            let nature = catalogue
                .get(&spec.uses)
                .map_or(Nature::look("this stage"), |signature| signature.nature);
            assemble_stage(spec, nature, needs, compiled, timeout, retry)
        })
        .collect::<Result<Vec<Stage>, AssembleError>>()?;
    let index = stages
        .iter()
        .enumerate()
        .map(|(n, stage)| (stage.id.clone(), n))
        .collect();
    Ok(Plan {
        metadata: spec.metadata,
        begins: spec.begins,
        run_timeout,
        defaults: Defaults { timeout, retry },
        starts: starts(spec.begins, &stages),
        stages,
        index,
        dependants,
        file: source.clone(),
    })
}

/// What is shown while each stage runs: its share of the weights before it, or of the stages where no
/// weight is given.
fn starts(begins: f64, stages: &[Stage]) -> Vec<f64> {
    let total: f64 = stages.iter().map(|stage| stage.weight).sum();
    let share = |stage: &Stage| if total > 0.0 { stage.weight } else { 1.0 };
    #[expect(clippy::cast_precision_loss, reason = "a plan never has 2^52 stages")]
    let total = if total > 0.0 {
        total
    } else {
        stages.len() as f64
    };
    let mut before = 0.0;
    let start = |stage| {
        let percent = begins + (100.0 - begins) * before / total;
        before += share(stage);
        (percent * 1000.0).round() / 1000.0
    };
    stages.iter().map(start).collect()
}

fn assemble_stage(
    spec: StageSpec,
    nature: Nature,
    needs: Vec<usize>,
    mut compiled: Compiled,
    timeout: Duration,
    retry: Retry,
) -> Result<Stage, AssembleError> {
    let digest = digest(&spec)?;
    let id = StageId::new(spec.id)?;
    let description = compiled
        .description
        .take()
        .unwrap_or_else(|| Template::literal(&spec.description));
    let preconditions = spec
        .preconditions
        .into_iter()
        .enumerate()
        .filter_map(|(number, spec)| precondition(number, spec, &mut compiled))
        .collect();
    Ok(Stage {
        id,
        description,
        weight: spec.weight,
        on: spec.on,
        uses: spec.uses,
        with: spec.with,
        needs,
        when: compiled.expressions.remove("when"),
        preconditions,
        retry: spec.retry.map_or(retry, |own| merge(retry, own)),
        timeout: spec.timeout.map_or(timeout, |text| text.0),
        note: compiled.note,
        basis: spec.basis,
        digest,
        nature,
        with_templates: compiled.with_templates,
        with_expressions: compiled.with_expressions,
    })
}

fn template(compiled: &mut Compiled, field: &str, text: &str) -> Template {
    compiled
        .templates
        .remove(field)
        .unwrap_or_else(|| Template::literal(text))
}

/// Turns a checked precondition into its question; the checks saw to it that there is one.
fn precondition(
    number: usize,
    spec: PreconditionSpec,
    compiled: &mut Compiled,
) -> Option<Precondition> {
    let expression = |compiled: &mut Compiled, field: &str| -> Option<Expression> {
        compiled.expressions.remove(&format!("{number}/{field}"))
    };
    let question = if let Some(tcp) = spec.tcp {
        Question::Tcp { ports: tcp.ports }
    } else if spec.expr.is_some() {
        Question::Expr(expression(compiled, "expr")?)
    } else if let Some(logon) = spec.logon {
        Question::Logon {
            account: logon.account,
        }
    } else if let Some(free) = spec.name_free {
        let field = format!("{number}/name_free/name");
        Question::NameFree {
            name: template(compiled, &field, &free.name),
        }
    } else if let Some(free) = spec.address_free {
        Question::AddressFree { of: free.of }
    } else if let Some(right) = spec.directory_right {
        Question::DirectoryRight {
            right: right.right,
            of: right.of,
        }
    } else {
        let disk = spec.disk?;
        Question::Disk {
            path: disk.path,
            free_mib: disk.free_mib,
        }
    };
    Some(Precondition {
        question,
        when: expression(compiled, "when"),
        message: compiled.templates.remove(&format!("{number}/message")),
        early: spec.early,
    })
}

fn merge(base: Retry, own: RetrySpec) -> Retry {
    Retry {
        attempts: own.attempts.unwrap_or(base.attempts),
        delay: own.delay.map_or(base.delay, |text| text.0),
        factor: own.factor.unwrap_or(base.factor),
        jitter: own.jitter.unwrap_or(base.jitter),
    }
}

/// The digest of what a stage does; see [`Stage::digest`].
fn digest(spec: &StageSpec) -> Result<String, serde_json::Error> {
    let mut hash = Sha256::new();
    for text in [spec.id.as_str(), spec.on.as_str(), &spec.uses] {
        feed_text(&mut hash, text);
    }
    feed(&mut hash, &spec.with);
    feed_text(&mut hash, spec.when.as_deref().unwrap_or_default());
    hash.update((spec.needs.len() as u64).to_le_bytes());
    spec.needs
        .iter()
        .for_each(|need| feed_text(&mut hash, need));
    if !spec.preconditions.is_empty() {
        feed(&mut hash, &serde_json::to_value(&spec.preconditions)?);
    }
    Ok(hex(&hash.finalize()))
}

/// Feeds a value with the keys of all maps sorted: their order in a file says nothing. Values are
/// at most 64 deep.
fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            hash.update(b"{");
            hash.update((entries.len() as u64).to_le_bytes());
            for (key, value) in entries {
                feed_text(hash, key);
                feed(hash, value);
            }
        }
        Value::Array(list) => {
            hash.update(b"[");
            hash.update((list.len() as u64).to_le_bytes());
            for value in list {
                feed(hash, value);
            }
        }
        Value::String(text) => {
            hash.update(b"\"");
            feed_text(hash, text);
        }
        other => feed_text(hash, &other.to_string()),
    }
}

/// Texts are fed with their lengths, so that no two values are fed alike.
fn feed_text(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}
