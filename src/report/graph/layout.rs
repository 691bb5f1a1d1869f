//! Where tiles and arrows go, to the pixel.
//!
//! What `placing` leaves open is settled here: arrows leave and enter a tile side by side, and stay
//! upright beside the tiles of a layer, so that no line crosses a box.

use std::collections::BTreeMap;

use super::Picture;
use super::placing::Places;
use super::placing::places;
use crate::run::Place;

/// The room between a lane's border and its tiles; above them stands its name.
const LANE_MARGIN: f64 = 12.0;
const LANE_HEAD: f64 = 38.0;
/// The share of a tile's width on which arrows end.
const PORTS: f64 = 0.6;

/// A rectangle; `x` and `y` are its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Area {
    /// With its middle there, and with this width and height.
    pub(super) fn centred((x, y): (f64, f64), (width, height): (f64, f64)) -> Self {
        Self {
            x: x - width / 2.0,
            y: y - height / 2.0,
            width,
            height,
        }
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.x < other.right()
            && other.x < self.right()
            && self.y < other.bottom()
            && other.y < self.bottom()
    }

    fn right(&self) -> f64 {
        self.x + self.width
    }

    fn bottom(&self) -> f64 {
        self.y + self.height
    }

    fn around(self, other: Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self {
            x,
            y,
            width: self.right().max(other.right()) - x,
            height: self.bottom().max(other.bottom()) - y,
        }
    }
}

/// An upright stretch of an arrow: from `top` down to `bottom` at `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stretch {
    pub(super) x: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// A picture with places.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    /// As many as there are tiles.
    pub(super) tiles: Vec<Area>,
    pub(super) lanes: Vec<(Place, Area)>,
    /// As many as there are arrows; between two stretches an arrow bends.
    pub(super) arrows: Vec<Vec<Stretch>>,
    /// All of it.
    pub(super) area: Area,
}

/// Lays a picture out whose tiles have these widths and heights.
pub(super) fn lay_out(picture: &Picture, sizes: &[(f64, f64)]) -> Layout {
    let Places { centres, bends } = places(picture, sizes);
    let side = if is_mirrored(picture, &centres) {
        -1.0
    } else {
        1.0
    };
    let tiles: Vec<Area> = centres
        .iter()
        .zip(sizes)
        .map(|((x, y), size)| Area::centred((side * x, *y), *size))
        .collect();
    let mirrored =
        |points: Vec<(f64, f64)>| points.into_iter().map(|(x, y)| (side * x, y)).collect();
    let bends: Vec<Vec<(f64, f64)>> = bends.into_iter().map(mirrored).collect();
    let lanes: Vec<(Place, Area)> = picture
        .lanes()
        .filter_map(|(place, inside)| {
            let around = inside
                .into_iter()
                .map(|(index, _)| tiles[index])
                .reduce(Area::around)?;
            Some((
                place,
                Area {
                    x: around.x - LANE_MARGIN,
                    y: around.y - LANE_HEAD,
                    width: around.width + 2.0 * LANE_MARGIN,
                    height: around.height + LANE_HEAD + LANE_MARGIN,
                },
            ))
        })
        .collect();
    let arrows = arrows(picture, &tiles, &bends);
    let area = whole(&lanes, &arrows);
    Layout {
        tiles,
        lanes,
        arrows,
        area,
    }
}

/// Whether the lanes stand the wrong way round: to a layout a picture and its mirror image are the
/// same, to a reader the source is on the left.
fn is_mirrored(picture: &Picture, centres: &[(f64, f64)]) -> bool {
    let middles: Vec<f64> = picture
        .lanes()
        .map(|(_, tiles)| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a lane has far fewer than 2^52 tiles"
            )]
            let count = tiles.len() as f64;
            tiles
                .iter()
                .map(|(index, _)| centres[*index].0)
                .sum::<f64>()
                / count
        })
        .collect();
    middles.first() > middles.last()
}

/// The upper and lower edges of all layers.
fn layers(tiles: &[Area]) -> Vec<(f64, f64)> {
    let mut sorted: Vec<(f64, f64)> = tiles.iter().map(|tile| (tile.y, tile.bottom())).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut layers: Vec<(f64, f64)> = Vec::new();
    for (top, bottom) in sorted {
        match layers.last_mut() {
            Some(layer) if top < layer.1 => layer.1 = layer.1.max(bottom),
            _ => layers.push((top, bottom)),
        }
    }
    layers
}

