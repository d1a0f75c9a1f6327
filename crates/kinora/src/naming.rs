//! What a result is called.

use std::ffi::{OsStr, OsString};
use std::path::Path;

/// What stands in a result's name for the operation: `holiday.compressed.mp4`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word(pub &'static str);

impl Word {
    /// The word of an operation.
    #[must_use]
    pub(crate) fn of(operation: &str) -> Self {
        Self(match operation {
            "compress" => "compressed",
            "resize" => "resized",
            "aspect" => "aspect",
            "audio" => "audio",
            "gif" | "webm" => "clip",
            _ => "converted",
        })
    }

    /// A file that this operation has made of another one.
    #[must_use]
    pub(crate) fn is_result(self, path: &Path) -> bool {
        path.file_stem().map(Path::new).and_then(Path::extension) == Some(OsStr::new(self.0))
    }
}

/// `holiday.mp4` becomes `holiday.compressed.mp4`; where the ending changes by itself, as for audio, `holiday.mp3`.
/// Never the input's own name.
pub(crate) fn name(input: &Path, ambiguous: bool, word: Word, extension: &str) -> OsString {
    let stem = input.file_stem().unwrap_or_else(|| OsStr::new("result"));
    let ending = input.extension().unwrap_or_default();
    let mut name = stem.to_owned();
    if ambiguous {
        name.push(".");
        name.push(ending);
    }
    let changes_the_picture = matches!(word.0, "compressed" | "resized" | "aspect");
    if changes_the_picture || ending.eq_ignore_ascii_case(extension) {
        name.push(".");
        name.push(word.0);
    }
    name.push(".");
    name.push(extension);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operation: &str, input: &str, ambiguous: bool, extension: &str, expected: &str) {
        let got = name(Path::new(input), ambiguous, Word::of(operation), extension);
        assert_eq!(got, OsStr::new(expected));
    }

    #[test]
    fn names_say_what_was_done() {
        check(
            "compress",
            "v/holiday.mp4",
            false,
            "mp4",
            "holiday.compressed.mp4",
        );
        check(
            "compress",
            "holiday.avi",
            false,
            "mp4",
            "holiday.compressed.mp4",
        );
        check("resize", "a.b.mkv", false, "mkv", "a.b.resized.mkv");
        check("audio", "holiday.mp4", false, "mp3", "holiday.mp3");
        check("audio", "song.mp3", false, "mp3", "song.audio.mp3");
        check("gif", "holiday.mp4", false, "gif", "holiday.gif");
        check("webm", "holiday.WEBM", false, "webm", "holiday.clip.webm");
        check("convert", "holiday.mp4", false, "mkv", "holiday.mkv");
        check("audio", "holiday.mov", true, "mp3", "holiday.mov.mp3");
        check(
            "compress",
            "noending",
            false,
            "mp4",
            "noending.compressed.mp4",
        );
        check("convert", "noending", false, "mp4", "noending.mp4");
    }

    #[test]
    fn results_are_known_by_their_names() {
        assert!(Word("compressed").is_result(Path::new("v/holiday.compressed.mp4")));
        assert!(!Word("compressed").is_result(Path::new("v/compressed.mp4")));
    }
}
