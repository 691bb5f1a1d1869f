//! Where the crate `dagre` puts tiles, and where it bends arrows: in layers, lanes beside each other.

use dagre::EdgeLabel;
use dagre::LayoutOptions;
use dagre::NodeLabel;
use dagre::Ranker;
use dagre::graph::Graph;
use dagre::graph::GraphOptions;

use super::Picture;

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
    let sound = centres.iter().all(Option::is_some) && !overlap(&centres, sizes);
    let centres = centres.into_iter().map(Option::unwrap_or_default).collect();
    (Places { centres, bends }, sound)
}

/// Whether two tiles overlap, of those that have a place.
fn overlap(centres: &[Option<(f64, f64)>], sizes: &[(f64, f64)]) -> bool {
    let tiles = || centres.iter().zip(sizes).enumerate();
    tiles().any(|(n, (one, size))| {
        tiles().take(n).any(|(_, (other, with))| {
            one.zip(*other).is_some_and(|(one, other)| {
                (one.0 - other.0).abs() * 2.0 < size.0 + with.0
                    && (one.1 - other.1).abs() * 2.0 < size.1 + with.1
            })
        })
    })
}
