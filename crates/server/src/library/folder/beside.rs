//! Subtitles that lie beside a video: `NAME.srt`, `NAME.de.vtt`, `NAME.en.forced.srt`. Pure: which file belongs to which.

use super::{Found, Stamp};
use crate::library::limits::BESIDE;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// A file of subtitles, and what its name says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beside {
    /// Below its folder.
    pub(in crate::library) path: PathBuf,
    pub(in crate::library) stamp: Stamp,
    /// As BCP 47 has it; empty where the name says nothing.
    pub(in crate::library) language: String,
    pub(in crate::library) is_forced: bool,
    pub(in crate::library) is_descriptive: bool,
}

/// Endings of their names.
const ENDINGS: [&str; 2] = ["srt", "vtt"];

/// Whether a name may be one.
pub(super) fn is_one(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str);
    ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
}

/// Gives each file to the videos that have its name, in the order of the names.
pub(super) fn give(videos: &mut [Found], mut files: Vec<(PathBuf, Stamp)>) {
    files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    let mut stems: HashMap<PathBuf, Vec<usize>> = HashMap::new();
    for (place, video) in videos.iter().enumerate() {
        stems
            .entry(video.path.with_extension(""))
            .or_default()
            .push(place);
    }
    for (path, stamp) in files {
        let Some((stem, said)) = readings(&path).find(|(stem, _)| stems.contains_key(stem)) else {
            continue;
        };
        for place in stems.get(&stem).into_iter().flatten() {
            let beside = &mut videos[*place].beside;
            if beside.len() < BESIDE {
                beside.push(Beside {
                    path: path.clone(),
                    stamp,
                    ..said.clone()
                });
            }
        }
    }
}

/// What a name can mean, the most of it that is a video's name first: `a.en.srt` belongs to `a.en.mp4` before `a.mp4`.
fn readings(path: &Path) -> impl Iterator<Item = (PathBuf, Beside)> {
    let mut said = Some(Beside {
        path: PathBuf::new(),
        stamp: Stamp {
            size: 0,
            modified_ns: 0,
            inode: 0,
        },
        language: String::new(),
        is_forced: false,
        is_descriptive: false,
    });
    let mut stem = path.with_extension("");
    std::iter::from_fn(move || {
        let now = said.clone()?;
        let reading = (stem.clone(), now.clone());
        said = stem
            .extension()
            .and_then(OsStr::to_str)
            .and_then(|word| now.with(word));
        stem = stem.with_extension("");
        Some(reading)
    })
}

impl Beside {
    /// With one more word of the name; `None` where it says nothing of subtitles.
    fn with(self, word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "forced" => Some(Self {
                is_forced: true,
                ..self
            }),
            "sdh" | "cc" => Some(Self {
                is_descriptive: true,
                ..self
            }),
            _ if self.language.is_empty() && is_language(word) => Some(Self {
                language: word.to_owned(),
                ..self
            }),
            _ => None,
        }
    }
}

/// `de`, `deu`, `pt-BR`, `zh-Hans`: two or three letters, and one part more (RFC 5646, 2.1).
fn is_language(word: &str) -> bool {
    let (first, rest) = word.split_once('-').unwrap_or((word, ""));
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_part = rest.is_empty() || ((2..=4).contains(&rest.len()) && rest.is_ascii());
    (2..=3).contains(&first.len())
        && letters(first)
        && is_part
        && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests;
