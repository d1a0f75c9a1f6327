//! How good a chunk is: VMAF of all its frames, or of some beside PSNR of all; XPSNR where there is no VMAF.

use super::scores::{Scorer, Scores, Sheet, Stack};
use super::source::context;
use super::studio::{Chunk, Studio};
use crate::runner::{Stop, failed, machine};
use crate::sandbox::tools::{Build, VmafModel};
use kinora_media::plan::{Argument, Context};
use kinora_media::quality::between::{self, Density};
use kinora_media::quality::runs::{self, Scoring};
use kinora_media::quality::samples::Piece;
use kinora_media::quality::score;
use kinora_media::quality::xpsnr;
use kinora_metric::{Chroma, Format};
use std::path::PathBuf;
use std::time::Instant;

/// Frames that wait for their encoded likeness take so much memory at the most.
const LOOPED_BYTES: u64 = 300 << 20;

/// A chunk beside its source.
struct Pair<'a> {
    chunk: &'a Chunk,
    piece: &'a Piece,
}

impl Studio<'_> {
    /// Encodes these frames at this CRF and scores them: in one run where that can be, for the source is decoded once
    /// then.
    pub(super) fn make(&self, piece: &Piece, crf: f64) -> Result<(Chunk, Scores), Stop> {
        let Scorer::Vmaf(build, model) = self.scorer else {
            let (chunk, _) = self.encode(piece, crf, None)?;
            let scores = self.score(&chunk, piece)?;
            return Ok((chunk, scores));
        };
        let length = piece.count();
        let name = self.score_name(&self.name(piece, crf), length);
        let sheet = self.sheet(model, length, &name);
        let looped = self.is_looped(build, length).then_some(&sheet);
        let (chunk, is_written) = self.encode(piece, crf, looped)?;
        if is_written {
            let pair = Pair {
                chunk: &chunk,
                piece,
            };
            let scores = self.look_closer(build, model, &pair, &name, self.read(&sheet)?)?;
            self.note(&name, &scores)?;
            return Ok((chunk, scores));
        }
        let scores = self.score(&chunk, piece)?;
        Ok((chunk, scores))
    }

    /// The same build has to be the best for both, and the frames have to fit into memory.
    fn is_looped(&self, build: &Build, length: usize) -> bool {
        // Ten bits of 4:2:0.
        let bytes = self
            .outline
            .size()
            .pixels()
            .saturating_mul(3 * length as u64);
        build.path == self.build.path && build.tried.loopback && bytes <= LOOPED_BYTES
    }

    /// Scores a chunk of these frames.
    pub(super) fn score(&self, chunk: &Chunk, piece: &Piece) -> Result<Scores, Stop> {
        let stem = chunk.file.trim_end_matches(".mp4");
        let name = self.score_name(stem, piece.count());
        if let Some(scores) = self.keep.read::<Scores>(&name) {
            return Ok(scores);
        }
        let pair = Pair { chunk, piece };
        let scores = match self.scorer {
            Scorer::Vmaf(build, model) => self.by_vmaf(build, model, &pair, &name)?,
            Scorer::Xpsnr(build) => self.by_xpsnr(build, &pair)?,
        };
        self.note(&name, &scores)?;
        Ok(scores)
    }

    fn note(&self, name: &str, scores: &Scores) -> Result<(), Stop> {
        let noted = self.keep.write(name, scores);
        noted.map_err(|e| machine("a note", &e))
    }

    /// Scores more frames of a chunk that was scored in samples.
    pub(super) fn score_more(
        &self,
        density: Density,
        chunk: &Chunk,
        piece: &Piece,
        known: Scores,
    ) -> Result<Scores, Stop> {
        if known.at.len() == piece.count() {
            return Ok(known);
        }
        let more = Studio { density, ..*self }.score(chunk, piece)?;
        Ok(known.with(&more))
    }

    fn by_vmaf(
        &self,
        build: &Build,
        model: VmafModel,
        pair: &Pair<'_>,
        name: &str,
    ) -> Result<Scores, Stop> {
        let sheet = self.sheet(model, pair.piece.count(), name);
        self.compare(build, pair, &sheet.scoring())?;
        let scores = self.read(&sheet)?;
        self.look_closer(build, model, pair, name, scores)
    }

    /// What is to be scored of so many frames, and where it will be written down.
    fn sheet(&self, model: VmafModel, length: usize, name: &str) -> Sheet {
        let picks = self.picks(length);
        // Only where frames lie between those that are scored, and not a second time.
        let is_first = !matches!(self.density, Density::Trial | Density::Between);
        let has_psnr = picks.is_some() && is_first;
        Sheet {
            length,
            picks,
            model: model.name(),
            log: format!("{name}.csv"),
            list: has_psnr.then(|| format!("{name}.txt")),
            pixel_format: self.outline.pixel_format(),
        }
    }

    /// What was written down.
    fn read(&self, sheet: &Sheet) -> Result<Scores, Stop> {
        let found = self.logged(&sheet.log)?;
        let (at, score) = match &sheet.picks {
            Some(picks) => (picks.clone(), picked(found, picks)?),
            None => (
                (0..sheet.length as u32).collect(),
                whole(found, sheet.length)?,
            ),
        };
        let db = match &sheet.list {
            Some(list) => whole(runs::psnr_scores(&self.text(list)?), sheet.length)?,
            None => Vec::new(),
        };
        Ok(Scores {
            at,
            score,
            db,
            ..Scores::default()
        })
    }

    /// Scores frames that may be broken, too.
    fn look_closer(
        &self,
        build: &Build,
        model: VmafModel,
        pair: &Pair<'_>,
        name: &str,
        mut scores: Scores,
    ) -> Result<Scores, Stop> {
        let suspects = between::suspects(scores.regular(), &scores.db, self.least);
        if suspects.is_empty() {
            return Ok(scores);
        }
        tracing::debug!(name, ?suspects, "looked at more closely");
        let log = format!("{name}.csv");
        let scoring = Scoring {
            picks: Some(&suspects),
            model: model.name(),
            log: &log,
            psnr: None,
        };
        self.compare(build, pair, &scoring)?;
        let found = picked(self.logged(&log)?, &suspects)?;
        scores.suspects = (suspects, found);
        Ok(scores)
    }

    fn compare(&self, build: &Build, pair: &Pair<'_>, scoring: &Scoring<'_>) -> Result<(), Stop> {
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context: Context<'_> = context(build, self.threads);
        let span = self.source.known_span(pair.piece);
        let made = Argument::Scratch(pair.chunk.file.clone());
        let arguments = runs::score(&picture, &span, &made, scoring, &context);
        let nowhere = PathBuf::from("-");
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |_| {})?;
        Ok(())
    }

    fn by_xpsnr(&self, build: &Build, pair: &Pair<'_>) -> Result<Scores, Stop> {
        let length = pair.piece.count();
        let context = context(build, self.threads);
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let span = self.source.known_span(pair.piece);
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

    /// Mean deficit of these frames of the source beside themselves; 0 where VMAF is not what is measured with.
    pub(super) fn itself(&self, piece: &Piece) -> Result<f64, Stop> {
        let Scorer::Vmaf(build, model) = self.scorer else {
            return Ok(0.0);
        };
        let name = format!("own-{}-{}", piece.stretch.start, piece.stretch.end);
        if let Some(deficit) = self.keep.read(&name) {
            return Ok(deficit);
        }
        let log = format!("{name}.csv");
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context = context(build, self.threads);
        let span = self.source.known_span(piece);
        let picks = self.picks(piece.count());
        let words = (model.name(), log.as_str());
        let arguments = runs::itself(&picture, &span, picks.as_deref(), words, &context);
        let nowhere = PathBuf::from("-");
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |_| {})?;
        let scores = self.logged(&log)?;
        let scores = match &picks {
            Some(picks) => picked(scores, picks)?,
            None => whole(scores, piece.count())?,
        };
        let deficit = score::mean_deficit(&scores);
        self.keep
            .write(&name, &deficit)
            .map_err(|e| machine("a note", &e))?;
        Ok(deficit)
    }

    fn logged(&self, log: &str) -> Result<Vec<f32>, Stop> {
        Ok(runs::vmaf_scores(&self.text(log)?))
    }

    /// What a child has written, and will not be asked for again.
    fn text(&self, log: &str) -> Result<String, Stop> {
        let text = std::fs::read_to_string(self.keep.path(log));
        self.keep.forget(log);
        text.map_err(|e| machine("the scores", &e))
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

/// One number for each of these frames: the first stands for none of them.
fn picked(mut numbers: Vec<f32>, picks: &[u32]) -> Result<Vec<f32>, Stop> {
    if !numbers.is_empty() {
        numbers.remove(0);
    }
    whole(numbers, picks.len())
}
