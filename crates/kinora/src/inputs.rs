//! Which files a command is about: those that were named, and the media files of folders that were named.

use crate::exit::Exit;
use crate::naming::Word;
use crate::report::{Failure, Outcome};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Endings of what is taken from a folder. A file that is named itself may have any.
const ENDINGS: &[&str] = &[
    "3g2", "3gp", "aac", "aif", "aiff", "asf", "avi", "dv", "f4v", "flac", "flv", "gif", "m2t",
    "m2ts", "m4a", "m4v", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpeg", "mpg", "mts", "mxf",
    "oga", "ogg", "ogv", "opus", "rm", "rmvb", "ts", "vob", "wav", "webm", "wma", "wmv",
];

/// The files behind what was named, in that order, each once.
///
/// # Errors
/// When something does not exist, or a folder has nothing to offer.
pub(crate) fn expand(named: &[PathBuf], word: Word) -> Outcome<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for path in named {
        let metadata = path
            .metadata()
            .map_err(|error| unreadable(path, &error.to_string()))?;
        if metadata.is_dir() {
            paths.extend(folder(path, word)?);
        } else {
            paths.push(path.clone());
        }
    }
    let mut seen = HashSet::new();
    paths.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(paths)
}

/// The media files directly in a folder, by name; not what this same operation has made there before.
fn folder(folder: &Path, word: Word) -> Outcome<Vec<PathBuf>> {
    let entries = folder
        .read_dir()
        .map_err(|error| unreadable(folder, &error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && is_media(path) && !word.is_result(path))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(unreadable(
            folder,
            "the folder has no video or audio files to work on",
        ));
    }
    Ok(files)
}

fn is_media(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or("")
        .to_ascii_lowercase();
    !hidden && ENDINGS.contains(&ending.as_str())
}

fn unreadable(path: &Path, reason: &str) -> Failure {
    Failure::new(
        Exit::File,
        "unreadable_input",
        format!("cannot read {}: {reason}", path.display()),
        "give the path of a readable file, or of a folder with some",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_gives_its_media_files_and_not_its_results() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            "b.MP4",
            "a.mkv",
            "notes.txt",
            ".hidden.mp4",
            "b.compressed.mp4",
            "a.mov",
        ] {
            std::fs::write(dir.path().join(name), "x").unwrap();
        }
        std::fs::create_dir(dir.path().join("deep.mp4")).unwrap();
        let found = expand(
            &[dir.path().into(), dir.path().join("b.MP4")],
            Word("compressed"),
        )
        .unwrap();
        assert_eq!(
            found,
            ["a.mkv", "a.mov", "b.MP4"].map(|name| dir.path().join(name))
        );
    }

    #[test]
    fn nothing_there_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let failure = expand(&[dir.path().into()], Word("compressed")).unwrap_err();
        assert_eq!(failure.exit, Exit::File);
        assert!(failure.description.contains("no video or audio files"));
        assert!(expand(&[dir.path().join("none")], Word("x")).is_err());
    }
}
