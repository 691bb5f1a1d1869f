//! Words in JSON pointers (RFC 6901, section 4).

/// Writes a key as it stands in a pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Reads a word of a pointer as the key that it names.
pub(super) fn unescaped(word: &str) -> String {
    word.replace("~1", "/").replace("~0", "~")
}
