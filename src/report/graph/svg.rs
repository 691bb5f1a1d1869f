//! SVG, laid out: a picture that needs no other program.

use std::fmt::Write as _;

use super::Picture;
use super::Tile;
use super::layout::Area;
use super::layout::Stretch;
use super::layout::lay_out;
use super::look::Line;
use super::look::Look;
use super::look::Style;
use super::text::SIZE;
use super::text::width;
use super::text::wrap;

const TILE_WIDTH: f64 = 216.0;
const TILE_PADDING: f64 = 9.0;
const LINE_HEIGHT: f64 = 15.0;
const SMALL: f64 = 10.0;
const MOST_LINES: usize = 6;
const PAGE_MARGIN: f64 = 24.0;
const TITLE_SIZE: f64 = 18.0;
const TITLE_HEIGHT: f64 = 44.0;
const LEGEND_ROW: f64 = 28.0;

/// The lines of a tile: percent and word, description, id.
struct Words {
    description: Vec<String>,
    id: Vec<String>,
}

impl Words {
    fn new(tile: &Tile) -> Self {
        let inside = TILE_WIDTH - 2.0 * TILE_PADDING;
        Self {
            description: wrap(&tile.description, SIZE, inside, MOST_LINES),
            id: wrap(&tile.id, SMALL, inside, MOST_LINES),
        }
    }

    fn height(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a tile has a dozen lines")]
        let lines = (1 + self.description.len() + self.id.len()) as f64;
        lines * LINE_HEIGHT + 2.0 * TILE_PADDING
    }
}

/// Draws a picture.
pub fn svg(picture: &Picture) -> String {
    let words: Vec<Words> = picture.tiles.iter().map(Words::new).collect();
    let sizes: Vec<(f64, f64)> = words
        .iter()
        .map(|words| (TILE_WIDTH, words.height()))
        .collect();
    let layout = lay_out(picture, &sizes);
    let legend: Vec<Look> = picture.legend().into_iter().collect();
    let entries: Vec<f64> = legend.iter().map(|look| entry_width(*look)).collect();
    let page_width = layout
        .area
        .width
        .max(width(&picture.title, TITLE_SIZE))
        .max(entries.iter().copied().fold(0.0, f64::max))
        + 2.0 * PAGE_MARGIN;
    let places = flow(&entries, page_width - 2.0 * PAGE_MARGIN);
    let legend_height = places.last().map_or(0.0, |(_, y)| y + LEGEND_ROW + 8.0);
    let head = PAGE_MARGIN + TITLE_HEIGHT + legend_height;
    let page_height = head + layout.area.height + PAGE_MARGIN;

    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" \
         viewBox=\"0 0 {w} {h}\" font-family=\"Verdana, DejaVu Sans, Arial, sans-serif\" \
         font-size=\"{SIZE}\">\n",
        w = n(page_width),
        h = n(page_height),
    );
    let _infallible = writeln!(
        out,
        "<title>{title}</title>\n\
         <defs>{}{}</defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{}\" y=\"{}\" font-size=\"{TITLE_SIZE}\" font-weight=\"bold\">{title}</text>",
        head_of_arrow("on", ON_PATH),
        head_of_arrow("off", OFF_PATH),
        n(PAGE_MARGIN),
        n(PAGE_MARGIN + TITLE_SIZE),
        title = escaped(&picture.title),
    );
    for (look, (x, y)) in legend.iter().zip(&places) {
        draw_entry(
            &mut out,
            *look,
            PAGE_MARGIN + x,
            PAGE_MARGIN + TITLE_HEIGHT + y,
        );
    }
    let _infallible = writeln!(
        out,
        "<g transform=\"translate({} {})\">",
        n((page_width - layout.area.width) / 2.0 - layout.area.x),
        n(head - layout.area.y)
    );
    for (_, area) in &layout.lanes {
        let _infallible = writeln!(
            out,
            "<rect {} rx=\"10\" fill=\"#f6f6f4\" stroke=\"#c9c9c4\"/>",
            corners(area)
        );
    }
    // What is off the path is drawn first, so that the path lies above it.
    for on_path in [false, true] {
        for (arrow, stretches) in picture.arrows.iter().zip(&layout.arrows) {
            if picture.on_path(*arrow) == on_path {
                draw_arrow(&mut out, stretches, on_path);
            }
        }
    }
    for (place, area) in &layout.lanes {
        let _infallible = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" font-size=\"14\" font-weight=\"bold\" fill=\"#444444\" \
             stroke=\"#f6f6f4\" stroke-width=\"4\" paint-order=\"stroke\">{place}</text>",
            n(area.x + 12.0),
            n(area.y + 13.5)
        );
    }
    for ((tile, words), area) in picture.tiles.iter().zip(&words).zip(&layout.tiles) {
        draw_tile(&mut out, tile, words, area);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

const ON_PATH: &str = "#333333";
const OFF_PATH: &str = "#8c8c8c";

fn head_of_arrow(name: &str, colour: &str) -> String {
    format!(
        "<marker id=\"{name}\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" \
         markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">\
         <path d=\"M0 1L10 5L0 9z\" fill=\"{colour}\"/></marker>"
    )
}

fn draw_arrow(out: &mut String, stretches: &[Stretch], on_path: bool) {
    let mut path = String::new();
    let mut before: Option<&Stretch> = None;
    for stretch in stretches {
        let _infallible = match before {
            None => write!(path, "M{} {}", n(stretch.x), n(stretch.top)),
            Some(before) => {
                let middle = f64::midpoint(before.bottom, stretch.top);
                write!(
                    path,
                    "C{} {m} {x} {m} {x} {}",
                    n(before.x),
                    n(stretch.top),
                    m = n(middle),
                    x = n(stretch.x)
                )
            }
        };
        if stretch.bottom > stretch.top {
            let _infallible = write!(path, "V{}", n(stretch.bottom));
        }
        before = Some(stretch);
    }
    let (marker, colour, more) = if on_path {
        ("on", ON_PATH, "")
    } else {
        ("off", OFF_PATH, " stroke-dasharray=\"5 4\"")
    };
    let _infallible = writeln!(
        out,
        "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.4\"{more} \
         marker-end=\"url(#{marker})\"/>"
    );
}

fn draw_tile(out: &mut String, tile: &Tile, words: &Words, area: &Area) {
    let style = tile.look.style();
    let _infallible = write!(
        out,
        "<g><title>{}",
        escaped(&format!("{}\n{}", tile.id, tile.description))
    );
    if !tile.reason.is_empty() {
        let _infallible = write!(out, "\n{}", escaped(&tile.reason));
    }
    out.push_str("</title>");
    let _infallible = write!(out, "<rect {} rx=\"5\" {}/>", corners(area), drawn(&style));
    let left = area.x + TILE_PADDING;
    let mut y = area.y + TILE_PADDING + SIZE - 1.0;
    let colour = style.text;
    let _infallible = write!(
        out,
        "<text x=\"{}\" y=\"{}\" font-weight=\"bold\" fill=\"{colour}\">{}</text>",
        n(left),
        n(y),
        escaped(&tile.percent)
    );
    if !tile.look.word().is_empty() {
        let _infallible = write!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\" font-size=\"11\" font-style=\"italic\" \
             fill=\"{colour}\">{}</text>",
            n(area.x + area.width - TILE_PADDING),
            n(y),
            escaped(tile.look.word())
        );
    }
    for line in &words.description {
        y += LINE_HEIGHT;
        let _infallible = write!(
            out,
            "<text x=\"{}\" y=\"{}\" fill=\"{colour}\">{}</text>",
            n(left),
            n(y),
            escaped(line)
        );
    }
    for line in &words.id {
        y += LINE_HEIGHT;
        let _infallible = write!(
            out,
            "<text x=\"{}\" y=\"{}\" font-size=\"{SMALL}\" fill=\"{colour}\">{}</text>",
            n(left),
            n(y),
            escaped(line)
        );
    }
    out.push_str("</g>\n");
}

