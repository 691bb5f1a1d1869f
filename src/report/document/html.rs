//! A document as one HTML page that prints well and needs nothing from elsewhere.

use std::fmt::Write as _;

use super::Document;
use super::Table;
use crate::action::Line;

const STYLE: &str = "\
body{font:11pt/1.45 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#111}
h1{font-size:1.5rem}h2{font-size:1.15rem;border-bottom:1px solid #999;margin-top:2rem}
h3{font-size:1rem;margin-bottom:.2rem}
pre{background:#f3f3f3;border-left:3px solid #888;padding:.5rem;white-space:pre-wrap;overflow-wrap:anywhere}
.where{color:#444;margin-top:0}.stands{font-weight:bold}
table{border-collapse:collapse;font-size:.9em}td,th{border:1px solid #bbb;padding:.2rem .5rem;
text-align:left;vertical-align:top;overflow-wrap:anywhere}
.checks{border-left:1px solid #bbb;padding-left:.8rem}
input{width:1rem;height:1rem}
@media print{tr{break-inside:avoid}body{margin:0;max-width:none;font-size:10pt}h2,h3{break-after:avoid}
pre,.stands{break-inside:avoid}pre{background:none;border:1px solid #888}}";

/// Writes a document as HTML, every text escaped.
pub fn html(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    for section in &document.sections {
        let _infallible = writeln!(out, "<section>\n<h2>{}</h2>", words(&section.title));
        lines(&mut out, &section.lines);
        table(&mut out, &section.table);
        for step in &section.steps {
            let _infallible = writeln!(
                out,
                "<h3><input type=\"checkbox\" aria-label=\"done\"> {}% {}</h3>\n\
                 <p class=\"where\"><code>{}</code> on {}</p>",
                step.percent,
                words(&step.title),
                escaped(&step.id),
                words(&step.place)
            );
            if let Some(stands) = &step.stands {
                let _infallible = writeln!(out, "<p class=\"stands\">{}</p>", words(stands));
            }
            lines(&mut out, &step.lines);
            if !step.checks.is_empty() {
                out.push_str("<div class=\"checks\">\n<p>How to see that it worked:</p>\n");
                lines(&mut out, &step.checks);
                out.push_str("</div>\n");
            }
        }
        out.push_str("</section>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn lines(out: &mut String, lines: &[Line]) {
    for line in lines {
        let _infallible = match line {
            Line::Say(text) => writeln!(out, "<p>{}</p>", words(text)),
            Line::Type(command) => writeln!(out, "<pre>{}</pre>", escaped(command)),
        };
    }
}

fn table(out: &mut String, table: &Table) {
    if table.head.is_empty() {
        return;
    }
    out.push_str("<table>\n");
    let mut row = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        out.push_str("<tr>");
        for cell in cells {
            let _infallible = write!(out, "<{tag}>{}</{tag}>", words(cell));
        }
        out.push_str("</tr>\n");
    };
    row("th", &mut table.head.iter().copied());
    for cells in &table.rows {
        row("td", &mut cells.iter().map(String::as_str));
    }
    out.push_str("</table>\n");
}

/// A sentence; what stands between backticks is code.
fn words(text: &str) -> String {
    let mut out = String::new();
    for (position, part) in text.split('`').enumerate() {
        let part = escaped(part);
        if position % 2 == 1 {
            out.extend(["<code>", &part, "</code>"]);
        } else {
            out.push_str(&part);
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(sign),
        }
    }
    out
}
