//! How well somebody is known, in the same words everywhere.

/// What a state of a contact means.
pub(crate) fn in_words(word: &str) -> &'static str {
    match word {
        "new" => "new: not written to yet",
        "pinned" => "pinned: encrypted, not compared",
        "verified" => "verified: encrypted, compared",
        "you" => "you",
        _ => "changed: the key is another one than before",
    }
}
