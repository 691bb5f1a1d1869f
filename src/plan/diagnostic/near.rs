//! The word that was meant.

/// Returns "did you mean" for the nearest of `known`, if one is near enough.
pub(crate) fn did_you_mean<'a, I: IntoIterator<Item = &'a str>>(
    word: &str,
    known: I,
) -> Option<String> {
    nearest(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// Returns the nearest of `known`, if one is near enough to be a slip of the pen.
pub(crate) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    // Half of all words are within three letters of a short one; what is near grows with length.
    let allowed = (word.chars().count().max(2) / 3).clamp(1, 4);
    known
        .into_iter()
        // Computing a distance costs the product of both lengths.
        .filter(|other| other.len().abs_diff(word.len()) <= allowed && *other != word)
        .map(|other| {
            (
                strsim::damerau_levenshtein(&lower, &other.to_lowercase()),
                other,
            )
        })
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}
