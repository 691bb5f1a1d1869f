//! Mermaid, which many sites draw inside of Markdown.

use std::fmt::Write as _;

use super::Picture;
use super::Tile;
use super::look::Line;
use super::look::Look;

/// Writes a picture as a Mermaid flowchart.
///
/// Tiles are called `s1`, `s2`… in the order of the file: an id such as `end` would be a word of
/// Mermaid's own.
pub fn mermaid(picture: &Picture) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart TB\n", front(&picture.title));
    for (place, tiles) in picture.lanes() {
        let _infallible = writeln!(text, "  subgraph lane-{place}[\"{place}\"]");
        for (index, tile) in tiles {
            let _infallible = writeln!(
                text,
                "    s{}[\"{}\"]:::{}",
                index + 1,
                label(tile),
                tile.look.style().name
            );
        }
        text.push_str("  end\n");
    }
    for arrow in &picture.arrows {
        let line = if picture.on_path(*arrow) {
            "-->"
        } else {
            "-.->"
        };
        let _infallible = writeln!(text, "  s{} {line} s{}", arrow.0 + 1, arrow.1 + 1);
    }
    let legend = picture.legend();
    if !legend.is_empty() {
        text.push_str("  subgraph legend[\"legend\"]\n");
        for (index, look) in legend.iter().enumerate() {
            let _infallible = writeln!(
                text,
                "    l{}[\"{}: {}\"]:::{}",
                index + 1,
                escaped(look.word()),
                escaped(look.meaning()),
                look.style().name
            );
        }
        text.push_str("  end\n");
    }
    let mut looks: Vec<Look> = picture.tiles.iter().map(|tile| tile.look).collect();
    looks.sort_unstable();
    looks.dedup_by_key(|look| look.style().name);
    for look in looks {
        let style = look.style();
        let dashes = match style.line {
            Line::Solid => "",
            Line::Dashed => ",stroke-dasharray:6 4",
            Line::Dotted => ",stroke-dasharray:2 3",
        };
        let _infallible = writeln!(
            text,
            "  classDef {} fill:{},stroke:{},stroke-width:{}px,color:{}{dashes}",
            style.name, style.fill, style.border, style.width, style.text
        );
    }
    text
}

fn label(tile: &Tile) -> String {
    let word = match tile.look.word() {
        "" => String::new(),
        word => format!(", {word}"),
    };
    format!(
        "<b>{}</b>{word}<br/>{}<br/><i>{}</i>",
        escaped(&tile.percent),
        escaped(&tile.description),
        escaped(&tile.id)
    )
}

/// A text as Mermaid takes it inside of double quotes: whatever has a meaning to Mermaid, Markdown
/// or HTML is written as a numbered entity (`#35;` for `#`).
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\n' => out.push_str("<br/>"),
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | ';' | '{' | '}' | '[' | ']' | '|' | '*'
            | '_' | '~' | '$' | '@' => {
                let _infallible = write!(out, "#{};", u32::from(c));
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A text for the front matter, which is YAML; there JSON's quotes mean the same.
fn front(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_stays_a_text() {
        assert_eq!(
            escaped("say \"end\" & <b>\n`x` #35; [é]"),
            "say #34;end#34; #38; #60;b#62;<br/>#96;x#96; #35;35#59; #91;é#93;"
        );
    }
}
