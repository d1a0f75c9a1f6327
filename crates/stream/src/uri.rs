//! Addresses and names as they stand in playlists: nothing in them can end a line or a quotation.

/// An address whose every character may stand in a playlist, a manifest and WebVTT. `$Number$` in it stands for the
/// number of a segment, as in DASH (ISO/IEC 23009-1, 5.3.9.4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri(String);

impl Uri {
    /// `None` for anything but the plain characters of RFC 3986.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:?=%$".contains(&byte);
        (!text.is_empty() && text.bytes().all(is_plain)).then_some(Self(text))
    }

    /// As it stands.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Of the segment with this number.
    pub fn numbered(&self, number: usize) -> String {
        self.0.replace("$Number$", &number.to_string())
    }
}

/// A name within quotes (RFC 8216bis, 4.2): without quotes, line ends and other controls.
pub(crate) fn quoted(text: &str) -> String {
    let is_fine = |letter: &char| !letter.is_control() && *letter != '"';
    format!("\"{}\"", text.chars().filter(is_fine).collect::<String>())
}

/// A text within XML.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars().filter(|letter| !letter.is_control()) {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
