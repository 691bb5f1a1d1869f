//! `graph`: a plan as a picture.

use std::path::Path;

use crate::action::Registry;
use crate::action::roots;
use crate::cli::Exit;
use crate::cli::accept::Accept;
use crate::cli::arguments::Graph;
use crate::cli::arguments::GraphFormat;
use crate::cli::error::CliError;
use crate::cli::error::print_diagnostics;
use crate::cli::files::Stored;
use crate::cli::files::read_pair;
use crate::cli::files::read_plan;
use crate::cli::files::stored;
use crate::cli::output;
use crate::cli::state;
use crate::plan::Diagnostics;
use crate::plan::Roots;
use crate::plan::path;
use crate::report::graph;
use crate::report::graph::Picture;
use crate::report::graph::Shown;

pub(super) async fn execute(arguments: &Graph, given: Option<&Path>) -> Result<Exit, CliError> {
    let picture = match (&arguments.run, &arguments.plan) {
        (Some(run), plan) => of_run(arguments, run, plan.as_deref(), given).await?,
        (None, Some(plan)) => of_files(plan, arguments.inventory.as_deref(), &arguments.accept)?,
        (None, None) => return Err(CliError::usage("neither a plan nor a run is named")),
    };
    let text = match arguments.format {
        GraphFormat::Svg => graph::svg(&picture),
        GraphFormat::Dot => graph::dot(&picture),
        GraphFormat::Mermaid => graph::mermaid(&picture),
    };
    match arguments.output.as_deref() {
        None => output::print(&text)?,
        Some(file) if file == Path::new("-") => output::print(&text)?,
        Some(file) => std::fs::write(file, text).map_err(|error| {
            CliError::usage(format!("cannot write `{}`: {error}", file.display()))
        })?,
    }
    Ok(Exit::Done)
}

fn of_files(plan: &Path, inventory: Option<&Path>, accept: &Accept) -> Result<Picture, CliError> {
    let registry = Registry::standard();
    let Some(inventory) = inventory else {
        let plan = read_plan(plan, &registry)?;
        // Without a pair there is nothing to accept.
        accept.lift(&mut Diagnostics::default())?;
        print_diagnostics(&plan.warnings);
        return Ok(Picture::new(&plan.value, &Roots::default(), Shown::Plan)?);
    };
    let pair = read_pair(plan, inventory, &registry, accept)?;
    let roots = roots(&pair.plan, &pair.inventory, None);
    let rows = path(&pair.plan, &roots);
    let shown = Shown::Path(&pair.inventory, &rows);
    Ok(Picture::new(&pair.plan, &roots, shown)?)
}

/// A run is drawn with its own plan; the file may have been edited since.
async fn of_run(
    arguments: &Graph,
    run: &str,
    plan: Option<&Path>,
    given: Option<&Path>,
) -> Result<Picture, CliError> {
    let folder = state::folder(given, arguments.inventory.as_deref());
    let store = state::existing(&folder)?;
    let id = state::run_id(run)?;
    let record = store.read(&id).await?;
    let Stored { pair, run } = stored(&record, &Registry::standard())?;
    if let Some(file) = plan
        && std::fs::read_to_string(file).is_ok_and(|text| text != pair.plan.file().text())
    {
        output::note(&format!(
            "`{}` differs from the plan of this run; the run's own plan is drawn",
            file.display()
        ));
    }
    let roots = roots(&pair.plan, &pair.inventory, Some(&run));
    let shown = Shown::Run(&pair.inventory, &run);
    Ok(Picture::new(&pair.plan, &roots, shown)?)
}
