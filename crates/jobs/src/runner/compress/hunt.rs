//! The search with real encodes: rounds of trials until enough is known.

use super::ceiling::Ceiling;
use super::scores::Scores;
use super::studio::{Chunk, Studio};
use super::tally::Tally;
use crate::runner::{Stop, Wish};
use kinora_media::quality::outline::Codec;
use kinora_media::quality::samples::{Piece, Sampling};
use kinora_media::quality::search::{Next, Outcome, Search};
use std::ops::Range;

/// A codec that is searched for, and what it came to.
pub(super) struct Hunt<'a> {
    pub(super) studio: &'a Studio<'a>,
    pub(super) scenes: &'a [Range<usize>],
    pub(super) sampling: &'a Sampling,
    pub(super) search: Search,
    pub(super) tally: Tally,
    /// What is added to scores.
    pub(super) ceiling: &'a Ceiling,
    /// Bytes of picture from which on it is not worth going on.
    pub(super) most: Option<u64>,
}

/// One trial: a block of frames at a CRF.
struct Trial {
    scene: usize,
    piece: Piece,
    crf: f64,
}

struct Round {
    waiting: Vec<Trial>,
    done: Vec<(usize, Chunk, Scores)>,
    frames: usize,
}

impl super::crew::Work for Round {
    type Task = Trial;
    type Done = (usize, Chunk, Scores);

    fn next(&mut self) -> Option<Trial> {
        self.waiting.pop()
    }

    fn done(&mut self, done: Self::Done) {
        self.done.push(done);
    }

    fn fraction(&self, frames: u64) -> f64 {
        (frames as f64 / self.frames.max(1) as f64).min(1.0)
    }
}

impl Hunt<'_> {
    /// Tries until enough is known, which is two rounds as a rule.
    pub(super) fn run(
        &mut self,
        width: usize,
        tell: &mut dyn FnMut(f64) -> Wish,
    ) -> Result<(), Stop> {
        while let Next::Try(probes) = self.search.next() {
            if self.is_futile() {
                break;
            }
            let done = f64::from(self.search.rounds());
            // The third and fourth rounds are rare and small.
            let mut tell = |fraction: f64| tell(((done + fraction) / 2.0).min(1.0));
            let round = self.round(&probes, width, &mut tell)?;
            self.search.take(round);
        }
        self.tally.probes += self.search.rounds();
        Ok(())
    }

    /// What was tried says that the result would be larger than the original: another round costs more than it can tell.
    /// One round says so only where it was too large and not good enough by itself, without any line drawn from it.
    fn is_futile(&self) -> bool {
        let Some(most) = self.most else { return false };
        match self.search.rounds() {
            0 => false,
            1 => self.search.is_lost(most),
            _ => self.search.allocate(None).bytes > most,
        }
    }

    fn round(
        &mut self,
        probes: &[(usize, f64)],
        width: usize,
        tell: &mut dyn FnMut(f64) -> Wish,
    ) -> Result<Vec<(usize, Outcome)>, Stop> {
        // Of AV1 a part says so little of the whole that the chunks which are made again cost more than it spares.
        let is_first = self.search.rounds() == 0 && self.studio.outline.codec() != Codec::Av1;
        let trials = probes.iter().flat_map(|&(scene, crf)| {
            let own = self
                .sampling
                .samples
                .iter()
                .filter(move |s| s.scene == scene);
            own.map(move |sample| Trial {
                scene,
                piece: match &sample.first {
                    Some(first) if is_first => first.clone(),
                    _ => sample.piece.clone(),
                },
                crf,
            })
        });
        let waiting: Vec<_> = trials.rev().collect();
        let frames = waiting.iter().map(|each| each.piece.count()).sum();
        let mut round = Round {
            waiting,
            done: Vec::new(),
            frames,
        };
        let studio = self.studio;
        let act = |trial: Trial| {
            let (chunk, scores) = match studio.tried(&trial.piece, trial.crf) {
                Some(known) => known,
                None => studio.make(&trial.piece, trial.crf)?,
            };
            Ok((trial.scene, chunk, scores.of(&trial.piece)))
        };
        studio.bench.crew.work(width, &mut round, &act, tell)?;
        self.tally.probe_frames += frames as u64;
        Ok(self.outcomes(probes, &round.done))
    }

    fn outcomes(
        &mut self,
        probes: &[(usize, f64)],
        done: &[(usize, Chunk, Scores)],
    ) -> Vec<(usize, Outcome)> {
        for (_, chunk, _) in done {
            let is_whole = self.scenes.iter().any(|scene| scene.len() == chunk.frames);
            if !is_whole {
                // Its frames are encoded again as part of their scene.
                self.studio.keep.forget(&chunk.file);
            }
        }
        let of_scene = |&(scene, crf): &(usize, f64)| {
            let mut outcome = Outcome {
                crf,
                ..Outcome::default()
            };
            for (_, chunk, scores) in done.iter().filter(|each| each.0 == scene) {
                add(
                    &mut outcome,
                    chunk,
                    self.ceiling.lift(scene, scores.frames(chunk.frames)),
                );
            }
            (scene, outcome)
        };
        probes.iter().map(of_scene).collect()
    }
}

/// Adds a chunk to what its scene came to.
pub(super) fn add(outcome: &mut Outcome, chunk: &Chunk, scores: Vec<f32>) {
    outcome.crf = chunk.crf;
    outcome.scores.extend(scores);
    outcome.frames += chunk.frames;
    outcome.bytes += chunk.bytes;
    outcome.key_bytes.0 += chunk.key_bytes;
    outcome.key_bytes.1 += chunk.keys;
}
