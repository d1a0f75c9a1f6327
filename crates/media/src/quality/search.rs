//! The search: which CRF to try next, and in the end one for each scene.
//!
//! ```text
//! next ─> Try(scene, CRF)… ─> take(what came out)… ─> next ─> … ─> Enough ─> allocate ─> observe(chunk)… ─> allocate
//! ```
//! Two rounds as a rule, four at the most. The chunks of the result are measured, too, and what they show moves the
//! scenes that are still to come: the proof is the last probe.

mod scene;
mod allocation;

use super::report::Levels;
use super::score;
pub use allocation::Allocation;
use scene::{PARTIAL, Scene};

/// What an encoder's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The least and the largest CRF that is chosen.
    pub range: (f64, f64),
    /// CRFs between the steps do not exist.
    pub step: f64,
    /// Where to begin.
    pub first: f64,
    /// `ln(100 - score)` per CRF.
    pub slope: f64,
    /// `ln(bytes)` per CRF, negative.
    pub size_slope: f64,
}

/// Rounds that are ever made.
pub const MOST_ROUNDS: u32 = 4;

/// Two points that differ by less, as a logarithm, show their noise instead of a slope.
const APART: f64 = 0.18;
/// From so many scenes on the errors of their lines outweigh each other, and chunks correct what is left.
const MANY: usize = 12;
/// By so much, as a logarithm, a scene that came out under its floor is reckoned worse than it was.
const CARE: f64 = 0.02;
/// And by this part of what it lacks, where the slope is not its own: a step that is too short costs another chunk.
const WARY: f64 = 0.1;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Encode and score the samples of these scenes at these CRFs.
    Try(Vec<(usize, f64)>),
    /// Enough is known.
    Enough,
}

/// What one scene's samples, or the scene itself, came to at one CRF.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// What was set.
    pub crf: f64,
    /// Score of each frame that was scored.
    pub scores: Vec<f32>,
    /// Frames that were encoded.
    pub frames: usize,
    /// Bytes of them, key frames and all.
    pub bytes: u64,
    /// Bytes of the key frames alone, and how many there are.
    pub key_bytes: (u64, usize),
}

/// What is known so far.
#[derive(Debug, Clone)]
pub struct Search {
    scale: Scale,
    goal: Levels,
    scenes: Vec<Scene>,
    rounds: u32,
}

impl Search {
    /// Begins with nothing known. `lengths` are the scenes' frames, `source` says which scene is tried for each, and
    /// `gop` is the most frames between key frames.
    pub fn new(
        scale: Scale,
        goal: Levels,
        lengths: &[usize],
        source: &[usize],
        gop: usize,
    ) -> Self {
        let scene = |(&frames, &source): (&usize, &usize)| Scene::new(frames, source, gop, &scale);
        Self {
            scale,
            goal,
            scenes: lengths.iter().zip(source).map(scene).collect(),
            rounds: 0,
        }
    }

    /// What to try next.
    pub fn next(&self) -> Next {
        let tried = (0..self.scenes.len()).filter(|&each| self.scenes[each].source == each);
        if self.rounds == 0 {
            return Next::Try(tried.map(|each| (each, self.scale.first)).collect());
        }
        if self.rounds >= MOST_ROUNDS {
            return Next::Enough;
        }
        let wanted = self.allocate(None);
        let probes: Vec<_> = tried
            .filter_map(|each| Some((each, self.worth_trying(each, wanted.crf[each])?)))
            .collect();
        if probes.is_empty() {
            Next::Enough
        } else {
            Next::Try(probes)
        }
    }

