//! The playlists that players begin with, kept beside what was made of a title, so that nobody waits for indexes of films of
//! hours before he knows what there is and where its segments are. They hold for one state of the title, and are written
//! anew for another.

use super::playlists::{multivariant, segments};
use super::presentation::Presentation;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// The file within the directory of what was made of a title.
const FILE: &str = "first.json";
/// Goes up with each change of what playlists say of the same title: others are not believed.
const FORMAT: u32 = 2;

/// Playlists of one state of a title.
#[derive(Serialize, Deserialize)]
pub(super) struct First {
    format: u32,
    /// The state of the title.
    state: String,
    /// The multivariant playlist.
    pub(super) text: String,
    /// Media playlists, by the names of their renditions.
    pub(super) media: BTreeMap<String, String>,
}

impl First {
    /// Out of what is played.
    pub(super) fn new(state: &str, played: &Presentation) -> Self {
        let all = played.videos.iter().chain(&played.av1);
        let all = all.chain(&played.sounds);
        Self {
            format: FORMAT,
            state: state.to_owned(),
            text: multivariant(played),
            media: all
                .map(|each| (each.name.clone(), segments(each)))
                .collect(),
        }
    }

    /// What was written for this state of a title, if anything was.
    pub(super) fn read(directory: &Path, state: &str) -> Option<Self> {
        let json = fs::read(directory.join(FILE)).ok()?;
        let first: Self = serde_json::from_slice(&json).ok()?;
        (first.format == FORMAT && first.state == state).then_some(first)
    }

    /// Writes it. It appears whole or not at all; what a power cut makes of it is no JSON, and is not believed.
    ///
    /// # Errors
    /// What the disk says; also when nothing has been made of the title yet.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        let half = directory.join("first.new");
        fs::write(&half, json)?;
        fs::rename(half, directory.join(FILE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_for_one_state_in_one_format() {
        let place = tempfile::tempdir().unwrap();
        let read = |state: &str| First::read(place.path(), state).map(|first| first.text);
        assert_eq!(read("a"), None);
        let first = First::new("a", &Presentation::default());
        first.write(place.path()).unwrap();
        assert_eq!(read("a").as_deref(), Some(first.text.as_str()));
        assert_eq!(read("b"), None);
        let golden = r##"{"format":2,"state":"s","text":"#","media":{"v":"#EXTM3U"}}"##;
        for (json, expected) in [
            (golden.to_owned(), Some("#")),
            (golden.replace("format\":2", "format\":1"), None),
            (
                golden.replace("\"format\":2,", "\"writer\":\"0.1.0\","),
                None,
            ),
            (golden[..20].to_owned(), None),
        ] {
            fs::write(place.path().join(FILE), json).unwrap();
            assert_eq!(read("s").as_deref(), expected);
        }
        assert!(first.write(&place.path().join("elsewhere")).is_err());
    }
}
