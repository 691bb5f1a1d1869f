//! The text of a file, read once, with its lines.
//!
//! Reading refuses what cannot be a plan or an inventory (a folder, an empty file, another
//! encoding, a file too large) before anything looks at the words in it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::OnceLock;

use super::diagnostic::Diagnostic;
use super::diagnostic::Diagnostics;

/// The largest file that is read, in bytes.
///
/// A plan of 100,000 stages is about 20 MiB; what is larger is not a plan.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The text of a file and where it came from; cheap to clone.
#[derive(Clone, Debug)]
pub struct Source(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    text: String,
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Reads a file.
    ///
    /// Fails with one diagnostic when the file is missing, is a folder, cannot be read, is larger
    /// than [`LARGEST_FILE`], is empty or is not UTF-8.
    pub fn read(path: impl Into<PathBuf>) -> Result<Self, Diagnostics> {
        let path = path.into();
        let unreadable = |message: String, help: Option<&str>| {
            Diagnostics::one(Diagnostic::of_file("P001", &path, message, help))
        };
        let shown = path.display();
        let metadata = fs::metadata(&path).map_err(|error| {
            unreadable(
                format!("cannot read `{shown}`: {error}"),
                Some("check the path"),
            )
        })?;
        if metadata.is_dir() {
            return Err(unreadable(
                format!("`{shown}` is a folder"),
                Some("name the file inside it, as in `plans/cutover.yaml`"),
            ));
        }
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file that is too large, whatever its metadata says.
        fs::File::open(&path)
            .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
            .map_err(|error| unreadable(format!("cannot read `{shown}`: {error}"), None))?;
        if bytes.len() as u64 > LARGEST_FILE {
            return Err(Diagnostics::one(Diagnostic::of_file(
                "P004",
                &path,
                format!(
                    "`{shown}` is larger than {} MiB",
                    LARGEST_FILE / 1024 / 1024
                ),
                Some("a plan or an inventory is a text that people read; is this the right file?"),
            )));
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Self::from_text(path, text)),
            Err(error) => {
                let good = error.utf8_error().valid_up_to();
                // Counting needs text, and up to there it is.
                let before = String::from_utf8_lossy(&error.as_bytes()[..good]);
                let line = before.rsplit('\n').next().unwrap_or_default();
                let byte = error.as_bytes().get(good).copied().unwrap_or_default();
                let mut found = Diagnostic::of_file(
                    "P003",
                    &path,
                    format!("this file is not UTF-8: the byte 0x{byte:02x} is no character"),
                    Some("save the file as UTF-8"),
                );
                found.line = before.matches('\n').count() + 1;
                found.column = line.chars().count() + 1;
                Err(Diagnostics::one(found))
            }
        }
    }

    /// Takes a text that is already there; `path` is what diagnostics call it.
    pub fn from_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        // A byte order mark says nothing in UTF-8, and places count from the first character.
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Self(Arc::new(Inner {
            path: path.into(),
            text,
            line_starts: OnceLock::new(),
        }))
    }

    /// Returns the path that the text was read from.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the text, without a byte order mark.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Returns the line and the column (both from 1, columns in characters) of a byte.
    pub fn line_and_column(&self, byte: usize) -> (usize, usize) {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= byte).max(1);
        let start = starts[line - 1];
        let column = self
            .0
            .text
            .get(start..byte)
            .map_or(0, |text| text.chars().count());
        (line, column + 1)
    }

    /// Returns the bytes of the lines `first..=last` (from 1, clamped to the text).
    pub(crate) fn lines(&self, first: usize, last: usize) -> std::ops::Range<usize> {
        let starts = self.line_starts();
        let begin = starts[first.clamp(1, starts.len()) - 1];
        let end = starts.get(last).copied().unwrap_or(self.0.text.len());
        begin..end.max(begin)
    }

    fn line_starts(&self) -> &[usize] {
        self.0.line_starts.get_or_init(|| {
            let breaks = self
                .0
                .text
                .bytes()
                .enumerate()
                .filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0)
                .chain(breaks.map(|(at, _)| at + 1))
                .collect()
        })
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.path() == other.path() && self.text() == other.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters() {
        let source = Source::from_text("a.yaml", "\u{feff}é: 1\r\nü: x\n");
        assert_eq!(source.line_and_column(0), (1, 1));
        assert_eq!(
            source.line_and_column(source.text().find('1').unwrap()),
            (1, 4)
        );
        assert_eq!(
            source.line_and_column(source.text().find('x').unwrap()),
            (2, 4)
        );
    }

    #[test]
    fn what_is_no_text_is_refused_with_words() {
        let folder = tempfile::tempdir().unwrap();
        let code = |path: &Path| Source::read(path).unwrap_err().iter().next().unwrap().code;
        assert_eq!(code(folder.path()), "P001");
        assert_eq!(code(&folder.path().join("missing")), "P001");
        let binary = folder.path().join("binary");
        fs::write(&binary, b"a\n\xff").unwrap();
        assert_eq!(code(&binary), "P003");
        let huge = folder.path().join("huge");
        fs::File::create(&huge)
            .unwrap()
            .set_len(LARGEST_FILE + 1)
            .unwrap();
        assert_eq!(code(&huge), "P004");
    }
}