    /// Where to look again, if what is known of the scene does not reach so far.
    fn worth_trying(&self, scene: usize, crf: f64) -> Option<f64> {
        let Scale { slope, .. } = self.scale;
        let away = self.scenes[scene].quality.distance(crf);
        // In the second round a point nearer than a tenth of the deficit says nothing new; later the lines are known.
        let reach = match self.rounds {
            1 if self.scenes.len() < MANY => 0.1,
            1 => 0.22,
            _ => 0.35,
        };
        let scene = &self.scenes[scene];
        if away <= reach / slope {
            return None;
        }
        let last = scene.last_tried()?;
        let most = 1.0 / slope;
        let step = (crf - last).clamp(-most, most);
        let least = APART / slope;
        let step = if step.abs() < least {
            least * step.signum()
        } else {
            step
        };
        let crf = self.scale.snap(last + step);
        (scene.quality.distance(crf) > 1e-6).then_some(crf)
    }

    /// Takes in a round.
    pub fn take(&mut self, round: Vec<(usize, Outcome)>) {
        self.rounds += 1;
        for (scene, outcome) in round {
            if let Some(scene) = self.scenes.get_mut(scene) {
                scene.learn(&outcome);
            }
        }
    }

    /// Rounds that were made.
    pub fn rounds(&self) -> u32 {
        self.rounds
    }

    /// Whether the CRF that all were tried at first takes more bytes than these, and is not good enough: whatever is good
    /// enough takes more still. Where parts were tried, by more than those miss their scenes by.
    pub fn is_lost(&self, bytes: u64) -> bool {
        let crf = self.scale.first;
        let sum = |of: &dyn Fn(&Scene, &Scene) -> f64| -> f64 {
            let scenes = self.scenes.iter();
            scenes.map(|each| of(&self.scenes[each.source], each)).sum()
        };
        let deficit = sum(&|model, each| model.deficit(crf) * each.frames as f64);
        let frames = sum(&|_, each| each.frames as f64);
        let doubt = self.doubt().exp();
        let is_good = deficit <= (100.0 - self.goal.mean) * frames * doubt;
        !is_good && sum(&|model, each| model.bytes(crf, each)) > bytes as f64 * doubt
    }

    /// What trials of parts may miss the whole by, as a logarithm; the errors of many scenes outweigh each other.
    fn doubt(&self) -> f64 {
        let tried = self.scenes.iter().filter(|each| each.is_tried());
        let (count, parts) = tried.fold((0.0f64, false), |(count, parts), each| {
            (count + 1.0, parts || !each.is_whole())
        });
        if parts { PARTIAL / count.sqrt() } else { 0.0 }
    }

    /// A CRF for each scene: the fewest bytes that hold the goal, or the best quality within `limit` bytes. Scenes that
    /// have been encoded keep theirs, unless they were released.
    pub fn allocate(&self, limit: Option<u64>) -> Allocation {
        allocation::allocate(self, limit)
    }

    /// A scene's chunk is done: what it came to, all of it or in samples.
    pub fn observe(&mut self, scene: usize, outcome: Outcome) {
        let Some(this) = self.scenes.get(scene) else {
            return;
        };
        let model = &self.scenes[this.source];
        let deficit = score::mean_deficit(&outcome.scores) / model.deficit(outcome.crf);
        let bytes = outcome.bytes.max(1) as f64 / model.bytes(outcome.crf, this);
        let bias = (deficit.ln(), bytes.ln());
        let is_sound = bias.0.is_finite() && bias.1.is_finite();
        self.scenes[scene].finish(outcome, is_sound.then_some(bias));
    }

    /// The CRF at which a scene is best encoded when this one was chosen: one at which all of it was tried already, if
    /// that is nearly as good.
    pub fn reuse(&self, scene: usize, crf: f64) -> f64 {
        let scene = self.scenes.get(scene);
        let tried = scene.and_then(|scene| scene.tried_like(crf, self.scale.slope));
        tried.unwrap_or(crf)
    }

    /// A scene's chunk, if it is done.
    pub fn chunk(&self, scene: usize) -> Option<&Outcome> {
        self.scenes.get(scene)?.done.as_ref()
    }

