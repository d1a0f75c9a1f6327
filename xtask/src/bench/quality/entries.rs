//! The clips: found in a directory, looked at once, every fifth of them held out.

use super::contest::Contest;
use super::footage;
use super::options::Options;
use super::results::{Clip, Store};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Every so many clips, in the order of their names, one is held out.
const HELD_OUT: usize = 5;
/// For clips that are longer, in seconds, no single CRF is searched: scoring one takes a quarter of an hour each time.
const LONG: f64 = 150.0;
/// In a quick measurement clips are no longer, in seconds.
const LONGEST_QUICK: f64 = 10.0;

/// A clip that takes part.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) file: PathBuf,
    pub(crate) clip: Clip,
    /// No setting was chosen by looking at it.
    pub(crate) held_out: bool,
}

impl Entry {
    pub(crate) fn is_long(&self) -> bool {
        self.clip.seconds() > LONG
    }
}

/// The clips of the directory in the order of their names; what cannot be decoded is named and left out.
pub(crate) fn list(contest: &Contest, options: &Options, store: &mut Store) -> Result<Vec<Entry>> {
    let directory = &options.clips;
    let listed = std::fs::read_dir(directory);
    let listed = listed.with_context(|| format!("{} cannot be read", directory.display()))?;
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in listed {
        files.push(std::fs::canonicalize(entry?.path())?);
    }
    files.retain(|file| is_video(file));
    files.sort();
    let mut entries = Vec::new();
    for (n, file) in files.into_iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        if !options.wants_clip(&name) {
            continue;
        }
        match look(contest, store, &file, &name) {
            Ok(clip) if options.quick && clip.seconds() > LONGEST_QUICK => {}
            Ok(clip) => entries.push(Entry {
                held_out: n % HELD_OUT == HELD_OUT - 1,
                clip,
                file,
            }),
            Err(error) => println!("    {name} is left out: {error:#}"),
        }
    }
    Ok(entries)
}

fn is_video(file: &Path) -> bool {
    let known = [
        "mp4", "mov", "mkv", "webm", "avi", "ts", "ogv", "m4v", "mpg",
    ];
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    file.is_file() && known.contains(&extension.to_lowercase().as_str())
}

fn look(contest: &Contest, store: &mut Store, file: &Path, name: &str) -> Result<Clip> {
    if let Some(clip) = store.known.clips.get(&footage::digest(file)?) {
        return Ok(clip.clone());
    }
    let clip = contest.look(file, name)?;
    store.put_clip(clip.clone())?;
    Ok(clip)
}
