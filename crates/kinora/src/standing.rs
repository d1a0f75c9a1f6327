//! How well somebody is known, and what others are told, in the same words everywhere.

use kinora_client::talk::Name;

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

/// What `/receipts` means.
pub(crate) fn receipts_in_words(tells: bool) -> &'static str {
    match tells {
        true => {
            "others are told that their messages came, that you have read them, and that you are writing"
        }
        false => {
            "others are told nothing of that any more, and neither are you: messages are shown as sent, and no more"
        }
    }
}

/// What is said above the answer to the code of a new device.
#[must_use]
pub(crate) fn answer_in_words(name: &Name) -> [String; 2] {
    [
        format!(
            "the device that shows this code becomes one of {name}: it can read and write all that {name} can from now on"
        ),
        "paste these lines there; they may go over any way, for nobody else can open them:".into(),
    ]
}
