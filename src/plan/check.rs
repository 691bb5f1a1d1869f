//! What a schema cannot say of a plan: expressions, templates, and what they read.
//!
//! The checks run on the value, so they speak even where the schema has been broken elsewhere; what
//! they compile is kept for the plan.

use std::collections::BTreeMap;

use serde_json::Value;

use super::catalogue::Catalogue;
use super::diagnostic::At;
use super::diagnostic::Fault;
use super::diagnostic::Faults;
use super::diagnostic::did_you_mean;
use super::expression::Expression;
use super::expression::ExpressionFault;
use super::expression::Reference;
use super::expression::bare;
use super::graph::Graph;
use super::graph::at;
use super::pointer::escaped;
use super::reach;
use super::template::Template;
use super::vocabulary::LEARNED;
use super::vocabulary::written;
use super::weights;

/// The questions a precondition can ask.
const QUESTIONS: [&str; 7] = [
    "tcp",
    "expr",
    "logon",
    "name_free",
    "address_free",
    "directory_right",
    "disk",
];

/// What was compiled of one stage.
#[derive(Debug, Default)]
pub(crate) struct Compiled {
    pub(crate) description: Option<Template>,
    pub(crate) note: Option<Template>,
    pub(crate) expressions: BTreeMap<String, Expression>,
    pub(crate) templates: BTreeMap<String, Template>,
    pub(crate) with_templates: BTreeMap<String, Template>,
    pub(crate) with_expressions: BTreeMap<String, Expression>,
}

/// One value that a stage reads, and where the stage says so.
struct Read {
    stage: usize,
    pointer: String,
    reference: Reference,
    /// Whether an unknown fact there would hold the stage up: words may wait, conditions may not.
    decides: bool,
}

/// Checks the stages of a plan; returns what was compiled of each.
pub(crate) fn check(
    plan: &Value,
    graph: &Graph,
    catalogue: &Catalogue,
    faults: &mut Faults,
) -> Vec<Compiled> {
    let none = Vec::new();
    let stages = plan["stages"].as_array().unwrap_or(&none);
    let mut reads = Vec::new();
    let mut known = BTreeMap::new();
    let all: Vec<Compiled> = stages
        .iter()
        .enumerate()
        .map(|(index, stage)| {
            let mut one = One {
                index,
                faults: &mut *faults,
                reads: &mut reads,
                known: &mut known,
                compiled: Compiled::default(),
            };
            one.stage(stage, catalogue);
            one.compiled
        })
        .collect();
    let mut leans = check_reads(stages, graph, catalogue, &reads, faults);
    leans.extend(check_named_stages(stages, graph, catalogue, faults));
    weights::check(plan, stages, faults);
    reach::check(stages, graph, &all, &leans, faults);
    all
}

/// A stage that needs what another one has done, and where it says so.
pub(crate) struct Lean {
    pub(crate) stage: usize,
    pub(crate) on: usize,
    pub(crate) place: At,
}

