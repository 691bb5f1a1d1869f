//! A plan as a picture: one tile a stage, one lane a place, and arrows for what needs what.
//!
//! A [`Picture`] is the same for every notation; [`dot`], [`mermaid`] and [`svg`] only write it
//! down. Arrows that follow from others are left out.

mod dot;
mod layout;
mod look;
mod mermaid;
mod placing;
mod svg;
mod text;

pub use dot::dot;
pub use mermaid::mermaid;
pub use svg::svg;

use std::collections::BTreeSet;

use petgraph::algo::tred::dag_to_toposorted_adjacency_list;
use petgraph::algo::tred::dag_transitive_reduction_closure;
use petgraph::graph::DiGraph;
use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef as _;
use petgraph::visit::IntoEdgeReferences as _;

use super::described;
use super::tables::whole;
use crate::plan::Inventory;
use crate::plan::PathRow;
use crate::plan::Plan;
use crate::plan::Roots;
use crate::run::Place;
use crate::run::Run;
use look::Look;

/// How many stages a picture may show. Nobody reads a larger one, and laying it out takes time
/// that grows faster than the plan.
pub const MOST_STAGES: usize = 300;

/// The lanes from left to right: the directory stands between the servers that it knows.
const LANES: [Place; 4] = [
    Place::Source,
    Place::Directory,
    Place::Destination,
    Place::Orchestrator,
];

/// Why there is no picture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// The plan is too large.
    #[error("a picture of {0} stages would not be readable; at most {MOST_STAGES} are drawn")]
    TooLarge(usize),
}

/// What tells the tiles of a picture apart.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// Nothing: the plan alone.
    Plan,
    /// The path of an inventory, with its rows as [`crate::plan::path`] returns them.
    Path(&'a Inventory, &'a [PathRow]),
    /// The statuses of a run.
    Run(&'a Inventory, &'a Run),
}

/// A plan, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    title: String,
    tiles: Vec<Tile>,
    /// From a tile to one that needs it, as indices; none that follows from others.
    arrows: Vec<(usize, usize)>,
}

/// One stage.
#[derive(Clone, Debug, PartialEq)]
struct Tile {
    id: String,
    percent: String,
    description: String,
    lane: Place,
    look: Look,
    /// Why it looks so.
    reason: String,
}

impl Picture {
    /// Returns the picture of a plan; descriptions are filled in with what the roots know.
    pub fn new(plan: &Plan, roots: &Roots, shown: Shown<'_>) -> Result<Self, PictureError> {
        if plan.stages.len() > MOST_STAGES {
            return Err(PictureError::TooLarge(plan.stages.len()));
        }
        let tiles = plan
            .stages
            .iter()
            .enumerate()
            .map(|(position, stage)| {
                let (look, reason) = match shown {
                    Shown::Plan => (Look::Plain, String::new()),
                    // The state `idle` stands before the stages.
                    Shown::Path(_, rows) => rows
                        .get(position + 1)
                        .map_or((Look::Plain, String::new()), |row| {
                            (row.runs.into(), row.reason.clone())
                        }),
                    Shown::Run(_, run) => {
                        let state = run.stage(position);
                        (Look::Status(state.status), state.error.join(": "))
                    }
                };
                Tile {
                    id: stage.id.to_string(),
                    percent: format!("{}%", whole(plan.starts_at(position))),
                    description: described(stage, roots),
                    lane: stage.on,
                    look,
                    reason,
                }
            })
            .collect();
        Ok(Self {
            title: title(plan, shown),
            tiles,
            arrows: arrows(plan),
        })
    }

    /// The lanes that hold a tile.
    fn lanes(&self) -> impl Iterator<Item = (Place, Vec<(usize, &Tile)>)> {
        LANES.into_iter().filter_map(|place| {
            let tiles: Vec<(usize, &Tile)> = self
                .tiles
                .iter()
                .enumerate()
                .filter(|(_, tile)| tile.lane == place)
                .collect();
            (!tiles.is_empty()).then_some((place, tiles))
        })
    }

    /// The looks that need words of explanation.
    fn legend(&self) -> BTreeSet<Look> {
        self.tiles
            .iter()
            .map(|tile| tile.look)
            .filter(|look| !look.word().is_empty())
            .collect()
    }

    /// Whether an arrow joins two stages that are both on the path.
    fn on_path(&self, (from, to): (usize, usize)) -> bool {
        !self.tiles[from].look.is_off_path() && !self.tiles[to].look.is_off_path()
    }
}

fn title(plan: &Plan, shown: Shown<'_>) -> String {
    let plan = format!("{} {}", plan.metadata.name, plan.metadata.version);
    let pair = |inventory: &Inventory| {
        let name = |host: &crate::plan::HostSpec| {
            host.name
                .clone()
                .unwrap_or_else(|| host.address.to_string())
        };
        format!(
            "{} -> {}",
            name(&inventory.source),
            name(&inventory.destination)
        )
    };
    match shown {
        Shown::Plan => plan,
        Shown::Path(inventory, _) => format!("{plan}: {}", pair(inventory)),
        Shown::Run(inventory, run) => format!(
            "{plan}: {}, run {} {} at {}%",
            pair(inventory),
            run.id(),
            run.state(),
            whole(run.percent())
        ),
    }
}

/// The transitive reduction of the needs: an arrow says nothing where a longer way says it too.
fn arrows(plan: &Plan) -> Vec<(usize, usize)> {
    let mut graph = DiGraph::<(), ()>::with_capacity(plan.stages.len(), 0);
    // Each stage stands after all that it needs, so the order of the file is a topological one.
    let order: Vec<NodeIndex> = plan.stages.iter().map(|_| graph.add_node(())).collect();
    for (to, stage) in plan.stages.iter().enumerate() {
        for from in &stage.needs {
            graph.add_edge(order[*from], order[to], ());
        }
    }
    let (list, _) = dag_to_toposorted_adjacency_list::<_, NodeIndex>(&graph, &order);
    let (reduced, _) = dag_transitive_reduction_closure(&list);
    let mut arrows: Vec<(usize, usize)> = reduced
        .edge_references()
        .map(|edge| (edge.source().index(), edge.target().index()))
        .collect();
    arrows.sort_unstable();
    arrows
}
