//! The command line.

use std::path::PathBuf;

use clap::ArgAction;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap_complete::Shell;

use super::accept::Accept;
use super::exit::TABLE;
use super::exit::TABLE_OF_CHECK;
use super::exit::TABLE_OF_DIFF;
use super::exit::TABLE_OF_UPGRADE;

use crate::plan::DurationText;

/// Moves a file server's network identity (its name, its addresses and its Active Directory
/// computer account) to its replacement, from a plan file.
#[derive(Debug, Parser)]
#[command(name = "sms-plan", version, after_help = TABLE, max_term_width = 100)]
pub(super) struct Arguments {
    /// Folder with the state of runs [default: `.sms-plan` beside the inventory]
    #[arg(long, global = true, env = "SMS_PLAN_STATE", value_name = "DIR")]
    pub(super) state: Option<PathBuf>,

    /// Log to standard error as well; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,

    #[command(subcommand)]
    pub(super) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a plan, and an inventory with it, and list every fault with its place
    Validate(Validate),
    /// Show the exact path for an inventory: every row, whether it runs, and why
    Preview(Preview),
    /// Ask both servers and the directory whether a run could begin; changes nothing
    #[command(after_help = TABLE_OF_CHECK)]
    Check(Check),
    /// Run a plan
    Apply(Apply),
    /// Rehearse a plan on a simulated twin of both servers; needs no server and no password
    Rehearse(Rehearse),
    /// Go on with an unfinished run
    Resume(Resume),
    /// Take a run back: undo its stages, the last one first
    Rollback(Rollback),
    /// Show where a run stands
    Status(OneRun),
    /// List the runs, or what they keep locked
    Runs(Listing),
    /// Show the journal of a run, or check that it is what was written
    Events(Events),
    /// Ask the process that drives a run to stop once what is under way has ended
    Stop(OneRun),
    /// Let a stage pass that waits for approval, or refuse it
    Approve(Approve),
    /// Draw a plan: its stages in lanes, the path of an inventory, or where a run stands
    Graph(Graph),
    /// Compare two plans, or two inventories, by what they mean
    #[command(after_help = TABLE_OF_DIFF)]
    Diff(Diff),
    /// Rewrite a file of an older version for this one; comments and layout stay
    #[command(after_help = TABLE_OF_UPGRADE)]
    Upgrade(Upgrade),
    /// Write the steps that remain of a run for a person, or all steps before one
    Book(Book),
    /// Take steps that a person did by hand into a run; each is looked at first
    Adopt(Adopt),
    /// Write what became of a run, and what is left to do
    Report(Report),
    /// Tell what is known of a fault's code, an error or a log; alone: list the codes
    Explain(Explain),
    /// Print the JSON schema of a file, or of what machines read
    Schema(Schema),
    /// Print a completion script
    Completions(Completions),
}

/// How to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    #[default]
    Text,
    /// For machines: one document, or a line an event.
    Json,
}

/// How to print what is shown before a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum PreviewFormat {
    /// For people.
    #[default]
    Text,
    /// For machines: one document.
    Json,
    /// For a change board.
    Markdown,
}

/// Files that are checked.
#[derive(Debug, Args)]
pub(super) struct Validate {
    /// The plan file
    pub(super) plan: PathBuf,
    /// The inventory file
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) accept: Accept,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// A plan and an inventory.
#[derive(Debug, Args)]
pub(super) struct Preview {
    /// The plan file
    pub(super) plan: PathBuf,
    /// The inventory file
    #[arg(short, long)]
    pub(super) inventory: PathBuf,
    #[command(flatten)]
    pub(super) accept: Accept,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: PreviewFormat,
}

/// A plan and an inventory whose servers are asked.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The plan file
    pub(super) plan: PathBuf,
    /// The inventory file
    #[arg(short, long)]
    pub(super) inventory: PathBuf,
    #[command(flatten)]
    pub(super) accept: Accept,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What a failure is followed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum OnFailure {
    /// The run stands still, and can be resumed.
    #[default]
    Stop,
    /// What was done is taken back at once.
    Rollback,
}

/// What follows a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Follow {
    /// It is taken back, wherever it stands.
    Rollback,
}

/// How to run.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The plan file
    pub(super) plan: PathBuf,
    /// The inventory file
    #[arg(short, long)]
    pub(super) inventory: PathBuf,
    /// Do not ask before the run begins
    #[arg(short, long)]
    pub(super) yes: bool,
    /// What a failure is followed by
    #[arg(long, value_enum, default_value_t)]
    pub(super) on_failure: OnFailure,
    #[command(flatten)]
    pub(super) accept: Accept,
    #[command(flatten)]
    pub(super) driving: Driving,
    #[command(flatten)]
    pub(super) bounded: Bounded,
    /// Roll back by itself unless somebody confirms the finished run in this time, as in 30m
    #[arg(long, value_name = "TIME", value_parser = DurationText::new)]
    pub(super) confirm_within: Option<DurationText>,
}