/// Parameters that name a stage (`x-stage` in their schema lists the actions that it may use): it
/// must be there, use one of them, and be needed.
fn check_named_stages(
    stages: &[Value],
    graph: &Graph,
    catalogue: &Catalogue,
    faults: &mut Faults,
) -> Vec<Lean> {
    let mut found = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let signature = stage["uses"].as_str().and_then(|uses| catalogue.get(uses));
        let fields = signature.and_then(|signature| signature.parameters["properties"].as_object());
        for (field, schema) in fields.into_iter().flatten() {
            let (Some(allowed), Some(name)) =
                (schema["x-stage"].as_array(), stage["with"][field].as_str())
            else {
                continue;
            };
            let place = At::value(format!("/stages/{index}/with/{field}"));
            let Some(target) = graph.index.get(name).copied() else {
                faults.push(
                    Fault::error("P026", place, format!("unknown stage `{name}`"))
                        .label("no stage has this id")
                        .maybe_help(did_you_mean(name, graph.index.keys().map(String::as_str))),
                );
                continue;
            };
            if allowed.contains(&stages[target]["uses"]) {
                found.push((index, target, place));
            } else {
                let allowed: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
                let allowed = allowed.join("` or `");
                faults.push(
                    Fault::error("P026", place, format!("`{name}` does not use `{allowed}`"))
                        .and(at(target, "uses"), "it uses this")
                        .help(format!("name a stage that uses `{allowed}`")),
                );
            }
        }
    }
    let mut leans = Vec::new();
    if !graph.ordered {
        return leans;
    }
    let pairs: Vec<(usize, usize)> = found
        .iter()
        .map(|(stage, target, _)| (*stage, *target))
        .collect();
    for ((stage, target, place), reached) in found.into_iter().zip(graph.reaches(&pairs)) {
        let (id, name) = (&graph.ids[stage], &graph.ids[target]);
        if graph.doubtful[stage] {
            continue;
        }
        let waits = stages[target]["uses"] == "host.restart";
        let hosts = (stages[stage]["on"].as_str(), stages[target]["on"].as_str());
        if !reached {
            faults.push(
                Fault::error(
                    "P026",
                    place,
                    format!("`{id}` names `{name}` but does not need it"),
                )
                .help(format!("add `{name}` to the `needs` of `{id}`")),
            );
        } else if let (true, (Some(on), Some(restarted))) = (waits, hosts)
            && on != restarted
        {
            faults.push(
                Fault::error(
                    "P026",
                    place,
                    format!("`{id}` waits for the {on} after a restart of the {restarted}"),
                )
                .and(at(target, "on"), "this restart is of another computer")
                .help(format!(
                    "name a restart of the {on}, or wait on the {restarted}"
                )),
            );
        } else if waits && condition(&stages[stage]) != condition(&stages[target]) {
            faults.push(
                Fault::warning(
                    "P026",
                    place,
                    format!("`{id}` waits after `{name}` under another condition"),
                )
                .and(at(target, "when"), "the restart's condition")
                .help("a skip does not spread, so a wait repeats its restart's `when`"),
            );
        } else {
            leans.push(Lean {
                stage,
                on: target,
                place,
            });
        }
    }
    leans
}

/// The condition of a stage.
fn condition(stage: &Value) -> Option<String> {
    stage["when"].as_str().map(bare)
}

/// The check of one stage.
struct One<'a> {
    index: usize,
    faults: &'a mut Faults,
    reads: &'a mut Vec<Read>,
    /// The expressions read so far, by text.
    known: &'a mut BTreeMap<String, Result<Expression, Vec<ExpressionFault>>>,
    compiled: Compiled,
}

