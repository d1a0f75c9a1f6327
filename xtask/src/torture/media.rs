//! Files to send: small videos of each container, and what a mutator makes of them.

use anyhow::{Context, Result, ensure};
use fastrand::Rng;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A file as a client sends it.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Its extension.
    pub(crate) ending: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Containers with codecs that they hold, by FFmpeg's words.
const KINDS: [(&str, &[&str]); 14] = [
    ("mp4", &["-c:v", "libx264", "-c:a", "aac"]),
    ("mov", &["-c:v", "mjpeg", "-c:a", "pcm_s16le"]),
    ("mkv", &["-c:v", "libx264", "-c:a", "libopus"]),
    ("webm", &["-c:v", "libvpx", "-c:a", "libopus"]),
    ("avi", &["-c:v", "mpeg4", "-c:a", "libmp3lame"]),
    ("ts", &["-c:v", "mpeg2video", "-c:a", "mp2"]),
    ("mpg", &["-c:v", "mpeg2video", "-c:a", "mp2"]),
    (
        "flv",
        &["-c:v", "flv1", "-c:a", "libmp3lame", "-ar", "44100"],
    ),
    ("ogv", &["-c:v", "libtheora", "-c:a", "libvorbis"]),
    ("gif", &["-an"]),
    ("mp3", &["-vn", "-c:a", "libmp3lame"]),
    ("wav", &["-vn"]),
    ("flac", &["-vn", "-c:a", "flac"]),
    ("y4m", &["-an", "-f", "yuv4mpegpipe"]),
];

/// One small video of each kind; those that this FFmpeg cannot make are left out, and counted by the caller.
pub(crate) fn all(directory: &Path) -> Result<Vec<File>> {
    let made = KINDS.iter().filter_map(|(ending, codecs)| {
        let path = directory.join(format!("clip.{ending}"));
        let bytes = make(&path, "testsrc2=size=96x64:rate=12:duration=0.7", codecs).ok()?;
        Some(File { ending, bytes })
    });
    let made: Vec<File> = made.collect();
    ensure!(!made.is_empty(), "ffmpeg makes no video at all");
    Ok(made)
}

/// Videos that keep a server busy for a moment, or for some.
pub(crate) fn work(directory: &Path) -> Result<Vec<File>> {
    let sources = [
        "testsrc2=size=128x96:rate=10:duration=1",
        "testsrc2=size=320x180:rate=25:duration=2",
        "testsrc2=size=480x270:rate=25:duration=5",
    ];
    let codecs = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "6",
        "-c:a",
        "aac",
    ];
    let made = sources.iter().enumerate().map(|(at, source)| {
        let bytes = make(&directory.join(format!("work{at}.mp4")), source, &codecs)?;
        Ok(File {
            ending: "mp4",
            bytes,
        })
    });
    made.collect()
}

fn make(path: &Path, source: &str, codecs: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-y", "-nostdin"]);
    command.args(["-f", "lavfi", "-i", source]);
    command.args(["-f", "lavfi", "-i", "sine=duration=0.7", "-shortest"]);
    command.args(codecs).arg(path);
    let status = command.status().context("ffmpeg cannot be started")?;
    ensure!(status.success(), "ffmpeg made no {}", path.display());
    Ok(fs::read(path)?)
}

/// Damages a file in one of the ways that files are damaged, or are made to do harm.
pub(crate) fn mutate(file: &File, other: &File, dice: &mut Rng) -> File {
    let mut bytes = file.bytes.clone();
    let length = bytes.len().max(1);
    match dice.u8(..9) {
        0 => bytes.truncate(dice.usize(..length)),
        1 => flip(&mut bytes, dice, 1..=4),
        2 => flip(&mut bytes, dice, 5..=300),
        // Sizes that lie: four bytes of a header become all ones, nothing, or the sign bit.
        3 => {
            for _ in 0..dice.usize(1..6) {
                let value = *dice
                    .choice(&[[0xff; 4], [0; 4], [0x80, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff]])
                    .unwrap_or(&[0; 4]);
                let head = length.min(2048);
                overwrite(&mut bytes, dice.usize(..head), &value);
            }
        }
        4 => {
            let from = dice.usize(..length);
            let to = (from + dice.usize(1..4096)).min(bytes.len());
            bytes[from.min(to)..to].fill(dice.u8(..));
        }
        5 => {
            let from = dice.usize(..length);
            let piece = bytes[from..(from + dice.usize(1..4096)).min(bytes.len())].to_vec();
            let at = dice.usize(..length);
            bytes.splice(at..at, piece);
        }
        6 => {
            let cut = dice.usize(..length);
            bytes.truncate(cut);
            bytes.extend_from_slice(&other.bytes[dice.usize(..other.bytes.len().max(1))..]);
        }
        7 => {
            let from = dice.usize(..length);
            let to = (from + dice.usize(1..512)).min(bytes.len());
            bytes.drain(from.min(to)..to);
        }
        _ => bytes = (0..dice.usize(1..6000)).map(|_| dice.u8(..)).collect(),
    }
    if bytes.is_empty() {
        bytes.push(0);
    }
    // What it is called says nothing of what it is.
    let ending = if dice.u8(..6) == 0 {
        other.ending
    } else {
        file.ending
    };
    File { ending, bytes }
}

fn flip(bytes: &mut [u8], dice: &mut Rng, times: std::ops::RangeInclusive<usize>) {
    for _ in 0..dice.usize(times) {
        let at = dice.usize(..bytes.len());
        bytes[at] ^= 1 << dice.u8(..8);
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    for (byte, new) in bytes[at..].iter_mut().zip(with) {
        *byte = *new;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_file_can_be_damaged() {
        let one = File {
            ending: "mp4",
            bytes: (0..=255).collect(),
        };
        let tiny = File {
            ending: "wav",
            bytes: vec![1],
        };
        let mut dice = Rng::with_seed(7);
        let mut changed = 0;
        for _ in 0..2000 {
            for (file, other) in [(&one, &tiny), (&tiny, &one)] {
                let made = mutate(file, other, &mut dice);
                assert!(!made.bytes.is_empty());
                changed += usize::from(made.bytes != file.bytes);
            }
        }
        assert!(changed > 3500, "{changed}");
        // The same seed makes the same files.
        let again = |seed| mutate(&one, &tiny, &mut Rng::with_seed(seed)).bytes;
        assert_eq!(again(3), again(3));
    }
}
