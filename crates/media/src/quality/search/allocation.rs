//! A CRF for each scene, so that the whole is smallest.
//!
//! A bit is spent where it takes away most: bytes plus lambda times deficit is least in every scene for one lambda, and
//! that lambda is halved in until the goal just holds. The scene floor is a bound beside it: for the mean alone, one
//! CRF is nearly as good; where every scene must be good, a fifth to a third of the bytes is won. Where the worst frames
//! are what decides, each of them gets a price, too, so that scenes with many become better, and not all scenes.

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
}

/// A scene is not moved further from the others than this, in logarithms of the deficit: predictions are not that good.
const SPREAD: f64 = 0.35;
/// A scene that was not tried itself is chosen as if it lacked so much more, as a logarithm, where its floor is concerned:
/// what it looks like says about that much of it.
const UNTRIED: f64 = 0.2;
/// Logarithms of lambda, in bytes per frame and point of deficit, between which every video lies.
const LAMBDA: (f64, f64) = (-10.0, 25.0);
/// The same for the price of a frame that is worse than the worst twentieth may be, in bytes.
const PRICE: (f64, f64) = (-2.0, 22.0);
/// Halvings of lambda, and of the common CRF.
const STEPS: usize = 40;
/// Halvings of the price, each of which halves lambda anew.
const PRICE_STEPS: usize = 16;

/// One possible CRF of one scene.
#[derive(Clone, Copy)]
struct Choice {
    crf: f64,
    deficit: f64,
    /// The deficit that a floor is compared with: more than is predicted, where little is known.
    risk: f64,
    bytes: f64,
    /// Frames that are worse than the worst twentieth may be.
    bad: f64,
}

/// What choices for all scenes come to.
#[derive(Clone, Copy, Default)]
struct Sum {
    bytes: f64,
    deficit: f64,
    /// Deficit of the worst scene.
    worst: f64,
    bad: f64,
    /// Scenes that lack more than they may.
    low: usize,
}

/// Within what, and for what, choices are made.
#[derive(Clone, Copy)]
struct Aim {
    /// Scenes stay near this CRF.
    around: f64,
    /// The most deficit of a scene.
    floor: f64,
    /// What a bad frame costs, in bytes.
    price: f64,
}

