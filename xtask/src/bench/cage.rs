//! What the cage costs: the same work inside and outside, in turns, in seconds of the processor. Time by the clock would
//! measure whatever else the machine does.

use super::Bench;
use super::child::Running;
use super::clip;
use super::report::{Aim, Section};
use super::series::Series;
use anyhow::Result;
use std::path::Path;
use std::process::{Command, Stdio};

/// An encode, which is what the cage must not slow down.
const ENCODE: &[&str] = &["resize", "--size", "360p"];
/// Little more than starting FFmpeg a few times: what each process costs.
const COPY: &[&str] = &["convert", "--format", "mkv"];

/// Pairs of inside and outside.
pub(crate) fn run(bench: &Bench) -> Result<Vec<Section>> {
    let mut section = Section::new("FFmpeg in its cage, beside FFmpeg without");
    let place = bench.disk.directory()?;
    let (seconds, pairs) = if bench.quick { (10, 4) } else { (60, 11) };
    let clip = clip::video(place.path(), seconds)?;
    for (name, order, aim) in [
        ("an encode", ENCODE, Some(Aim::AtMost(1.03))),
        ("a copy", COPY, None),
    ] {
        let [mut inside, mut outside] = [const { Series::new() }; 2];
        for pair in 0..pairs {
            // Who comes first finds the file in memory, or not.
            let mut turns = [("full", &mut inside), ("off", &mut outside)];
            if pair % 2 == 1 {
                turns.reverse();
            }
            for (mode, series) in turns {
                series.push(cpu(bench, order, mode, &clip, place.path())?);
            }
        }
        section.row(format!("{name}, outside"), &outside, "s");
        section.row(format!("{name}, inside"), &inside, "s");
        let ratio = inside.over(&outside);
        let what = format!("{name}, inside over outside");
        match aim {
            Some(aim) => section.aimed(what, &ratio, "", aim),
            None => section.row(what, &ratio, ""),
        }
    }
    section.note(format!(
        "Seconds of the processor of `kinora {} --local` and `kinora {} --local` with all their children, {seconds} s \
         of 1280x720, {pairs} pairs in turns. Each run tries its FFmpeg first, which is part of both.",
        ENCODE.join(" "),
        COPY.join(" ")
    ));
    Ok(vec![section])
}

fn cpu(bench: &Bench, order: &[&str], mode: &str, clip: &Path, place: &Path) -> Result<f64> {
    let output = place.join("out");
    std::fs::create_dir_all(&output)?;
    let mut command = Command::new(&bench.program);
    command
        .args(order)
        .arg(clip)
        .arg("--local")
        .arg("-o")
        .arg(&output);
    // The same kinds of files in both, or the argument lists would differ.
    command.args(["--set", "sandbox.accept=all", "--sandbox", mode]);
    command.env("XDG_CONFIG_HOME", place);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let seconds = Running::start(&mut command)?.finish()?;
    std::fs::remove_dir_all(&output)?;
    Ok(seconds)
}
