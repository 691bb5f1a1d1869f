//! Words: Handlebars over the roots, strict, checked before anything runs.
//!
//! The library's own strictness has holes (`{{#if missing}}` is quietly false, a group of values
//! prints as `[object]`, null as nothing), so every name is checked here, first against the
//! vocabulary and again against the values when rendering.

use std::fmt;
use std::sync::Arc;
use std::sync::LazyLock;

use handlebars::Handlebars;
use handlebars::Path;
use handlebars::PathSeg;
use handlebars::template::HelperTemplate;
use handlebars::template::Parameter;
use handlebars::template::TemplateElement;
use serde_json::Map;
use serde_json::Value;

use super::diagnostic::did_you_mean;
use super::expression::Reference;
use super::expression::is_not_known_yet;
use super::roots::ROOTS;
use super::roots::Roots;
use super::vocabulary::Shape;
use super::vocabulary::is_root;
use super::vocabulary::look_up;
use super::vocabulary::written;

/// What a template may call.
const HELPERS: [&str; 14] = [
    "if", "unless", "each", "with", "lookup", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or",
    "not",
];

/// Values are words here, never code, so nothing is escaped.
static ENGINE: LazyLock<Handlebars<'static>> = LazyLock::new(|| {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    engine
});

/// A checked Handlebars template; cheap to clone.
#[derive(Clone)]
pub struct Template(Arc<Inner>);

struct Inner {
    text: String,
    reads: Vec<Reference>,
    /// Paths whose values are printed as they are.
    printed: Vec<Vec<String>>,
    stages: Vec<String>,
    plain: bool,
}

/// Why a template cannot be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It names something that is not known yet.
    #[error("`{path}` is not known yet")]
    Unknown {
        /// What it names, as in `source.os`.
        path: String,
    },
    /// It names something that will never have a text: nothing, or a group of values.
    #[error("`{path}` has no text: it is {value}")]
    NoText {
        /// What it names.
        path: String,
        /// What is there.
        value: Value,
    },
    /// The library could not render it.
    #[error("`{template}` cannot be rendered: {reason}")]
    Failed {
        /// The template.
        template: String,
        /// What was wrong.
        reason: String,
    },
}

/// A fault of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TemplateFault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) words: String,
}

impl Template {
    /// Compiles a template and checks all its names.
    pub(crate) fn compile(text: &str) -> Result<Self, Vec<TemplateFault>> {
        let mut walk = Walk::default();
        if text.contains("{{{") {
            walk.fault("P051", "`{{{` is not allowed", "{{{").help =
                Some("write `{{…}}`; nothing is escaped in words anyway".into());
            return Err(walk.faults);
        }
        let plain = !text.contains("{{");
        if !plain {
            match handlebars::Template::compile(text) {
                Ok(template) => walk.template(&template, false),
                Err(error) => {
                    let (message, words) = unreadable(text, &error);
                    walk.fault("P050", message, &words).help =
                        Some("values stand as in `{{source.name}}`; every `{{#if …}}` needs its `{{/if}}`".into());
                }
            }
        }
        if !walk.faults.is_empty() {
            return Err(walk.faults);
        }
        let of_stage = |r: &Reference| match r.path.as_slice() {
            [root, id, ..] if root == "stages" => Some(id.clone()),
            _ => None,
        };
        let stages = walk.reads.iter().filter_map(of_stage).collect();
        let text = text.to_owned();
        Ok(Self(Arc::new(Inner {
            text,
            reads: walk.reads,
            printed: walk.printed,
            stages,
            plain,
        })))
    }

    /// Takes a text as it is.
    pub(crate) fn literal(text: &str) -> Self {
        let text = text.to_owned();
        let (reads, printed, stages) = (Vec::new(), Vec::new(), Vec::new());
        Self(Arc::new(Inner {
            text,
            reads,
            printed,
            stages,
            plain: true,
        }))
    }

    /// Returns the text as it stands in the file.
    pub fn source_text(&self) -> &str {
        &self.0.text
    }

    /// Returns whether it is more than fixed words.
    pub fn has_values(&self) -> bool {
        !self.0.plain
    }

