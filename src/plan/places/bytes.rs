//! From characters, which the parser counts, to bytes, which spans are made of.

/// Where each character of a text begins.
pub(super) struct CharToByte<'a> {
    /// The byte of every 128th character; nothing for a text of ASCII alone.
    marks: Vec<usize>,
    text: &'a str,
}

impl<'a> CharToByte<'a> {
    const STEP: usize = 128;

    pub(super) fn new(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self {
                marks: Vec::new(),
                text,
            };
        }
        let marks = text
            .char_indices()
            .step_by(Self::STEP)
            .map(|(byte, _)| byte)
            .collect();
        Self { marks, text }
    }

    /// Returns the byte of a character.
    pub(super) fn at(&self, index: usize) -> usize {
        if self.marks.is_empty() {
            return index;
        }
        let Some(mark) = self.marks.get(index / Self::STEP) else {
            return self.text.len();
        };
        let rest = &self.text[*mark..];
        let inside = rest.char_indices().nth(index % Self::STEP);
        mark + inside.map_or(rest.len(), |(byte, _)| byte)
    }
}
