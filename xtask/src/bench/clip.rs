//! Inputs for jobs, made by FFmpeg's generators.

use super::child::Running;
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes per second of the sound that [`sound`] becomes as WAV: two channels of 16 bits.
const SOUND_RATE: u64 = 2 * 2 * 48_000;
/// A picture is generated for so many seconds, and repeated for the rest.
const GENERATED: u32 = 5;

fn ffmpeg(words: &[&str], output: &Path) -> Result<()> {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-nostdin", "-v", "error", "-y"])
        .args(words)
        .arg(output);
    Running::start(&mut command)?.finish()?;
    Ok(())
}

/// A small file whose sound is about `bytes` long once it is WAV.
pub(crate) fn sound(directory: &Path, bytes: u64) -> Result<PathBuf> {
    let file = directory.join("silence.flac");
    let seconds = (bytes / SOUND_RATE).to_string();
    let source = "anullsrc=channel_layout=stereo:sample_rate=48000";
    ffmpeg(
        &[
            "-f",
            "lavfi",
            "-i",
            source,
            "-t",
            &seconds,
            "-sample_fmt",
            "s16",
        ],
        &file,
    )?;
    Ok(file)
}

/// A moving picture of 1280x720 with a tone, so generously encoded that compressing it pays.
pub(crate) fn video(directory: &Path, seconds: u32) -> Result<PathBuf> {
    let (once, file) = (
        directory.join("once.mp4"),
        directory.join(format!("clip-{seconds}.mp4")),
    );
    let picture = format!("testsrc2=size=1280x720:rate=30:duration={GENERATED}");
    let tone = format!("sine=frequency=440:duration={GENERATED}");
    let inputs = ["-f", "lavfi", "-i", &picture, "-f", "lavfi", "-i", &tone];
    let codecs = ["-vf", "noise=alls=12:allf=t", "-pix_fmt", "yuv420p"];
    let rates = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "18",
        "-c:a",
        "aac",
    ];
    ffmpeg(&[inputs.as_slice(), &codecs, &rates].concat(), &once)?;
    let (rounds, length) = (seconds.div_ceil(GENERATED).to_string(), seconds.to_string());
    let once = once.display().to_string();
    ffmpeg(
        &[
            "-stream_loop",
            &rounds,
            "-i",
            &once,
            "-t",
            &length,
            "-c",
            "copy",
        ],
        &file,
    )?;
    Ok(file)
}