/// What to rehearse, and what goes wrong.
#[derive(Debug, Args)]
pub(super) struct Rehearse {
    /// The plan file
    #[arg(required_unless_present = "from_run", conflicts_with = "from_run")]
    pub(super) plan: Option<PathBuf>,
    /// The inventory file; with --from-run the one beside which the state is
    #[arg(short, long, required_unless_present = "from_run")]
    pub(super) inventory: Option<PathBuf>,
    /// Rehearse what a real run did: its own plan and inventory, on a twin of its servers as it found them
    #[arg(long, value_name = "RUN", conflicts_with = "codes")]
    pub(super) from_run: Option<String>,
    /// What makes one rehearsal differ from another; the same seed gives the same events
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Let something go wrong: STAGE=KIND, or random:SEED; may be given more than once
    #[arg(long, value_name = "STAGE=KIND")]
    pub(super) fault: Vec<String>,
    /// Try each kind of fault at each stage, and resume
    #[arg(long, conflicts_with = "fault")]
    pub(super) every_fault: bool,
    /// Start no stage that stands behind this one in the plan
    #[arg(long, value_name = "STAGE")]
    pub(super) until: Option<String>,
    /// Take it back afterwards, and say whether everything is as before; with --every-fault
    /// instead of a resume
    #[arg(long, value_enum)]
    pub(super) then: Option<Follow>,
    /// Take the times of this run; may be given more than once [default: the finished runs of the same
    /// kind in the state folder]
    #[arg(long, value_name = "RUN")]
    pub(super) timing_from: Vec<String>,
    /// Assume what the inventory leaves out, as in source.osVersion=2016
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) assume: Vec<String>,
    #[command(flatten)]
    pub(super) accept: Accept,
    #[command(flatten)]
    pub(super) driving: Driving,
}

/// Which run to go on with.
#[derive(Debug, Args)]
pub(super) struct Resume {
    /// The run [default: the only unfinished one]
    pub(super) run: Option<String>,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    /// Try this stage again although a look at the machine cannot tell how it stands
    #[arg(long, value_name = "STAGE", requires = "reason")]
    pub(super) retry: Option<String>,
    /// Look again at every stage from this one on that had ended, and do again what is gone
    #[arg(
        long,
        value_name = "STAGE",
        requires = "reason",
        conflicts_with = "retry"
    )]
    pub(super) from: Option<String>,
    /// Go on with plan and inventory as they were edited since, where that is not too late
    #[arg(long)]
    pub(super) use_edited: bool,
    /// Accept the edits of this stage although it has begun or ended: what was done stays as it is;
    /// may be given several times
    #[arg(long, value_name = "STAGE", requires_all = ["use_edited", "reason"])]
    pub(super) accept_edit: Vec<String>,
    /// Why, for the journal
    #[arg(long, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(super) reason: Option<String>,
    #[command(flatten)]
    pub(super) driving: Driving,
    #[command(flatten)]
    pub(super) bounded: Bounded,
}