impl One<'_> {
    fn stage(&mut self, stage: &Value, catalogue: &Catalogue) {
        self.compiled.description = self.template("description", &stage["description"], false);
        self.compiled.note = self.template("note", &stage["note"], false);
        if let Some(expression) = self.expression("when", &stage["when"]) {
            self.compiled.expressions.insert("when".into(), expression);
        }
        for (index, precondition) in stage["preconditions"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate()
        {
            self.precondition(index, precondition, stage);
        }
        let signature = stage["uses"].as_str().and_then(|uses| catalogue.get(uses));
        let Some(signature) = signature else { return };
        for pattern in signature.templates {
            for (pointer, value) in matches(&stage["with"], pattern) {
                if let Some(template) = self.template(&format!("with{pointer}"), value, true)
                    && template.has_values()
                {
                    self.compiled.with_templates.insert(pointer, template);
                }
            }
        }
        for pattern in signature.expressions {
            for (pointer, value) in matches(&stage["with"], pattern) {
                if let Some(expression) = self.expression(&format!("with{pointer}"), value) {
                    self.compiled.with_expressions.insert(pointer, expression);
                }
            }
        }
        self.secrets(&stage["with"]["env"]);
    }

    /// A literal under a name that speaks of a secret is one, or will be taken for one.
    fn secrets(&mut self, env: &Value) {
        for (name, value) in env.as_object().into_iter().flatten() {
            let speaks = ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY", "API_KEY"]
                .iter()
                .any(|word| name.to_uppercase().contains(word));
            let literal = value
                .as_str()
                .is_some_and(|text| !text.is_empty() && !text.contains("{{"));
            if speaks && literal {
                let place = At::key(format!("/stages/{}/with/env/{}", self.index, escaped(name)));
                self.faults.push(
                    Fault::error("P060", place, format!("`{name}` holds a secret in clear"))
                        .help("let the script read it from where it is kept; plans are reviewed like code")
                        .hidden(),
                );
            }
        }
    }

    fn precondition(&mut self, number: usize, precondition: &Value, stage: &Value) {
        let Some(fields) = precondition.as_object() else {
            return;
        };
        let base = format!("preconditions/{number}");
        let asked: Vec<&str> = QUESTIONS
            .iter()
            .copied()
            .filter(|name| fields.contains_key(*name))
            .collect();
        // An unknown field beside no question is mostly the question, spelled wrongly.
        let spelled_wrongly = fields
            .keys()
            .any(|key| did_you_mean(key, QUESTIONS).is_some());
        if asked.len() != 1 && !(asked.is_empty() && spelled_wrongly) {
            let message = match asked.as_slice() {
                [] => "this precondition asks nothing".to_owned(),
                many => format!(
                    "this precondition asks {} questions: `{}`",
                    many.len(),
                    many.join("`, `")
                ),
            };
            let place = at(self.index, &base);
            let help = if asked.is_empty() {
                format!("ask one of `{}`", QUESTIONS.join("`, `"))
            } else {
                "write one precondition for each".to_owned()
            };
            self.faults
                .push(Fault::error("P032", place, message).help(help));
        }
        let on = stage["on"].as_str().unwrap_or_default();
        for question in asked {
            let fits = match question {
                "tcp" => on != "orchestrator",
                "logon" | "disk" => matches!(on, "source" | "destination"),
                _ => true,
            };
            if !fits {
                let place = At::key(format!("/stages/{}/{base}/{question}", self.index));
                let message = format!("`{question}` asks a host, and this stage acts on `{on}`");
                self.faults.push(
                    Fault::error("P033", place, message)
                        .help("put it on a stage of the source or the destination"),
                );
            }
        }
        for (field, value) in [
            ("when", &precondition["when"]),
            ("expr", &precondition["expr"]),
        ] {
            if let Some(expression) = self.expression(&format!("{base}/{field}"), value) {
                self.compiled
                    .expressions
                    .insert(format!("{number}/{field}"), expression);
            }
        }
        for (field, value, decides) in [
            ("message", &precondition["message"], false),
            ("name_free/name", &precondition["name_free"]["name"], true),
        ] {
            if let Some(template) = self.template(&format!("{base}/{field}"), value, decides) {
                self.compiled
                    .templates
                    .insert(format!("{number}/{field}"), template);
            }
        }
    }

    fn expression(&mut self, field: &str, value: &Value) -> Option<Expression> {
        let text = value.as_str()?;
        let pointer = format!("/stages/{}/{field}", self.index);
        // Stages of one kind of server share their condition.
        let known = match self.known.get(text) {
            Some(known) => known,
            None => self
                .known
                .entry(text.to_owned())
                .or_insert_with(|| Expression::compile(text)),
        };
        match known.clone() {
            Ok(expression) => {
                self.read(&pointer, expression.reads(), true);
                Some(expression)
            }
            Err(found) => {
                for fault in found {
                    self.faults.push(
                        Fault::error(
                            fault.code,
                            At::value(&pointer).words(fault.words),
                            fault.message,
                        )
                        .label(fault.label)
                        .maybe_help(fault.help),
                    );
                }
                None
            }
        }
    }

    fn template(&mut self, field: &str, value: &Value, decides: bool) -> Option<Template> {
        let text = value.as_str()?;
        let pointer = format!("/stages/{}/{field}", self.index);
        match Template::compile(text) {
            Ok(template) => {
                self.read(&pointer, template.reads(), decides);
                Some(template)
            }
            Err(found) => {
                for fault in found {
                    self.faults.push(
                        Fault::error(
                            fault.code,
                            At::value(&pointer).words(fault.words),
                            fault.message,
                        )
                        .maybe_help(fault.help),
                    );
                }
                None
            }
        }
    }

    fn read(&mut self, pointer: &str, references: &[Reference], decides: bool) {
        self.reads.extend(references.iter().map(|reference| Read {
            stage: self.index,
            pointer: pointer.to_owned(),
            reference: reference.clone(),
            decides,
        }));
    }
}

/// Finds the values of `with` that a pointer means; a trailing `/*` means all in there.
fn matches<'a>(with: &'a Value, pattern: &str) -> Vec<(String, &'a Value)> {
    let Some(parent) = pattern.strip_suffix("/*") else {
        return with
            .pointer(pattern)
            .map(|value| (pattern.to_owned(), value))
            .into_iter()
            .collect();
    };
    match with.pointer(parent) {
        Some(Value::Object(map)) => map
            .iter()
            .map(|(key, value)| (format!("{parent}/{}", escaped(key)), value))
            .collect(),
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(n, value)| (format!("{parent}/{n}"), value))
            .collect(),
        _ => Vec::new(),
    }
}

