//! Quality over time as something to draw: damaged points left out, columns of equal width, a range of scores.

use super::words::LONGEST_S;
use kinora_media::quality::Report;
use kinora_media::quality::report::Scene;

/// Points that are drawn; a report has at most 300, a damaged one whatever fits into a frame of the wire.
const POINTS: usize = 1_000;
/// Scenes that are drawn; a report has at most 120.
const SCENES: usize = 500;
/// A single black frame may score 0; so far below the lowest line the curve is cut off instead of flattened.
const DEEPEST: f64 = 25.0;

/// Quality between two moments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Piece {
    pub(super) from_s: f64,
    pub(super) to_s: f64,
    pub(super) mean: f64,
    pub(super) least: f64,
}

/// Quality over time.
#[derive(Debug)]
pub(super) struct Curve {
    /// In order, without gaps.
    pub(super) pieces: Vec<Piece>,
    /// When the last one ends; above zero.
    pub(super) end_s: f64,
}

impl Curve {
    /// What of a report can be drawn; `None` when that is nothing.
    pub(super) fn of(report: &Report) -> Option<Self> {
        let is_sound = |at: f64| (0.0..LONGEST_S).contains(&at);
        let mut points: Vec<_> = report.timeline.iter().take(POINTS).copied().collect();
        points.retain(|p| is_sound(p.at_s) && p.mean.is_finite() && p.least.is_finite());
        points.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
        points.dedup_by(|next, kept| next.at_s <= kept.at_s);
        let last = points.last()?.at_s;
        let end_s = if report.duration_s > last && is_sound(report.duration_s) {
            report.duration_s
        } else {
            // As long as the point before it.
            last + points
                .len()
                .checked_sub(2)
                .map_or(1.0, |n| last - points[n].at_s)
        };
        let ends = points.iter().skip(1).map(|p| p.at_s).chain([end_s]);
        let pieces = points.iter().zip(ends).map(|(p, to_s)| Piece {
            from_s: p.at_s,
            to_s,
            mean: p.mean.clamp(0.0, 100.0),
            least: p.least.min(p.mean).clamp(0.0, 100.0),
        });
        Some(Self {
            pieces: pieces.collect(),
            end_s,
        })
    }

    /// Mean score in each of so many columns of equal width.
    pub(super) fn columns(&self, count: usize) -> Vec<Option<f64>> {
        let width = self.end_s / count.max(1) as f64;
        let column = |n: usize| self.mean_between(n as f64 * width, (n + 1) as f64 * width);
        (0..count).map(column).collect()
    }

    fn mean_between(&self, from: f64, to: f64) -> Option<f64> {
        let shares = self.pieces.iter().filter_map(|piece| {
            let share = piece.to_s.min(to) - piece.from_s.max(from);
            (share > 0.0).then_some((share, piece.mean))
        });
        let (weight, sum) = shares.fold((0.0, 0.0), |(weight, sum), (share, mean)| {
            (weight + share, sum + share * mean)
        });
        (weight > 0.0).then(|| sum / weight)
    }

    /// The lowest score that the axis shows, a multiple of five below `line` and the curve.
    pub(super) fn low(&self, line: Option<f64>, drawn: fn(&Piece) -> f64) -> f64 {
        let line = line.filter(|line| line.is_finite()).unwrap_or(95.0);
        let line = line.clamp(0.0, 100.0);
        let lowest = self.pieces.iter().map(drawn).fold(line, f64::min);
        let low = lowest.max(line - DEEPEST) - 1.0;
        ((low / 5.0).floor() * 5.0).clamp(0.0, 90.0)
    }
}

/// The floor under every scene.
pub(super) fn floor(report: &Report) -> Option<f64> {
    let floor = report.goal?.scene;
    (0.0..=100.0).contains(&floor).then_some(floor)
}

/// A scene that can be drawn, and its bytes in a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    pub(super) scene: Scene,
    /// Its place in the report, from 1.
    pub(super) number: usize,
    pub(super) rate: f64,
}

/// The scenes that can be drawn.
pub(super) fn bars(report: &Report) -> Vec<Bar> {
    let all = report.scenes.iter().take(SCENES).enumerate();
    let sound = all.filter_map(|(n, &scene)| {
        let is_sound =
            scene.start_s >= 0.0 && scene.end_s > scene.start_s && scene.end_s < LONGEST_S;
        is_sound.then(|| Bar {
            scene,
            number: n + 1,
            rate: scene.bytes as f64 / (scene.end_s - scene.start_s).max(1e-3),
        })
    });
    sound.collect()
}

/// The highest rate, never zero.
pub(super) fn peak(bars: &[Bar]) -> f64 {
    bars.iter().map(|bar| bar.rate).fold(1.0, f64::max)
}
