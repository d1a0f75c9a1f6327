//! Results that stay: what they are called in the library, and when they may be put there.

use super::folder::{Folder, is_video};
use crate::fault::Fault;
use kinora_jobs::problem;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Copies at the same time: each holds a thread that others need for questions.
const COPIES: usize = 2;
/// Bytes of a name without its ending; file systems take 255, and a number may follow.
const STEM: usize = 200;

/// Where results are put.
#[derive(Debug)]
pub(super) struct Shelter {
    folder: Folder,
    /// Bytes of the disk that stay free.
    margin: u64,
    copying: AtomicUsize,
}

/// A result that is to be kept.
#[derive(Debug)]
pub(crate) struct Keepsake<'a> {
    pub(crate) file: File,
    /// Bytes.
    pub(crate) size: u64,
    /// BLAKE3, hex.
    pub(crate) digest: &'a str,
    /// What it is to be called; with an ending or without.
    pub(crate) name: &'a str,
    /// Of the file, without a dot.
    pub(crate) ending: &'a str,
}

impl Shelter {
    pub(super) fn new(folder: Folder, margin: u64) -> Self {
        Self {
            folder,
            margin,
            copying: AtomicUsize::new(0),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Puts a result there, and says what it is called now. One that is there already stays as it is.
    ///
    /// # Errors
    /// `not_a_video`, `disk_full`, `too_many_requests`, or what the disk says.
    pub(super) fn keep(&self, mut keepsake: Keepsake<'_>) -> Result<String, Fault> {
        let ending = keepsake.ending;
        if !is_video(Path::new(&format!("a.{ending}"))) {
            return Err(Fault::new(
                "not_a_video",
                format!("the library shows videos, and the result is a file called .{ending}"),
                "download it instead",
            ));
        }
        let before = self.copying.fetch_add(1, Ordering::AcqRel);
        let _turn = Turn(&self.copying);
        if before >= COPIES {
            return Err(Fault::new(
                "too_many_requests",
                "other results are being put into the library right now",
                "try again in a moment",
            ));
        }
        let free = self.folder.free().map_err(|error| failed(&error))?;
        if free < keepsake.size.saturating_add(self.margin) {
            return Err(Fault::new(
                "disk_full",
                "the library's disk has no room for it",
                "make room there, or download the result",
            ));
        }
        let stem = stem(keepsake.name, ending);
        let (size, digest) = (keepsake.size, keepsake.digest);
        let named = self
            .folder
            .take(&mut keepsake.file, (&stem, ending), |known| {
                is_same(known, size, digest)
            });
        named.map_err(|error| failed(&error))
    }
}

/// Given back whatever happens.
struct Turn<'a>(&'a AtomicUsize);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn failed(error: &io::Error) -> Fault {
    problem::of_machine("the library's folder", error).into()
}

/// Reads the file only where its size fits.
fn is_same(file: &File, size: u64, digest: &str) -> bool {
    let mut hasher = blake3::Hasher::new();
    let is_long = file.metadata().is_ok_and(|known| known.len() == size);
    is_long && hasher.update_reader(file).is_ok() && hasher.finalize().to_hex().as_str() == digest
}

/// A name of our own: no way to anywhere, nothing hidden, not too long.
fn stem(name: &str, ending: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = name.chars().filter(|letter| !letter.is_control()).collect();
    let dotted = format!(".{ending}");
    let cut = plain.len().saturating_sub(dotted.len());
    let stem = match plain.get(cut..) {
        Some(end) if end.eq_ignore_ascii_case(&dotted) => &plain[..cut],
        _ => match plain.rsplit_once('.') {
            // The original's own ending, which the result need not have.
            Some((stem, old)) if is_video(Path::new(&format!("a.{old}"))) => stem,
            _ => plain.as_str(),
        },
    };
    let stem = stem
        .trim_start_matches(['.', ' '])
        .trim_end_matches(['.', ' ']);
    let mut end = stem.len().min(STEM);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    match stem[..end].trim_end() {
        "" => "video".to_owned(),
        stem => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere() {
        let check = |name: &str, expected: &str| assert_eq!(stem(name, "mp4"), expected, "{name}");
        check("holiday.mp4", "holiday");
        check("holiday.MOV", "holiday");
        check("holiday", "holiday");
        check("Mr. Smith.2024.mp4", "Mr. Smith.2024");
        check("Mr. Smith", "Mr. Smith");
        check("../../etc/passwd", "passwd");
        check("C:\\Videos\\a.avi", "a");
        check(".hidden.mp4", "hidden");
        check("...", "video");
        check("", "video");
        check(".mp4", "video");
        check("a\n\0b.mp4", "ab");
        assert_eq!(stem(&"é".repeat(300), "mp4"), "é".repeat(100));
    }

    #[test]
    fn only_videos_are_kept_and_twice_is_once() {
        use std::io::Write;
        let place = tempfile::tempdir().unwrap();
        let shelter = Shelter::new(Folder::new(place.path().to_owned()), 0);
        let keep = |content: &str, ending: &str| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(content.as_bytes()).unwrap();
            shelter.keep(Keepsake {
                file,
                size: content.len() as u64,
                digest: blake3::hash(content.as_bytes()).to_hex().as_str(),
                name: "a.mov",
                ending,
            })
        };
        assert_eq!(keep("one", "mp4").unwrap(), "a.mp4");
        assert_eq!(keep("one", "mp4").unwrap(), "a.mp4");
        assert_eq!(keep("two", "mp4").unwrap(), "a (2).mp4");
        assert_eq!(keep("one", "mp3").unwrap_err().problem.code, "not_a_video");
        shelter.copying.store(COPIES, Ordering::Release);
        assert_eq!(
            keep("six", "mp4").unwrap_err().problem.code,
            "too_many_requests"
        );
    }
}
