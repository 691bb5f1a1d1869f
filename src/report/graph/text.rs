//! Words in a tile: how wide they are, and where their lines break.

/// The size of a tile's words, in pixels.
pub(super) const SIZE: f64 = 12.0;

/// Estimates how wide a text is, in pixels, in any common sans-serif typeface.
///
/// No typeface is at hand, and whoever looks at a picture may have another one; the widths are those
/// of wide ones such as Verdana, so that a text is never wider than its tile.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| em(c) * size).sum()
}

fn em(c: char) -> f64 {
    match c {
        ' ' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'i' | 'j' | 'l' | 'I' | '(' | ')'
        | '[' | ']' | 'f' | 't' | '/' | '\\' => 0.40,
        'r' | '-' | '"' | '*' => 0.47,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 1.0,
        'A'..='Z' | '&' | '#' | '<' | '>' | '=' | '+' | '~' => 0.80,
        // East Asian characters and pictures fill their square, and little else comes near it.
        '\u{1100}'.. => 1.1,
        c if c.is_ascii() => 0.64,
        _ => 0.75,
    }
}

/// Breaks a text into lines of this width, at most so many; what does not fit ends in `…`.
pub(super) fn wrap(text: &str, size: f64, most_wide: f64, most_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word.to_owned();
        loop {
            let last = lines.len() - 1;
            let line = &mut lines[last];
            let gap = if line.is_empty() { "" } else { " " };
            let longer = format!("{line}{gap}{word}");
            if width(&longer, size) <= most_wide {
                *line = longer;
                break;
            }
            if line.is_empty() {
                let cut = fitting(&word, size, most_wide);
                let rest = word.split_off(cut);
                line.push_str(&word);
                word = rest;
                if word.is_empty() {
                    break;
                }
            }
            lines.push(String::new());
        }
    }
    if lines.len() > most_lines {
        lines.truncate(most_lines);
        if let Some(last) = lines.last_mut() {
            while width(last, size) + width("…", size) > most_wide && last.pop().is_some() {}
            last.push('…');
        }
    }
    lines
}

/// How many bytes of a word fit; at least one character, so that breaking comes to an end. A word
/// breaks after a `-` if there is one.
fn fitting(word: &str, size: f64, most_wide: f64) -> usize {
    let mut taken = 0.0;
    let mut hyphen = None;
    for (at, c) in word.char_indices() {
        taken += em(c) * size;
        if taken > most_wide && at > 0 {
            return hyphen.unwrap_or(at);
        }
        if c == '-' {
            hyphen = Some(at + 1);
        }
    }
    word.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_end_with_a_mark() {
        assert_eq!(wrap("one two three", 10.0, 50.0, 9), ["one two", "three"]);
        assert_eq!(
            wrap("one two three four", 10.0, 50.0, 2),
            ["one two", "three…"]
        );
        assert_eq!(wrap("", 10.0, 50.0, 2), [""]);
        assert_eq!(
            wrap("restart-source", 10.0, 60.0, 9),
            ["restart-", "source"]
        );
        assert_eq!(wrap("ääääääää", 10.0, 31.0, 9), ["ääää", "ääää"]);
        assert_eq!(wrap("x", 10.0, 1.0, 9), ["x"]);
        // Together they are wider than the sum of their widths, by a rounding.
        assert_eq!(wrap("mm Aa", 12.0, 46.08, 9), ["mm", "Aa"]);
    }

    proptest::proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(text in "\\PC{0,80}") {
            let lines = wrap(&text, SIZE, 120.0, usize::MAX);
            for line in &lines {
                proptest::prop_assert!(width(line, SIZE) <= 120.0 || line.chars().count() == 1);
            }
            let bare = |text: &str| text.split_whitespace().collect::<String>();
            proptest::prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
