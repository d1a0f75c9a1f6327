//! A CRF for each scene, so that the whole is smallest.
//!
//! A bit is spent where it takes away most: bytes plus lambda times deficit is least in every scene for one lambda, and
//! that lambda is halved in until the goal just holds. The scene floor is a bound beside it: for the mean alone, one
//! CRF is nearly as good; where every scene must be good, a fifth to a third of the bytes is won.

use super::scene::Scene;
use super::{Scale, Search};
use crate::quality::report::Levels;
use crate::quality::score;

/// A CRF for each scene and what it should come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Allocation {
    /// By scene.
    pub crf: Vec<f64>,
    /// What the file should measure.
    pub levels: Levels,
    /// Predicted bytes of the picture.
    pub bytes: u64,
    /// The goal should hold.
    pub holds: bool,
    /// As much of it holds as can: a scene that no CRF lifts to its floor asks nothing of the others.
    is_enough: bool,
}

/// A scene is not moved further from the others than this, in logarithms of the deficit: predictions are not that good.
const SPREAD: f64 = 0.35;
/// Logarithms of lambda, in bytes per frame and point of deficit, between which every video lies.
const LAMBDA: (f64, f64) = (-10.0, 25.0);
/// Halvings of lambda, and of the common CRF.
const STEPS: usize = 40;

/// One possible CRF of one scene.
#[derive(Clone, Copy)]
struct Choice {
    crf: f64,
    deficit: f64,
    bytes: f64,
}

struct Table<'a> {
    search: &'a Search,
    /// By scene, by CRF.
    choices: Vec<Vec<Choice>>,
    /// By scene, the most deficit that it may have: its floor, or the least that it can have.
    bounds: Vec<f64>,
    frames: f64,
}

pub(super) fn allocate(search: &Search, limit: Option<u64>) -> Allocation {
    let table = Table::new(search);
    if table.choices.is_empty() {
        return Allocation::default();
    }
    let free = table.cheapest();
    match limit {
        Some(limit) if free.bytes > limit => table.best_within(limit),
        _ => free,
    }
}

impl<'a> Table<'a> {
    fn new(search: &'a Search) -> Self {
        let common = common_bias(&search.scenes);
        let floor = 100.0 - search.goal.scene;
        let is_going_on = search.scenes.iter().any(|scene| scene.done.is_none());
        let choices = search.scenes.iter().map(|scene| {
            if let Some(done) = &scene.done {
                let deficit = score::mean_deficit(&done.scores);
                // One under its floor is made again: those still to come need not make up for it.
                let most = if is_going_on { floor } else { 100.0 };
                return vec![Choice {
                    crf: done.crf,
                    deficit: deficit.min(most),
                    bytes: done.bytes as f64,
                }];
            }
            let model = &search.scenes[scene.source];
            let (quality, size) = scene.bias.unwrap_or(common);
            let choice = |crf: f64| Choice {
                crf,
                deficit: (model.deficit(crf) * quality.exp()).clamp(score::LEAST_DEFICIT, 100.0),
                bytes: model.bytes(crf, scene) * size.exp(),
            };
            steps(&search.scale).map(choice).collect()
        });
        let choices: Vec<Vec<Choice>> = choices.collect();
        let least = |choices: &Vec<Choice>| {
            let all = choices.iter().map(|each| each.deficit);
            all.fold(100.0, f64::min).max(floor)
        };
        Self {
            bounds: choices.iter().map(least).collect(),
            choices,
            frames: search.scenes.iter().map(|each| each.frames as f64).sum(),
            search,
        }
    }

    /// The fewest bytes that hold the goal; where nothing does, the best there is.
    fn cheapest(&self) -> Allocation {
        let floor = 100.0 - self.search.goal.scene;
        let around = self.common(floor, |made| made.levels.mean >= self.search.goal.mean);
        let made = self.halve(around, floor, |made| made.is_enough, true);
        if made.is_enough {
            return made;
        }
        // The worst frames want more than may be spread around the mean's own CRF: all scenes move.
        let around = self.common(floor, |made| made.is_enough);
        self.halve(around, floor, |made| made.is_enough, true)
    }

    /// The best quality within so many bytes; where nothing fits, the least there is.
    fn best_within(&self, limit: u64) -> Allocation {
        let around = self.common(100.0, |made| made.bytes >= limit);
        let made = self.halve(around, 100.0, |made| made.bytes > limit, false);
        Allocation {
            holds: false,
            ..made
        }
    }

