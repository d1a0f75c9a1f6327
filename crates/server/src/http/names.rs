//! Names of files: what a result is called, and how a name is written into a head.

use crate::mmp::outside::cut;
use std::fmt::Write;

/// The longest name that is offered, in characters; file systems take 255 bytes.
const LONGEST: usize = 60;

/// The file ending of a name: lower-case letters and digits, short.
pub(super) fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_one = !stem.is_empty()
        && (1..=10).contains(&ending.len())
        && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    is_one.then(|| ending.to_ascii_lowercase())
}

/// What a result is called: the original's name, the operation where the ending stays, the new ending.
pub(super) fn result(original: Option<&str>, operation: &str, extension: &str) -> String {
    let original = original.unwrap_or("video");
    let old = ending(original);
    let stem = match &old {
        Some(old) => &original[..original.len() - old.len() - 1],
        None => original,
    };
    let stem = cut(stem, LONGEST);
    match old.as_deref() == Some(extension) {
        true => format!("{stem}.{operation}.{extension}"),
        false => format!("{stem}.{extension}"),
    }
}

/// `Content-Disposition` of a download (RFC 6266): a plain name for all, the real one beside it (RFC 8187).
pub(super) fn attachment(name: &str) -> String {
    let plain = |c: char| match c {
        '"' | '\\' | '%' | '/' => '_',
        ' '..='~' => c,
        _ => '_',
    };
    let fallback: String = name.chars().map(plain).collect();
    let mut field = format!("attachment; filename=\"{fallback}\"");
    if fallback != name {
        field.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                    field.push(char::from(byte));
                }
                // Writing to a string cannot fail.
                _ => drop(write!(field, "%{byte:02X}")),
            }
        }
    }
    field
}

/// The media type of a file ending, from our own table: never what an uploader says.
pub(super) fn media_type(extension: &str) -> &'static str {
    match extension {
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "webm" => "video/webm",
        "avi" => "video/x-msvideo",
        "ts" | "m2ts" | "mts" => "video/mp2t",
        "mpg" | "mpeg" => "video/mpeg",
        "ogv" => "video/ogg",
        "gif" => "image/gif",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "aac" => "audio/aac",
        "opus" | "ogg" | "oga" => "audio/ogg",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "mka" => "audio/x-matroska",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_called_after_their_originals() {
        let check = |original, operation, extension, expected: &str| {
            assert_eq!(result(original, operation, extension), expected);
        };
        check(
            Some("holiday.mp4"),
            "compress",
            "mp4",
            "holiday.compress.mp4",
        );
        check(Some("holiday.MOV"), "compress", "mp4", "holiday.mp4");
        check(Some("talk.mp4"), "audio", "mp3", "talk.mp3");
        check(Some("no ending"), "gif", "gif", "no ending.gif");
        check(Some(".mp4"), "gif", "gif", ".mp4.gif");
        check(None, "gif", "gif", "video.gif");
        let long = "é".repeat(199) + ".mp4";
        assert_eq!(result(Some(&long), "gif", "gif"), "é".repeat(60) + ".gif");
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let check = |name: &str, expected: &str| assert_eq!(attachment(name), expected);
        check("a b.mp4", "attachment; filename=\"a b.mp4\"");
        check(
            "a\"; x=\".mp4",
            "attachment; filename=\"a_; x=_.mp4\"; filename*=UTF-8''a%22%3B%20x%3D%22.mp4",
        );
        check(
            "é\r\n.mp4",
            "attachment; filename=\"___.mp4\"; filename*=UTF-8''%C3%A9%0D%0A.mp4",
        );
    }
}
