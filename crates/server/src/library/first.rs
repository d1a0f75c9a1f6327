//! The playlist that players begin with, kept beside what was made of a title, so that nobody waits for indexes of films of
//! hours before he knows what there is. It holds for one state of the title, and is written anew for another.

use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::Path;

/// The file within the directory of what was made of a title.
const FILE: &str = "first.json";
/// Who wrote it: another version may say other things of the same title.
const WRITER: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
struct First {
    writer: String,
    /// The state of the title.
    state: String,
    text: String,
}

/// What was written for this state of a title, if anything was.
pub(super) fn read(directory: &Path, state: &str) -> Option<String> {
    let json = fs::read(directory.join(FILE)).ok()?;
    let first: First = serde_json::from_slice(&json).ok()?;
    (first.writer == WRITER && first.state == state).then_some(first.text)
}

/// Writes it. It appears whole or not at all; what a power cut makes of it is no JSON, and is not believed.
///
/// # Errors
/// What the disk says; also when nothing has been made of the title yet.
pub(super) fn write(directory: &Path, state: &str, text: &str) -> io::Result<()> {
    let first = First {
        writer: WRITER.to_owned(),
        state: state.to_owned(),
        text: text.to_owned(),
    };
    let json = serde_json::to_vec(&first).map_err(io::Error::other)?;
    let half = directory.join("first.new");
    fs::write(&half, json)?;
    fs::rename(half, directory.join(FILE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_one_state_of_one_writer() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(read(place.path(), "a"), None);
        write(place.path(), "a", "#EXTM3U\n").unwrap();
        assert_eq!(read(place.path(), "a").as_deref(), Some("#EXTM3U\n"));
        assert_eq!(read(place.path(), "b"), None);
        let golden = format!(r##"{{"writer":"{WRITER}","state":"s","text":"#"}}"##);
        for (json, expected) in [
            (golden.clone(), Some("#")),
            (golden.replace(WRITER, "0.0.0"), None),
            (golden[..20].to_owned(), None),
        ] {
            fs::write(place.path().join(FILE), json).unwrap();
            assert_eq!(read(place.path(), "s").as_deref(), expected);
        }
        assert!(write(&place.path().join("elsewhere"), "a", "").is_err());
    }
}
