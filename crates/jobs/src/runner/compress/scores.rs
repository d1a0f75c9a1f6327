//! How good a chunk is: VMAF of all its frames or of some, and XPSNR of those in between.

use super::source::context;
use super::studio::{Chunk, Studio};
use crate::runner::{Stop, failed, machine};
use crate::sandbox::tools::{Build, VmafModel};
use kinora_media::plan::{Argument, Context};
use kinora_media::quality::between::{self, Density, Scored};
use kinora_media::quality::runs;
use kinora_media::quality::xpsnr;
use kinora_metric::{Chroma, Format, Xpsnr};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

/// Scores are written by FFmpeg into a file of the scratch directory under this name and the chunk's.
const LOG: &str = "score";

/// Which number says how good a frame is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scorer<'a> {
    /// libvmaf of this build, with this model.
    Vmaf(&'a Build, VmafModel),
    /// Our own XPSNR, translated; frames are decoded by this build.
    Xpsnr(&'a Build),
}

/// The scores of a chunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scores {
    /// Frames that were scored, counted from the chunk's first.
    at: Vec<u32>,
    /// Their scores.
    score: Vec<f32>,
    /// Frames that were scored because their XPSNR was low, and their scores.
    suspects: (Vec<u32>, Vec<f32>),
    /// Luma XPSNR of the frames where that was measured, in dB.
    pub(super) db: Vec<f32>,
}

impl Scores {
    /// A score for each of so many frames: its own, or that of one nearby.
    pub(super) fn frames(&self, length: usize) -> Vec<f32> {
        between::fill(length, self.regular(), self.special())
    }

    /// Whether a frame's score is its own.
    pub(super) fn is_measured(&self, frame: u32) -> bool {
        let is_in = |list: &[u32]| list.binary_search(&frame).is_ok();
        is_in(&self.at) || is_in(&self.suspects.0)
    }

    fn regular(&self) -> Scored<'_> {
        Scored {
            at: &self.at,
            score: &self.score,
        }
    }

    fn special(&self) -> Scored<'_> {
        Scored {
            at: &self.suspects.0,
            score: &self.suspects.1,
        }
    }
}

/// A chunk beside its source.
struct Pair<'a> {
    chunk: &'a Chunk,
    frames: &'a Range<usize>,
}

