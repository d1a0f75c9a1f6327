//! What has been made of a title: files in a directory of its own, and a list of them that says which are whole.

use super::subtitle::{Place, Subtitle, label};
use kinora_stream::storyboard::Storyboard;
use kinora_stream::uri::Uri;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The list within the directory.
const LIST_FILE: &str = "made.json";

/// What is whole. Names are our own: digits and letters, and an ending.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Made {
    /// Files of pictures.
    pub(crate) pictures: Vec<Piece>,
    /// Files of the same pictures in AV1.
    pub(crate) av1: Vec<Piece>,
    /// Files of sound, the default first.
    pub(crate) sounds: Vec<Piece>,
    /// Subtitles that were within the file.
    pub(crate) words: Vec<Words>,
    /// They have been looked for.
    pub(crate) has_read: bool,
    pub(crate) poster: Option<Piece>,
    pub(crate) board: Option<Board>,
    /// Poster and storyboard have been tried; some files have none.
    pub(crate) has_looked: bool,
    /// Why no more can be made; it is not tried again for this version of the title.
    pub(crate) failure: Option<String>,
    /// The same of AV1, without which a title has all that it needs.
    pub(crate) av1_failure: Option<String>,
}

/// A file that is whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Piece {
    pub(crate) file: String,
    /// Another one for other content, for addresses.
    pub(crate) tag: String,
}

/// Subtitles as WebVTT of our own writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Words {
    pub(crate) file: String,
    /// As that of a [`Piece`].
    pub(crate) tag: String,
    pub(crate) language: String,
    /// What somebody called the track.
    pub(crate) name: String,
    pub(crate) is_forced: bool,
    pub(crate) is_descriptive: bool,
}

/// Sheets of small pictures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Board {
    pub(crate) interval_ms: u32,
    pub(crate) duration_ms: u64,
    /// Pixels of one picture.
    pub(crate) tile: (u32, u32),
    /// From left to right, and from top to bottom.
    pub(crate) layout: (u32, u32),
    pub(crate) sheets: u32,
    pub(crate) largest_sheet: u64,
    pub(crate) tag: String,
}

impl Made {
    /// Reads the list; an empty one where there is none, or none that can be read.
    pub(super) fn read(directory: &Path) -> Self {
        let read = fs::read(directory.join(LIST_FILE));
        let parsed = read
            .ok()
            .and_then(|json| serde_json::from_slice(&json).ok());
        parsed.unwrap_or_default()
    }

    /// Writes the list, which appears whole or not at all; its files must be on disk.
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        let json = serde_json::to_vec(self).map_err(io::Error::other)?;
        let half = directory.join("made.new");
        let mut file = File::create(&half)?;
        file.write_all(&json)?;
        file.sync_all()?;
        fs::rename(half, directory.join(LIST_FILE))?;
        File::open(directory)?.sync_all()
    }

    /// Another text whenever something has been added.
    pub(super) fn state(&self) -> String {
        let tags = self.pictures.iter().chain(&self.av1).chain(&self.sounds);
        let tags = tags.map(|piece| &piece.tag);
        let words = self.words.iter().map(|words| &words.tag);
        let tags: Vec<&str> = tags.chain(words).map(String::as_str).collect();
        let board = self.board.as_ref().map_or("", |board| &board.tag);
        format!("{}.{board}", tags.join("."))
    }

    /// Whether this name is one of the sheets.
    pub(crate) fn is_sheet(&self, file: &str) -> bool {
        let number = file
            .strip_suffix(".jpg")
            .and_then(|n| n.parse::<u32>().ok());
        let sheets = self.board.as_ref().map_or(0, |board| board.sheets);
        number.is_some_and(|number| (1..=sheets).contains(&number) && file == sheet(number))
    }
}

impl Words {
    /// As players are told of it.
    pub(super) fn subtitle(&self) -> Subtitle {
        Subtitle {
            name: format!("w{}", self.tag),
            label: match self.name.as_str() {
                "" => label(&self.language),
                name => name.to_owned(),
            },
            language: self.language.clone(),
            is_forced: self.is_forced,
            is_descriptive: self.is_descriptive,
            place: Place::Made(self.file.clone()),
        }
    }
}

/// The name of a sheet.
pub(super) fn sheet(number: u32) -> String {
    format!("{number}.jpg")
}

impl Board {
    /// In the words of playlists; addresses as seen from beside the sheets.
    pub(crate) fn storyboard(&self, before: &str) -> Storyboard {
        let uri = Uri::new(format!("{before}$Number$.jpg"));
        Storyboard {
            uri: uri.expect("letters and slashes of our own"),
            interval_ms: self.interval_ms,
            duration_ms: self.duration_ms,
            tile: self.tile,
            layout: self.layout,
            largest_sheet: self.largest_sheet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_outlives_a_restart_and_damage_is_an_empty_one() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(Made::read(place.path()), Made::default());
        let piece = |file: &str| Piece {
            file: file.into(),
            tag: "12ab".into(),
        };
        let made = Made {
            pictures: vec![piece("144.mp4")],
            ..Made::default()
        };
        made.write(place.path()).unwrap();
        assert_eq!(Made::read(place.path()), made);
        assert_ne!(made.state(), Made::default().state());
        fs::write(place.path().join(LIST_FILE), "{\"pictures\": 7}").unwrap();
        assert_eq!(Made::read(place.path()), Made::default());
    }

    #[test]
    fn only_sheets_that_are_there_have_names() {
        let board = Board {
            interval_ms: 1000,
            duration_ms: 5000,
            tile: (160, 90),
            layout: (2, 2),
            sheets: 2,
            largest_sheet: 1,
            tag: "x".into(),
        };
        let made = Made {
            board: Some(board),
            ..Made::default()
        };
        assert!(made.is_sheet("1.jpg") && made.is_sheet("2.jpg"));
        for name in [
            "0.jpg", "3.jpg", "01.jpg", "../1.jpg", "1.png", "+1.jpg", ".jpg",
        ] {
            assert!(!made.is_sheet(name), "{name}");
        }
    }
}
