//! Files to stream: made by FFmpeg's own generators, and what FFmpeg says of them.

#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests make real files, let FFmpeg read them, and say what they skip"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use kinora_stream::Index;
use kinora_stream::codec::Codec;
use kinora_stream::cut::Cut;
use kinora_stream::fragment::{self, Piece, Segment};
use kinora_stream::index::Track;
use kinora_stream::locate::Locator;

/// A file and its index.
pub(crate) struct Source {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) bytes: Vec<u8>,
    pub(crate) index: Index,
    pub(crate) path: PathBuf,
}

/// Whether FFmpeg is there; says so where it is not.
pub(crate) fn has_ffmpeg() -> bool {
    let is_there = Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !is_there {
        eprintln!("skipped: no ffmpeg on this machine");
    }
    is_there
}

/// Output of a program that must succeed without a word of complaint.
pub(crate) fn run(program: &str, arguments: &[&str], directory: &Path) -> String {
    let output = Command::new(program)
        .args(["-hide_banner", "-loglevel", "error"])
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {complaint}");
    assert_eq!(complaint, "", "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

impl Source {
    /// A file made by these arguments.
    pub(crate) fn made(name: &str, arguments: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut words: Vec<&str> = arguments.split_whitespace().collect();
        words.push(name);
        run("ffmpeg", &words, directory.path());
        let path = directory.path().join(name);
        Self::open(directory, path).unwrap()
    }

    pub(crate) fn open(
        directory: tempfile::TempDir,
        path: PathBuf,
    ) -> Result<Self, kinora_stream::Fault> {
        let bytes = std::fs::read(&path).unwrap();
        let index = read(&bytes)?;
        Ok(Self {
            directory,
            bytes,
            index,
            path,
        })
    }

    /// What a player would have after reading all segments.
    pub(crate) fn joined(
        &self,
        track: &Track,
        codec: &Codec,
        cuts: &[Cut],
        prefix: &[u8],
    ) -> Vec<u8> {
        let mut whole = fragment::initialisation(track, codec);
        for (number, cut) in (1..).zip(cuts) {
            let range = cut.first..cut.first + cut.count;
            let segment = fragment::media(track, range, number, prefix).unwrap();
            assert_eq!(segment.length(), cut.bytes);
            whole.extend(self.rendered(&segment));
        }
        whole
    }

    pub(crate) fn rendered(&self, segment: &Segment) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &segment.pieces {
            match piece {
                Piece::Header(header) => bytes.extend(header),
                Piece::Source(place) => {
                    let begin = place.offset as usize;
                    bytes.extend(&self.bytes[begin..begin + place.length as usize]);
                }
            }
        }
        bytes
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.directory.path().join(name), bytes).unwrap();
    }

    pub(crate) fn ffmpeg(&self, arguments: &str) -> String {
        let words: Vec<&str> = arguments.split_whitespace().collect();
        run("ffmpeg", &words, self.directory.path())
    }
}

/// Finds and reads the index, as a service does.
pub(crate) fn read(bytes: &[u8]) -> Result<Index, kinora_stream::Fault> {
    let mut locator = Locator::new(bytes.len() as u64);
    loop {
        let wanted = locator.wanted();
        let begin = wanted.offset as usize;
        if let Some(place) = locator.feed(&bytes[begin..begin + wanted.length as usize])? {
            let begin = place.offset as usize;
            let movie = &bytes[begin..begin + place.length as usize];
            return Index::read(movie, bytes.len() as u64);
        }
    }
}
