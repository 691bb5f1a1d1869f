//! What of a condition's text says nothing.

/// A condition without what only lays it out: white space counts inside of quotes alone.
pub(crate) fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut quote: Option<char> = None;
    let mut last = ' ';
    for c in text.trim().chars() {
        if quote.is_none() && c.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            match quote {
                Some(open) if c == open && last != '\\' => quote = None,
                None if c == '"' || c == '\'' => quote = Some(c),
                _ => {}
            }
            out.push(c);
        }
        // A backslash that is itself written with one does not go on to the next character.
        last = if last == '\\' && c == '\\' { ' ' } else { c };
    }
    out
}
