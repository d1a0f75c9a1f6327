//! How hostile files are made: by FFmpeg where it can, by hand where it refuses.

use super::once;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

/// What FFmpeg makes of these arguments, in a file with this ending.
pub(super) fn made(ending: &str, arguments: &[&str]) -> Vec<u8> {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join(format!("made.{ending}"));
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin", "-y"])
        .args(arguments)
        .arg(&path);
    assert!(command.status().unwrap().success(), "{arguments:?}");
    fs::read(path).unwrap()
}

/// A second of sound, which is quickly dealt with.
pub(super) fn beep() -> &'static [u8] {
    static CELL: OnceLock<Vec<u8>> = OnceLock::new();
    once(&CELL, || made("wav", &["-f", "lavfi", "-i", "sine=d=0.2"]))
}

/// A small sound clip of two seconds.
pub(super) fn clip() -> &'static [u8] {
    static CELL: OnceLock<Vec<u8>> = OnceLock::new();
    once(&CELL, || made("mp4", &clip_of("mpeg4", "aac")))
}

/// The arguments for a clip in these codecs.
pub(super) fn clip_of<'a>(video: &'a str, audio: &'a str) -> Vec<&'a str> {
    let mut all = vec![
        "-f",
        "lavfi",
        "-i",
        "testsrc2=d=2:s=96x64:r=25",
        "-f",
        "lavfi",
        "-i",
        "sine=d=2",
    ];
    all.extend(["-c:v", video, "-c:a", audio, "-ac", "2"]);
    all
}

/// Another user's video: all of it is one colour that no other test picture has.
pub(super) fn private() -> &'static [u8] {
    static CELL: OnceLock<Vec<u8>> = OnceLock::new();
    once(&CELL, || {
        let source = ["-f", "lavfi", "-i", "color=c=0xff00ff:d=1:s=64x64:r=25"];
        made("ts", &[&source[..], &["-c:v", "mpeg2video"]].concat())
    })
}

/// Whether the first picture of a result is of the private colour.
pub(super) fn is_private(result: &Path) -> bool {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-i"]).arg(result);
    command.args([
        "-frames:v",
        "1",
        "-vf",
        "scale=1:1",
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-",
    ]);
    let picture = command.output().unwrap().stdout;
    matches!(picture.as_slice(), [red, green, blue] if *red > 200 && *green < 60 && *blue > 200)
}

/// A box of MP4 (ISO 14496-12 §4.2).
pub(super) fn mp4_box(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).unwrap();
    [&size.to_be_bytes(), name.as_bytes(), content].concat()
}

/// A chunk of RIFF.
pub(super) fn riff_chunk(name: &str, content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len()).unwrap();
    let padding = vec![0; content.len() % 2];
    [name.as_bytes(), &size.to_le_bytes(), content, &padding].concat()
}

/// What Python prints of this program: for what needs compression that no crate of the tests has.
pub(super) fn python(program: &str) -> Vec<u8> {
    let output = Command::new("python3")
        .args(["-c", program])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
