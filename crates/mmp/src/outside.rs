//! Text from outside, made harmless before it is shown.
//!
//! Nothing here makes a text safe as a *path*: names from outside never become one.

use crate::limits::{MAX_ECHO, MAX_FILE_NAME, MAX_SENTENCE};

/// A peer's text for an error: at most [`MAX_ECHO`] characters, control characters escaped.
///
/// ```
/// assert_eq!(kinora_mmp::outside::echo("a\nb"), "a\\u{a}b");
/// ```
#[must_use]
pub fn echo(text: &str) -> String {
    let mut shown = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == MAX_ECHO - 1 && text.chars().nth(MAX_ECHO).is_some() {
            shown.push('…');
            break;
        }
        if is_invisible(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A sentence for an answer, which may quote a tool's output: one line, at most [`MAX_SENTENCE`] characters.
#[must_use]
pub fn sentence(text: &str) -> String {
    let visible = |c| if is_invisible(c) { ' ' } else { c };
    cut(text, MAX_SENTENCE).chars().map(visible).collect()
}

/// The first `limit` characters.
#[must_use]
pub fn cut(text: &str, limit: usize) -> &str {
    match text.char_indices().nth(limit) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A display name out of a file name: the last component, without control characters, at most
/// [`MAX_FILE_NAME`] characters. `None` if nothing is left to show.
///
/// ```
/// use kinora_mmp::outside::display_name;
/// assert_eq!(display_name("C:\\Videos\\a.mp4").as_deref(), Some("a.mp4"));
/// assert_eq!(display_name("../.."), None);
/// ```
#[must_use]
pub fn display_name(sent: &str) -> Option<String> {
    // Both separators, whatever this machine uses: the name comes from the peer's.
    let last = sent.rsplit(['/', '\\']).next().unwrap_or(sent);
    let visible: String = last.chars().filter(|c| !is_invisible(*c)).collect();
    let name = cut(visible.trim(), MAX_FILE_NAME).trim_end();
    let only_dots = name.chars().all(|c| c == '.');
    (!only_dots).then(|| name.to_owned())
}

/// Controls, and the marks that turn the direction of writing: those make `gpj.exe` look like
/// `exe.jpg`.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