    /// Returns what it names.
    pub fn reads(&self) -> &[Reference] {
        &self.0.reads
    }

    /// Renders it; a name without a text is an error, never an empty place.
    pub fn render(&self, roots: &Roots) -> Result<String, TemplateError> {
        if self.0.plain {
            return Ok(self.0.text.clone());
        }
        let missing = |read: &&Reference| roots.get(&read.path).is_none();
        if let Some(read) = self.0.reads.iter().find(missing) {
            let path = written(&read.path);
            return Err(if is_not_known_yet(roots, &read.path) {
                TemplateError::Unknown { path }
            } else {
                TemplateError::NoText {
                    path,
                    value: Value::Null,
                }
            });
        }
        for path in &self.0.printed {
            if let Some(value @ (Value::Null | Value::Array(_) | Value::Object(_))) =
                roots.get(path)
            {
                return Err(TemplateError::NoText {
                    path: written(path),
                    value: value.clone(),
                });
            }
        }
        let data: Map<String, Value> = ROOTS
            .iter()
            .filter(|root| self.0.reads.iter().any(|read| read.path[0] == **root))
            .map(|root| ((*root).to_owned(), roots.root(root, &self.0.stages)))
            .collect();
        ENGINE
            .render_template(&self.0.text, &Value::Object(data))
            .map_err(|error| TemplateError::Failed {
                template: self.0.text.clone(),
                reason: error.to_string(),
            })
    }
}

#[derive(Default)]
struct Walk {
    reads: Vec<Reference>,
    printed: Vec<Vec<String>>,
    faults: Vec<TemplateFault>,
}

impl Walk {
    fn fault(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        words: &str,
    ) -> &mut TemplateFault {
        let fault = TemplateFault {
            code,
            message: message.into(),
            help: None,
            words: words.to_owned(),
        };
        self.faults.push(fault);
        let last = self.faults.len() - 1;
        &mut self.faults[last]
    }

    /// `inside` says whether a block such as `each` has changed what plain names mean.
    fn template(&mut self, template: &handlebars::Template, inside: bool) {
        for element in &template.elements {
            match element {
                TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
                TemplateElement::Expression(expression) => self.expression(expression, inside),
                TemplateElement::HelperBlock(block) => self.block(block, inside),
                TemplateElement::HtmlExpression(_) => {
                    self.fault("P051", "values without escaping are not allowed", "{{&")
                        .help = Some("write `{{…}}`; nothing is escaped in words anyway".into());
                }
                _ => {
                    self.fault("P052", "partials and decorators are not known here", "{{")
                        .help = Some("write the words out".into());
                }
            }
        }
    }

    fn expression(&mut self, expression: &HelperTemplate, inside: bool) {
        let name = name_of(&expression.name);
        if expression.params.is_empty() && expression.hash.is_empty() {
            match &expression.name {
                Parameter::Subexpression(_) => self.parameter(&expression.name, inside),
                Parameter::Literal(_) => {}
                _ => self.name(&name, &expression.name, inside, true),
            }
            return;
        }
        self.helper(&name);
        self.parameters(expression, inside);
    }

    fn block(&mut self, block: &HelperTemplate, inside: bool) {
        let name = name_of(&block.name);
        self.helper(&name);
        self.parameters(block, inside);
        let inner = inside || matches!(name.as_str(), "each" | "with");
        if let Some(template) = &block.template {
            self.template(template, inner);
        }
        if let Some(template) = &block.inverse {
            self.template(template, inside);
        }
    }

    fn parameters(&mut self, call: &HelperTemplate, inside: bool) {
        for parameter in call.params.iter().chain(call.hash.values()) {
            self.parameter(parameter, inside);
        }
    }

    fn parameter(&mut self, parameter: &Parameter, inside: bool) {
        match parameter {
            Parameter::Subexpression(inner) => match inner.as_element() {
                TemplateElement::Expression(call) => {
                    self.helper(&name_of(&call.name));
                    self.parameters(call, inside);
                }
                _ => {
                    self.helper(inner.name());
                }
            },
            Parameter::Literal(_) => {}
            _ => self.name(&name_of(parameter), parameter, inside, false),
        }
    }

