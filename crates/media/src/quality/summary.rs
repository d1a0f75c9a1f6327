//! From the scores of a finished video to what its report says: scenes, the curve over time, the worst places.

use super::report::{Levels, Measured, Place, Point, Scene};
use super::score;
use crate::limits;

/// A finished scene with its scores.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// Seconds of its beginning and end.
    pub span_s: (f64, f64),
    /// Its CRF.
    pub crf: f64,
    /// Bytes of its picture.
    pub bytes: u64,
    /// Number of its frames.
    pub frames: usize,
    /// All frames, in order.
    pub shown: Vec<Shown>,
    /// Luma XPSNR of the frames where it was measured, in dB.
    pub db: Vec<f32>,
}

/// A frame of the result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// When it is shown, in seconds of the video.
    pub at_s: f64,
    /// Its score.
    pub score: f32,
    /// That was measured, not taken from a frame nearby.
    pub is_measured: bool,
}

/// What the whole measures; `None` when nothing was scored.
pub fn measure(parts: &[Part], frames_per_second: f64) -> Option<Measured> {
    let all: Vec<&Shown> = parts.iter().flat_map(|part| &part.shown).collect();
    let scores: Vec<f32> = all.iter().map(|shown| shown.score).collect();
    let second = frames_per_second.round().clamp(1.0, 1000.0) as usize;
    let (at, worst_second) = score::worst_run(&scores, second)?;
    Some(Measured {
        levels: levels(parts),
        worst_second,
        worst_second_at: all.get(at).map_or(0.0, |shown| shown.at_s),
        scored: all.iter().filter(|shown| shown.is_measured).count() as u64,
        xpsnr_db: mean_db(parts),
    })
}

fn mean_db(parts: &[Part]) -> Option<f64> {
    let all = || parts.iter().flat_map(|part| &part.db);
    let count = all().count();
    let sum: f64 = all().map(|&db| f64::from(db)).sum();
    (count > 0).then(|| round(sum / count as f64))
}

fn levels(parts: &[Part]) -> Levels {
    let frames: f64 = parts.iter().map(|part| part.frames as f64).sum();
    let sum: f64 = parts
        .iter()
        .map(|part| deficit(part) * part.frames as f64)
        .sum();
    let worst = parts.iter().map(deficit).fold(0.0, f64::max);
    let mut weighted = Vec::new();
    for part in parts {
        let weight = part.frames as f64 / part.shown.len().max(1) as f64;
        let deficits = part.shown.iter().map(|each| score::deficit(each.score));
        weighted.extend(deficits.map(|deficit| (deficit, weight)));
    }
    Levels {
        mean: 100.0 - sum / frames.max(1.0),
        scene: 100.0 - worst,
        worst5: score::worst_level(&mut weighted),
    }
}

fn deficit(part: &Part) -> f64 {
    let scores: Vec<f32> = part.shown.iter().map(|shown| shown.score).collect();
    score::mean_deficit(&scores)
}

/// Rows for the scenes; neighbours are joined where there are too many.
pub fn scenes(parts: &[Part]) -> Vec<Scene> {
    let group = parts.len().div_ceil(limits::REPORT_SCENES).max(1);
    parts.chunks(group).map(row).collect()
}

fn row(parts: &[Part]) -> Scene {
    let frames: usize = parts.iter().map(|part| part.frames).sum();
    let crf: f64 = parts.iter().map(|part| part.crf * part.frames as f64).sum();
    let levels = levels(parts);
    Scene {
        start_s: parts.first().map_or(0.0, |part| part.span_s.0),
        end_s: parts.last().map_or(0.0, |part| part.span_s.1),
        crf: round(crf / frames.max(1) as f64),
        bytes: parts.iter().map(|part| part.bytes).sum(),
        mean: round(levels.mean),
        worst5: round(levels.worst5),
    }
}

/// The curve over time.
pub fn timeline(parts: &[Part]) -> Vec<Point> {
    let all: Vec<Shown> = parts
        .iter()
        .flat_map(|part| part.shown.iter().copied())
        .collect();
    let group = all.len().div_ceil(limits::REPORT_POINTS).max(1);
    let point = |group: &[Shown]| {
        let scores = group.iter().map(|shown| f64::from(shown.score));
        Point {
            at_s: round(group.first().map_or(0.0, |shown| shown.at_s)),
            mean: round(scores.clone().sum::<f64>() / group.len().max(1) as f64),
            least: round(scores.fold(100.0, f64::min)),
        }
    };
    all.chunks(group).map(point).collect()
}

/// The worst frames of those that were measured, none within a second of a worse one.
pub fn worst(parts: &[Part]) -> Vec<Place> {
    let all = parts.iter().flat_map(|part| &part.shown);
    let mut all: Vec<&Shown> = all.filter(|shown| shown.is_measured).collect();
    all.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut places: Vec<Place> = Vec::new();
    for &Shown { at_s, score, .. } in all {
        if places.len() == 6 {
            break;
        }
        if places.iter().all(|place| (place.at_s - at_s).abs() >= 1.0) {
            places.push(Place {
                at_s,
                score: round(f64::from(score)),
            });
        }
    }
    places
}

/// Hundredths: more is noise, and takes room in every answer.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(at: usize, score: f32) -> Part {
        let start = at as f64;
        Part {
            span_s: (start, start + 1.0),
            crf: 20.0,
            bytes: 1000,
            frames: 50,
            shown: (0..25)
                .map(|n| Shown {
                    at_s: start + f64::from(n) / 25.0,
                    score,
                    is_measured: n % 5 == 0,
                })
                .collect(),
            db: vec![40.0, 41.0],
        }
    }

    #[test]
    fn levels_are_weighted_by_frames() {
        let mut parts = vec![part(0, 96.0), part(1, 90.0)];
        parts[0].frames = 150;
        let measured = measure(&parts, 25.0).unwrap();
        assert!((measured.levels.mean - 94.5).abs() < 1e-6);
        assert!((measured.levels.scene - 90.0).abs() < 1e-6);
        assert_eq!(
            (measured.worst_second, measured.worst_second_at),
            (90.0, 1.0)
        );
        assert_eq!((measured.scored, measured.xpsnr_db), (10, Some(40.5)));
        assert_eq!(measure(&[], 25.0), None);
    }

    #[test]
    fn a_long_video_fits_into_an_answer() {
        let parts: Vec<_> = (0..1000)
            .map(|at| part(at, 95.0 - (at % 7) as f32))
            .collect();
        assert!(scenes(&parts).len() <= limits::REPORT_SCENES);
        assert!(timeline(&parts).len() <= limits::REPORT_POINTS);
        let worst = worst(&parts);
        assert_eq!(worst.len(), 6);
        assert!(worst.windows(2).all(|pair| pair[0].score <= pair[1].score));
        assert_eq!(
            scenes(&parts).iter().map(|scene| scene.bytes).sum::<u64>(),
            1_000_000
        );
    }
}
