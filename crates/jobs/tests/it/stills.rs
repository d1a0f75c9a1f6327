//! Frames as pictures: the right ones, whatever the container, and none where there is none.

use crate::media::{clip, tools};
use kinora_jobs::sandbox::Share;
use kinora_jobs::stills::stills;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Five seconds, ten frames in each; frame `n` is grey of `16 + 2n`.
const GREYS: &str = "nullsrc=s=320x180:r=10:d=5,geq=lum='16+2*N':cb=128:cr=128";

fn greys(name: &'static str, more: &[&str]) -> PathBuf {
    let made = [
        "-f", "lavfi", "-i", GREYS, "-c:v", "libx264", "-qp", "0", "-g", "25",
    ];
    clip(name, &[&made, more].concat())
}

fn frames(file: &Path, times: &[f64], side: u32) -> Vec<Option<Vec<u8>>> {
    let work = tempfile::tempdir().unwrap();
    let found = stills(tools(), &Share::off(), work.path(), file, times, side);
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 0);
    found
}

/// Grey of a picture as the number of the frame that it was, and its size in pixels.
fn look(jpeg: &[u8]) -> (u32, String) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("a.jpg");
    std::fs::write(&path, jpeg).unwrap();
    let run = |program: &str, before: &[&str], after: &[&str]| {
        let path = [path.as_os_str()];
        let (before, after) = (before.iter().map(OsStr::new), after.iter().map(OsStr::new));
        let mut command = Command::new(program);
        command.args(before.chain(path).chain(after));
        command.output().unwrap().stdout
    };
    let shape = [
        "-v",
        "error",
        "-show_entries",
        "stream=width,height",
        "-of",
        "csv=p=0:s=x",
    ];
    let size = String::from_utf8(run("ffprobe", &shape, &[])).unwrap();
    let grey = ["-vf", "crop=2:2", "-f", "rawvideo", "pipe:1"];
    let grey = run("ffmpeg", &["-v", "error", "-i"], &grey)[0];
    // Full range in the JPEG, 16 to 235 in the video.
    let frame = f64::from(grey) * 219.0 / 255.0 / 2.0;
    (frame.round() as u32, size.trim().to_owned())
}

#[test]
fn each_time_brings_its_own_frame() {
    // With an index at the end, with none, and with one that is asked for piece by piece.
    for file in [
        greys("greys.mp4", &[]),
        greys("greys.ts", &[]),
        greys("greys.mkv", &[]),
    ] {
        // The last two as they come out of a sum of floating-point numbers.
        let found = frames(
            &file,
            &[0.0, 0.1, 2.0, 3.400_000_000_000_000_4, 4.899_999_999],
            960,
        );
        let numbers: Vec<_> = found
            .iter()
            .map(|jpeg| look(jpeg.as_ref().unwrap()))
            .collect();
        let numbers: Vec<_> = numbers.iter().map(|(frame, _)| *frame).collect();
        assert_eq!(numbers, [0, 1, 20, 34, 49], "{}", file.display());
    }
}

#[test]
fn pictures_are_upright_square_and_not_too_large() {
    let check = |name: &'static str, more: &[&str], side: u32, expected: &str| {
        let found = frames(&greys(name, more), &[1.0], side);
        assert_eq!(look(found[0].as_ref().unwrap()).1, expected, "{name}");
    };
    check("still-plain.mp4", &[], 960, "320x180");
    check("still-small.mp4", &[], 200, "200x112");
    check("still-tall.mp4", &["-vf", "transpose"], 200, "112x200");
    check("still-wide.mp4", &["-vf", "setsar=2"], 960, "640x180");
}

#[test]
fn what_cannot_be_read_is_absent() {
    let file = greys("greys.mp4", &[]);
    let found = frames(&file, &[60.0, f64::NAN, -1.0, 1.0], 960);
    let there: Vec<_> = found.iter().map(Option::is_some).collect();
    assert_eq!(there, [false, false, false, true]);
    assert_eq!(frames(Path::new("/nonexistent.mp4"), &[0.0], 960), [None]);
    let song = clip("song.mp3", &["-f", "lavfi", "-i", "sine=d=1"]);
    assert_eq!(frames(&song, &[0.0], 960), [None]);
    // A playlist is a program: it names other files.
    let place = tempfile::tempdir().unwrap();
    let list = place.path().join("a.mp4");
    let text = format!("ffconcat version 1.0\nfile '{}'\n", file.display());
    std::fs::write(&list, text).unwrap();
    assert_eq!(frames(&list, &[0.0], 960), [None]);
}
