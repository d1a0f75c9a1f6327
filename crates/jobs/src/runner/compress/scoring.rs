//! How good a chunk is: VMAF of all its frames, or of some beside PSNR of all; XPSNR where there is no VMAF.

use super::scores::{Scorer, Scores, Stack};
use super::source::context;
use super::studio::{Chunk, Studio};
use crate::runner::{Stop, failed, machine};
use crate::sandbox::tools::{Build, VmafModel};
use kinora_media::plan::{Argument, Context};
use kinora_media::quality::between::{self, Density};
use kinora_media::quality::runs::{self, Picks};
use kinora_media::quality::score;
use kinora_media::quality::xpsnr;
use kinora_metric::{Chroma, Format};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

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

    /// Scores more frames of a chunk that was scored in samples.
    pub(super) fn score_more(
        &self,
        chunk: &Chunk,
        frames: &Range<usize>,
        known: Scores,
    ) -> Result<Scores, Stop> {
        if known.at.len() == frames.len() {
            return Ok(known);
        }
        let density = Density::Dense;
        let more = Studio { density, ..*self }.score(chunk, frames)?;
        Ok(Scores {
            at: more.at,
            score: more.score,
            ..known
        })
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
        if self.density == Density::Dense {
            let score = picked(vmaf(Some(&picks))?, &picks)?;
            return Ok(Scores {
                at: picks,
                score,
                ..Scores::default()
            });
        }
        let (found, db) = self.vmaf_and_psnr(build, model, pair, &picks, name)?;
        let mut scores = Scores {
            score: picked(found, &picks)?,
            at: picks,
            db: whole(db, length)?,
            ..Scores::default()
        };
        let suspects = between::suspects(scores.regular(), &scores.db, self.least);
        if !suspects.is_empty() {
            tracing::debug!(name, ?suspects, "looked at more closely");
            let found = picked(vmaf(Some(&suspects))?, &suspects)?;
            scores.suspects = (suspects, found);
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
        picks: Picks<'_>,
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

    /// VMAF of the picked frames, and PSNR of all, from one run.
    fn vmaf_and_psnr(
        &self,
        build: &Build,
        model: VmafModel,
        pair: &Pair<'_>,
        picks: &[u32],
        name: &str,
    ) -> Result<(Vec<f32>, Vec<f32>), Stop> {
        let (log, list) = (format!("{name}.csv"), format!("{name}.txt"));
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context: Context<'_> = context(build, self.threads);
        let span = self.source.known_span(pair.frames);
        let made = Argument::Scratch(pair.chunk.file.clone());
        let logs = [log.as_str(), list.as_str()];
        let words = (model.name(), logs, self.outline.pixel_format());
        let arguments = runs::vmaf_and_psnr(&picture, &span, &made, picks, words, &context);
        let nowhere = PathBuf::from("-");
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |_| {})?;
        Ok((self.logged(&log)?, runs::psnr_scores(&self.text(&list)?)))
    }

    /// Mean deficit of these frames of the source beside themselves; 0 where VMAF is not what is measured with.
    pub(super) fn itself(&self, frames: &Range<usize>) -> Result<f64, Stop> {
        let Scorer::Vmaf(build, model) = self.scorer else {
            return Ok(0.0);
        };
        let name = format!("own-{}-{}", frames.start, frames.end);
        if let Some(deficit) = self.keep.read(&name) {
            return Ok(deficit);
        }
        let log = format!("{name}.csv");
        let filters = self.outline.filters();
        let picture = self.source.picture(&filters, self.has_memory);
        let context = context(build, self.threads);
        let span = self.source.known_span(frames);
        let picks = self.picks(frames.len());
        let words = (model.name(), log.as_str());
        let arguments = runs::itself(&picture, &span, picks.as_deref(), words, &context);
        let nowhere = PathBuf::from("-");
        self.bench
            .run(&build.path, &arguments, &nowhere, &mut |_| {})?;
        let scores = self.logged(&log)?;
        let scores = match &picks {
            Some(picks) => picked(scores, picks)?,
            None => whole(scores, frames.len())?,
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