fn entry_text(look: Look) -> String {
    format!("{}: {}", look.word(), look.meaning())
}

fn entry_width(look: Look) -> f64 {
    40.0 + width(&entry_text(look), SIZE) + 24.0
}

/// Puts things of these widths beside each other, in as many rows as they need.
fn flow(widths: &[f64], most_wide: f64) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (0.0, 0.0);
    let mut places = Vec::with_capacity(widths.len());
    for width in widths {
        if x > 0.0 && x + width > most_wide {
            x = 0.0;
            y += LEGEND_ROW;
        }
        places.push((x, y));
        x += width;
    }
    places
}

fn draw_entry(out: &mut String, look: Look, x: f64, y: f64) {
    let swatch = Area {
        x,
        y,
        width: 32.0,
        height: 18.0,
    };
    let _infallible = writeln!(
        out,
        "<rect {} rx=\"4\" {}/><text x=\"{}\" y=\"{}\">{}</text>",
        corners(&swatch),
        drawn(&look.style()),
        n(x + 40.0),
        n(y + 13.5),
        escaped(&entry_text(look))
    );
}

fn drawn(style: &Style) -> String {
    let dashes = match style.line {
        Line::Solid => "",
        Line::Dashed => " stroke-dasharray=\"6 4\"",
        Line::Dotted => " stroke-dasharray=\"2 3\"",
    };
    format!(
        "fill=\"{}\" stroke=\"{}\" stroke-width=\"{}\"{dashes}",
        style.fill, style.border, style.width
    )
}

fn corners(area: &Area) -> String {
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        n(area.x),
        n(area.y),
        n(area.width),
        n(area.height)
    )
}

/// A number with at most one digit behind the point: a tenth of a pixel is finer than anybody sees.
fn n(number: f64) -> String {
    let text = format!("{number:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0" } else { text }.to_owned()
}

/// A text as XML takes it; characters that XML 1.0 has no place for become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(
            escaped("a <b> & \"c\" é\u{1}"),
            "a &lt;b&gt; &amp; &quot;c&quot; é\u{fffd}"
        );
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(n(12.0), "12");
        assert_eq!(n(-0.01), "0");
        assert_eq!(n(7.25), "7.2");
    }
}