struct Table<'a> {
    search: &'a Search,
    /// By scene, by CRF, which ascends.
    choices: Vec<Vec<Choice>>,
    /// By scene, the most deficit that it may have: its floor, or the least that it can have. One that no CRF lifts to
    /// its floor asks nothing of the others.
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
                // One under its floor is made again: those still to come need not make up for it.
                let most = if is_going_on { floor } else { 100.0 };
                let deficit = score::mean_deficit(&done.scores).min(most);
                let bytes = done.bytes as f64;
                return vec![search.choice(scene, done.crf, (deficit, 1.0), bytes)];
            }
            let is_known = scene.bias.is_some() || scene.is_tried();
            let care = if is_known { 1.0 } else { UNTRIED.exp() };
            let choice = |crf: f64| {
                let (deficit, bytes) = search.expected(scene, crf, common);
                let deficit = deficit.clamp(score::LEAST_DEFICIT, 100.0);
                search.choice(scene, crf, (deficit, care), bytes)
            };
            steps(&search.scale).map(choice).collect()
        });
        let choices: Vec<Vec<Choice>> = choices.collect();
        let least = |choices: &Vec<Choice>| {
            let all = choices.iter().map(|each| each.risk);
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
        let aim = Aim {
            around: self.common(floor, |sum| self.is_good(sum)),
            floor,
            price: 0.0,
        };
        let free = self.halve(&aim, |sum| self.is_enough(sum), true);
        let by_mean = self.halve(&aim, |sum| self.is_good(sum) && sum.low == 0, true);
        if self.is_enough(&self.sum(&by_mean)) {
            return self.evaluate(&by_mean);
        }
        // The worst frames want more: scenes that have them become better, or, where that is not enough, all scenes.
        let further = Aim {
            around: self.common(floor, |sum| self.is_enough(sum)),
            ..aim
        };
        let all = self.halve(&further, |sum| self.is_enough(sum), true);
        let priced = self.priced(&aim).map(|made| self.relax(made, &by_mean));
        let ways = [Some(free), priced, Some(all)];
        let bytes = |choices: &Vec<Choice>| {
            let sum = self.sum(choices);
            (!self.is_enough(&sum), sum.bytes)
        };
        let best = ways.into_iter().flatten().min_by(|a, b| {
            let (a, b) = (bytes(a), bytes(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        self.evaluate(&best.unwrap_or_default())
    }

    /// Looks for the least price of bad frames at which few enough are left beside a mean that just holds.
    fn priced(&self, aim: &Aim) -> Option<Vec<Choice>> {
        let (mut low, mut high) = PRICE;
        let mut best = None;
        for _ in 0..PRICE_STEPS {
            let middle = f64::midpoint(low, high);
            let aim = Aim {
                price: middle.exp(),
                ..*aim
            };
            let made = self.halve(&aim, |sum| self.is_good(sum) && sum.low == 0, true);
            if self.is_enough(&self.sum(&made)) {
                high = middle;
                best = Some(made);
            } else {
                low = middle;
            }
        }
        best
    }

    /// Gives scenes back what they would have without the price, one by one, as long as enough holds: scenes that are
    /// alike move all at once, and a few of them may do.
    fn relax(&self, mut made: Vec<Choice>, without: &[Choice]) -> Vec<Choice> {
        for (scene, choice) in without.iter().enumerate() {
            let before = std::mem::replace(&mut made[scene], *choice);
            let is_smaller = choice.bytes < before.bytes;
            if !is_smaller || !self.is_enough(&self.sum(&made)) {
                made[scene] = before;
            }
        }
        made
    }

    /// The best quality within so many bytes; where nothing fits, the least there is.
    fn best_within(&self, limit: u64) -> Allocation {
        let limit = limit as f64;
        let aim = Aim {
            around: self.common(100.0, |sum| sum.bytes >= limit),
            floor: 100.0,
            price: 0.0,
        };
        let made = self.halve(&aim, |sum| sum.bytes > limit, false);
        Allocation {
            holds: false,
            ..self.evaluate(&made)
        }
    }

    /// Halves lambda until the condition, which comes true as quality rises, just holds or just does not.
    fn halve(&self, aim: &Aim, condition: impl Fn(&Sum) -> bool, holding: bool) -> Vec<Choice> {
        let (mut low, mut high) = LAMBDA;
        let mut best = self.choose(if holding { high } else { low }, aim);
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            let made = self.choose(middle, aim);
            let is_high = condition(&self.sum(&made));
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
    fn common(&self, floor: f64, condition: impl Fn(&Sum) -> bool) -> f64 {
        let Scale { range, .. } = self.search.scale;
        let (mut low, mut high) = range;
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            let nearest = |choices: &Vec<Choice>| {
                let away = |each: &&Choice| (each.crf - middle).abs();
                let allowed = choices.iter().filter(|each| each.risk <= floor);
                let best = allowed.min_by(|a, b| away(a).total_cmp(&away(b)));
                best.or_else(|| choices.first()).copied()
            };
            let all: Vec<_> = self.choices.iter().filter_map(nearest).collect();
            if condition(&self.sum(&all)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// For each scene the choice that is cheapest at this lambda.
    fn choose(&self, ln_lambda: f64, aim: &Aim) -> Vec<Choice> {
        let spread = (SPREAD / self.search.scale.slope).max(self.search.scale.step);
        let lambda = ln_lambda.exp();
        let scenes = self.choices.iter().zip(&self.search.scenes);
        let pick = |(choices, scene): (&Vec<Choice>, &Scene)| {
            let frames = scene.frames as f64;
            let cost =
                |each: &Choice| each.bytes + lambda * frames * each.deficit + aim.price * each.bad;
            // Bad frames may need more: what is better than was predicted does no harm.
            let down = if aim.price > 0.0 { 2.0 } else { 1.0 } * spread;
            let from = choices.partition_point(|each| each.crf < aim.around - down);
            let near = choices[from..].iter();
            let near = near.take_while(|each| each.crf <= aim.around + spread);
            let cheapest = near
                .filter(|each| each.risk <= aim.floor)
                .min_by(|a, b| cost(a).total_cmp(&cost(b)));
            // A scene whose floor lies beyond the spread gets what the floor needs.
            let needed = || choices.iter().rev().find(|each| each.risk <= aim.floor);
            cheapest
                .or_else(needed)
                .or_else(|| choices.first())
                .copied()
        };
        scenes.filter_map(pick).collect()
    }

    fn sum(&self, chosen: &[Choice]) -> Sum {
        let scenes = chosen.iter().zip(&self.search.scenes).zip(&self.bounds);
        scenes.fold(Sum::default(), |sum, ((each, scene), bound)| Sum {
            bytes: sum.bytes + each.bytes,
            deficit: sum.deficit + each.deficit * scene.frames as f64,
            worst: sum.worst.max(each.deficit),
            bad: sum.bad + each.bad,
            low: sum.low + usize::from(each.risk > *bound),
        })
    }

    /// The mean holds.
    fn is_good(&self, sum: &Sum) -> bool {
        sum.deficit <= (100.0 - self.search.goal.mean) * self.frames
    }

    /// As much of the goal holds as can.
    fn is_enough(&self, sum: &Sum) -> bool {
        self.is_good(sum) && sum.low == 0 && sum.bad < self.frames * score::WORST
    }

    fn evaluate(&self, chosen: &[Choice]) -> Allocation {
        let sum = self.sum(chosen);
        let mut frames = Vec::new();
        for (each, scene) in chosen.iter().zip(&self.search.scenes) {
            let shape = self.search.shape(scene, each.crf);
            let weight = scene.frames as f64 / shape.len().max(1) as f64;
            let deficits = shape.iter().map(|&ratio| f64::from(ratio) * each.deficit);
            frames.extend(deficits.map(|deficit| (deficit, weight)));
        }
        let levels = Levels {
            mean: 100.0 - sum.deficit / self.frames.max(1.0),
            scene: 100.0 - sum.worst,
            worst5: score::worst_level(&mut frames),
        };
        Allocation {
            crf: chosen.iter().map(|each| each.crf).collect(),
            bytes: sum.bytes as u64,
            holds: self.is_enough(&sum) && levels.scene >= self.search.goal.scene,
            levels,
        }
    }
}

impl Search {
    /// Deficit and bytes of a scene that is to be encoded: by its own chunks when there were two, else by trials and by
    /// what its own chunk, or those of others, showed beyond them.
    fn expected(&self, scene: &Scene, crf: f64, common: (f64, f64)) -> (f64, f64) {
        let by_trials = || {
            let model = &self.scenes[scene.source];
            let (quality, size) = scene.bias.unwrap_or(common);
            let deficit = model.deficit(crf) * quality.exp();
            let known = (deficit, model.bytes(crf, scene) * size.exp());
            match scene.bias {
                Some(bias) if !scene.is_tried() => scene.apart(known, bias, crf),
                _ => known,
            }
        };
        let (deficit, bytes) = scene.own(crf).unwrap_or_else(by_trials);
        (deficit * scene.care.exp(), bytes)
    }

    /// What a scene is expected to lack at this CRF, in points; more than is predicted, where it was not tried itself.
    pub fn lacks(&self, scene: usize, crf: f64) -> f64 {
        let Some(scene) = self.scenes.get(scene) else {
            return f64::INFINITY;
        };
        let care = if scene.is_tried() { 0.0 } else { UNTRIED };
        let (deficit, _) = self.expected(scene, crf, common_bias(&self.scenes));
        deficit * care.exp()
    }

    /// The bytes that a scene is expected to take at this CRF.
    pub(super) fn bytes(&self, scene: usize, crf: f64) -> f64 {
        let common = common_bias(&self.scenes);
        self.expected(&self.scenes[scene], crf, common).1
    }

    fn choice(&self, scene: &Scene, crf: f64, (deficit, care): (f64, f64), bytes: f64) -> Choice {
        let shape = self.shape(scene, crf);
        let most = ((100.0 - self.goal.worst5) / deficit) as f32;
        let bad = shape.len() - shape.partition_point(|&ratio| ratio <= most);
        Choice {
            crf,
            deficit,
            risk: deficit * care,
            bytes,
            bad: bad as f64 * scene.frames as f64 / shape.len().max(1) as f64,
        }
    }

    /// How the deficit is spread over the frames of a scene: each by the mean, ascending.
    fn shape<'s>(&'s self, scene: &'s Scene, crf: f64) -> &'s [f32] {
        let own = scene.own_shape();
        own.unwrap_or_else(|| self.scenes[scene.source].spread(crf))
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
