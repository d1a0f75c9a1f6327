//! The neutral scorer: VMAF of all frames, at the size of the result, with ten bits, the same for every contestant.
//!
//! Frames are paired by their number where both sides have as many, else by the nearest time, which is then said.

use super::footage::{Frames, Picture};
use super::program::{self, Ended};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Twelve seconds a minute of film are usual; this is for the longest clip on a machine that others use, too.
const LIMIT: Duration = Duration::from_secs(3600);
/// Viewed from three times the height of the screen.
pub(crate) const MODEL: &str = "vmaf_v1.0.16_3d0h";
/// The model cannot look at pictures both of whose sides are shorter; they are enlarged.
const SMALLEST: u64 = 216;
/// Grows when scores change their meaning, so that none is compared with an older one.
pub(crate) const VERSION: &str = "1";

/// How frames of the original are made comparable with those of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fields {
    /// As they are.
    Whole,
    /// Two fields become one frame.
    Joined,
    /// Each field becomes a frame.
    Split,
}

/// Which frames of the two sides belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairing {
    /// Those of the same number, once so many of the original's first are left out.
    Number(usize),
    /// The nearest in time, counted from each side's first.
    Start,
    /// The nearest in time, as the files say: frames at the beginning may be missing.
    Clock,
}

/// A result beside its original.
#[derive(Debug)]
pub(crate) struct Pair<'a> {
    pub(crate) original: &'a Path,
    /// Which of the original's pictures.
    pub(crate) picture: usize,
    pub(crate) before: &'a Frames,
    pub(crate) result: &'a Path,
    /// Which of the result's pictures.
    pub(crate) shown: usize,
    pub(crate) after: &'a Frames,
    pub(crate) size: &'a Picture,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scores {
    /// For each frame of the result.
    pub(crate) frames: Vec<f32>,
    /// When each is shown, in seconds from the original's first frame; empty where that is when the original's is.
    pub(crate) times: Vec<f64>,
    /// What has to be known of the pairing; empty as a rule.
    pub(crate) note: String,
}

