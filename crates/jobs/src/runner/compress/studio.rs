//! Encodes spans and scores them. What was done once is found again by its name, also after a crash.

use super::child::Bench;
use super::keep::Keep;
use super::source::{Source, context};
use crate::runner::{Stop, failed, machine};
use crate::sandbox::tools::{Build, VmafModel};
use kinora_media::plan::Argument;
use kinora_media::quality::classify::Class;
use kinora_media::quality::footage::Viewer;
use kinora_media::quality::outline::Outline;
use kinora_media::quality::runs::{self, Packets, Timing};
use kinora_media::quality::xpsnr;
use kinora_metric::{Chroma, Format, Xpsnr};
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

/// Frames at the most between two key frames, in seconds: seeking stays quick.
const GOP_S: f64 = 10.0;
/// Scores are written by FFmpeg into a file of the scratch directory under this name and the chunk's.
const LOG: &str = "score";
/// Choices are noted under this name, the pass, and the chunk's.
const TAKE: &str = "take";

/// Which number says how good a frame is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scorer<'a> {
    /// libvmaf of this build, with this model.
    Vmaf(&'a Build, VmafModel),
    /// Our own XPSNR, translated; frames are decoded by this build.
    Xpsnr(&'a Build),
}

/// One way of encoding the source.
#[derive(Debug)]
pub(super) struct Studio<'a> {
    pub(super) bench: Bench<'a>,
    pub(super) keep: &'a Keep,
    pub(super) source: &'a Source<'a>,
    pub(super) build: &'a Build,
    pub(super) outline: &'a Outline,
    pub(super) scorer: Scorer<'a>,
    pub(super) timing: Timing,
    pub(super) class: &'a Class,
    /// The outline's filters look at neighbouring frames.
    pub(super) has_memory: bool,
    /// All frames are scored, else samples of each span.
    pub(super) scores_all: bool,
    /// Threads of one child.
    pub(super) threads: u32,
}

/// A span that was encoded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Chunk {
    /// Its file, in the kept directory.
    pub(super) file: String,
    /// What was set.
    pub(super) crf: f64,
    /// What it came to.
    pub(super) frames: usize,
    pub(super) bytes: u64,
    pub(super) keys: usize,
    pub(super) key_bytes: u64,
}

/// The scores of a chunk.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Scores {
    /// Frames that were scored, counted from the chunk's first.
    pub(super) at: Vec<u32>,
    /// Their scores.
    pub(super) score: Vec<f32>,
    /// Luma XPSNR of the same frames where that was measured, in dB.
    pub(super) db: Vec<f32>,
}