    /// Scenes whose chunk lies under the floor by more than this, at a CRF that can be lowered.
    pub fn below_floor(&self, slack: f64) -> Vec<usize> {
        let is_low = |scene: &Scene| {
            scene.done.as_ref().is_some_and(|done| {
                let level = 100.0 - score::mean_deficit(&done.scores);
                level < self.goal.scene - slack && done.crf > self.scale.range.0
            })
        };
        let scenes = self.scenes.iter().enumerate();
        scenes
            .filter(|(_, scene)| is_low(scene))
            .map(|(at, _)| at)
            .collect()
    }

    /// Scenes whose chunk lacks so little, this part of what their floor allows or less, that making it again saves more of
    /// the bytes than it takes of the work: what stood for them in the trials was nothing like them.
    pub fn wasteful(&self, part: f64) -> Vec<usize> {
        let most = part * (100.0 - self.goal.scene);
        let is_lavish = |scene: &Scene| {
            let done = scene.done.as_ref();
            done.is_some_and(|done| score::mean_deficit(&done.scores) < most)
        };
        let scenes = self.scenes.iter().enumerate();
        let lavish: Vec<_> = scenes.filter(|(_, scene)| is_lavish(scene)).collect();
        let mut search = self.clone();
        for scene in lavish
            .iter()
            .map(|(at, _)| *at)
            .chain(self.below_floor(0.0))
        {
            search.release(scene);
        }
        let wanted = search.allocate(None);
        let bytes = |scene: &Scene| scene.done.as_ref().map_or(0.0, |done| done.bytes as f64);
        let all_bytes: f64 = self.scenes.iter().map(bytes).sum();
        let all_frames: f64 = self.scenes.iter().map(|scene| scene.frames as f64).sum();
        let saves = |&(at, scene): &(usize, &Scene)| {
            let saved = bytes(scene) - search.bytes(at, wanted.crf[at]);
            saved / all_bytes > scene.frames as f64 / all_frames
        };
        lavish.into_iter().filter(saves).map(|(at, _)| at).collect()
    }

    /// What all will come to when the scenes under their floor have been made again.
    pub fn mended(&self, limit: Option<u64>) -> Allocation {
        let mut search = self.clone();
        for scene in self.below_floor(0.0) {
            search.release(scene);
        }
        search.allocate(limit)
    }

    /// Whether nothing better can be made where it is wanted: scenes under their floor have the lowest CRF that there is,
    /// or, where none is under it, all of them.
    pub fn is_spent(&self) -> bool {
        let is_low = |done: &&Outcome| {
            let level = 100.0 - score::mean_deficit(&done.scores);
            level < self.goal.scene
        };
        let is_lowest = |done: &Outcome| done.crf <= self.scale.range.0 + 1e-6;
        let done: Option<Vec<&Outcome>> =
            self.scenes.iter().map(|each| each.done.as_ref()).collect();
        done.is_some_and(|done| {
            let low: Vec<_> = done.iter().copied().filter(is_low).collect();
            let wanting = if low.is_empty() { done } else { low };
            wanting.into_iter().all(is_lowest)
        })
    }

    /// Lets a scene that is done be chosen anew; what its chunk showed stays known. One that lies under its floor is
    /// chosen with more care: its line is not as straight as it seemed.
    pub fn release(&mut self, scene: usize) {
        let floor = 100.0 - self.goal.scene;
        let Some(scene) = self.scenes.get_mut(scene) else {
            return;
        };
        let Some(done) = scene.done.take() else {
            return;
        };
        let lacks = (score::mean_deficit(&done.scores) / floor).ln();
        if lacks > 0.0 {
            let is_own = scene.own(done.crf).is_some();
            scene.care = CARE + if is_own { 0.0 } else { lacks * WARY };
        }
    }
}

impl Scale {
    /// The nearest CRF that exists, within the range.
    pub fn snap(&self, crf: f64) -> f64 {
        let stepped = (crf / self.step).round() * self.step;
        stepped.clamp(self.range.0, self.range.1)
    }
}

#[cfg(test)]
mod tests;
