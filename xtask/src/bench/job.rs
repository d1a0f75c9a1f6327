//! What the service adds to the work of FFmpeg: a job from its first byte to its confirmed result, beside FFmpeg alone
//! with the same words on the same file.

use super::Bench;
use super::child::Running;
use super::clip;
use super::report::{Aim, Section};
use super::series::Series;
use super::server::Server;
use super::task;
use anyhow::Result;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Seconds of picture from which the machine's speed is found out.
const SAMPLE: u32 = 5;
/// FFmpeg alone should take so long, seconds.
const WORK: f64 = 30.0;

/// Where the time of one job went, seconds.
struct Times {
    /// From the first byte of the upload to the confirmed result.
    whole: f64,
    /// From the server's word that the job is accepted to `completed`.
    queued_to_completed: f64,
}

/// One run of FFmpeg from the input to the result; `compress` makes many, and none of them can be repeated alone.
const OPERATION: &str = "resize";

fn wish() -> Value {
    json!({"width": 640, "height": 360})
}

/// Pairs of FFmpeg alone and the service.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let mut section = Section::new("A job beside FFmpeg alone");
    let server = Server::start(&bench.program, &bench.disk, "auto")?;
    let directory = server.directory.path().to_owned();
    let sample = clip::video(&directory, SAMPLE)?;
    let words = learn(&server, &sample)?;
    let speed = f64::from(SAMPLE) / alone(&words, &sample, &directory)?;
    let (work, pairs) = if bench.quick { (6.0, 2) } else { (WORK, 5) };
    let clip = clip::video(&directory, (speed * work).ceil() as u32)?;
    let [mut bare, mut whole, mut inner] = [const { Series::new() }; 3];
    for _ in 0..pairs {
        bare.push(alone(&words, &clip, &directory)?);
        let times = serve(&server, &clip)?;
        whole.push(times.whole);
        inner.push(times.queued_to_completed);
    }
    let over = |times: &Series| -> Series { times.over(&bare).map(|ratio| (ratio - 1.0) * 100.0) };
    section.row("ffmpeg alone", &bare, "s");
    section.row(
        "kinora, from the first byte sent to the result confirmed",
        &whole,
        "s",
    );
    section.row("kinora, from queued to completed", &inner, "s");
    section.aimed(
        "what the service adds, whole",
        &over(&whole),
        "%",
        Aim::AtMost(3.0),
    );
    section.row(
        "what the service adds, queued to completed",
        &over(&inner),
        "%",
    );
    let megabytes = std::fs::metadata(&clip)?.len() / 1_000_000;
    section.note(format!(
        "`resize` to 640x360 on a generated clip of 1280x720, {megabytes} MB; {pairs} pairs, one after the \
         other, on the same disk. The argument list is the one that the server was seen to use."
    ));
    section.note(format!(
        "Processor division in force: {}.",
        division(&server)
    ));
    Ok(vec![section])
}

/// How the server says that it divides the processor.
pub(crate) fn division(server: &Server) -> String {
    let line = server.said("share=").unwrap_or_default();
    let text = line.split_once("share=").map_or("", |(_, text)| text);
    let text = text.trim().trim_matches('"');
    // The path of a control group is this machine's own.
    text.split(" under ").next().unwrap_or_default().to_owned()
}

/// The words with which the server calls FFmpeg, seen on a small job.
fn learn(server: &Server, sample: &Path) -> Result<Vec<String>> {
    let mut connection = server.connect()?;
    let job = task::submit(&mut connection, sample, OPERATION, &wish())?;
    let (_, words) = task::ffmpeg_of(server)?;
    task::wait(&mut connection, &job)?;
    task::fetch(&mut connection, &job)?;
    Ok(words)
}

fn alone(words: &[String], input: &Path, directory: &Path) -> Result<f64> {
    let output = directory.join("alone.out");
    let words = task::redirect(words, input, &output)?;
    let mut command = Command::new(&words[0]);
    command
        .args(&words[1..])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let began = Instant::now();
    Running::start(&mut command)?.finish()?;
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_file(PathBuf::from(&output))?;
    Ok(seconds)
}

fn serve(server: &Server, clip: &Path) -> Result<Times> {
    let mut connection = server.connect()?;
    let began = Instant::now();
    let job = task::submit(&mut connection, clip, OPERATION, &wish())?;
    let accepted = Instant::now();
    task::wait(&mut connection, &job)?;
    let queued_to_completed = accepted.elapsed().as_secs_f64();
    task::fetch(&mut connection, &job)?;
    Ok(Times {
        whole: began.elapsed().as_secs_f64(),
        queued_to_completed,
    })
}
