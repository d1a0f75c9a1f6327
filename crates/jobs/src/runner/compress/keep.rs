//! What is kept of a search until its job ends: chunks and notes, each under the name of what it is.
//!
//! A file appears whole by rename, so whatever is found after a crash can be used. What was made with another FFmpeg, or
//! for other options, is thrown away: the recipe stands beside it.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io;
use std::path::{Path, PathBuf};

const RECIPE: &str = "recipe";

/// The directory.
#[derive(Debug)]
pub(super) struct Keep {
    directory: PathBuf,
}

impl Keep {
    /// Opens it for this recipe; what belongs to another one is removed.
    pub(super) fn open(directory: &Path, recipe: &str) -> io::Result<Self> {
        let known = std::fs::read_to_string(directory.join(RECIPE)).ok();
        if known.as_deref() != Some(recipe) {
            for entry in std::fs::read_dir(directory)? {
                let path = entry?.path();
                if path.is_file() {
                    std::fs::remove_file(path)?;
                }
            }
            std::fs::write(directory.join(RECIPE), recipe)?;
        }
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// Where a file of this name is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The directory itself.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// What was noted under this name; nothing when it cannot be read.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = std::fs::read(self.path(&format!("{name}.json"))).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// Notes something for good.
    pub(super) fn write<T: Serialize>(&self, name: &str, note: &T) -> io::Result<()> {
        let text = serde_json::to_vec(note).map_err(io::Error::other)?;
        let part = self.path(&format!("{name}.json.part"));
        std::fs::write(&part, text)?;
        std::fs::rename(part, self.path(&format!("{name}.json")))
    }

    /// Forgets a file and its notes.
    pub(super) fn forget(&self, file: &str) {
        // What cannot be removed goes with the directory.
        let _ = std::fs::remove_file(self.path(file));
    }
}
