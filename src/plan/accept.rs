//! Going on where the cutover document is silent: a person lifts a refusal, and says why.
//!
//! What the document refuses stays refused.

use super::codes::CODES;
use super::codes::code;
use super::diagnostic::Diagnostics;
use super::diagnostic::Severity;
use super::diagnostic::did_you_mean;

/// The refusals that a person may lift.
pub const ACCEPTABLE: [&str; 2] = ["P083", "P087"];

/// Why a refusal was not lifted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum NotAccepted {
    #[error("there is no code `{code}`")]
    Unknown { code: String, help: Option<String> },
    #[error("`{code}` ({title}) cannot be accepted")]
    Final {
        code: &'static str,
        title: &'static str,
    },
    #[error("`{code}` ({title}) does not speak against this pair")]
    Absent {
        code: &'static str,
        title: &'static str,
    },
}

impl Diagnostics {
    /// Lifts a refusal, for a reason: it is a warning from here on. Returns its code and what it says.
    ///
    /// Fails where there is no such code, where it may not be lifted, and where nothing was refused
    /// by it.
    pub fn accept(
        &mut self,
        text: &str,
        reason: &str,
    ) -> Result<(&'static str, String), NotAccepted> {
        let Some(entry) = code(text) else {
            return Err(NotAccepted::Unknown {
                code: text.to_owned(),
                help: did_you_mean(text, CODES.iter().map(|entry| entry.code)),
            });
        };
        let (code, title) = (entry.code, entry.title);
        if !ACCEPTABLE.contains(&code) {
            return Err(NotAccepted::Final { code, title });
        }
        let mut said: Vec<String> = Vec::new();
        for one in self.iter_mut().filter(|one| one.code == code) {
            said.push(one.message.clone());
            one.severity = Severity::Warning;
            one.help = Some(format!("accepted: {reason}"));
        }
        if said.is_empty() {
            return Err(NotAccepted::Absent { code, title });
        }
        Ok((code, said.join("; ")))
    }
}
