//! Which frames of a chunk VMAF scores, and what the frames between them are taken for.
//!
//! VMAF costs as much as encoding, so of a long video single frames are scored, spread evenly. In 34 scenes of 28 to 180
//! frames, one CRF for all, the mean of every eleventh frame is off by 0.62 VMAF (root of the mean square), of every
//! seventh by 0.36, of every third by 0.17. Runs of four neighbours, 38 frames apart, were twice as far off as single
//! frames at more cost: neighbours say the same. A frame in between is taken for the nearest that was scored. What PSNR says of it is not turned into a score: within a scene decibels follow VMAF so
//! loosely that every way of doing so made the mean worse, and of 26 frames that decibels called bad 4 were. They guard
//! against a frame that is broken: one that lies far below is scored, too.

use std::collections::BTreeMap;
use std::ops::Range;

/// From one scored frame to the next, for a chunk. No multiple of 2: the frames of an encoder's pyramid would always be
/// the same.
const SPARSE: usize = 7;
/// The same for a trial.
const TRIAL: usize = 5;
/// The same for a chunk that is made again, near its floor.
const DENSE: usize = 3;
/// The same for a chunk that hardly lacks anything: what its mean may be off by is a part of what it lacks.
const RARE: usize = 3 * SPARSE;
/// Shorter spans are scored whole.
const SHORT: usize = 24;
/// Motion is a part of the score, so a frame is compared together with those on its two sides.
const GROUP: usize = 3;
/// `ln(100 - VMAF)` per dB of PSNR, by which broken frames are looked for.
const STEEP: f64 = 0.2;
/// So many points under the level that is asked of the worst frames, one is looked at.
const BROKEN: f64 = 8.0;
/// Standard errors of a mean, reckoned as if frames were drawn by chance.
const DOUBT: f64 = 1.5;
/// Frames of a chunk that are looked at again, at most.
const LOOKS: usize = 6;

/// How densely a span is scored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    /// Every frame.
    All,
    /// Every third frame, for chunks that are made again.
    Dense,
    /// The frames midway between those of [`Self::Sparse`], for chunks that turn out to lie near their floor.
    Between,
    /// Every fifth frame, for trials.
    Trial,
    /// Every seventh frame, for chunks of a long video.
    Sparse,
    /// Every third of those, for chunks of a long video that lack next to nothing.
    Rare,
}

/// Frames that were scored, in ascending order, counted from the chunk's first.
#[derive(Debug, Clone, Copy)]
pub struct Scored<'a> {
    /// Which.
    pub at: &'a [u32],
    /// What they got.
    pub score: &'a [f32],
}

/// Frames of a span of so many that are scored; `None` when all of them are.
pub fn picks(length: usize, density: Density) -> Option<Vec<u32>> {
    let every = match density {
        Density::All => return None,
        Density::Dense => DENSE,
        Density::Trial => TRIAL,
        // A few frames are needed in any case.
        Density::Rare if length >= 3 * RARE => RARE,
        Density::Sparse | Density::Between | Density::Rare => SPARSE,
    };
    // In the middle of its part of the span, and with as many frames before it as are compared beside it.
    let first = match density {
        Density::Between => SPARSE,
        _ => (every / 2).max(GROUP),
    };
    (length >= SHORT).then(|| (first..length).step_by(every).map(|at| at as u32).collect())
}

/// Frames that have to be compared so that every third of them, from the fourth on, is one of these, and stands between
/// its own neighbours. These are in ascending order, at least three apart, and none is among the first three.
pub fn compared(picks: &[u32]) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (at, &pick) in picks.iter().enumerate() {
        let pick = pick as usize;
        let before = if at == 0 { GROUP } else { 1 };
        let from = pick.saturating_sub(before);
        match ranges.last_mut() {
            Some(last) if last.end >= from => last.end = pick + 2,
            _ => ranges.push(from..pick + 2),
        }
    }
    ranges
}

/// Every so many frames of those that are [`compared`] is scored. The first is none that was asked for: nothing came
/// before it.
pub const SCORED_EVERY: usize = GROUP;

/// Two lists of the same chunk as one, in ascending order; of frames that are in both the second's scores are taken.
pub fn merged(known: Scored<'_>, more: Scored<'_>) -> (Vec<u32>, Vec<f32>) {
    let of = |scored: Scored<'_>| {
        let pairs = scored.at.iter().copied().zip(scored.score.iter().copied());
        pairs.collect::<BTreeMap<u32, f32>>()
    };
    let mut all = of(known);
    all.extend(of(more));
    all.into_iter().unzip()
}

/// Frames that may be broken: by their decibels beside those of the nearest that were scored, they lie far under this
/// level.
pub fn suspects(scored: Scored<'_>, db: &[f32], level: f64) -> Vec<u32> {
    let mut found: Vec<(f64, usize)> = Vec::new();
    for (frame, &here) in db.iter().enumerate() {
        let near = scored.nearest(frame);
        let known = near.clone().filter_map(|at| db.get(scored.at[at] as usize));
        let usual = known.sum::<f32>() / near.len().max(1) as f32;
        let away = f64::from(usual - here) * STEEP;
        let deficit = super::score::mean_deficit(&scored.score[near]) * away.exp();
        if away > 0.0 && 100.0 - deficit < level - BROKEN && !scored.has(frame) {
            found.push((deficit, frame));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut picks: Vec<u32> = Vec::new();
    for (_, frame) in found {
        let pick = frame.max(GROUP) as u32;
        let is_apart = |other: &u32| pick.abs_diff(*other) as usize >= GROUP;
        if picks.iter().all(is_apart) && picks.len() < LOOKS {
            picks.push(pick);
        }
    }
    picks.sort_unstable();
    picks
}

/// By how much the mean of these scores may be off: in nine of ten scenes of 34 it was no more.
pub fn doubt(scores: &[f32]) -> f64 {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|&each| f64::from(each)).sum::<f64>() / count;
    let square = scores.iter().map(|&each| (f64::from(each) - mean).powi(2));
    DOUBT * (square.sum::<f64>() / count / count).sqrt()
}

/// A score for every frame of the chunk: its own, or that of the nearest frame. Frames that were scored because they
/// were suspects speak for nobody else.
pub fn fill(length: usize, scored: Scored<'_>, extra: Scored<'_>) -> Vec<f32> {
    let one = |frame: usize| {
        let near = scored.nearest(frame);
        let away = |at: &usize| (scored.at[*at] as usize).abs_diff(frame);
        near.min_by_key(away).map(|at| scored.score[at])
    };
    let mut all: Vec<f32> = (0..length).filter_map(one).collect();
    for (&at, &score) in extra.at.iter().zip(extra.score) {
        if let Some(place) = all.get_mut(at as usize) {
            *place = score;
        }
    }
    all
}

impl Scored<'_> {
    /// Places in the list of the last before this frame and the first from it on.
    fn nearest(&self, frame: usize) -> Range<usize> {
        let count = self.at.len().min(self.score.len());
        let from = self.at[..count].partition_point(|&at| (at as usize) < frame);
        from.saturating_sub(1)..(from + 1).min(count)
    }

    fn has(&self, frame: usize) -> bool {
        self.at.binary_search(&(frame as u32)).is_ok()
    }
}

#[cfg(test)]
mod tests;
