//! `schema`: the JSON schemas of the two files, and of what machines read.

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Schema;
use crate::cli::arguments::SchemaOf;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::plan::schema_of_inventory;
use crate::plan::schema_of_plan;
use crate::report;

pub(super) fn execute(arguments: &Schema) -> Result<Exit, CliError> {
    output::print_json(&match arguments.of {
        SchemaOf::Plan => schema_of_plan(&Registry::standard().catalogue()),
        SchemaOf::Inventory => schema_of_inventory(),
        SchemaOf::Event => report::schema_of_event(),
        SchemaOf::Status => report::schema_of_status(),
        SchemaOf::Preview => report::schema_of_path(),
        SchemaOf::Check => report::schema_of_check(),
        SchemaOf::Rollback => report::schema_of_way_back(),
        SchemaOf::Validate => report::schema_of_validation(),
    })?;
    Ok(Exit::Done)
}