/// Which run to take back, and how.
#[derive(Debug, Args)]
pub(super) struct Rollback {
    /// The run [default: the only unfinished one, else the last]
    pub(super) run: Option<String>,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    /// Only show what would be undone, in the order in which it would be
    #[arg(long, conflicts_with_all = ["yes", "retry", "leave"])]
    pub(super) preview: bool,
    /// Do not ask before the roll back begins
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Undo this stage whatever a look at the machine shows
    #[arg(long, value_name = "STAGE", requires = "reason")]
    pub(super) retry: Option<String>,
    /// Leave the effect of this stage as it is; may be given several times
    #[arg(long, value_name = "STAGE", requires = "reason")]
    pub(super) leave: Vec<String>,
    /// Why, for the journal
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What `apply`, `resume` and `rehearse` share.
#[derive(Clone, Debug, Args)]
pub(super) struct Driving {
    /// How many stages may be under way at once
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) parallel: u16,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// How far a run may go.
#[derive(Clone, Debug, Args)]
pub(super) struct Bounded {
    /// Start no stage that stands behind this one in the plan; the run is then stopped there
    #[arg(long, value_name = "STAGE")]
    pub(super) until: Option<String>,
    /// Pause before this stage until somebody approves; may be given several times
    #[arg(long, value_name = "STAGE")]
    pub(super) pause_before: Vec<String>,
}

/// One run.
#[derive(Debug, Args)]
pub(super) struct OneRun {
    /// The run [default: the only unfinished one, else the last]
    pub(super) run: Option<String>,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What of a journal.
#[derive(Debug, Args)]
pub(super) struct Events {
    #[command(flatten)]
    pub(super) of: OneRun,
    /// Check the hash chain instead: count, first and last time, and the hash over all
    #[arg(long)]
    pub(super) verify: bool,
    /// The hash of any event of the journal, as somebody noted it elsewhere
    #[arg(long, value_name = "HASH", requires = "verify", value_parser = hash)]
    pub(super) expect: Option<String>,
}

/// Reads a SHA-256 as journals write it.
fn hash(text: &str) -> Result<String, String> {
    if text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a hash has 64 hexadecimal digits".to_owned())
    }
}

/// The runs of one state folder.
#[derive(Debug, Args)]
pub(super) struct Listing {
    /// List the servers, addresses and directory objects that runs keep to themselves, and by whom
    #[arg(long)]
    pub(super) locks: bool,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// A person's decision.
#[derive(Debug, Args)]
pub(super) struct Approve {
    /// The run
    pub(super) run: String,
    /// The stage that waits; left out, the finished run itself, which was to be confirmed
    pub(super) stage: Option<String>,
    /// Who decides
    #[arg(long)]
    pub(super) by: String,
    /// Why
    #[arg(long, default_value = "")]
    pub(super) reason: String,
    /// Refuse instead
    #[arg(long, requires = "stage")]
    pub(super) reject: bool,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
}

/// What to draw.
#[derive(Debug, Args)]
pub(super) struct Graph {
    /// The plan file
    #[arg(required_unless_present = "run")]
    pub(super) plan: Option<PathBuf>,
    /// The inventory whose path is told apart; with `--run`, the one beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    /// The run whose statuses are shown, with its own plan
    #[arg(long)]
    pub(super) run: Option<String>,
    #[command(flatten)]
    pub(super) accept: Accept,
    /// How to draw
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: GraphFormat,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// A notation for pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    /// A finished picture.
    #[default]
    Svg,
    /// For Graphviz.
    Dot,
    /// For Markdown and wikis.
    Mermaid,
}

/// What to compare.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The old file and the new one; with `--git` what git hands over
    #[arg(required = true, value_names = ["OLD", "NEW"], num_args = 1..)]
    pub(super) files: Vec<PathBuf>,
    /// Take the arguments of a git external diff: PATH OLD OLD-HEX OLD-MODE NEW NEW-HEX NEW-MODE
    #[arg(long)]
    pub(super) git: bool,
    /// With `--git`: say with the exit code whether they differ, as git's trustExitCode wants it
    #[arg(long, requires = "git")]
    pub(super) exit_code: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What to write down.
#[derive(Debug, Args)]
pub(super) struct Book {
    /// The run; with `--all` and an inventory, a plan file before there is one [default: the only
    /// unfinished run, else the last]
    pub(super) run: Option<String>,
    /// All steps, also those that are done
    #[arg(long)]
    pub(super) all: bool,
    /// The inventory, beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) accept: Accept,
    #[command(flatten)]
    pub(super) written: Written,
}

/// Which run a report is written of.
#[derive(Debug, Args)]
pub(super) struct Report {
    /// The run [default: the only unfinished one, else the last]
    pub(super) run: Option<String>,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
    #[command(flatten)]
    pub(super) written: Written,
}

/// How a document is written, and where to.
#[derive(Debug, Args)]
pub(super) struct Written {
    /// How to write
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: DocumentFormat,
    /// Write into this file
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// How to write a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum DocumentFormat {
    /// For a terminal.
    #[default]
    Text,
    /// For editors and wikis.
    Markdown,
    /// For browsers and printers: one page that needs nothing else.
    Html,
}

/// Which steps a person did.
#[derive(Debug, Args)]
pub(super) struct Adopt {
    /// The run
    pub(super) run: String,
    /// The stages, in the order in which they were done
    #[arg(required = true, value_name = "STAGE")]
    pub(super) stages: Vec<String>,
    /// Who did it
    #[arg(long)]
    pub(super) by: String,
    /// Why, for the journal
    #[arg(long)]
    pub(super) reason: String,
    /// Vouch for what no look can tell
    #[arg(long)]
    pub(super) unverified: bool,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
}

/// What to explain.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The code of a fault, as in P021; or an error text, a code (`0xAAC`, `1326`, `NT_STATUS_…`,
    /// `LDAP 49 data 532`), a percent; or `-` for a log on standard input [default: list the codes
    /// of faults]
    #[arg(value_name = "TEXT")]
    pub(super) text: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

/// What to rewrite.
#[derive(Debug, Args)]
pub(super) struct Upgrade {
    /// The plan or inventory file
    pub(super) file: PathBuf,
    /// Only say whether it would be rewritten
    #[arg(long, conflicts_with = "output")]
    pub(super) check: bool,
    /// Write the result to this file, or to standard output (`-`), instead of over the old one
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Which schema.
#[derive(Debug, Args)]
pub(super) struct Schema {
    /// Of what
    #[arg(value_enum)]
    pub(super) of: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum SchemaOf {
    /// Plan files.
    Plan,
    /// Inventory files.
    Inventory,
    /// An event of a run: a line of `events`, `apply` and `resume` with `--format json`.
    Event,
    /// `status --format json`.
    Status,
    /// `preview --format json`.
    Preview,
    /// `check --format json`.
    Check,
    /// `rollback --preview --format json`.
    Rollback,
    /// `validate --format json`.
    Validate,
}

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: Shell,
}
