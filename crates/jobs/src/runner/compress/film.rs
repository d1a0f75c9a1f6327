//! The chunks of the result: encoded in order, measured as they finish, and moving those that are still to come.

use super::SAMPLED;
use super::ceiling::Ceiling;
use super::crew::Work;
use super::hunt::add;
use super::scores::Scores;
use super::studio::{Chunk, Studio};
use super::tally::Tally;
use crate::runner::{Stop, Wish};
use kinora_media::quality::between::{self, Density};
use kinora_media::quality::report::Levels;
use kinora_media::quality::samples::Piece;
use kinora_media::quality::score;
use kinora_media::quality::search::{Allocation, Outcome, Search};
use std::ops::Range;

/// A short clip whose mean misses its goal by more is made again, better: the most that a number shown as held may lack.
const LACKS: f64 = 0.05;
/// And smaller, if its mean is so much too good and the worst frames do not forbid it: after the first pass, and after the
/// second. A third step in that direction could be the one too far.
const EXCEEDS: [f64; 2] = [0.25, 0.5];
/// A scene of a long video, which is scored in samples, is scored more densely when they lie so near its floor, at the
/// least and at the most: between these it depends on how much its frames differ.
const NEAR: (f64, f64) = (0.15, 1.0);
/// One that lacks no more than this part of what its floor allows is scored rarely, and may be made again, smaller.
const EASY: f64 = 0.3;

/// The result in the making.
pub(super) struct Film<'a> {
    pub(super) studio: &'a Studio<'a>,
    pub(super) scenes: &'a [Range<usize>],
    pub(super) search: Search,
    pub(super) goal: Levels,
    /// Bytes that the picture may take.
    pub(super) limit: Option<u64>,
    pub(super) tally: Tally,
    /// What is added to scores.
    pub(super) ceiling: Ceiling,
    /// By scene, when it is done.
    pub(super) chunks: Vec<Option<(Chunk, Scores)>>,
    allocation: Allocation,
    begun: Vec<bool>,
    /// How often chunks were released to be made again.
    pass: u32,
    /// Frames of the chunks to be made in this pass.
    frames: usize,
}

/// A scene to be encoded at a CRF.
pub(super) struct Take {
    scene: usize,
    crf: f64,
    /// It should lack next to nothing.
    is_easy: bool,
}

impl<'a> Film<'a> {
    pub(super) fn new(
        studio: &'a Studio<'a>,
        scenes: &'a [Range<usize>],
        search: Search,
        goal: Levels,
        limit: Option<u64>,
        (tally, ceiling): (Tally, Ceiling),
    ) -> Self {
        Self {
            allocation: search.allocate(limit),
            chunks: vec![None; scenes.len()],
            begun: vec![false; scenes.len()],
            pass: 0,
            frames: scenes.iter().map(ExactSizeIterator::len).sum(),
            studio,
            scenes,
            search,
            goal,
            limit,
            tally,
            ceiling,
        }
    }

    /// Encodes every scene that has no chunk yet.
    pub(super) fn shoot(
        &mut self,
        width: usize,
        tell: &mut dyn FnMut(f64) -> Wish,
    ) -> Result<(), Stop> {
        let scenes = self.scenes;
        let whole = self.studio;
        let is_first = self.pass == 0;
        let (ceiling, floor) = (self.ceiling.clone(), self.goal.scene);
        let act = |take: Take| {
            let Take { scene, crf, .. } = take;
            let density = match whole.density {
                // What is made again was under its floor, and will lie near it.
                Density::Sparse if !is_first => Density::Dense,
                Density::Sparse if take.is_easy => Density::Rare,
                other => other,
            };
            let studio = Studio { density, ..*whole };
            let piece = Piece::all(scenes[scene].clone());
            let (chunk, mut scores) = studio.make(&piece, crf)?;
            let lacks = |scores: &Scores| {
                score::mean_deficit(&ceiling.lift(scene, scores.frames(chunk.frames)))
            };
            if density == Density::Rare && lacks(&scores) > EASY * (100.0 - floor) {
                scores = studio.score_more(Density::Sparse, &chunk, &piece, scores)?;
            }
            let near = between::doubt(&scores.score).clamp(NEAR.0, NEAR.1);
            let is_near = (100.0 - floor - lacks(&scores)).abs() < near;
            if matches!(density, Density::Sparse | Density::Rare) && is_near {
                scores = studio.score_more(Density::Between, &chunk, &piece, scores)?;
            }
            Ok((scene, chunk, scores))
        };
        whole.bench.crew.work(width, self, &act, tell)
    }

