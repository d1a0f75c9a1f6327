//! One title: a file of the library, what is known of it, and how it is called.

use super::folder::{Beside, Found, Stamp};
use super::limits;
use super::presentation::{Presentation, size};
use super::subtitle::{Place, Subtitle, label};
use kinora_stream::codec::Kind;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A file of the library.
#[derive(Debug)]
pub(crate) struct Title {
    /// Stays the same for as long as the file has its name; nobody can guess it. 32 hex digits.
    pub(crate) id: String,
    /// Another one whenever the file has changed. 16 hex digits.
    pub(crate) version: String,
    /// What people call it.
    pub(crate) name: String,
    pub(crate) facts: Facts,
    pub(super) folder: usize,
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    /// Subtitles that lie beside it.
    pub(super) beside: Vec<Beside>,
    /// In lower case, to be searched.
    needle: String,
}

/// What is known of a file without opening it again; kept across restarts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Facts {
    pub(crate) duration_ms: u64,
    /// Pixels on the screen.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Names of the codings, as in `CODECS`, or as FFmpeg has them.
    pub(crate) codecs: Vec<String>,
    /// Languages of the sounds, `und` where nothing is said.
    pub(crate) languages: Vec<String>,
    /// Why browsers cannot play it as it is; `None` if they can.
    pub(crate) obstacle: Option<String>,
    /// Why nothing can be done with it at all.
    pub(crate) damage: Option<String>,
}

impl Facts {
    /// Of a file that is played as it is.
    pub(super) fn of(presentation: &Presentation) -> Self {
        let video = presentation.videos.first();
        let (width, height) = video.map(|video| size(&video.track)).unwrap_or_default();
        let all = presentation.videos.iter().chain(&presentation.sounds);
        let codecs = all.map(|each| each.track.codec.name.clone()).collect();
        let languages = presentation.sounds.iter();
        Self {
            duration_ms: presentation.duration_ms,
            width,
            height,
            codecs,
            languages: languages
                .filter(|sound| matches!(sound.track.codec.kind, Kind::Audio { .. }))
                .map(|sound| sound.track.language.clone())
                .collect(),
            ..Self::default()
        }
    }
}

impl Title {
    pub(super) fn new(
        key: &[u8; 32],
        (folder, directory): (usize, &Path),
        found: Found,
        facts: Facts,
    ) -> Self {
        let Found {
            path,
            stamp,
            beside,
        } = found;
        let name = name(&path);
        Self {
            id: id(key, directory, &path),
            version: version(key, stamp),
            needle: name.to_lowercase(),
            name,
            facts,
            folder,
            path,
            stamp,
            beside,
        }
    }

    /// When its file was last written, in milliseconds since 1970.
    pub(crate) fn added_ms(&self) -> i64 {
        self.stamp.modified_ns / 1_000_000
    }

    /// Bytes of its file.
    pub(crate) fn size(&self) -> u64 {
        self.stamp.size
    }

    /// The subtitles beside it.
    pub(super) fn subtitles(&self, key: &[u8; 32]) -> impl Iterator<Item = Subtitle> {
        self.beside.iter().map(|beside| Subtitle {
            // Neither another file nor another state of it has this name.
            name: format!("b{}", version(key, beside.stamp)),
            label: label(&beside.language),
            language: beside.language.clone(),
            is_forced: beside.is_forced,
            is_descriptive: beside.is_descriptive,
            place: Place::Beside(beside.clone()),
        })
    }

    /// Whether all of these words, in lower case, stand in its name.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        words.iter().all(|word| self.needle.contains(word))
    }

    /// For sorting by name without regard to capitals.
    pub(super) fn order(&self) -> (&str, &str) {
        (&self.needle, &self.id)
    }
}

/// The name of a file, keyed so that nobody can try names.
pub(super) fn id(key: &[u8; 32], directory: &Path, path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(b"title\0");
    // A path has no zero in it, so no folder can pass for another's beginning.
    hasher.update(directory.as_os_str().as_bytes());
    hasher.update(b"\0");
    hasher.update(path.as_os_str().as_bytes());
    hasher.finalize().to_hex()[..32].to_owned()
}

pub(super) fn version(key: &[u8; 32], stamp: Stamp) -> String {
    let mut hasher = blake3::Hasher::new_keyed(key);
    hasher.update(b"version\0");
    for number in [stamp.size, stamp.modified_ns.cast_unsigned(), stamp.inode] {
        hasher.update(&number.to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// A file's name without its ending; signs that stand for spaces in names of files become spaces.
fn name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_spaced = stem.contains(' ');
    let letters = stem.chars().map(|letter| match letter {
        '_' => ' ',
        '.' if !is_spaced => ' ',
        letter if letter.is_control() => ' ',
        letter => letter,
    });
    let name: String = letters.take(limits::NAME).collect();
    name.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_people() {
        let check = |path: &str, expected: &str| assert_eq!(name(Path::new(path)), expected);
        check("a/My_holiday.2024.mp4", "My holiday 2024");
        check("Mr. Smith goes.mp4", "Mr. Smith goes");
        check("a\nb.mp4", "a b");
        check("映画.mkv", "映画");
    }

    #[test]
    fn ids_depend_on_the_place_and_versions_on_the_content() {
        let key = [1; 32];
        let one = id(&key, Path::new("/a"), Path::new("b/c.mp4"));
        assert_eq!(one.len(), 32);
        assert_eq!(one, id(&key, Path::new("/a"), Path::new("b/c.mp4")));
        assert_ne!(one, id(&key, Path::new("/a/b"), Path::new("c.mp4")));
        assert_ne!(one, id(&[2; 32], Path::new("/a"), Path::new("b/c.mp4")));
        let stamp = Stamp {
            size: 1,
            modified_ns: -5,
            inode: 3,
        };
        let later = Stamp {
            modified_ns: -4,
            ..stamp
        };
        assert_ne!(version(&key, stamp), version(&key, later));
    }
}