impl Studio<'_> {
    /// Encodes the frames at this CRF.
    pub(super) fn encode(&self, frames: &Range<usize>, crf: f64) -> Result<Chunk, Stop> {
        let name = self.name(frames, crf);
        if let Some(chunk) = self.keep.read::<Chunk>(&name) {
            tracing::debug!(name, "known");
            self.bench.crew.advance(frames.len() as u64);
            return Ok(chunk);
        }
        let part = self.keep.path(&format!("{name}.part"));
        self.source.reached(frames, |span| {
            let seen = self.encode_span(span, crf, &part)?;
            Ok(self.source.are(frames, &seen, span.reach).then_some(()))
        })?;
        let packets = self.packets(&part)?;
        if packets.count != frames.len() {
            return Err(failed("result_unsound", "frames were lost while encoding"));
        }
        let chunk = Chunk {
            file: format!("{name}.mp4"),
            crf,
            frames: packets.count,
            bytes: packets.bytes,
            keys: packets.keys,
            key_bytes: packets.key_bytes,
        };
        self.keep
            .take(&part, &chunk.file, &name, &chunk)
            .map_err(|e| machine("a chunk", &e))?;
        Ok(chunk)
    }

    /// What encoding and scoring these frames has come to before; the chunk itself may be gone.
    pub(super) fn tried(&self, frames: &Range<usize>, crf: f64) -> Option<(Chunk, Scores)> {
        let name = self.name(frames, crf);
        let known = (
            self.keep.recall(&name)?,
            self.keep.recall(&score_name(&name, None))?,
        );
        tracing::debug!(name, "known");
        self.bench.crew.advance(frames.len() as u64);
        Some(known)
    }

    /// The CRF that these frames are encoded with in this pass: an earlier attempt's choice, else this one. Which
    /// scenes are done first differs from run to run and moves the others' CRF, so that without it an attempt would
    /// pass over the chunks of the one before.
    pub(super) fn settled(&self, pass: u32, frames: &Range<usize>, crf: f64) -> f64 {
        let codec = self.outline.codec().name();
        let name = format!("{TAKE}-{pass}-{codec}-{}-{}", frames.start, frames.end);
        self.keep.read(&name).unwrap_or_else(|| {
            if let Err(error) = self.keep.write(&name, &crf) {
                tracing::warn!(%error, "a choice could not be noted");
            }
            crf
        })
    }

    fn name(&self, frames: &Range<usize>, crf: f64) -> String {
        let codec = self.outline.codec().name();
        let hundredths = (crf * 100.0).round() as u32;
        format!("{codec}-{}-{}-{hundredths}", frames.start, frames.end)
    }

    fn encode_span(
        &self,
        span: &runs::Span,
        crf: f64,
        to: &std::path::Path,
    ) -> Result<Vec<u64>, Stop> {
        let gop = (self.source.rate() * GOP_S).round().clamp(24.0, 600.0) as u32;
        let is_quarter = self.build.tried.svt_quarter_crf;
        let encoder = self.outline.encode(crf, gop, self.threads, is_quarter);
        let rate = match self.timing {
            Timing::Constant(rate) => Some(rate),
            Timing::Variable => None,
        };
        let muxer = self.outline.chunk_muxer(rate);
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context = context(self.build, self.threads);
        let arguments = runs::encode(&picture, span, self.timing, &encoder, &muxer, &context);
        let (mut viewer, mut seen) = (Viewer::default(), Vec::new());
        self.bench
            .run(&self.build.path, &arguments, to, &mut |bytes| {
                let before = seen.len();
                viewer.push(bytes, |frame| seen.push(frame.fingerprint));
                self.bench.crew.advance((seen.len() - before) as u64);
            })?;
        Ok(seen)
    }

    fn packets(&self, file: &std::path::Path) -> Result<Packets, Stop> {
        let mut csv = Vec::new();
        let ffprobe = &self.bench.runner.tools.ffprobe;
        let arguments = runs::packets(&Argument::Output);
        self.bench.run(ffprobe, &arguments, file, &mut |bytes| {
            csv.extend_from_slice(bytes)
        })?;
        Ok(runs::count(&String::from_utf8_lossy(&csv)))
    }

    /// Scores a chunk of these frames: all of it, or the picked ones.
    pub(super) fn score(
        &self,
        chunk: &Chunk,
        frames: &Range<usize>,
        picks: Option<&[Range<usize>]>,
    ) -> Result<Scores, Stop> {
        let stem = chunk.file.trim_end_matches(".mp4");
        let name = score_name(stem, picks);
        if let Some(scores) = self.keep.read::<Scores>(&name) {
            return Ok(scores);
        }
        let at: Vec<u32> = match picks {
            None => (0..frames.len() as u32).collect(),
            Some(picks) => picks
                .iter()
                .flat_map(|range| range.start as u32..range.end as u32)
                .collect(),
        };
        let scores = match self.scorer {
            Scorer::Vmaf(build, model) => self.vmaf(build, model, chunk, frames, picks, &name)?,
            Scorer::Xpsnr(build) => self.xpsnr(build, chunk, frames, picks)?,
        };
        if scores.score.len() != at.len() {
            let found = scores.score.len();
            let expected = at.len();
            tracing::warn!(found, expected, "scores are missing");
            return Err(failed(
                "result_unsound",
                "the result cannot be compared with the source",
            ));
        }
        let scores = Scores { at, ..scores };
        self.keep
            .write(&name, &scores)
            .map_err(|e| machine("a note", &e))?;
        Ok(scores)
    }

    fn vmaf(
        &self,
        build: &Build,
        model: VmafModel,
        chunk: &Chunk,
        frames: &Range<usize>,
        picks: Option<&[Range<usize>]>,
        name: &str,
    ) -> Result<Scores, Stop> {
        let log = format!("{name}.csv");
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context = context(build, self.threads);
        let span = self.source.known_span(frames);
        let made = Argument::Scratch(chunk.file.clone());
        let arguments = runs::vmaf(&picture, &span, &made, picks, model.name(), &log, &context);
        let nowhere = PathBuf::from("-");
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |_| {})?;
        let csv = std::fs::read_to_string(self.keep.path(&log));
        self.keep.forget(&log);
        let csv = csv.map_err(|e| machine("the scores", &e))?;
        Ok(Scores {
            score: runs::vmaf_scores(&csv),
            ..Scores::default()
        })
    }

    fn xpsnr(
        &self,
        build: &Build,
        chunk: &Chunk,
        frames: &Range<usize>,
        picks: Option<&[Range<usize>]>,
    ) -> Result<Scores, Stop> {
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context = context(build, self.threads);
        let span = self.source.known_span(frames);
        let made = Argument::Scratch(chunk.file.clone());
        let pixels = self.outline.pixel_format();
        let arguments = runs::stack(&picture, &span, &made, picks, pixels, &context);
        let size = self.outline.size();
        let depth = if pixels.ends_with("10le") { 10 } else { 8 };
        let sides = (size.width as usize, size.height as usize);
        let format = Format::new(sides.0, sides.1, Chroma::Yuv420, depth)
            .ok_or_else(|| failed("picture_size", "the picture is too large to be compared"))?;
        let mut stack = Stack::new(format, self.source.rate(), picks);
        let nowhere = PathBuf::from("-");
        let mut own_s = 0.0;
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |bytes| {
                let began = Instant::now();
                stack.push(bytes);
                own_s += began.elapsed().as_secs_f64();
            })?;
        // Comparing is our own work, not the child's.
        self.bench.crew.spend(own_s);
        let db = stack.finish();
        Ok(Scores {
            score: db.iter().map(|&db| xpsnr::score(db)).collect(),
            db,
            ..Scores::default()
        })
    }
}