    /// Scenes that are made again because of what they measure: under their floor, or far over it, or, in a short clip, all
    /// that the goal asks otherwise. False when there are none.
    fn correct(&mut self) -> bool {
        let is_whole = self.studio.density == Density::All;
        // What was aimed higher than the floor need not be made again when it is not that high.
        let slack = if is_whole { 0.0 } else { SAMPLED };
        let wrong = if is_whole && self.misses() {
            // All may move; those whose CRF stays are not made again.
            (0..self.scenes.len()).collect()
        } else {
            let mut wrong = self.search.below_floor(slack);
            if self.pass == 0 && self.limit.is_none() {
                wrong.extend(self.search.wasteful(EASY));
            }
            wrong
        };
        self.release(&wrong)
    }

    /// Whether chunks have to be made again; those are released.
    pub(super) fn needs_another(&mut self, limit: Option<u64>) -> bool {
        match limit {
            Some(limit) if self.bytes() > limit => {
                // As much less as it was too much, and a little.
                let less = limit as f64 * (limit as f64 / self.bytes() as f64) * 0.99;
                self.limit = Some(less as u64);
                self.release(&(0..self.scenes.len()).collect::<Vec<_>>())
            }
            _ => self.correct(),
        }
    }

    fn release(&mut self, scenes: &[usize]) -> bool {
        for &scene in scenes {
            self.search.release(scene);
        }
        self.allocation = self.search.allocate(self.limit);
        self.pass += 1;
        let mut again = 0;
        self.frames = 0;
        for &scene in scenes {
            let crf = self.chosen(scene);
            let Some((chunk, scores)) = &self.chunks[scene] else {
                continue;
            };
            if (chunk.crf - crf).abs() < 1e-6 {
                let outcome = self.outcome(scene, chunk, scores);
                self.search.observe(scene, outcome);
                continue;
            }
            self.chunks[scene] = None;
            self.begun[scene] = false;
            self.frames += self.scenes[scene].len();
            again += 1;
        }
        self.tally.again += again;
        again > 0
    }

    /// The CRF that this scene is encoded with now. A trial takes its place in the first pass alone: what is made again was
    /// measured, and is moved by less than a trial may be away.
    fn chosen(&self, scene: usize) -> f64 {
        let crf = self.allocation.crf[scene];
        if self.pass == 0 {
            self.search.reuse(scene, crf)
        } else {
            crf
        }
    }

    /// Whether the mean will be off, or the worst frames, once scenes under their floor hold it.
    fn misses(&self) -> bool {
        let then = self.search.mended(self.limit).levels;
        let goal = &self.goal;
        let is_low = then.mean < goal.mean - LACKS || then.worst5 < goal.worst5;
        let is_over = |most: &f64| then.mean > goal.mean + most;
        let is_free = then.worst5 > goal.worst5 + 0.5;
        let is_high = EXCEEDS.get(self.pass as usize).is_some_and(is_over) && is_free;
        self.limit.is_none() && (is_low || is_high)
    }

    /// What a chunk has come to.
    fn outcome(&self, scene: usize, chunk: &Chunk, scores: &Scores) -> Outcome {
        let mut outcome = Outcome::default();
        let scores = self.ceiling.lift(scene, scores.frames(chunk.frames));
        add(&mut outcome, chunk, scores);
        outcome
    }

    /// Bytes of all chunks.
    fn bytes(&self) -> u64 {
        self.chunks
            .iter()
            .flatten()
            .map(|(chunk, _)| chunk.bytes)
            .sum()
    }
}

impl Work for Film<'_> {
    type Task = Take;
    type Done = (usize, Chunk, Scores);

    fn next(&mut self) -> Option<Take> {
        let scene = self.begun.iter().position(|begun| !begun)?;
        self.begun[scene] = true;
        let piece = Piece::all(self.scenes[scene].clone());
        let crf = self.chosen(scene);
        let crf = self.studio.settled(self.pass, &piece, crf);
        let lacks = self.search.lacks(scene, crf);
        Some(Take {
            scene,
            crf,
            is_easy: lacks <= EASY * (100.0 - self.goal.scene),
        })
    }

    fn done(&mut self, (scene, chunk, scores): Self::Done) {
        let outcome = self.outcome(scene, &chunk, &scores);
        self.search.observe(scene, outcome);
        self.chunks[scene] = Some((chunk, scores));
        self.allocation = self.search.allocate(self.limit);
    }

    fn fraction(&self, frames: u64) -> f64 {
        (frames as f64 / self.frames.max(1) as f64).min(1.0)
    }
}