fn arrows(picture: &Picture, tiles: &[Area], bends: &[Vec<(f64, f64)>]) -> Vec<Vec<Stretch>> {
    let layers = layers(tiles);
    // Where an arrow heads for when it has left its tile, and comes from when it enters one.
    let heading = |arrow: usize| bends[arrow].get(1).map_or(0.0, |point| point.0);
    let coming = |arrow: usize| {
        let points = &bends[arrow];
        points
            .len()
            .checked_sub(2)
            .map_or(0.0, |before| points[before].0)
    };
    let leaving = ports(tiles, picture.arrows.iter().map(|arrow| arrow.0), heading);
    let entering = ports(tiles, picture.arrows.iter().map(|arrow| arrow.1), coming);
    picture
        .arrows
        .iter()
        .enumerate()
        .map(|(arrow, (from, to))| {
            let (first, last) = (&tiles[*from], &tiles[*to]);
            let mut stretches = vec![Stretch {
                x: leaving[arrow],
                top: first.bottom(),
                bottom: layer_of(&layers, first).1,
            }];
            for (top, bottom) in &layers {
                if *top < first.bottom() || *bottom > last.y {
                    continue;
                }
                let x = bends[arrow]
                    .iter()
                    .find(|(_, y)| top <= y && y <= bottom)
                    .map_or(entering[arrow], |(x, _)| *x);
                stretches.push(Stretch {
                    x,
                    top: *top,
                    bottom: *bottom,
                });
            }
            stretches.push(Stretch {
                x: entering[arrow],
                top: layer_of(&layers, last).0,
                bottom: last.y,
            });
            stretches
        })
        .collect()
}

fn layer_of(layers: &[(f64, f64)], tile: &Area) -> (f64, f64) {
    layers
        .iter()
        .copied()
        .find(|(top, bottom)| *top <= tile.y && tile.bottom() <= *bottom)
        .unwrap_or((tile.y, tile.bottom()))
}

/// Spreads the arrows at one side of each tile, in the order of where their other ends are.
fn ports(
    tiles: &[Area],
    ends: impl Iterator<Item = usize>,
    other: impl Fn(usize) -> f64,
) -> Vec<f64> {
    let mut at: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut count = 0;
    for (arrow, tile) in ends.enumerate() {
        at.entry(tile).or_default().push(arrow);
        count += 1;
    }
    let mut ports = vec![0.0; count];
    for (tile, mut arrows) in at {
        arrows.sort_by(|a, b| other(*a).total_cmp(&other(*b)));
        let tile = &tiles[tile];
        #[expect(
            clippy::cast_precision_loss,
            reason = "a picture has far fewer than 2^52 arrows"
        )]
        let step = tile.width * PORTS / arrows.len() as f64;
        let mut x = tile.x + tile.width * (1.0 - PORTS) / 2.0 + step / 2.0;
        for arrow in arrows {
            ports[arrow] = x;
            x += step;
        }
    }
    ports
}

fn whole(lanes: &[(Place, Area)], arrows: &[Vec<Stretch>]) -> Area {
    let lines = arrows.iter().flatten().map(|stretch| Area {
        x: stretch.x,
        y: stretch.top,
        width: 0.0,
        height: stretch.bottom - stretch.top,
    });
    lanes
        .iter()
        .map(|(_, area)| *area)
        .chain(lines)
        .reduce(Area::around)
        .unwrap_or(Area {
            x: 0.0,
            y: 0.0,
            width: 0.0,
            height: 0.0,
        })
}

#[cfg(test)]
mod tests {
    use super::super::LANES;
    use super::super::Tile;
    use super::super::look::Look;
    use super::*;
    use proptest::prelude::*;
    use proptest::test_runner::TestCaseResult;

    /// A picture of up to 24 tiles with arrows between any of them, and their sizes.
    fn pictures() -> impl Strategy<Value = (Picture, Vec<(f64, f64)>)> {
        let tile = (0..LANES.len(), 30_u32..120);
        prop::collection::vec(
            (
                tile,
                prop::collection::vec(any::<prop::sample::Index>(), 0..3),
            ),
            1..24,
        )
        .prop_map(|stages| {
            let mut arrows = Vec::new();
            let mut lanes = Vec::new();
            let mut sizes = Vec::new();
            for (to, ((lane, height), needs)) in stages.iter().enumerate() {
                if to > 0 {
                    arrows.extend(needs.iter().map(|need| (need.index(to), to)));
                }
                sizes.push((200.0, f64::from(*height)));
                lanes.push(LANES[*lane]);
            }
            arrows.sort_unstable();
            arrows.dedup();
            (drawn(&lanes, arrows), sizes)
        })
    }