/// Under which name a chunk's scores are noted.
fn score_name(chunk: &str, picks: Option<&[Range<usize>]>) -> String {
    let extent = picks.map_or_else(|| "all".into(), |picks| picks.len().to_string());
    format!("{LOG}-{extent}-{chunk}")
}

/// Pairs of raw pictures that come through a pipe.
struct Stack {
    metric: Xpsnr,
    pair: Vec<u8>,
    whole: usize,
    db: Vec<f32>,
    /// Frames of which the first belong to the metric's beginning, and are too good.
    blocks: Vec<usize>,
    early: usize,
}

impl Stack {
    fn new(format: Format, rate: f64, picks: Option<&[Range<usize>]>) -> Self {
        Self {
            metric: Xpsnr::new(format, rate),
            pair: Vec::new(),
            whole: format.frame_bytes() * 2,
            db: Vec::new(),
            blocks: picks.map_or(Vec::new(), |picks| {
                picks
                    .iter()
                    .scan(0, |at, range| {
                        let start = *at;
                        *at += range.len();
                        Some(start)
                    })
                    .collect()
            }),
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
        if self.blocks.contains(&self.db.len()) {
            self.metric.restart();
        }
        // The length is right by construction; a picture that cannot be compared would count as the worst.
        let db = self.metric.stacked(&self.pair);
        // Equal frames have no bound, and a note cannot hold that.
        self.db
            .push(db.map_or(0.0, |score| score.luma_db().min(100.0) as f32));
    }

    /// The first frames of each block get what the next one has: they are compared with black.
    fn finish(mut self) -> Vec<f32> {
        let starts = if self.blocks.is_empty() {
            vec![0]
        } else {
            std::mem::take(&mut self.blocks)
        };
        for start in starts {
            let Some(next) = self.db.get(start + self.early).copied() else {
                continue;
            };
            self.db[start..start + self.early].fill(next);
        }
        self.db
    }
}
