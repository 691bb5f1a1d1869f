//! One symptom with its cause and its fix, and the list of all.

use std::sync::LazyLock;

use regex::Regex;
use regex::RegexBuilder;
use serde::Deserialize;
use serde::Serialize;

/// The data, in the order in which equals are shown.
const FILES: [&str; 3] = [
    include_str!("storage_migration_service.yaml"),
    include_str!("samba.yaml"),
    include_str!("windows.yaml"),
];

static ISSUES: LazyLock<Vec<Issue>> = LazyLock::new(|| {
    FILES
        .iter()
        .flat_map(|file| {
            let issues: Vec<Issue> =
                serde_yaml::from_str(file).expect("the data of this program, which its tests read");
            issues
        })
        .collect()
});

/// Every known symptom.
pub fn issues() -> &'static [Issue] {
    &ISSUES
}

/// A symptom that somebody has met before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issue {
    /// Its name here, as in `K14`.
    pub id: String,
    /// The symptom, in one line.
    pub title: String,
    /// Where in a cutover it shows, if only there.
    #[serde(default)]
    pub at: Where,
    #[serde(rename = "match")]
    pub(super) signs: Signs,
    /// Why it happens.
    pub cause: String,
    /// What mends it.
    pub fix: String,
    /// What to do with the run then.
    pub next: Vec<WayOn>,
    /// Real texts, with their sources.
    #[serde(default)]
    pub seen: Vec<Seen>,
    /// Where cause and fix are told.
    pub sources: Vec<String>,
}

/// Where in a cutover a symptom shows.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// Stages of the shipped plan.
    #[serde(default)]
    pub stages: Vec<String>,
    /// The percents that the document shows for them.
    #[serde(default)]
    pub percents: Vec<u32>,
    /// Its signs mean nothing anywhere else.
    #[serde(default)]
    pub only: bool,
}

/// By what a symptom is known.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signs {
    /// Win32, NERR and HRESULT codes.
    #[serde(default)]
    pub(super) codes: Vec<u32>,
    /// Names of codes, `STATUS_…` without `NT_`.
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) ldap: Vec<LdapSign>,
    /// Numbers of events in a Windows event log.
    #[serde(default)]
    pub(super) events: Vec<u32>,
    /// Parts of a message, in lower case.
    #[serde(default)]
    pub(super) texts: Vec<String>,
    #[serde(default)]
    pub(super) patterns: Vec<Pattern>,
}

/// An LDAP result, and the `data` of Active Directory's answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LdapSign {
    pub(super) result: u32,
    /// In hexadecimal, as Active Directory writes it.
    #[serde(default)]
    pub(super) data: Option<String>,
}

/// A regular expression, whatever the case of the letters.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern(pub(super) Regex);

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, regex::Error> {
        let pattern = RegexBuilder::new(&text).case_insensitive(true).build()?;
        Ok(Self(pattern))
    }
}

/// A text as somebody met it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// The text.
    pub text: String,
    /// Where it was met.
    pub source: String,
}

/// A way on with a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WayOn {
    /// Mend the files, and apply them.
    Edit,
    /// Go on; what was under way is looked at first.
    Resume,
    /// Finish it by hand, from the book.
    Book,
    /// Take a step that was done by hand into the run.
    Adopt,
}

impl WayOn {
    /// The command, with what is known of the run filled in.
    pub fn command(self, run: &str, stage: &str, state: Option<&str>) -> String {
        let state = state
            .map(|state| format!(" --state {state}"))
            .unwrap_or_default();
        match self {
            Self::Edit => "mend the inventory; a run that has changed nothing is given up by \
                           `sms-plan apply`"
                .to_owned(),
            Self::Resume => format!("sms-plan resume {run}{state}"),
            Self::Book => format!("sms-plan book {run}{state}"),
            Self::Adopt => {
                format!("sms-plan adopt {run} {stage} --by NAME --reason TEXT{state}")
            }
        }
    }

    /// When it is the way, in a word or two.
    pub fn when(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Resume => "go on",
            Self::Book => "by hand",
            Self::Adopt => "done",
        }
    }
}
