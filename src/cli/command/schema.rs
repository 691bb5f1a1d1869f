//! `schema`: the JSON schemas of the two files.

use crate::action::Registry;
use crate::cli::Exit;
use crate::cli::arguments::Schema;
use crate::cli::arguments::SchemaOf;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::plan::schema_of_inventory;
use crate::plan::schema_of_plan;

pub(super) fn execute(arguments: &Schema) -> Result<Exit, CliError> {
    output::print_json(&match arguments.of {
        SchemaOf::Plan => schema_of_plan(&Registry::standard().catalogue()),
        SchemaOf::Inventory => schema_of_inventory(),
    })?;
    Ok(Exit::Done)
}
