//! The films of these measurements, and what FFmpeg needs by itself to make renditions of one.

use crate::bench::child::Running;
use anyhow::{Result, ensure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// A film of 720 lines at about 5 Mbit/s: pictures with enough noise that they cannot become small.
pub(super) fn made(path: &Path, seconds: u32) -> Result<()> {
    let picture = format!("testsrc2=size=1280x720:rate=30:duration={seconds}");
    let sound = format!("sine=440:duration={seconds}");
    ffmpeg(
        &format!(
            "-f lavfi -i {picture},noise=alls=12:allf=t -f lavfi -i {sound} -c:v libx264 -preset veryfast -pix_fmt yuv420p \
             -b:v 5M -maxrate 6M -bufsize 10M -g 60 -sc_threshold 0 -c:a aac"
        ),
        path,
    )
}

/// A small film of so many minutes: one minute of it again and again.
pub(super) fn long(path: &Path, minutes: u32) -> Result<()> {
    let minute = path.with_extension("minute.mkv");
    ffmpeg(
        "-f lavfi -i testsrc2=size=320x180:rate=30:duration=60 -f lavfi -i sine=440:duration=60 -c:v libx264 -preset \
         ultrafast -pix_fmt yuv420p -g 60 -c:a aac",
        &minute,
    )?;
    let input = minute.to_string_lossy().into_owned();
    let again = format!("-stream_loop {} -i {input} -c copy", minutes - 1);
    ffmpeg(&again, path)?;
    Ok(std::fs::remove_file(minute)?)
}

fn ffmpeg(arguments: &str, output: &Path) -> Result<()> {
    let done = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-y"])
        .args(arguments.split_whitespace())
        .arg(output)
        .stdin(Stdio::null())
        .status()?;
    ensure!(done.success(), "FFmpeg could not make {}", output.display());
    Ok(())
}

/// Seconds that one run takes for the renditions of `HEIGHTS`, with the settings of `media::ladder`.
pub(super) fn ladder(film: &Path) -> Result<f64> {
    let place = tempfile::tempdir()?;
    let graph = "[0:0]split=2[a][b];[a]scale=640:360:flags=lanczos,setsar=1,format=yuv420p[v0];\
                 [b]scale=1280:720:flags=lanczos,setsar=1,format=yuv420p[v1]";
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error", "-y", "-i"]);
    command.arg(film).args(["-filter_complex", graph]);
    for (pad, kbit, name) in [("[v0]", 1237, "360.mp4"), ("[v1]", 3500, "720.mp4")] {
        command.args([
            "-map", pad, "-c:v", "libx264", "-preset", "fast", "-crf", "23",
        ]);
        command.args(["-maxrate", &format!("{kbit}k"), "-bufsize"]);
        command.args([&format!("{}k", kbit * 2), "-g", "600", "-sc_threshold", "0"]);
        command.args(["-flags", "+cgop", "-force_key_frames"]);
        command
            .arg("expr:gte(t,n_forced*2)")
            .arg(place.path().join(name));
    }
    command.args(["-map", "0:a", "-c:a", "aac", "-b:a", "128k"]);
    command.arg(place.path().join("sound.mp4"));
    let began = Instant::now();
    Running::start(&mut command)?.finish()?;
    Ok(began.elapsed().as_secs_f64())
}