    /// Halves lambda until the condition, which comes true as quality rises, just holds or just does not.
    fn halve(
        &self,
        around: f64,
        floor: f64,
        condition: impl Fn(&Allocation) -> bool,
        holding: bool,
    ) -> Allocation {
        let at = |ln_lambda: f64| self.evaluate(&self.choose(ln_lambda, around, floor));
        let (mut low, mut high) = LAMBDA;
        let mut best = at(if holding { high } else { low });
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            let made = at(middle);
            let is_high = condition(&made);
            if is_high {
                high = middle;
            } else {
                low = middle;
            }
            if is_high == holding {
                best = made;
            }
        }
        best
    }

    /// The largest CRF for all at which the condition is still true: where scenes are looked for around. A scene that
    /// needs a lower one for its floor does not draw the others down.
    fn common(&self, floor: f64, condition: impl Fn(&Allocation) -> bool) -> f64 {
        let Scale { range, .. } = self.search.scale;
        let (mut low, mut high) = range;
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            let nearest = |choices: &Vec<Choice>| {
                let away = |each: &&Choice| (each.crf - middle).abs();
                let allowed = choices.iter().filter(|each| each.deficit <= floor);
                let best = allowed.min_by(|a, b| away(a).total_cmp(&away(b)));
                best.or_else(|| choices.first()).copied()
            };
            let all: Vec<_> = self.choices.iter().filter_map(nearest).collect();
            if condition(&self.evaluate(&all)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// For each scene the choice that is cheapest at this lambda, with at most `floor` of deficit.
    fn choose(&self, ln_lambda: f64, around: f64, floor: f64) -> Vec<Choice> {
        let spread = (SPREAD / self.search.scale.slope).max(self.search.scale.step);
        let scenes = self.choices.iter().zip(&self.search.scenes);
        let pick = |(choices, scene): (&Vec<Choice>, &Scene)| {
            let frames = scene.frames as f64;
            let cost = |each: &Choice| each.bytes + ln_lambda.exp() * frames * each.deficit;
            let is_allowed =
                |each: &&Choice| each.deficit <= floor && (each.crf - around).abs() <= spread;
            let cheapest = choices
                .iter()
                .filter(is_allowed)
                .min_by(|a, b| cost(a).total_cmp(&cost(b)));
            // A scene whose floor lies beyond the spread gets what the floor needs.
            let needed = || choices.iter().rev().find(|each| each.deficit <= floor);
            cheapest
                .or_else(needed)
                .or_else(|| choices.first())
                .copied()
        };
        scenes.filter_map(pick).collect()
    }

    fn evaluate(&self, chosen: &[Choice]) -> Allocation {
        let scenes = chosen.iter().zip(&self.search.scenes);
        let sum: f64 = scenes
            .clone()
            .map(|(each, scene)| each.deficit * scene.frames as f64)
            .sum();
        let worst = chosen.iter().map(|each| each.deficit).fold(0.0, f64::max);
        let mut frames = Vec::new();
        scenes.for_each(|(each, scene)| self.spread(each, scene, &mut frames));
        let levels = Levels {
            mean: 100.0 - sum / self.frames.max(1.0),
            scene: 100.0 - worst,
            worst5: score::worst_level(&mut frames),
        };
        let goal = &self.search.goal;
        let mut scenes = chosen.iter().zip(&self.bounds);
        let is_enough = levels.mean >= goal.mean
            && levels.worst5 >= goal.worst5
            && scenes.all(|(each, bound)| each.deficit <= *bound);
        Allocation {
            crf: chosen.iter().map(|each| each.crf).collect(),
            bytes: chosen.iter().map(|each| each.bytes).sum::<f64>() as u64,
            holds: is_enough && levels.scene >= goal.scene,
            is_enough,
            levels,
        }
    }

    /// The scene's frames as (deficit, weight).
    fn spread(&self, choice: &Choice, scene: &Scene, frames: &mut Vec<(f64, f64)>) {
        let model = &self.search.scenes[scene.source];
        let shape = scene.own_shape();
        let shape = shape.unwrap_or_else(|| model.spread(choice.crf));
        let weight = scene.frames as f64 / shape.len().max(1) as f64;
        frames.extend(
            shape
                .iter()
                .map(|&ratio| (f64::from(ratio) * choice.deficit, weight)),
        );
    }
}

/// What chunks showed beyond their trials, for scenes that have not been encoded yet; few say little.
fn common_bias(scenes: &[Scene]) -> (f64, f64) {
    let known = scenes
        .iter()
        .filter_map(|scene| Some((scene.frames as f64, scene.bias?)));
    let (weight, quality, size, count) = known.fold((0.0, 0.0, 0.0, 0.0), |sum, (frames, bias)| {
        (
            sum.0 + frames,
            sum.1 + frames * bias.0,
            sum.2 + frames * bias.1,
            sum.3 + 1.0,
        )
    });
    if weight == 0.0 {
        return (0.0, 0.0);
    }
    let trust = count / (count + 1.0);
    (quality / weight * trust, size / weight * trust)
}

fn steps(scale: &Scale) -> impl Iterator<Item = f64> {
    let Scale { range, step, .. } = *scale;
    let count = ((range.1 - range.0) / step).round().max(0.0) as usize;
    (0..=count).map(move |at| range.0 + at as f64 * step)
}
