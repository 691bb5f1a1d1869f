//! The command line.

use std::path::PathBuf;

use clap::ArgAction;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap_complete::Shell;

use super::exit::TABLE;

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
    /// Run a plan
    Apply(Apply),
    /// Go on with an unfinished run
    Resume(Resume),
    /// Show where a run stands
    Status(OneRun),
    /// List the runs
    Runs(Listing),
    /// Show the journal of a run
    Events(OneRun),
    /// Ask the process that drives a run to stop once what is under way has ended
    Stop(OneRun),
    /// Let a stage pass that waits for approval, or refuse it
    Approve(Approve),
    /// Write the steps that remain of a run for a person, or all steps before one
    Book(Book),
    /// Take steps that a person did by hand into a run; each is looked at first
    Adopt(Adopt),
    /// Tell what is known of a fault's code, an error or a log; alone: list the codes
    Explain(Explain),
    /// Print the JSON schema of plans or inventories
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

/// Files that are checked.
#[derive(Debug, Args)]
pub(super) struct Validate {
    /// The plan file
    pub(super) plan: PathBuf,
    /// The inventory file
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
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
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
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
    /// Why, for the journal
    #[arg(long)]
    pub(super) reason: Option<String>,
    #[command(flatten)]
    pub(super) driving: Driving,
}

/// What `apply` and `resume` share.
#[derive(Clone, Debug, Args)]
pub(super) struct Driving {
    /// How many stages may be under way at once
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) parallel: u16,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
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

/// The runs of one state folder.
#[derive(Debug, Args)]
pub(super) struct Listing {
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
    /// The stage that waits
    pub(super) stage: String,
    /// Who decides
    #[arg(long)]
    pub(super) by: String,
    /// Why
    #[arg(long, default_value = "")]
    pub(super) reason: String,
    /// Refuse instead
    #[arg(long)]
    pub(super) reject: bool,
    /// The inventory beside which the state is
    #[arg(short, long)]
    pub(super) inventory: Option<PathBuf>,
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
    /// How to write
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: BookFormat,
    /// Write into this file
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// How to write a book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum BookFormat {
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
}

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(super) shell: Shell,
}