    fn drawn(lanes: &[Place], arrows: Vec<(usize, usize)>) -> Picture {
        let tiles = lanes.iter().enumerate().map(|(n, lane)| Tile {
            id: format!("s{n}"),
            percent: String::new(),
            description: String::new(),
            lane: *lane,
            look: Look::Plain,
            reason: String::new(),
        });
        Picture {
            title: String::new(),
            tiles: tiles.collect(),
            arrows,
        }
    }

    proptest! {
        // Laying out is slow where nothing is optimised.
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn boxes_do_not_overlap_and_arrows_go_around_them((picture, sizes) in pictures()) {
            boxes_and_arrows(&picture, &sizes)?;
        }
    }

    fn boxes_and_arrows(picture: &Picture, sizes: &[(f64, f64)]) -> TestCaseResult {
        let layout = lay_out(picture, sizes);
        for (n, tile) in layout.tiles.iter().enumerate() {
            prop_assert!(tile.x.is_finite() && tile.y.is_finite());
            for other in &layout.tiles[..n] {
                prop_assert!(!tile.overlaps(other), "{tile:?} {other:?}");
            }
            let (_, lane) = layout
                .lanes
                .iter()
                .find(|(place, _)| *place == picture.tiles[n].lane)
                .unwrap();
            prop_assert!(lane.x <= tile.x && tile.right() <= lane.right());
            prop_assert!(lane.y <= tile.y && tile.bottom() <= lane.bottom());
        }
        for ((from, to), stretches) in picture.arrows.iter().zip(&layout.arrows) {
            let near = |a: f64, b: f64| (a - b).abs() < 0.001;
            prop_assert!(near(stretches[0].top, layout.tiles[*from].bottom()));
            let last = &stretches[stretches.len() - 1];
            prop_assert!(near(last.bottom, layout.tiles[*to].y));
            for stretch in stretches {
                let line = Area {
                    x: stretch.x - 0.5,
                    y: stretch.top,
                    width: 1.0,
                    height: stretch.bottom - stretch.top,
                };
                prop_assert!(line.height >= 0.0);
                prop_assert!(
                    layout.tiles.iter().all(|tile| !tile.overlaps(&line)),
                    "{stretch:?} crosses a tile"
                );
            }
            // Between two stretches it bends, and there no tile may be either.
            for pair in stretches.windows(2) {
                let gap = Area {
                    x: pair[0].x.min(pair[1].x),
                    y: pair[0].bottom,
                    width: (pair[0].x - pair[1].x).abs(),
                    height: pair[1].top - pair[0].bottom,
                };
                prop_assert!(
                    gap.height > 0.0 || gap.width < 0.001,
                    "{pair:?} bends without room"
                );
                prop_assert!(
                    layout.tiles.iter().all(|tile| !tile.overlaps(&gap)),
                    "{pair:?} bends through a tile"
                );
            }
        }
        Ok(())
    }

    /// Where layers are made as we like them best, the crate loses a tile of this one.
    #[test]
    fn a_picture_that_goes_wrong_is_made_in_another_way() {
        let lanes = [1, 0, 3, 0, 1, 2, 0, 3, 2, 3, 2, 2, 2, 1, 0, 1, 0, 1].map(|lane| LANES[lane]);
        let heights = [
            30, 30, 30, 100, 74, 53, 54, 64, 93, 94, 47, 99, 56, 50, 83, 117, 43, 80,
        ];
        let from = [0, 0, 1, 1, 1, 1, 2, 3, 3, 4, 4, 4, 5, 7, 7, 7, 8, 9];
        let to = [2, 5, 2, 3, 6, 13, 5, 13, 15, 6, 8, 9, 7, 8, 9, 10, 15, 16];
        let arrows = from.into_iter().zip(to).collect();
        let sizes = heights.map(|height| (200.0, f64::from(height)));
        boxes_and_arrows(&drawn(&lanes, arrows), &sizes).unwrap();
    }
}
