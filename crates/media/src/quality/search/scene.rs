//! What is known of one scene: its curves from trials, and what its own chunk said about them.

use super::{Outcome, Scale};
use crate::quality::curve::Curve;
use crate::quality::score;

/// A trial of some frames misses what the whole scene comes to by so much, as a logarithm.
pub(super) const PARTIAL: f64 = 0.2;

/// One scene.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// Its length.
    pub(super) frames: usize,
    /// The scene whose trials speak for it.
    pub(super) source: usize,
    /// Mean deficit by CRF, from trials.
    pub(super) quality: Curve,
    /// Bytes of a key frame, and of another frame, by CRF.
    sizes: [Curve; 2],
    /// How the deficit is spread over the frames at each CRF that was tried.
    shapes: Vec<(f64, Vec<f32>)>,
    /// CRFs at which all of it was tried: those trials can be its chunk.
    whole: Vec<f64>,
    /// Its own chunk, as it was encoded last.
    pub(super) done: Option<Outcome>,
    /// What its own chunk showed, as logarithms of measured by predicted: deficit and bytes.
    pub(super) bias: Option<(f64, f64)>,
    /// What its own chunks came to, by CRF: mean deficit, and bytes.
    own: [Curve; 2],
    /// Two of them that are nearer to each other show their noise instead of a slope.
    near: f64,
    /// By so much, as a logarithm, it is reckoned worse than it was.
    pub(super) care: f64,
    /// How its own chunk's deficit was spread over the frames.
    own_shape: Option<Vec<f32>>,
    /// Key frames in it.
    keys: usize,
}

impl Scene {
    pub(super) fn new(frames: usize, source: usize, gop: usize, scale: &Scale) -> Self {
        let size = || Curve::new(scale.size_slope);
        Self {
            frames,
            source,
            quality: Curve::new(scale.slope),
            sizes: [size(), size()],
            shapes: Vec::new(),
            whole: Vec::new(),
            done: None,
            bias: None,
            own: [Curve::new(scale.slope), size()],
            near: super::APART / scale.slope,
            care: 0.0,
            own_shape: None,
            keys: frames.div_ceil(gop.max(1)).max(1),
        }
    }

    /// Takes in what its samples came to.
    pub(super) fn learn(&mut self, trial: &Outcome) {
        let mean = score::mean_deficit(&trial.scores);
        let (key_bytes, keys) = trial.key_bytes;
        let others = trial.frames.saturating_sub(keys).max(1);
        let rest = trial.bytes.saturating_sub(key_bytes);
        let [key_size, other_size] = &mut self.sizes;
        let learned = [
            (&mut self.quality, mean),
            (key_size, key_bytes as f64 / keys.max(1) as f64),
            (other_size, rest as f64 / others as f64),
        ];
        let is_whole = trial.frames == self.frames;
        let is_first = self.whole.is_empty();
        for (curve, value) in learned {
            if is_whole && is_first {
                curve.outweigh(trial.crf, value, PARTIAL);
            } else {
                curve.push(trial.crf, value);
            }
        }
        if is_whole && is_first {
            // How frames differ in a part says less of the whole.
            self.shapes.clear();
        }
        self.shapes.push((trial.crf, shape(&trial.scores)));
        if is_whole {
            self.whole.push(trial.crf);
        }
    }

    /// A CRF at which all of it was tried, no worse than this one and hardly better.
    pub(super) fn tried_like(&self, crf: f64, slope: f64) -> Option<f64> {
        let is_near = |&&tried: &&f64| ((crf - 0.05 / slope)..=(crf + 1e-9)).contains(&tried);
        self.whole.iter().find(is_near).copied()
    }

    /// Its own chunk is done.
    pub(super) fn finish(&mut self, chunk: Outcome, bias: Option<(f64, f64)>) {
        self.bias = bias;
        let [quality, size] = &mut self.own;
        quality.forget_near(chunk.crf, self.near);
        size.forget_near(chunk.crf, self.near);
        quality.push(chunk.crf, score::mean_deficit(&chunk.scores));
        size.push(chunk.crf, chunk.bytes as f64);
        self.care = 0.0;
        self.own_shape = Some(shape(&chunk.scores));
        self.done = Some(chunk);
    }

    /// Deficit and bytes by its own chunks, when those make a line.
    pub(super) fn own(&self, crf: f64) -> Option<(f64, f64)> {
        let [quality, size] = &self.own;
        quality.is_line().then(|| (quality.at(crf), size.at(crf)))
    }

    /// Deficit and bytes by another scene's trials, `known`, where its own chunk came to so much else that the slopes of
    /// that scene hardly are its own: the usual ones count the more, the further they are apart.
    pub(super) fn apart(&self, known: (f64, f64), bias: (f64, f64), crf: f64) -> (f64, f64) {
        let mix = |curve: &Curve, known: f64, bias: f64| {
            let alike = PARTIAL.powi(2) / (PARTIAL.powi(2) + bias.powi(2));
            let mixed = known.powf(alike) * curve.at(crf).powf(1.0 - alike);
            if mixed.is_finite() { mixed } else { known }
        };
        let [quality, size] = &self.own;
        (mix(quality, known.0, bias.0), mix(size, known.1, bias.1))
    }

    /// How the deficit is spread in its own chunk, whatever becomes of that.
    pub(super) fn own_shape(&self) -> Option<&[f32]> {
        self.own_shape.as_deref()
    }

    /// It was tried itself, in part or whole.
    pub(super) fn is_tried(&self) -> bool {
        !self.shapes.is_empty()
    }

    /// All of it was tried.
    pub(super) fn is_whole(&self) -> bool {
        !self.whole.is_empty()
    }

    /// The CRF that was tried last.
    pub(super) fn last_tried(&self) -> Option<f64> {
        self.shapes.last().map(|(crf, _)| *crf)
    }

    /// Predicted mean deficit of this scene's frames by these trials.
    pub(super) fn deficit(&self, crf: f64) -> f64 {
        self.quality.at(crf)
    }

    /// Predicted bytes of a scene of that length, by these trials.
    pub(super) fn bytes(&self, crf: f64, of: &Self) -> f64 {
        let keys = of.keys.min(of.frames);
        let others = of.frames.saturating_sub(keys);
        self.sizes[0].at(crf) * keys as f64 + self.sizes[1].at(crf) * others as f64
    }

    /// The deficit of each sampled frame by the mean, ascending, at the nearest CRF that was tried.
    pub(super) fn spread(&self, crf: f64) -> &[f32] {
        let nearest = self
            .shapes
            .iter()
            .min_by(|a, b| (a.0 - crf).abs().total_cmp(&(b.0 - crf).abs()));
        nearest.map_or(&[], |(_, shape)| shape)
    }
}

/// Each frame's deficit by the mean of all, ascending.
fn shape(scores: &[f32]) -> Vec<f32> {
    let mean = score::mean_deficit(scores);
    let ratio = |&each: &f32| (score::deficit(each) / mean) as f32;
    let mut shape: Vec<f32> = scores.iter().map(ratio).collect();
    shape.sort_by(f32::total_cmp);
    shape
}
