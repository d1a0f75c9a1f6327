//! Frame scores, and what is said of many of them. Written apart from the product's own sums: it is they that are judged.

use serde::{Deserialize, Serialize};

/// A scene is no shorter, in seconds.
const SHORTEST: f64 = 1.0;
/// And no longer.
const LONGEST: f64 = 10.0;
/// An original that is so little above the goal leaves nothing to take away.
const ROOM: f64 = 1.0;
/// What the mean may miss its goal by, and still counts as held.
pub(crate) const SLACK: f64 = 0.3;

/// What is asked of a result, and what it measures, on VMAF's scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Levels {
    /// Mean over all frames.
    pub(crate) mean: f64,
    /// Mean of the worst scene.
    pub(crate) scene: f64,
    /// The level that 95 % of the frames reach.
    pub(crate) worst5: f64,
    /// Mean of the worst second; nothing is asked of it.
    pub(crate) second: f64,
}

/// Near-original.
pub(crate) const GOAL: Levels = Levels {
    mean: 95.0,
    scene: 93.0,
    worst5: 90.0,
    second: 0.0,
};

impl Levels {
    /// Of `scores`, a frame each, that are shown at `times` (seconds, growing), in scenes that begin at `starts`.
    pub(crate) fn of(scores: &[f32], times: &[f64], starts: &[f64]) -> Option<Self> {
        if scores.is_empty() || scores.len() != times.len() {
            return None;
        }
        Some(Self {
            mean: mean(scores),
            scene: scenes(scores, times, starts)
                .into_iter()
                .fold(100.0, f64::min),
            worst5: level(scores, 0.05),
            second: worst_second(scores, times),
        })
    }

    /// Whether the whole guarantee holds.
    pub(crate) fn hold(&self) -> bool {
        self.hold_floor() && self.mean >= GOAL.mean - SLACK
    }

    /// Whether every scene and nineteen frames of twenty are good enough, whatever the mean.
    pub(crate) fn hold_floor(&self) -> bool {
        self.scene >= GOAL.scene && self.worst5 >= GOAL.worst5
    }

    /// Whether an original that scores like this beside itself can be compressed at all and hold the guarantee.
    pub(crate) fn leaves_room(&self) -> bool {
        self.mean >= GOAL.mean + ROOM
            && self.scene >= GOAL.scene + ROOM
            && self.worst5 >= GOAL.worst5 + ROOM
    }

    /// The lower of two in each.
    pub(crate) fn least(&self, other: &Self) -> Self {
        Self {
            mean: self.mean.min(other.mean),
            scene: self.scene.min(other.scene),
            worst5: self.worst5.min(other.worst5),
            second: self.second.min(other.second),
        }
    }
}

fn mean(scores: &[f32]) -> f64 {
    let sum: f64 = scores.iter().map(|&score| f64::from(score)).sum();
    sum / scores.len() as f64
}

/// What all but this part of the frames reach.
fn level(scores: &[f32], part: f64) -> f64 {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f32::total_cmp);
    let below = (sorted.len() as f64 * part) as usize;
    sorted
        .get(below)
        .map_or(0.0, |&score| (f64::from(score) * 100.0).round() / 100.0)
}

/// Means of the scenes that have frames.
fn scenes(scores: &[f32], times: &[f64], starts: &[f64]) -> Vec<f64> {
    let mut borders: Vec<usize> = starts
        .iter()
        // A frame's time may be rounded to a millisecond.
        .map(|&start| times.partition_point(|&time| time < start - 0.002))
        .collect();
    borders.extend([0, scores.len()]);
    borders.sort_unstable();
    borders.dedup();
    borders
        .windows(2)
        .map(|ends| mean(&scores[ends[0]..ends[1]]))
        .collect()
}

/// The mean of the worst stretch of a second; of a shorter video, of all.
fn worst_second(scores: &[f32], times: &[f64]) -> f64 {
    let last = times.last().copied().unwrap_or(0.0);
    let mut worst = f64::INFINITY;
    for (first, &begin) in times.iter().enumerate() {
        let end = times.partition_point(|&time| time < begin + 0.999);
        if end < scores.len() || first == 0 {
            worst = worst.min(mean(&scores[first..end]));
        }
        if begin + 1.0 > last {
            break;
        }
    }
    worst
}

/// Where scenes begin: at cuts, but none shorter than a second, and long ones divided evenly.
pub(crate) fn scene_starts(cuts: &[f64], first: f64, end: f64) -> Vec<f64> {
    let mut kept = vec![first];
    for &cut in cuts {
        let before = kept.last().copied().unwrap_or(first);
        if cut - before >= SHORTEST && end - cut >= SHORTEST {
            kept.push(cut);
        }
    }
    kept.push(end);
    let mut starts = Vec::new();
    for ends in kept.windows(2) {
        let length = ends[1] - ends[0];
        let parts = (length / LONGEST).ceil().max(1.0);
        starts.extend((0..parts as u32).map(|n| ends[0] + f64::from(n) * length / parts));
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_become_scenes_of_one_to_ten_seconds() {
        let check = |cuts: &[f64], end: f64, expected: &[f64]| {
            assert_eq!(scene_starts(cuts, 0.0, end), expected);
        };
        check(&[], 5.0, &[0.0]);
        check(&[0.5, 2.0, 2.5, 4.5], 5.0, &[0.0, 2.0]);
        check(&[10.0], 34.0, &[0.0, 10.0, 18.0, 26.0]);
    }

    #[test]
    fn levels_are_those_of_the_frames() {
        // Four seconds of five frames each, the third of them bad.
        let times: Vec<f64> = (0..20).map(|n| f64::from(n) * 0.2).collect();
        let mut scores = vec![96.0; 20];
        scores[10..15].fill(90.0);
        scores[12] = 80.0;
        let levels = Levels::of(&scores, &times, &[0.0, 2.0]).unwrap();
        assert!((levels.mean - 94.0).abs() < 1e-6, "{levels:?}");
        assert!((levels.scene - 92.0).abs() < 1e-6, "{levels:?}");
        assert_eq!(levels.worst5, 90.0);
        assert!((levels.second - 88.0).abs() < 1e-6, "{levels:?}");
        assert!(!levels.hold() && !levels.hold_floor());
        assert_eq!(Levels::of(&scores, &times[1..], &[]), None);
        assert_eq!(Levels::of(&[], &[], &[]), None);
    }

    #[test]
    fn a_mean_just_below_the_goal_holds() {
        let levels = |mean| Levels {
            mean,
            scene: 93.0,
            worst5: 90.0,
            second: 70.0,
        };
        assert!(levels(94.71).hold() && !levels(94.6).hold());
        assert!(levels(94.6).hold_floor());
    }
}
