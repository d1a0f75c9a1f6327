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
mod tests {
    use super::super::score::GOAL;
    use super::*;

    const RANGE: Range = Range {
        first: 23,
        least: 10,
        most: 44,
        near: 1,
        slope: 0.115,
    };

    /// A clip whose mean is 95 at this CRF, with a scene that is worse.
    fn encode(crf: u32, at: f64) -> Point {
        let distance = 5.0 * (0.13 * (f64::from(crf) - at)).exp();
        let levels = Levels {
            mean: 100.0 - distance,
            scene: 100.0 - distance * 1.2,
            worst5: 100.0 - distance * 1.5,
            second: 0.0,
        };
        let bytes = 1e6 * (-0.12 * (f64::from(crf) - at)).exp();
        Point {
            crf,
            bytes: bytes as u64,
            levels,
        }
    }

    fn search(at: f64, too_large: u64) -> Vec<Point> {
        let mut points = Vec::new();
        while let Some(crf) = next(&points, &GOAL, &RANGE, too_large) {
            assert!(points.iter().all(|point: &Point| point.crf != crf));
            points.push(encode(crf, at));
        }
        points
    }

    #[test]
    fn a_few_encodes_bracket_the_goal() {
        for at in [12.4, 19.7, 23.5, 30.2, 40.9] {
            let points = search(at, u64::MAX);
            assert!(points.len() <= 5, "{at}: {}", points.len());
            let bytes = bytes_at(&points, &GOAL, &RANGE).unwrap();
            assert!((bytes / 1e6 - 1.0).abs() < 0.01, "{at}: {bytes}");
        }
    }

    #[test]
    fn the_worst_level_decides() {
        let points = search(25.0, u64::MAX);
        let stricter = Levels {
            scene: 95.0,
            ..GOAL
        };
        // ln(1.2) / 0.13 steps lower.
        let expected = 1e6 * (0.12 * 1.2_f64.ln() / 0.13).exp();
        let bytes = bytes_at(&points, &stricter, &RANGE).unwrap();
        assert!((bytes / expected - 1.0).abs() < 0.05, "{bytes} {expected}");
    }

    #[test]
    fn a_size_is_moved_to_another_mean() {
        let points = search(25.0, u64::MAX);
        let check = |crf: u32, is_known: bool| {
            let real = encode(crf, 25.0);
            let found = bytes_for_mean(&points, real.levels.mean);
            let is_right = |bytes: f64| (bytes / real.bytes as f64 - 1.0).abs() < 0.01;
            assert_eq!(found.map(is_right), is_known.then_some(true), "{crf}");
        };
        for crf in [23, 24, 25, 26] {
            check(crf, true);
        }
        for crf in [10, 40] {
            check(crf, false);
        }
        assert_eq!(bytes_for_mean(&points[..1], 95.0), None);
        assert_eq!(bytes_for_mean(&[], 95.0), None);
    }

    #[test]
    fn what_cannot_be_reached_ends() {
        let points = search(4.0, u64::MAX);
        assert_eq!(bytes_at(&points, &GOAL, &RANGE), None);
        assert_eq!(search(4.0, 100).len(), 1);
        let easy = search(60.0, u64::MAX);
        assert_eq!(bytes_at(&easy[..1], &GOAL, &RANGE), None);
        assert_eq!(
            bytes_at(&easy, &GOAL, &RANGE),
            Some(easy.iter().map(|p| p.bytes).min().unwrap() as f64)
        );
    }
}
