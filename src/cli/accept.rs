//! `--accept CODE --reason TEXT`: a person's word for a refusal that may be lifted.

use clap::Args;

use super::error::CliError;
use crate::plan::ACCEPTABLE;
use crate::plan::Diagnostics;
use crate::plan::NotAccepted;
use crate::run::EventKind;

/// Refusals to go on in spite of.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Accept {
    /// Go on although this code refuses the pair; may be given more than once
    #[arg(long = "accept", value_name = "CODE", requires = "accept_reason")]
    codes: Vec<String>,
    /// Why it is accepted, for the journal
    #[arg(long = "reason", id = "accept_reason", value_name = "TEXT", requires = "codes",
        value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
}

/// A refusal that was lifted.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    /// Code and message.
    pub(super) what: String,
    /// Why.
    pub(super) reason: String,
}

impl Accept {
    /// Lifts the refusals that were named.
    pub(super) fn lift(&self, found: &mut Diagnostics) -> Result<Vec<Accepted>, CliError> {
        let reason = self.reason.clone().unwrap_or_default();
        let mut lifted: Vec<Accepted> = Vec::new();
        for code in &self.codes {
            let (code, said) = found.accept(code, &reason).map_err(refused)?;
            let what = format!("{code}: {said}");
            if !lifted.iter().any(|one| one.what == what) {
                lifted.push(Accepted {
                    what,
                    reason: reason.clone(),
                });
            }
        }
        Ok(lifted)
    }
}

impl Accepted {
    /// What the journal keeps of it.
    pub(super) fn event(&self, by: String) -> EventKind {
        EventKind::OverrideAccepted {
            what: self.what.clone(),
            by,
            reason: self.reason.clone(),
        }
    }
}

fn refused(error: NotAccepted) -> CliError {
    let words = CliError::usage(error.to_string());
    match error {
        NotAccepted::Unknown {
            help: Some(help), ..
        } => words.hint(help),
        NotAccepted::Unknown { help: None, .. } | NotAccepted::Final { .. } => {
            words.hint(format!("may be accepted: {}", ACCEPTABLE.join(", ")))
        }
        NotAccepted::Absent { .. } => words.hint("leave the `--accept` out"),
    }
}
