//! Graphviz's DOT.

use std::fmt::Write as _;

use super::Picture;
use super::Tile;
use super::look::Line;
use super::look::Look;
use super::text::SIZE;
use super::text::wrap;

/// Writes a picture for Graphviz, as in `dot -Tsvg`.
pub fn dot(picture: &Picture) -> String {
    let mut text = String::from("digraph plan {\n");
    let _infallible = writeln!(
        text,
        "  graph [rankdir=TB, newrank=true, nodesep=0.25, ranksep=0.4, fontname=\"Helvetica\", \
         labelloc=t, label={}];",
        quoted(&picture.title)
    );
    text.push_str("  node [shape=box, style=filled, fontname=\"Helvetica\", fontsize=10];\n");
    text.push_str("  edge [color=\"#333333\"];\n");
    for (place, tiles) in picture.lanes() {
        let _infallible = writeln!(
            text,
            "  subgraph {} {{\n    label={};\n    color=\"#b0b0b0\";",
            quoted(&format!("cluster_{place}")),
            quoted(place.as_str())
        );
        for (_, tile) in tiles {
            let _infallible = writeln!(
                text,
                "    {} [label={}{}];",
                quoted(&tile.id),
                quoted(&label(tile)),
                drawn(tile.look)
            );
        }
        text.push_str("  }\n");
    }
    for arrow in &picture.arrows {
        let (from, to) = (&picture.tiles[arrow.0], &picture.tiles[arrow.1]);
        let faint = if picture.on_path(*arrow) {
            ""
        } else {
            " [style=dashed, color=\"#8c8c8c\"]"
        };
        let _infallible = writeln!(text, "  {} -> {}{faint};", quoted(&from.id), quoted(&to.id));
    }
    let legend: Vec<String> = picture
        .legend()
        .into_iter()
        .map(|look| {
            format!(
                "    {} [label={}{}];\n",
                quoted(&format!("legend: {}", look.style().name)),
                quoted(&format!("{}: {}", look.word(), look.meaning())),
                drawn(look)
            )
        })
        .collect();
    if !legend.is_empty() {
        text.push_str(
            "  subgraph \"cluster_legend\" {\n    label=\"legend\";\n    color=\"#b0b0b0\";\n",
        );
        text.push_str(&legend.concat());
        text.push_str("  }\n");
    }
    text.push_str("}\n");
    text
}

fn label(tile: &Tile) -> String {
    let mut lines = vec![match tile.look.word() {
        "" => tile.percent.clone(),
        word => format!("{}, {word}", tile.percent),
    }];
    lines.extend(wrap(&tile.description, SIZE, 230.0, 6));
    lines.push(tile.id.clone());
    lines.join("\n")
}

fn drawn(look: Look) -> String {
    let style = look.style();
    let line = match style.line {
        Line::Solid => "filled",
        Line::Dashed => "filled,dashed",
        Line::Dotted => "filled,dotted",
    };
    format!(
        ", style=\"{line}\", fillcolor=\"{}\", color=\"{}\", fontcolor=\"{}\", penwidth={}",
        style.fill, style.border, style.text, style.width
    )
}

/// A text in double quotes. Graphviz reads `\` inside of labels as the beginning of an escape, such
/// as `\N` for the node's name, and replaces entities such as `&lt;`, so both are written out.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push_str("\\n"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(
            quoted("a \"b\" \\N <i> &lt;"),
            r#""a \"b\" \\N <i> &amp;lt;""#
        );
        assert_eq!(quoted("two\nlines\u{7}"), "\"two\\nlines \"");
    }
}