/// Outputs must be those of stages that this one needs, and facts must have been learned.
fn check_reads(
    stages: &[Value],
    graph: &Graph,
    catalogue: &Catalogue,
    reads: &[Read],
    faults: &mut Faults,
) -> Vec<Lean> {
    let mut leans = Vec::new();
    let mut outputs = Vec::new();
    let mut suggestions = 0;
    for read in reads {
        let [root, id, ..] = read.reference.path.as_slice() else {
            continue;
        };
        if root != "stages" {
            continue;
        }
        if let Some(target) = graph.index.get(id) {
            outputs.push((read, *target));
            continue;
        }
        suggestions += 1;
        let near = (suggestions <= 50)
            .then(|| did_you_mean(id, graph.index.keys().map(String::as_str)))
            .flatten();
        faults.push(
            Fault::error(
                "P043",
                At::value(&read.pointer).words(id),
                format!("unknown stage `{id}`"),
            )
            .label("no stage has this id")
            .maybe_help(near),
        );
    }
    // Without an order of the stages these answers would be guesses, and the order is a fault.
    if !graph.ordered {
        return leans;
    }
    let pairs: Vec<(usize, usize)> = outputs
        .iter()
        .map(|(read, target)| (read.stage, *target))
        .collect();
    for ((read, target), reached) in outputs.into_iter().zip(graph.reaches(&pairs)) {
        if !reached && !graph.doubtful[read.stage] {
            let (id, needed) = (&graph.ids[read.stage], &graph.ids[target]);
            let message = format!("`{id}` reads the output of `{needed}` but does not need it");
            faults.push(
                Fault::error("P043", At::value(&read.pointer).words(needed), message)
                    .help(format!("add `{needed}` to the `needs` of `{id}`")),
            );
        } else if read.decides && !read.reference.tested {
            leans.push(Lean {
                stage: read.stage,
                on: target,
                place: At::value(&read.pointer).words(&graph.ids[target]),
            });
        }
    }
    let connected = connected(stages, graph, catalogue);
    for read in reads.iter().filter(|read| read.decides) {
        let [root, fact, ..] = read.reference.path.as_slice() else {
            continue;
        };
        let host = match root.as_str() {
            "source" => 0,
            "destination" => 1,
            _ => continue,
        };
        if !LEARNED.contains(&fact.as_str())
            || connected[read.stage] >> host & 1 == 1
            || graph.doubtful[read.stage]
        {
            continue;
        }
        let path = written(&read.reference.path);
        let id = &graph.ids[read.stage];
        let connect = stages.iter().position(|stage| {
            stage["uses"] == "host.connect" && stage["on"].as_str() == Some(root)
        });
        let help = match connect {
            Some(connect) => format!("add `{}` to the `needs` of `{id}`", graph.ids[connect]),
            None => format!("add a stage that uses `host.connect` on `{root}`, and need it"),
        };
        let message = format!("`{path}` may not be known when `{id}` becomes ready");
        faults.push(Fault::error("P044", At::value(&read.pointer).words(path), message).help(help));
    }
    leans
}

/// For each stage a bit for each host: whether a connection to it has been made before.
///
/// An unknown action might have been meant to be the one that connects; its fault is enough.
fn connected(stages: &[Value], graph: &Graph, catalogue: &Catalogue) -> Vec<u8> {
    let own = |stage: &Value| match (stage["uses"].as_str(), stage["on"].as_str()) {
        (Some("host.connect"), Some("source")) => 1,
        (Some("host.connect"), Some("destination")) => 2,
        // It connects to something, only its place is a fault.
        (Some("host.connect"), _) => 3,
        (Some(uses), _) if catalogue.get(uses).is_some() => 0,
        _ => 3,
    };
    let mut connected = vec![0_u8; stages.len()];
    for (index, needs) in graph.needs.iter().enumerate() {
        connected[index] = needs.iter().fold(0, |mask, need| {
            mask | connected[*need] | own(&stages[*need])
        });
    }
    connected
}