    fn helper(&mut self, name: &str) {
        if !HELPERS.contains(&name) {
            self.fault("P052", format!("unknown helper `{name}`"), name)
                .help = did_you_mean(name, HELPERS)
                .or_else(|| Some(format!("known here: `{}`", HELPERS.join("`, `"))));
        }
    }

    fn name(&mut self, raw: &str, parameter: &Parameter, inside: bool, printed: bool) {
        let keys = keys_of(parameter);
        let local = raw.starts_with('@') && !raw.starts_with("@root");
        let Some(root) = keys.first().filter(|_| !local) else {
            if !inside {
                self.fault("P052", format!("unknown name `{raw}`"), raw);
            }
            return;
        };
        if !is_root(root) {
            if !inside {
                self.fault("P052", format!("unknown name `{raw}`"), raw)
                    .help = did_you_mean(root, ROOTS)
                    .or_else(|| Some(format!("known here: `{}`", ROOTS.join("`, `"))));
            }
            return;
        }
        match look_up(&keys) {
            Ok(Shape::List(_) | Shape::Each(_) | Shape::Fields(_)) if printed => {
                self.fault(
                    "P053",
                    format!("`{raw}` is a group of values and has no text"),
                    raw,
                )
                .help = Some("name one value in it, as in `{{source.name}}`".into());
            }
            Ok(_) => {
                if printed {
                    self.printed.push(keys.clone());
                }
                self.reads.push(Reference {
                    path: keys,
                    tested: false,
                });
            }
            Err(unknown) => {
                self.fault("P052", format!("unknown name `{}`", unknown.path), raw)
                    .help = unknown.help;
            }
        }
    }
}

/// What is wrong with a template that cannot be read, and the words that show it.
fn unreadable(text: &str, error: &handlebars::TemplateError) -> (String, String) {
    let mut blocks: Vec<(&str, &str)> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let Some(length) = rest[start..].find("}}") else {
            let message = "`{{` is not closed by `}}`".to_owned();
            return (
                message,
                rest[start..].lines().next().unwrap_or("{{").to_owned(),
            );
        };
        let tag = &rest[start..start + length + 2];
        let inside = tag[2..length].trim_matches(['~', ' ']);
        let word = |text: &'_ str| text.trim().split(' ').next().unwrap_or_default().to_owned();
        if let Some(opened) = inside.strip_prefix('#') {
            let end = opened.find(' ').unwrap_or(opened.len());
            blocks.push((&opened[..end], tag));
        } else if let Some(closed) = inside.strip_prefix('/') {
            match blocks.pop() {
                Some((opened, _)) if opened == word(closed) => {}
                Some((opened, _)) => {
                    return (
                        format!("`{tag}` closes no `{{{{#{opened}}}}}`"),
                        tag.to_owned(),
                    );
                }
                None => return (format!("`{tag}` closes nothing"), tag.to_owned()),
            }
        }
        rest = &rest[start + length + 2..];
    }
    if let Some((opened, tag)) = blocks.pop() {
        let message = format!("`{tag}` is not closed by `{{{{/{opened}}}}}`");
        return (message, tag.to_owned());
    }
    let line = error
        .pos()
        .and_then(|(line, _)| text.lines().nth(line.saturating_sub(1)));
    let words = line.filter(|_| text.lines().count() > 1).unwrap_or("{{");
    ("the template cannot be read".to_owned(), words.to_owned())
}

fn name_of(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Name(name) => name.clone(),
        Parameter::Path(Path::Relative((_, raw)) | Path::Local((_, _, raw))) => raw.clone(),
        Parameter::Subexpression(inner) => inner.name().to_owned(),
        _ => String::new(),
    }
}

/// The literal keys of a path; `../` and `@root` lead to the roots and are left out.
fn keys_of(parameter: &Parameter) -> Vec<String> {
    match parameter {
        Parameter::Name(name) => vec![name.clone()],
        Parameter::Path(Path::Relative((segments, _))) => segments
            .iter()
            .filter_map(|segment| match segment {
                PathSeg::Named(name) => Some(name.trim_matches(['[', ']']).to_owned()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.0.text).finish()
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}
