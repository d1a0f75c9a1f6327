//! Encodes spans. What was done once is found again by its name, also after a crash.

use super::child::Bench;
use super::keep::Keep;
use super::scores::{Scorer, Scores, Sheet};
use super::source::{Source, context};
use crate::runner::{Stop, failed, machine};
use crate::sandbox::tools::Build;
use kinora_media::quality::between::{self, Density};
use kinora_media::quality::classify::Class;
use kinora_media::quality::footage::Viewer;
use kinora_media::quality::outline::Outline;
use kinora_media::quality::packets::{self, Packets};
use kinora_media::quality::runs::{self, Timing};
use kinora_media::quality::samples::Piece;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Frames at the most between two key frames, in seconds: seeking stays quick.
const GOP_S: f64 = 10.0;
/// Scores are noted under this name, how densely, and the chunk's.
const LOG: &str = "score";
/// Choices are noted under this name, the pass, and the chunk's.
const TAKE: &str = "take";

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
    /// Which frames of a chunk VMAF scores.
    pub(super) density: Density,
    /// Under this level a frame is looked at more closely.
    pub(super) least: f64,
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

impl Studio<'_> {
    /// Encodes the frames at this CRF. Whether the same run has written the sheet is told: not of a chunk that is known,
    /// and not where it failed with the sheet and could be made without.
    pub(super) fn encode(
        &self,
        piece: &Piece,
        crf: f64,
        mut sheet: Option<&Sheet>,
    ) -> Result<(Chunk, bool), Stop> {
        let name = self.name(piece, crf);
        if let Some(chunk) = self.keep.read::<Chunk>(&name) {
            tracing::debug!(name, "known");
            self.bench.crew.advance(piece.count() as u64);
            return Ok((chunk, false));
        }
        let part = self.keep.path(&format!("{name}.part"));
        self.source.reached(piece, |span| {
            let mut seen = self.encode_span(span, crf, &part, sheet);
            if let (Err(Stop::Failed { problem, .. }), Some(_)) = (&seen, sheet) {
                tracing::debug!(?problem, "encoded and compared in two runs instead");
                sheet = None;
                seen = self.encode_span(span, crf, &part, None);
            }
            Ok(self.source.are(piece, &seen?, span.reach).then_some(()))
        })?;
        let packets = count(&part)?;
        if packets.count != piece.count() {
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
        Ok((chunk, sheet.is_some()))
    }

    /// What encoding and scoring these frames has come to before; the chunk itself may be gone.
    pub(super) fn tried(&self, piece: &Piece, crf: f64) -> Option<(Chunk, Scores)> {
        let name = self.name(piece, crf);
        let known = (
            self.keep.recall(&name)?,
            self.keep.recall(&self.score_name(&name, piece.count()))?,
        );
        tracing::debug!(name, "known");
        self.bench.crew.advance(piece.count() as u64);
        Some(known)
    }

    /// The CRF that these frames are encoded with in this pass: an earlier attempt's choice, else this one. Which
    /// scenes are done first differs from run to run and moves the others' CRF, so that without it an attempt would
    /// pass over the chunks of the one before.
    pub(super) fn settled(&self, pass: u32, piece: &Piece, crf: f64) -> f64 {
        let codec = self.outline.codec().name();
        let Range { start, end } = piece.stretch;
        let name = format!("{TAKE}-{pass}-{codec}-{start}-{end}");
        self.keep.read(&name).unwrap_or_else(|| {
            if let Err(error) = self.keep.write(&name, &crf) {
                tracing::warn!(%error, "a choice could not be noted");
            }
            crf
        })
    }

    /// Under which name a chunk's scores are noted.
    pub(super) fn score_name(&self, chunk: &str, length: usize) -> String {
        let extent = self.picks(length).map_or("all", |_| match self.density {
            Density::Sparse => "sparse",
            Density::Rare => "rare",
            Density::Between => "between",
            Density::Trial => "trial",
            _ => "dense",
        });
        format!("{LOG}-{extent}-{chunk}")
    }

    /// What VMAF is to score of so many frames; XPSNR always scores all.
    pub(super) fn picks(&self, length: usize) -> Option<Vec<u32>> {
        between::picks(length, self.density).filter(|_| matches!(self.scorer, Scorer::Vmaf(..)))
    }

    /// Under which name a chunk is noted.
    pub(super) fn name(&self, piece: &Piece, crf: f64) -> String {
        let codec = self.outline.codec().name();
        let hundredths = (crf * 100.0).round() as u32;
        let Range { start, end } = piece.stretch;
        let runs = piece.runs.map_or(String::new(), |runs| {
            format!("-{}of{}", runs.length, runs.period)
        });
        format!("{codec}-{start}-{end}{runs}-{hundredths}")
    }

    fn encode_span(
        &self,
        span: &runs::Span,
        crf: f64,
        to: &Path,
        sheet: Option<&Sheet>,
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
        let scoring = sheet.map(Sheet::scoring);
        let words = (encoder.as_slice(), muxer.as_slice());
        let arguments = runs::encode(
            &picture,
            span,
            self.timing,
            words,
            scoring.as_ref(),
            &context,
        );
        let (mut viewer, mut seen) = (Viewer::default(), Vec::new());
        self.bench
            .run(&self.build.path, &arguments, to, &mut |bytes| {
                let before = seen.len();
                viewer.push(bytes, |frame| seen.push(frame.fingerprint));
                self.bench.crew.advance((seen.len() - before) as u64);
            })?;
        Ok(seen)
    }
}

/// What the packets of a chunk come to, by its index: asking ffprobe costs more than reading it.
fn count(file: &Path) -> Result<Packets, Stop> {
    let index = index(file).map_err(|e| machine("a chunk", &e))?;
    let counted = index.and_then(|index| packets::count(&index));
    counted.ok_or_else(|| failed("result_unsound", "a part of the result has no index"))
}

/// The bytes of a chunk's index; `None` where it has none.
fn index(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = File::open(file)?;
    let length = file.metadata()?.len();
    let mut at = 0;
    while at < length {
        let mut bytes = [0; packets::HEAD_BYTES];
        let read = file.read_at(&mut bytes, at)?;
        let Some(head) = packets::head(&bytes[..read]) else {
            return Ok(None);
        };
        let inside = head.whole - head.head;
        if head.is_index {
            if inside > packets::INDEX_BYTES.min(length - at) {
                return Ok(None);
            }
            let mut index = vec![0; inside as usize];
            file.read_exact_at(&mut index, at + head.head)?;
            return Ok(Some(index));
        }
        at = at.saturating_add(head.whole);
    }
    Ok(None)
}