impl Pair<'_> {
    /// Scores the result against its original; of several ways to pair them, the one that suits the result best.
    pub(crate) fn score(&self, ffmpeg: &Path, scratch: &Path) -> Result<Scores> {
        let mut best: Option<(f64, Scores)> = None;
        for (fields, pairing) in self.ways() {
            let scores = self.score_as(fields, pairing, ffmpeg, scratch)?;
            let sum: f64 = scores.frames.iter().map(|&score| f64::from(score)).sum();
            if best.as_ref().is_none_or(|(most, _)| sum > *most) {
                best = Some((sum, scores));
            }
        }
        Ok(best.context("there is no way to compare them")?.1)
    }

    fn ways(&self) -> Vec<(Fields, Pairing)> {
        let (before, after) = (self.before.times.len(), self.after.times.len());
        let is_split = self.before.interlaced && after >= before * 2 - 2;
        let (fields, frames): (&[Fields], usize) = match self.before.interlaced {
            false => (&[Fields::Whole], before),
            true if is_split => (&[Fields::Split], before * 2),
            true => (&[Fields::Whole, Fields::Joined], before),
        };
        let mut pairings = vec![Pairing::Number(0)];
        if frames != after {
            pairings = vec![Pairing::Start, Pairing::Clock];
        }
        // A few are missing: most likely all of them at one end.
        if (1..=frames / 5).contains(&frames.saturating_sub(after)) {
            pairings.extend([Pairing::Number(0), Pairing::Number(frames - after)]);
        }
        let ways = fields.iter();
        let with_each = |&fields| pairings.iter().map(move |&pairing| (fields, pairing));
        ways.flat_map(with_each).collect()
    }

    fn score_as(
        &self,
        fields: Fields,
        pairing: Pairing,
        ffmpeg: &Path,
        scratch: &Path,
    ) -> Result<Scores> {
        let log = scratch.join("scores.json");
        let mut command = Command::new(ffmpeg);
        // The filter's options have their own way of quoting, so the log's name stays free of directories.
        command.current_dir(scratch);
        command.args(["-hide_banner", "-nostdin", "-v", "error", "-i"]);
        command.arg(self.result).arg("-i").arg(self.original);
        command.args(["-filter_complex", &self.graph(fields, pairing)]);
        command.args(["-fps_mode", "passthrough", "-f", "null", "-"]);
        let ran = program::run(&mut command, LIMIT, scratch)?;
        ensure!(
            ran.ended == Ended::Well,
            "it cannot be scored: {}",
            ran.last_words()
        );
        let text = std::fs::read(&log).context("no scores were written")?;
        let mut frames = read(&serde_json::from_slice(&text)?);
        std::fs::remove_file(&log)?;
        let expected = self.after.times.len();
        // Where the original lasts longer, the rest of it is compared with the result's last frame.
        frames.truncate(expected);
        ensure!(
            frames.len() == expected,
            "{} of {expected} frames were scored",
            frames.len()
        );
        Ok(Scores {
            frames,
            times: self.times(pairing, fields),
            note: self.note(fields, pairing),
        })
    }

    fn times(&self, pairing: Pairing, fields: Fields) -> Vec<f64> {
        let zero = match pairing {
            Pairing::Number(skipped) if fields != Fields::Split => {
                if self.after.times.len() == self.before.times.len() {
                    return Vec::new();
                }
                let first = self.before.first();
                let kept = self.before.times.iter().skip(skipped);
                let kept = kept.take(self.after.times.len());
                return kept.map(|time| time - first).collect();
            }
            Pairing::Number(_) | Pairing::Start => self.after.first(),
            Pairing::Clock => self.before.first(),
        };
        let times = self.after.times.iter();
        times.map(|time| time - zero).collect()
    }

    fn graph(&self, fields: Fields, pairing: Pairing) -> String {
        let stamps = match pairing {
            Pairing::Number(_) => "settb=1/1000,setpts=N",
            Pairing::Start => "settb=1/1000000,setpts=PTS-STARTPTS",
            Pairing::Clock => "settb=1/1000000",
        };
        let skip = match pairing {
            Pairing::Number(skipped) if skipped > 0 => format!("trim=start_frame={skipped},"),
            _ => String::new(),
        };
        let whole = match fields {
            Fields::Whole => "",
            Fields::Joined => "bwdif=mode=send_frame,",
            Fields::Split => "bwdif=mode=send_field,",
        };
        let Picture { width, height, .. } = self.size;
        let times = if self.is_small() { 2 } else { 1 };
        let (width, height) = (width * times, height * times);
        let same = format!(
            "scale={width}:{height}:flags=bicubic:out_range=tv,format=yuv420p10le,setsar=1"
        );
        format!(
            "[0:V:{}]{stamps},{same}[made];\
             [1:V:{}]{whole}{skip}{stamps},{same}[original];\
             [made][original]libvmaf=model='version={MODEL}':log_fmt=json:log_path=scores.json:n_threads=2:\
             ts_sync_mode=nearest",
            self.shown, self.picture
        )
    }

    fn is_small(&self) -> bool {
        self.size.width < SMALLEST && self.size.height < SMALLEST
    }

    fn note(&self, fields: Fields, pairing: Pairing) -> String {
        let mut notes = Vec::new();
        match fields {
            Fields::Whole => {}
            Fields::Joined => notes.push("original deinterlaced".to_owned()),
            Fields::Split => notes.push("original deinterlaced, fields as frames".to_owned()),
        }
        if self.is_small() {
            notes.push("scored at twice its size".to_owned());
        }
        let (before, after) = (self.before.times.len(), self.after.times.len());
        match pairing {
            Pairing::Number(0) if after >= before => {}
            Pairing::Number(0) => {
                notes.push(format!("the last {} frames are missing", before - after))
            }
            Pairing::Number(skipped) => {
                notes.push(format!("the first {skipped} frames are missing"))
            }
            Pairing::Start | Pairing::Clock => notes.push(format!(
                "{after} frames of {before}, paired by the nearest time"
            )),
        }
        notes.join("; ")
    }
}

/// Hundredths are enough, and keep the file of results small.
fn read(log: &Value) -> Vec<f32> {
    let frames = log["frames"].as_array().into_iter().flatten();
    let scores = frames.filter_map(|frame| frame["metrics"]["vmaf"].as_f64());
    scores
        .map(|score| ((score * 100.0).round() / 100.0) as f32)
        .collect()
}

/// Whether this build has the model: tried on frames of its own.
pub(crate) fn can_score(ffmpeg: &Path, scratch: &Path) -> bool {
    let mut command = Command::new(ffmpeg);
    let picture = "testsrc2=size=320x180:duration=0.1";
    command.args([
        "-nostdin", "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi",
    ]);
    command.args(["-i", picture, "-lavfi"]);
    command.arg(format!("libvmaf=model='version={MODEL}'"));
    command.args(["-f", "null", "-"]);
    let ran = program::run(&mut command, LIMIT, scratch);
    ran.is_ok_and(|ran| ran.ended == Ended::Well)
}

/// Where the build with VMAF lies: where the project puts it, else in the path.
pub(crate) fn find(own: PathBuf, scratch: &Path) -> Result<PathBuf> {
    let mut places = vec![own];
    places.extend(crate::bench::child::find("ffmpeg"));
    let found = places
        .into_iter()
        .find(|program| program.is_file() && can_score(program, scratch));
    found.with_context(|| {
        format!(
            "no FFmpeg here has VMAF with the model {MODEL}: scripts/fetch-ffmpeg.sh fetches one"
        )
    })
}

#[cfg(test)]
mod tests;
