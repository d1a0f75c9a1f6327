//! What the original reaches beside itself, scene by scene.
//!
//! VMAF v1 takes points off for bands, also for those that the original has. Where that makes a goal unreachable, what
//! counts is what a result loses against its original.

use super::crew::Work;
use super::studio::Studio;
use crate::runner::{Stop, Wish};
use kinora_media::quality::samples::{Sample, Sampling};
use std::ops::Range;

/// Points that the original lacks on average, from which on they are given back.
const MATTERS: f64 = 0.7;

/// Points that are added to the scores of each scene.
#[derive(Clone, Debug, Default)]
pub(super) struct Ceiling {
    /// By scene; empty where nothing is added.
    lifts: Vec<f32>,
    /// Mean over all frames of the original beside itself.
    pub(super) mean: Option<f64>,
}

impl Ceiling {
    /// Measures the samples of the source; `None` when the original lacks next to nothing, or no metric says so.
    pub(super) fn measure(
        studio: &Studio<'_>,
        scenes: &[Range<usize>],
        sampling: &Sampling,
        width: usize,
        tell: &mut dyn FnMut(f64) -> Wish,
    ) -> Result<Option<Self>, Stop> {
        let mut round = Round {
            waiting: sampling.samples.iter().rev().cloned().collect(),
            done: Vec::new(),
        };
        let act = |sample: Sample| Ok((sample.scene, studio.itself(&sample.piece)?));
        studio.bench.crew.work(width, &mut round, &act, tell)?;
        let ceiling = Self::of(&round.done, scenes, &sampling.source);
        Ok(Some(ceiling).filter(|ceiling| ceiling.mean.is_some_and(|mean| 100.0 - mean > MATTERS)))
    }

    fn of(done: &[(usize, f64)], scenes: &[Range<usize>], source: &[usize]) -> Self {
        let lift = |scene: usize| {
            let own = done.iter().filter(|(at, _)| *at == source[scene]);
            let (count, sum) = own.fold((0.0, 0.0), |(count, sum), (_, deficit)| {
                (count + 1.0, sum + deficit)
            });
            if count > 0.0 { sum / count } else { 0.0 }
        };
        let lifts: Vec<f64> = (0..scenes.len()).map(lift).collect();
        let frames: usize = scenes.iter().map(ExactSizeIterator::len).sum();
        let lacks: f64 = lifts
            .iter()
            .zip(scenes)
            .map(|(lift, scene)| lift * scene.len() as f64)
            .sum();
        Self {
            lifts: lifts.iter().map(|&lift| lift as f32).collect(),
            mean: (frames > 0).then(|| 100.0 - lacks / frames as f64),
        }
    }

    /// The scores of a scene's frames, from the original's own on.
    pub(super) fn lift(&self, scene: usize, scores: Vec<f32>) -> Vec<f32> {
        let Some(&lift) = self.lifts.get(scene) else {
            return scores;
        };
        scores
            .into_iter()
            .map(|score| (score + lift).min(100.0))
            .collect()
    }
}

struct Round {
    waiting: Vec<Sample>,
    done: Vec<(usize, f64)>,
}

impl Work for Round {
    type Task = Sample;
    type Done = (usize, f64);

    fn next(&mut self) -> Option<Sample> {
        self.waiting.pop()
    }

    fn done(&mut self, done: Self::Done) {
        self.done.push(done);
    }

    fn fraction(&self, _frames: u64) -> f64 {
        let done = self.done.len();
        done as f64 / (done + self.waiting.len()).max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_get_back_what_their_original_lacks() {
        let scenes = [0..30, 30..40];
        let ceiling = Ceiling::of(&[(0, 3.0), (0, 5.0)], &scenes, &[0, 0]);
        assert_eq!(ceiling.mean, Some(96.0));
        assert_eq!(ceiling.lift(1, vec![90.0, 97.0]), [94.0, 100.0]);
        let none = Ceiling::default();
        assert_eq!(none.lift(1, vec![90.0]), [90.0]);
        assert_eq!(Ceiling::of(&[], &[], &[]).mean, None);
    }
}
