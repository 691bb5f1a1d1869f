//! Where the crate `dagre` puts tiles, and where it bends arrows: in layers, lanes beside each other.

use dagre::EdgeLabel;
use dagre::LayoutOptions;
use dagre::NodeLabel;
use dagre::Ranker;
use dagre::graph::Graph;
use dagre::graph::GraphOptions;

use super::Picture;
use super::layout::Area;

/// The room between two tiles beside each other, two arrows, and two layers, in pixels.
const BESIDE: f64 = 22.0;
const BETWEEN_ARROWS: f64 = 14.0;
const BETWEEN_LAYERS: f64 = 26.0;

/// How layers are made, and how else where that goes wrong.
const RANKER: Ranker = Ranker::NetworkSimplex;
const OTHERS: [Ranker; 2] = [Ranker::TightTree, Ranker::LongestPath];

/// Points, by their `x` and `y`.
pub(super) struct Places {
    /// The middle of each tile.
    pub(super) centres: Vec<(f64, f64)>,
    /// The points of each arrow, from one tile to the other.
    pub(super) bends: Vec<Vec<(f64, f64)>>,
}

/// Puts tiles with these widths and heights somewhere.
///
/// The crate loses a tile of a few pictures in ten thousand, or puts one upon another. Of which ones,
/// depends on how layers are made.
pub(super) fn places(picture: &Picture, sizes: &[(f64, f64)]) -> Places {
    let (places, sound) = placed(picture, sizes, RANKER);
    if sound {
        return places;
    }
    OTHERS
        .into_iter()
        .map(|ranker| placed(picture, sizes, ranker))
        .find(|(_, sound)| *sound)
        .map_or(places, |(other, _)| other)
}

/// The places, and whether each tile has one of its own.
fn placed(picture: &Picture, sizes: &[(f64, f64)], ranker: Ranker) -> (Places, bool) {
    let mut graph: Graph<NodeLabel, EdgeLabel> = Graph::with_options(GraphOptions {
        directed: true,
        multigraph: false,
        compound: true,
    });
    let tile = |index: usize| format!("t{index}");
    for (place, tiles) in picture.lanes() {
        graph.set_node(place.as_str(), Some(NodeLabel::default()));
        for (index, _) in tiles {
            let (width, height) = sizes[index];
            let label = NodeLabel {
                width,
                height,
                ..NodeLabel::default()
            };
            graph.set_node(tile(index), Some(label));
            graph.set_parent(&tile(index), Some(place.as_str()));
        }
    }
    for (from, to) in &picture.arrows {
        graph.set_edge(tile(*from), tile(*to), Some(EdgeLabel::default()), None);
    }
    dagre::layout(
        &mut graph,
        Some(LayoutOptions {
            nodesep: BESIDE,
            edgesep: BETWEEN_ARROWS,
            ranksep: BETWEEN_LAYERS,
            ranker,
            ..LayoutOptions::default()
        }),
    );
    let centres: Vec<Option<(f64, f64)>> = (0..sizes.len())
        .map(|index| {
            let label = graph.node(&tile(index))?;
            Some((label.x?, label.y?))
        })
        .collect();
    let bends = picture.arrows.iter().map(|(from, to)| {
        let label = graph.edge(&tile(*from), &tile(*to), None);
        let points = label.map_or(&[][..], |label| &label.points[..]);
        points.iter().map(|point| (point.x, point.y)).collect()
    });
    let bends = bends.collect();
    let placed = centres.iter().zip(sizes);
    let tiles: Vec<Area> = placed
        .filter_map(|(centre, size)| Some(Area::centred((*centre)?, *size)))
        .collect();
    let alone = |(n, tile): (usize, &Area)| !tiles[..n].iter().any(|other| tile.overlaps(other));
    let sound = tiles.len() == sizes.len() && tiles.iter().enumerate().all(alone);
    let centres = centres.into_iter().map(Option::unwrap_or_default).collect();
    (Places { centres, bends }, sound)
}