impl Studio<'_> {
    /// Scores a chunk of these frames.
    pub(super) fn score(&self, chunk: &Chunk, frames: &Range<usize>) -> Result<Scores, Stop> {
        let stem = chunk.file.trim_end_matches(".mp4");
        let name = self.score_name(stem, frames.len());
        if let Some(scores) = self.keep.read::<Scores>(&name) {
            return Ok(scores);
        }
        let pair = Pair { chunk, frames };
        let scores = match self.scorer {
            Scorer::Vmaf(build, model) => self.by_vmaf(build, model, &pair, &name)?,
            Scorer::Xpsnr(build) => self.by_xpsnr(build, &pair)?,
        };
        self.keep
            .write(&name, &scores)
            .map_err(|e| machine("a note", &e))?;
        Ok(scores)
    }

    /// Under which name a chunk's scores are noted.
    pub(super) fn score_name(&self, chunk: &str, length: usize) -> String {
        let extent = self.picks(length).map_or("all", |_| match self.density {
            Density::Sparse => "sparse",
            _ => "dense",
        });
        format!("{LOG}-{extent}-{chunk}")
    }

    /// What VMAF is to score of so many frames; XPSNR always scores all.
    fn picks(&self, length: usize) -> Option<Vec<Range<usize>>> {
        between::runs(length, self.density).filter(|_| matches!(self.scorer, Scorer::Vmaf(..)))
    }

    fn by_vmaf(
        &self,
        build: &Build,
        model: VmafModel,
        pair: &Pair<'_>,
        name: &str,
    ) -> Result<Scores, Stop> {
        let length = pair.frames.len();
        let vmaf = |picks| self.vmaf(build, model, pair, picks, name);
        let Some(picks) = self.picks(length) else {
            return Ok(Scores {
                score: whole(vmaf(None)?, length)?,
                at: (0..length as u32).collect(),
                ..Scores::default()
            });
        };
        let (at, counts) = between::counted(&picks);
        if self.density == Density::Dense {
            let score = counted(vmaf(Some(&picks))?, &counts)?;
            return Ok(Scores {
                at,
                score,
                ..Scores::default()
            });
        }
        let (found, db) = self.vmaf_and_xpsnr(build, model, pair, &picks, name)?;
        let mut scores = Scores {
            at,
            score: counted(found, &counts)?,
            db: whole(db, length)?,
            ..Scores::default()
        };
        let suspects = between::suspects(scores.regular(), &scores.db, self.least);
        if !suspects.is_empty() {
            tracing::debug!(name, ?suspects, "looked at more closely");
            let (at, counts) = between::counted(&suspects);
            scores.suspects = (at, counted(vmaf(Some(&suspects))?, &counts)?);
        }
        Ok(scores)
    }

    fn by_xpsnr(&self, build: &Build, pair: &Pair<'_>) -> Result<Scores, Stop> {
        let length = pair.frames.len();
        let context = context(build, self.threads);
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let span = self.source.known_span(pair.frames);
        let made = Argument::Scratch(pair.chunk.file.clone());
        let pixels = self.outline.pixel_format();
        let arguments = runs::stack(&picture, &span, &made, None, pixels, &context);
        let db = whole(self.stacked(build, &arguments)?, length)?;
        Ok(Scores {
            at: (0..length as u32).collect(),
            score: db.iter().map(|&db| xpsnr::score(db)).collect(),
            db,
            ..Scores::default()
        })
    }

    fn vmaf(
        &self,
        build: &Build,
        model: VmafModel,
        pair: &Pair<'_>,
        picks: Option<&[Range<usize>]>,
        name: &str,
    ) -> Result<Vec<f32>, Stop> {
        let log = format!("{name}.csv");
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context = context(build, self.threads);
        let span = self.source.known_span(pair.frames);
        let made = Argument::Scratch(pair.chunk.file.clone());
        let arguments = runs::vmaf(&picture, &span, &made, picks, model.name(), &log, &context);
        let nowhere = PathBuf::from("-");
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |_| {})?;
        self.logged(&log)
    }

    /// VMAF of the picked frames, and XPSNR of all, from one run.
    fn vmaf_and_xpsnr(
        &self,
        build: &Build,
        model: VmafModel,
        pair: &Pair<'_>,
        picks: &[Range<usize>],
        name: &str,
    ) -> Result<(Vec<f32>, Vec<f32>), Stop> {
        let log = format!("{name}.csv");
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context: Context<'_> = context(build, self.threads);
        let span = self.source.known_span(pair.frames);
        let made = Argument::Scratch(pair.chunk.file.clone());
        let words = (model.name(), log.as_str(), self.outline.pixel_format());
        let arguments = runs::vmaf_and_stack(&picture, &span, &made, picks, words, &context);
        let db = self.stacked(build, &arguments)?;
        Ok((self.logged(&log)?, db))
    }

    fn logged(&self, log: &str) -> Result<Vec<f32>, Stop> {
        let csv = std::fs::read_to_string(self.keep.path(log));
        self.keep.forget(log);
        let csv = csv.map_err(|e| machine("the scores", &e))?;
        Ok(runs::vmaf_scores(&csv))
    }

    /// Luma XPSNR of the pairs that this run puts on its standard output.
    fn stacked(&self, build: &Build, arguments: &[Argument]) -> Result<Vec<f32>, Stop> {
        let size = self.outline.size();
        let depth = if self.outline.pixel_format().ends_with("10le") {
            10
        } else {
            8
        };
        let sides = (size.width as usize, size.height as usize);
        let format = Format::new(sides.0, sides.1, Chroma::Yuv420, depth)
            .ok_or_else(|| failed("picture_size", "the picture is too large to be compared"))?;
        let mut stack = Stack::new(format, self.source.rate());
        let nowhere = PathBuf::from("-");
        let mut own_s = 0.0;
        self.bench
            .run(&build.path, arguments, &nowhere, &mut |bytes| {
                let began = Instant::now();
                stack.push(bytes);
                own_s += began.elapsed().as_secs_f64();
            })?;
        // Comparing is our own work, not the child's.
        self.bench.crew.spend(own_s);
        Ok(stack.finish())
    }
}

/// One number for each frame, or the comparison failed.
fn whole(numbers: Vec<f32>, expected: usize) -> Result<Vec<f32>, Stop> {
    if numbers.len() == expected {
        return Ok(numbers);
    }
    tracing::warn!(found = numbers.len(), expected, "scores are missing");
    Err(failed(
        "result_unsound",
        "the result cannot be compared with the source",
    ))
}

/// Those that count.
fn counted(scores: Vec<f32>, counts: &[bool]) -> Result<Vec<f32>, Stop> {
    let scores = whole(scores, counts.len())?;
    let counting = scores
        .into_iter()
        .zip(counts)
        .filter(|(_, counts)| **counts);
    Ok(counting.map(|(score, _)| score).collect())
}

/// Pairs of raw pictures that come through a pipe.
struct Stack {
    metric: Xpsnr,
    pair: Vec<u8>,
    whole: usize,
    db: Vec<f32>,
    /// So many frames are compared with black, and are too good.
    early: usize,
}

impl Stack {
    fn new(format: Format, rate: f64) -> Self {
        Self {
            metric: Xpsnr::new(format, rate),
            pair: Vec::new(),
            whole: format.frame_bytes() * 2,
            db: Vec::new(),
            early: if rate >= 32.0 { 2 } else { 1 },
        }
    }

    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let lacking = self.whole - self.pair.len();
            let (now, later) = bytes.split_at(lacking.min(bytes.len()));
            self.pair.extend_from_slice(now);
            bytes = later;
            if self.pair.len() == self.whole {
                self.compare();
                self.pair.clear();
            }
        }
    }

    fn compare(&mut self) {
        // The length is right by construction; a picture that cannot be compared would count as the worst.
        let db = self.metric.stacked(&self.pair);
        // Equal frames have no bound, and a note cannot hold that.
        self.db
            .push(db.map_or(0.0, |score| score.luma_db().min(100.0) as f32));
    }

    /// The first frames get what the next one has: they are compared with black.
    fn finish(mut self) -> Vec<f32> {
        if let Some(next) = self.db.get(self.early).copied() {
            self.db[..self.early].fill(next);
        }
        self.db
    }
}
