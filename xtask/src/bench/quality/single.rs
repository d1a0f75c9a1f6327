//! What a single CRF for the whole file would need for the same guarantee: a few encodes around the goal, and a line
//! between them. The distance from 100 grows, and the size falls, by a factor for each step of CRF.

use super::score::Levels;

/// One plain encode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) crf: u32,
    pub(crate) bytes: u64,
    pub(crate) levels: Levels,
}

/// Which CRFs are looked at, and how fast quality falls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) first: u32,
    pub(crate) least: u32,
    pub(crate) most: u32,
    /// Two encodes so far apart are near enough for a line between them.
    pub(crate) near: u32,
    /// How much the logarithm of the distance from 100 grows with a step, as a first guess.
    pub(crate) slope: f64,
}

/// How far the levels are above those that are asked for, as a logarithm; the worst of them counts.
fn margin(levels: &Levels, asked: &Levels) -> f64 {
    let one = |has: f64, asked: f64| {
        let distance = |score: f64| (100.0 - score).clamp(0.05, 100.0);
        (distance(asked) / distance(has)).ln()
    };
    one(levels.mean, asked.mean)
        .min(one(levels.scene, asked.scene))
        .min(one(levels.worst5, asked.worst5))
}

/// The CRF to be tried next, until two neighbours stand on both sides of what is asked for. A file that is already
/// larger than `too_large` and not good enough ends it: nobody would want what lies beyond.
pub(crate) fn next(points: &[Point], asked: &Levels, range: &Range, too_large: u64) -> Option<u32> {
    if points.is_empty() {
        return Some(range.first);
    }
    let mut sorted = points.to_vec();
    sorted.sort_by_key(|point| point.crf);
    let fails = |point: &&Point| margin(&point.levels, asked) < 0.0;
    if sorted
        .iter()
        .filter(fails)
        .any(|point| point.bytes > too_large)
    {
        return None;
    }
    let bad = sorted.iter().find(fails);
    let good = sorted
        .iter()
        .rev()
        .find(|point| !fails(point) && bad.is_none_or(|bad| point.crf < bad.crf));
    let low = good.map_or(range.least - 1, |point| point.crf);
    let high = bad.map_or(range.most + 1, |point| point.crf);
    if high - low <= range.near || low >= range.most || high <= range.least {
        return None;
    }
    let guess = match (good, bad) {
        (Some(good), Some(bad)) => {
            let (above, below) = (
                margin(&good.levels, asked),
                -margin(&bad.levels, asked).min(-1e-6),
            );
            f64::from(low) + f64::from(high - low) * above / (above + below)
        }
        (Some(one), None) | (None, Some(one)) => {
            f64::from(one.crf) + margin(&one.levels, asked) / range.slope
        }
        (None, None) => f64::from(range.first),
    };
    Some((guess.round().max(0.0) as u32).clamp(low + 1, high - 1))
}

/// Bytes at the highest CRF that still gives what is asked for, between two encodes. None where none gives it, or where
/// nobody has looked how far one may go.
pub(crate) fn bytes_at(points: &[Point], asked: &Levels, range: &Range) -> Option<f64> {
    let mut sorted = points.to_vec();
    sorted.sort_by_key(|point| point.crf);
    let bad = sorted
        .iter()
        .position(|point| margin(&point.levels, asked) < 0.0);
    match bad {
        Some(0) => None,
        // All are good enough, up to the end.
        None => sorted
            .last()
            .filter(|last| last.crf + range.near > range.most)
            .map(|last| last.bytes as f64),
        Some(at) => {
            let (good, bad) = (&sorted[at - 1], &sorted[at]);
            let (above, below) = (margin(&good.levels, asked), -margin(&bad.levels, asked));
            let part = above / (above + below);
            let (from, to) = ((good.bytes as f64).ln(), (bad.bytes as f64).ln());
            Some((from + (to - from) * part).exp())
        }
    }
}

/// Beyond the encodes that are known, a line goes on as far as this, as a logarithm of the distance from 100.
const BEYOND: f64 = 0.35;

/// Bytes at this mean, on the line through the two encodes that are nearest to it. None where it lies far from all.
pub(crate) fn bytes_for_mean(points: &[Point], mean: f64) -> Option<f64> {
    let distance = |mean: f64| (100.0 - mean).clamp(0.05, 100.0).ln();
    let wanted = distance(mean);
    let mut known: Vec<(f64, f64)> = points
        .iter()
        .map(|point| (distance(point.levels.mean), (point.bytes as f64).ln()))
        .collect();
    known.sort_by(|a, b| a.0.total_cmp(&b.0));
    known.dedup_by(|a, b| a.0 - b.0 < 1e-6);
    let above = known.partition_point(|point| point.0 < wanted);
    let from = above.saturating_sub(1).min(known.len().checked_sub(2)?);
    let (low, high) = (known[from], known[from + 1]);
    let is_near = (low.0 - BEYOND..=high.0 + BEYOND).contains(&wanted);
    let part = (wanted - low.0) / (high.0 - low.0);
    is_near.then(|| (low.1 + (high.1 - low.1) * part).exp())
}

#[cfg(test)]
mod tests;
