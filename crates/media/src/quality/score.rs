//! Frame scores and what is said about many of them. Scores are on VMAF's scale, 0 to 100.

/// The least distance from 100 that is reckoned with: a logarithm is taken of it.
pub const LEAST_DEFICIT: f64 = 0.05;

/// Part of the frames that may be worse than the level which is said of the rest.
pub const WORST: f64 = 0.05;

/// How far a score is from perfect.
pub fn deficit(score: f32) -> f64 {
    (100.0 - f64::from(score)).clamp(LEAST_DEFICIT, 100.0)
}

/// Mean deficit; of nothing, nothing is known, so the worst.
pub fn mean_deficit(scores: &[f32]) -> f64 {
    if scores.is_empty() {
        return 100.0;
    }
    scores.iter().map(|&score| deficit(score)).sum::<f64>() / scores.len() as f64
}

/// The level that 95 % of the weight reaches. Pairs are (deficit, weight) and are sorted here.
pub fn worst_level(frames: &mut [(f64, f64)]) -> f64 {
    frames.sort_by(|a, b| b.0.total_cmp(&a.0));
    let all: f64 = frames.iter().map(|(_, weight)| weight).sum();
    let mut seen = 0.0;
    for (deficit, weight) in frames.iter() {
        seen += weight;
        if seen >= all * WORST {
            return 100.0 - deficit;
        }
    }
    0.0
}

/// The mean of the worst run of `length` neighbours, and where it begins.
pub fn worst_run(scores: &[f32], length: usize) -> Option<(usize, f64)> {
    let length = length.clamp(1, scores.len().max(1));
    let mut best: Option<(usize, f64)> = None;
    let mut sum: f64 = scores.iter().take(length).map(|&s| f64::from(s)).sum();
    for start in 0..=scores.len().checked_sub(length)? {
        if start > 0 {
            sum += f64::from(scores[start + length - 1]) - f64::from(scores[start - 1]);
        }
        if best.is_none_or(|(_, least)| sum < least) {
            best = Some((start, sum));
        }
    }
    best.map(|(start, sum)| (start, sum / length as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_may_be_worse() {
        let mut frames: Vec<_> = (0..100).map(|n| (f64::from(n) / 10.0, 1.0)).collect();
        assert!((worst_level(&mut frames) - 90.5).abs() < 1e-9);
        assert_eq!(worst_level(&mut []), 0.0);
        // One frame that stands for ten weighs as much as ten.
        let mut uneven = [(50.0, 1.0), (1.0, 1.0), (2.0, 10.0)];
        assert_eq!(worst_level(&mut uneven), 50.0);
    }

    #[test]
    fn the_worst_second_is_found() {
        let scores = [95.0, 96.0, 80.0, 82.0, 97.0, 60.0];
        assert_eq!(worst_run(&scores, 2), Some((4, 78.5)));
        assert_eq!(worst_run(&scores, 1), Some((5, 60.0)));
        assert_eq!(worst_run(&scores, 99), Some((0, 85.0)));
        assert_eq!(worst_run(&[], 2), None);
    }

    #[test]
    fn nothing_scored_is_nothing_proven() {
        assert_eq!(mean_deficit(&[]), 100.0);
        assert_eq!(mean_deficit(&[100.0, 100.0]), LEAST_DEFICIT);
        assert_eq!(mean_deficit(&[90.0, 96.0]), 7.0);
    }
}
