//! Media types as file endings, in the three styles that clients write them (MMP §1, §3).
//!
//! Reading turns every style into one bare, safe ending (`[a-z0-9]{1,10}`); writing mirrors the
//! style in which the client wrote its own.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::limits::{MAX_EXTENSION, MEDIA_TYPE_WRITTEN};
use crate::outside::{cut, echo};

/// How a client writes media types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// `mp4`: the specification's own.
    #[default]
    Bare,
    /// `.mp4`
    Dotted,
    /// `video/mp4`
    Mime,
}

/// MIME names and endings. The first row with an ending is how it is written.
///
/// `video/gif` is what the clients that speak MIME expect of a GIF (MMP §3, client C); `image/gif`,
/// the registered name, is understood.
const MIME: &[(&str, &str)] = &[
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
    ("video/gif", "gif"),
    ("image/gif", "gif"),
    ("video/x-matroska", "mkv"),
    ("video/matroska", "mkv"),
    ("audio/x-matroska", "mka"),
    ("video/quicktime", "mov"),
    ("video/x-msvideo", "avi"),
    ("video/avi", "avi"),
    ("video/vnd.avi", "avi"),
    ("video/x-ms-wmv", "wmv"),
    ("video/x-flv", "flv"),
    ("video/mpeg", "mpg"),
    ("video/mp2t", "ts"),
    ("video/ogg", "ogv"),
    ("video/3gpp", "3gp"),
    ("video/3gpp2", "3g2"),
    ("video/x-m4v", "m4v"),
    ("audio/mpeg", "mp3"),
    ("audio/mp3", "mp3"),
    ("audio/ogg", "ogg"),
    ("audio/opus", "opus"),
    ("audio/aac", "aac"),
    ("audio/flac", "flac"),
    ("audio/x-flac", "flac"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/mp4", "m4a"),
    ("audio/x-m4a", "m4a"),
    ("audio/webm", "weba"),
    ("audio/aiff", "aiff"),
    ("image/png", "png"),
    ("image/jpeg", "jpg"),
    ("image/webp", "webp"),
    ("application/json", "json"),
    ("application/zip", "zip"),
    ("text/plain", "txt"),
    ("text/vtt", "vtt"),
];

/// Endings of more than four letters, and the usual short one.
const SHORT: &[(&str, &str)] = &[
    ("matroska", "mkv"),
    ("mpegts", "ts"),
    ("mpeg2", "mpg"),
    ("mpeg4", "mp4"),
    ("quicktime", "mov"),
    ("3gpp2", "3g2"),
    ("vorbis", "ogg"),
    ("theora", "ogv"),
    ("realmedia", "rm"),
];

/// The bare ending and the style of a media type from the wire. The ending is `None` if the type
/// names no format: it is empty or `application/octet-stream`.
///
/// # Errors
/// [`Fault::MediaType`] if it can't be a file ending.
pub fn read(sent: &str) -> Result<(Option<String>, Style), Fault> {
    let name = sent
        .trim_matches(|c: char| c.is_whitespace() || c == '\0')
        .to_ascii_lowercase();
    let (ending, style) = if name.contains('/') {
        (from_mime(&name), Style::Mime)
    } else if let Some(bare) = name.strip_prefix('.') {
        (Some(bare).filter(|bare| !bare.is_empty()), Style::Dotted)
    } else {
        (Some(name.as_str()), Style::Bare)
    };
    match ending {
        Some("") => Ok((None, style)),
        Some(ending) if is_safe(ending) => Ok((Some(ending.to_owned()), style)),
        _ => Err(Fault::MediaType { sent: echo(sent) }),
    }
}

/// A file ending in the style of the peer.
///
/// ```
/// use kinora_mmp::media_type::{Style, write};
/// assert_eq!(write("mp3", Style::Mime), "audio/mpeg");
/// assert_eq!(write("webm", Style::Dotted), ".webm");
/// assert_eq!(write("matroska", Style::Bare), "mkv");
/// ```
#[must_use]
pub fn write(extension: &str, style: Style) -> String {
    let short = shortened(extension);
    match style {
        Style::Bare => short.to_owned(),
        Style::Dotted => format!(".{short}"),
        Style::Mime => to_mime(short),
    }
}

/// Whether it may stand after the dot of a file's name.
#[must_use]
pub fn is_safe(extension: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    (1..=MAX_EXTENSION).contains(&extension.len()) && extension.bytes().all(allowed)
}

/// The safe ending of a file's name, in lower case.
#[must_use]
pub fn of_file_name(name: &str) -> Option<String> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    is_safe(&ending).then_some(ending)
}

/// The ending that a MIME name stands for, empty if for none in particular; `None` if it is no MIME name.
fn from_mime(name: &str) -> Option<&str> {
    // "video/mp4; codecs=..." carries parameters after the name.
    let name = name.split(';').next().unwrap_or(name).trim();
    if let Some((_, ending)) = MIME.iter().find(|(mime, _)| *mime == name) {
        return Some(ending);
    }
    let (kind, subtype) = name.split_once('/')?;
    let is_kind = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_alphabetic());
    match subtype.strip_prefix("x-").unwrap_or(subtype) {
        _ if !is_kind => None,
        "" => None,
        "*" | "octet-stream" => Some(""),
        ending => Some(ending),
    }
}

fn to_mime(extension: &str) -> String {
    let known = MIME.iter().find(|(_, ending)| *ending == extension);
    known.map_or_else(
        || format!("video/{extension}"),
        |(mime, _)| (*mime).to_owned(),
    )
}

fn shortened(extension: &str) -> &str {
    let usual = SHORT.iter().find(|(long, _)| *long == extension);
    usual.map_or_else(|| cut(extension, MEDIA_TYPE_WRITTEN), |(_, short)| *short)
}
