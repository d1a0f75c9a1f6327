//! What is kept of a search until its job ends: files and notes, each under the name of what it is.
//!
//! ```text
//! recipe         what all of it was made for: another FFmpeg, or other options, and it is thrown away
//! <name>.mp4     a chunk, under its name since its bytes have been synced
//! <name>.json    a note, synced after its chunk: BLAKE3 of the second line, and `{"of", "note"}`
//! anything else  scratch of children, removed when the directory is opened
//! ```
//! A note vouches for its file by the file's BLAKE3. So a power loss or a rotten disk costs what it has damaged, which
//! is made again, and never spoils a result.

use crate::runner::{Stop, machine};
use rustix::io::Errno;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const RECIPE: &str = "recipe";
const CHUNK: &str = "mp4";
const NOTE: &str = "json";
/// A disk with fewer bytes is taken for the cause of whatever fails on it: side files that children cannot write are
/// often missed without a word.
const FULL_BELOW: u64 = 1 << 20;
/// What a file that is not what it was can look like to FFmpeg and to the checks.
const SUSPECT: [&str; 5] = [
    "result_unsound",
    "wrong_result",
    "corrupt_input",
    "unsupported_format",
    "failed",
];

/// The directory.
#[derive(Debug)]
pub(super) struct Keep {
    directory: PathBuf,
    /// There was something to go on from.
    is_resumed: bool,
    /// Bytes that the disk had left when this was opened.
    free: u64,
}

/// A note as it is written.
#[derive(Serialize, Deserialize)]
struct Note<T> {
    /// The file that it is about, with its BLAKE3 in hex.
    of: Option<(String, String)>,
    note: T,
}

impl Keep {
    /// Opens it for this recipe; what belongs to another one is removed, and so is all that has no note.
    pub(super) fn open(directory: &Path, recipe: &str) -> io::Result<Self> {
        let mut keep = Self {
            directory: directory.to_owned(),
            is_resumed: false,
            free: free(directory)?,
        };
        if fs::read(keep.path(RECIPE)).is_ok_and(|known| known == recipe.as_bytes()) {
            keep.tidy()?;
        } else {
            keep.clear()?;
            fs::write(keep.path(RECIPE), recipe)?;
            sync(&keep.path(RECIPE))?;
            sync(directory)?;
        }
        Ok(keep)
    }

    /// Where a file of this name is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The directory itself.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Bytes that a file which is begun now may reach, of the room that there was at first: files that have been
    /// finished since, here and by others, have taken theirs.
    pub(super) fn room(&self, at_first: Option<u64>) -> Option<u64> {
        let left = free(&self.directory).unwrap_or(self.free);
        at_first.map(|room| room.saturating_sub(self.free.saturating_sub(left)))
    }

    /// What was noted under this name, if it is whole and the file that it is about is here and whole, too.
    pub(super) fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let known = self.note(name)?;
        match known.of {
            Some((file, digest)) if digest_of(&self.path(&file)).ok()? != digest => None,
            _ => Some(known.note),
        }
    }

    /// The same when the file itself is not wanted any more.
    pub(super) fn recall<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        Some(self.note(name)?.note)
    }

    fn note<T: DeserializeOwned>(&self, name: &str) -> Option<Note<T>> {
        let text = fs::read_to_string(self.path(&format!("{name}.{NOTE}"))).ok()?;
        let (digest, json) = text.split_once('\n')?;
        let is_whole = blake3::hash(json.as_bytes()).to_hex().as_str() == digest;
        is_whole.then(|| serde_json::from_str(json).ok()).flatten()
    }

    /// Notes something for good.
    pub(super) fn write<T: Serialize>(&self, name: &str, note: &T) -> io::Result<()> {
        self.write_note(name, &Note { of: None, note })
    }

    /// Gives a finished file its name for good, and notes what it is. The order is what makes a note true: bytes, name,
    /// note.
    pub(super) fn take<T: Serialize>(
        &self,
        part: &Path,
        file: &str,
        name: &str,
        note: &T,
    ) -> io::Result<()> {
        let digest = digest_of(part)?;
        sync(part)?;
        fs::rename(part, self.path(file))?;
        let of = Some((file.to_owned(), digest));
        self.write_note(name, &Note { of, note })
    }

    fn write_note<T: Serialize>(&self, name: &str, note: &Note<T>) -> io::Result<()> {
        let json = serde_json::to_string(note).map_err(io::Error::other)?;
        let digest = blake3::hash(json.as_bytes()).to_hex();
        let part = self.path(&format!("{name}.{NOTE}.part"));
        fs::write(&part, format!("{digest}\n{json}"))?;
        sync(&part)?;
        fs::rename(part, self.path(&format!("{name}.{NOTE}")))?;
        sync(&self.directory)
    }

    /// Forgets a file; its note stays.
    pub(super) fn forget(&self, file: &str) {
        // What cannot be removed goes with the directory.
        let _ = fs::remove_file(self.path(file));
    }

    /// What a failure means here. A full disk would stay full if the next attempt found everything as it is, and what
    /// was made from files of an earlier attempt proves nothing before it has been made anew: both are forgotten, and
    /// the job may be tried again.
    pub(super) fn after(&self, stop: Stop) -> Stop {
        let Stop::Failed { problem, transient } = stop else {
            return stop;
        };
        let is_full = problem.code == "disk_full" || self.is_full();
        let is_suspect = self.is_resumed && SUSPECT.contains(&problem.code.as_str());
        if is_full || is_suspect {
            tracing::warn!(code = problem.code, is_full, "what was kept is forgotten");
            if let Err(error) = self.clear() {
                tracing::error!(%error, "what was kept could not be removed");
            }
        }
        if is_full && problem.code != "disk_full" {
            return machine("the work directory", &Errno::NOSPC.into());
        }
        Stop::Failed {
            problem,
            transient: transient || is_suspect,
        }
    }

    fn is_full(&self) -> bool {
        free(&self.directory).is_ok_and(|left| left < FULL_BELOW)
    }

    /// Removes what children of an earlier attempt have left. One that is still dying writes to a file without a name
    /// then, and not into ours.
    fn tidy(&mut self) -> io::Result<()> {
        for path in files(&self.directory)? {
            let has_end = |end: &str| path.extension().is_some_and(|found| found == end);
            let is_noted = has_end(CHUNK) && path.with_extension(NOTE).exists();
            if has_end(NOTE) || is_noted {
                self.is_resumed = true;
            } else if !path.ends_with(RECIPE) {
                fs::remove_file(path)?;
            }
        }
        if self.is_resumed {
            tracing::info!("an earlier attempt is gone on from");
        }
        Ok(())
    }

    /// Removes everything: the recipe first, so that a half-cleared directory is cleared again.
    fn clear(&self) -> io::Result<()> {
        self.forget(RECIPE);
        for path in files(&self.directory)? {
            fs::remove_file(path)?;
        }
        sync(&self.directory)
    }
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory)?.map(|entry| Ok(entry?.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| !path.is_dir());
    Ok(paths)
}

/// Makes the bytes of a file durable, or the names in a directory, whoever wrote them.
fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Bytes that may still be written on the disk of this directory.
fn free(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

fn digest_of(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests;
